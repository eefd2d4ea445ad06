//! The command line's manners: help, and one clear line for what cannot start.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_local")).args(arguments).output().unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
    assert_eq!(text.lines().count(), 1, "{arguments:?}: {text}");
    text
}

#[test]
fn help_explains() {
    let output = run(&["--help"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for word in ["--once", "--data", "--documents", "--port", "load", "8080"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    assert!(run(&["load", "--help"]).status.success());
}

#[test]
fn a_bad_flag_is_one_line() {
    assert!(refused(&["--ones"]).contains("--ones"));
    assert!(refused(&["--port", "high"]).contains("high"));
    assert!(refused(&["load", "--gifts", "0"]).contains("gifts"));
}

#[test]
fn a_taken_port_is_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(refused(&["--once", "--port", &port]).contains(&port));
}

#[test]
fn a_folder_that_cannot_be_made_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let inside = file.join("data");
    assert!(refused(&["--once", "--port", "0", "--data", &inside.to_string_lossy()]).contains("data"));
    assert!(refused(&["load", "--json", &inside.to_string_lossy()]).contains("cannot be written"));
}

#[test]
fn what_one_run_kept_the_next_proves_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_string_lossy();
    let mut said = Vec::new();
    for _ in 0..2 {
        let output = run(&["--once", "--port", "0", "--data", &data]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        said.push(text);
    }
    let provider =
        |text: &str| text.lines().find(|line| line.contains("payments") && line.contains("SAR")).map(str::to_owned);
    assert!(provider(&said[0]).is_some(), "{}", said[0]);
    assert_eq!(provider(&said[0]), provider(&said[1]));
    assert!(said[1].contains("was played before"), "{}", said[1]);
    let kept: Vec<String> = std::fs::read_dir(folder.path().join("documents"))
        .unwrap()
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    for (ending, number) in [(".pdf", 1), (".html", 1), (".csv", 1), (".json", 2), ("proof-keys.txt", 1)] {
        assert_eq!(kept.iter().filter(|name| name.ends_with(ending)).count(), number, "{ending} in {kept:?}");
    }
    let receipt = kept.iter().find(|name| name.ends_with(".pdf")).unwrap();
    assert!(
        said[0].contains(receipt.as_str()) && said[0].contains("is sealed, signed, published and reported"),
        "{}",
        said[0]
    );
    assert!(said[0].contains("PROVEN") && said[0].contains("signed by         ihsan.local+"), "{}", said[0]);
}
