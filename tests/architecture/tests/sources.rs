//! What no source may say, and how large it may be. Tokens are compared, so comments and texts may say anything.

use architecture::source::{Token, all_tokens, find, functions, is_test_file, product_tokens};
use architecture::{assert_none, files, folders, read};

/// At seventy lines, stop and think.
const MAX_FUNCTION_LINES: usize = 70;
/// A main wires and nothing else.
const MAX_MAIN_LINES: usize = 30;
/// A file that grows beyond this holds two things.
const MAX_FILE_LINES: usize = 500;

/// The product: what runs in the cloud.
const PRODUCT: [&str; 4] = ["functions", "shared/domain", "shared/platform", "shared/providers"];
/// All that is ours.
const EVERYTHING: [&str; 4] = ["functions", "shared", "infra", "tests"];

fn sources(folders: &[&str]) -> Vec<String> {
    folders.iter().flat_map(|folder| files(folder, ".rs")).collect()
}

fn product() -> Vec<String> {
    sources(&PRODUCT).into_iter().filter(|path| !is_test_file(path)).collect()
}

/// Each place where one of the sequences stands.
fn places(path: &str, tokens: &[Token], sequences: &[&[&str]]) -> Vec<String> {
    let mut found = Vec::new();
    for sequence in sequences {
        found.extend(find(tokens, sequence).into_iter().map(|line| format!("{path}:{line}: {}", sequence.concat())));
    }
    found
}

#[test]
fn modules_lie_beside_their_folders() {
    assert_none("`foo.rs` beside `foo/`, no `mod.rs`", &files_named(&EVERYTHING, "/mod.rs"));
}

fn files_named(folders: &[&str], ending: &str) -> Vec<String> {
    sources(folders).into_iter().filter(|path| path.ends_with(ending)).collect()
}

#[test]
fn nothing_is_left_for_later() {
    let later: [&[&str]; 4] = [&["todo", "!"], &["unimplemented", "!"], &["dbg", "!"], &["#", "[", "ignore"]];
    let wrong: Vec<String> = sources(&EVERYTHING).iter().flat_map(|path| places(path, &all_tokens(path), &later)).collect();
    assert_none("finished means real", &wrong);
}

#[test]
fn the_clock_and_the_environment_have_one_home() {
    let reads: [&[&str]; 7] = [
        &["SystemTime", ":", ":", "now"],
        &["Instant", ":", ":", "now"],
        &["Timestamp", ":", ":", "now"],
        &["Zoned", ":", ":", "now"],
        &["env", ":", ":", "var"],
        &["env", ":", ":", "var_os"],
        &["env", ":", ":", "vars"],
    ];
    let elsewhere = product().into_iter().filter(|path| !path.starts_with("shared/platform/"));
    let wrong: Vec<String> = elsewhere.flat_map(|path| places(&path, &product_tokens(&path), &reads)).collect();
    assert_none("functions, providers and the domain take the time and their settings as arguments", &wrong);
}

/// Where the sun is reckoned: angles, and no money.
const THE_SUN: &str = "shared/domain/src/sacrifice/season/sun.rs";

/// Where the best of many plans is sought: numbers of lots, held against integers, and no money.
const THE_BEST_PLAN: &str = "shared/domain/src/sacrifice/packing/program.rs";

#[test]
fn money_is_never_a_float() {
    let mut wrong = Vec::new();
    let may = |path: &str| path.starts_with("shared/platform/") || [THE_SUN, THE_BEST_PLAN].contains(&path);
    for path in product().iter().filter(|path| !may(path)) {
        let floats = product_tokens(path).into_iter().filter(is_float);
        wrong.extend(floats.map(|token| format!("{path}:{}: {}", token.line, token.text)));
    }
    assert_none("no float in the domain, the providers and the functions", &wrong);
}

fn is_float(token: &Token) -> bool {
    let number = token.text.starts_with(|first: char| first.is_ascii_digit()) && !token.text.starts_with("0x");
    let literal = number && (token.text.contains('.') || token.text.ends_with("f64") || token.text.ends_with("f32"));
    literal || token.text == "f64" || token.text == "f32"
}

#[test]
fn lambdas_runtime_is_met_in_the_mains_alone() {
    let elsewhere = sources(&EVERYTHING).into_iter().filter(|path| !is_main_of_function(path));
    let wrong: Vec<String> = elsewhere.flat_map(|path| places(&path, &all_tokens(&path), &[&["lambda_runtime"]])).collect();
    assert_none("a function is called by any test, so its library knows no runtime", &wrong);
}

fn is_main_of_function(path: &str) -> bool {
    path.starts_with("functions/") && path.ends_with("/src/main.rs")
}

#[test]
fn mains_only_wire() {
    let mut wrong = Vec::new();
    for folder in folders("functions") {
        let lines = read(&format!("{folder}/src/main.rs")).lines().count();
        if lines >= MAX_MAIN_LINES {
            wrong.push(format!("{folder}/src/main.rs has {lines} lines"));
        }
    }
    assert_none("a main has less than 30 lines", &wrong);
}

#[test]
fn functions_and_files_can_be_taken_in() {
    let mut wrong = Vec::new();
    for path in sources(&EVERYTHING) {
        let lines = read(&path).lines().count();
        if lines > MAX_FILE_LINES {
            wrong.push(format!("{path} has {lines} lines"));
        }
        let long = functions(&path).into_iter().filter(|function| function.lines > MAX_FUNCTION_LINES);
        wrong.extend(
            long.map(|function| format!("{path}:{}: {} has {} lines", function.line, function.name, function.lines)),
        );
    }
    assert_none("functions up to 70 lines, files up to 500", &wrong);
}

#[test]
fn names_say_what_a_thing_is() {
    const EMPTY: [&str; 7] = ["Manager", "Service", "Helper", "Helpers", "Utils", "Impl", "Dto"];
    // One of AWS's: there the word is its name.
    const NAMED_SO: &str = "Service";
    let defines = ["struct", "enum", "trait", "type"];
    let mut wrong = Vec::new();
    for path in sources(&EVERYTHING) {
        let tokens = all_tokens(&path);
        let named = tokens.windows(2).filter(|pair| defines.contains(&pair[0].text.as_str())).map(|pair| &pair[1]);
        let empty = named.filter(|name| name.text != NAMED_SO && EMPTY.iter().any(|word| name.text.ends_with(word)));
        wrong.extend(empty.map(|name| format!("{path}:{}: {}", name.line, name.text)));
    }
    assert_none("no Manager, Service, Helper, Utils, Impl, Dto", &wrong);
}

#[test]
fn every_file_says_what_it_promises() {
    let silent = product().into_iter().filter(|path| !read(path).starts_with("//!"));
    assert_none("a module begins with its documentation", &silent.collect::<Vec<_>>());
}
