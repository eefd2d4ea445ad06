//! What the tests of the repository's rules read: manifests, Rust sources, the deployment template.
//!
//! Each rule is one test and each failure lists every place that breaks it. Nothing here runs the product or reaches the
//! network. A file that cannot be read is a panic with its path: the rules hold over all files or they hold over none.

pub mod manifest;
pub mod source;
pub mod template;

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("tests/architecture lies two folders below the root")
}

/// The text of a file, by its path from the root.
pub fn read(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The paths, from the root, of the folders right below `folder`, sorted.
pub fn folders(folder: &str) -> Vec<String> {
    entries(folder).into_iter().filter(|path| root().join(path).is_dir()).collect()
}

/// The paths, from the root, of all files below `folder` that end with `ending`, sorted.
pub fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    for path in entries(folder) {
        if root().join(&path).is_dir() {
            found.extend(files(&path, ending));
        } else if path.ends_with(ending) {
            found.push(path);
        }
    }
    found
}

fn entries(folder: &str) -> Vec<String> {
    let at = root().join(folder);
    let read = fs::read_dir(&at).unwrap_or_else(|error| panic!("{}: {error}", at.display()));
    let names = read.map(|entry| entry.expect("an entry of a folder being read").file_name());
    let mut paths: Vec<String> = names.map(|name| format!("{folder}/{}", name.to_string_lossy())).collect();
    paths.sort();
    paths
}

/// Fails with all that was found wrong, one a line.
#[track_caller]
pub fn assert_none(rule: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{rule}:\n  {}\n", wrong.join("\n  "));
}
