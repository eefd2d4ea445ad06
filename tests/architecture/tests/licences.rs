//! Licences, held to a list: what may be linked into something that a charity platform hands on.
//!
//! Read from `cargo metadata`, for all that is built on this kind of machine. It asks no network: whoever runs this test
//! has built it, and cargo had to fetch the same crates for that.

use std::process::Command;

use serde_json::Value;
use spdx::{Expression, LicenseReq, ParseMode};

/// Permissive ones, and none that asks for more than the notice.
const ALLOWED: [&str; 11] = [
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "Unicode-3.0",         // tables of the Unicode Consortium
    "BlueOak-1.0.0",       // permissive, in plain words
    "CDLA-Permissive-2.0", // data: the list of root certificates
];

#[test]
fn every_crate_has_an_allowed_licence() {
    let wrong: Vec<String> = packages().iter().filter_map(objection).collect();
    architecture::assert_none("licences held to the list", &wrong);
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", "host-tuple"])
        .current_dir(architecture::root())
        .output()
        .expect("cargo runs: it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata writes JSON");
    metadata["packages"].as_array().expect("metadata lists packages").clone()
}

fn objection(package: &Value) -> Option<String> {
    let name = format!("{} {}", package["name"], package["version"]);
    let Some(licence) = package["license"].as_str() else {
        return Some(format!("{name} names no licence"));
    };
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Ok(expression) if expression.evaluate(is_allowed) => None,
        Ok(_) => Some(format!("{name}: {licence}")),
        Err(error) => Some(format!("{name}: {licence}: {error}")),
    }
}

/// An exception only adds permissions, so a licence with one is as good as without.
fn is_allowed(requirement: &LicenseReq) -> bool {
    requirement.license.id().is_some_and(|id| ALLOWED.contains(&id.name))
}
