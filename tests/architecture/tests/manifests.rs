//! Who may depend on whom.
//!
//! ```text
//! functions ──▶ platform, providers, documents ──▶ domain        never function ──▶ function
//! ```

use architecture::manifest::{Dependency, Manifest, crates, workspace};
use architecture::{assert_none, read};

/// What each layer of the product may use of ours. Tests may use what they like, as long as it is no function's neighbour.
fn layers(folder: &str) -> Option<&'static [&'static str]> {
    match folder {
        "shared/domain" | "infra/moyasar" => Some(&[]),
        // Whoever verifies us needs nothing of what we run.
        "infra/verify" => Some(&["domain"]),
        "shared/platform" | "shared/documents" => Some(&["domain"]),
        "shared/providers" => Some(&["domain", "platform"]),
        "shared/testkit" => Some(&["domain", "platform", "providers"]),
        _ if folder.starts_with("functions/") => Some(&["documents", "domain", "platform", "providers"]),
        _ => None,
    }
}

/// What the domain stands on: parsing, time, calendars, numbers, hashes, signatures. Nothing in it opens a file or a socket, or draws by chance.
const PURE: [&str; 14] = [
    "chrono",
    "csv",
    "data-encoding",
    "ed25519-dalek",
    "icu_calendar",
    "jiff",
    "microlp",
    "minicbor",
    "rust_decimal",
    "serde",
    "serde_json",
    "sha2",
    "sunrise",
    "thiserror",
];

/// Where AWS is spoken to: the product's one place, the emulators, and what stands in for Lambda's pollers before functions.
const SPEAKS_AWS: [&str; 5] = ["shared/platform", "shared/testkit", "shared/stage", "infra/local", "tests/simulation"];

fn ours(crates: &[Manifest]) -> Vec<&str> {
    crates.iter().map(Manifest::name).collect()
}

#[test]
fn each_layer_uses_only_the_layers_below_it() {
    let crates = crates();
    let ours = ours(&crates);
    let mut wrong = Vec::new();
    for manifest in &crates {
        let Some(allowed) = layers(&manifest.folder) else { continue };
        let used = manifest.normal().into_iter().filter(|name| ours.contains(name) && !allowed.contains(name));
        wrong.extend(used.map(|name| format!("{} uses {name}", manifest.folder)));
    }
    assert_none("a layer uses only what lies below it", &wrong);
}

#[test]
fn no_function_knows_another_even_in_its_tests() {
    let crates = crates();
    let functions: Vec<&str> =
        crates.iter().filter(|made| made.folder.starts_with("functions/")).map(Manifest::name).collect();
    let mut wrong = Vec::new();
    for manifest in crates.iter().filter(|made| made.folder.starts_with("functions/") || made.folder.starts_with("shared/"))
    {
        let used = manifest.all().into_iter().filter(|name| functions.contains(name));
        wrong.extend(used.map(|name| format!("{} uses {name}", manifest.folder)));
    }
    assert_none("functions meet at queues and in the table", &wrong);
}

#[test]
fn only_the_platform_and_the_local_cloud_speak_to_aws() {
    let mut wrong = Vec::new();
    for manifest in crates().iter().filter(|made| !SPEAKS_AWS.contains(&made.folder.as_str())) {
        let used = manifest.all().into_iter().filter(|name| name.starts_with("aws-sdk-")).map(str::to_owned);
        wrong.extend(used.map(|name| format!("{} uses {name}", manifest.folder)));
    }
    assert_none("the SDK is for the platform and for what stands in for AWS", &wrong);
}

#[test]
fn only_functions_know_lambdas_runtime() {
    let crates = crates();
    let users = crates.iter().filter(|made| made.all().contains(&"lambda_runtime"));
    let wrong: Vec<String> =
        users.filter(|made| !made.folder.starts_with("functions/")).map(|made| made.folder.clone()).collect();
    assert_none("lambda_runtime is for the functions' mains", &wrong);
}

#[test]
fn the_domain_is_pure() {
    let crates = crates();
    let domain = crates.iter().find(|made| made.folder == "shared/domain").expect("there is a domain");
    let wrong: Vec<String> = domain.normal().into_iter().filter(|name| !PURE.contains(name)).map(str::to_owned).collect();
    assert_none("the domain uses crates that neither wait nor write", &wrong);
}

#[test]
fn versions_stand_in_the_root_manifest_alone() {
    let mut wrong = Vec::new();
    for manifest in crates() {
        let own =
            manifest.dependencies().into_iter().filter(|found| !is_inherited(found)).map(|found| found.name.to_owned());
        wrong.extend(own.map(|name| format!("{}: {name}", manifest.folder)));
    }
    assert_none("a member writes `name.workspace = true`", &wrong);
}

fn is_inherited(dependency: &Dependency<'_>) -> bool {
    dependency.value.get("workspace").and_then(toml::Value::as_bool) == Some(true)
}

#[test]
fn every_version_in_the_root_manifest_is_one_and_used() {
    let workspace = workspace();
    let listed = workspace["workspace"]["dependencies"].as_table().expect("the workspace lists dependencies");
    let crates = crates();
    let used: Vec<&str> = crates.iter().flat_map(Manifest::all).collect();
    let mut wrong = Vec::new();
    for (name, value) in listed {
        let version = value.as_str().or_else(|| value.get("version")?.as_str());
        let local = value.get("path").is_some();
        if !local && version.is_none_or(|version| version.contains(['*', '<', '>'])) {
            wrong.push(format!("{name} has no version of its own"));
        }
        if !used.contains(&name.as_str()) && !local {
            wrong.push(format!("{name} is used by nobody"));
        }
    }
    assert_none("one version each, from the registry, and no idle ones", &wrong);
}

#[test]
fn every_crate_inherits_what_the_workspace_settles() {
    let mut wrong = Vec::new();
    for manifest in crates() {
        for field in ["version", "edition", "rust-version", "license", "publish"] {
            let inherited = manifest.table["package"].get(field).and_then(|value| value.get("workspace"));
            if inherited.and_then(toml::Value::as_bool) != Some(true) {
                wrong.push(format!("{}: {field}", manifest.folder));
            }
        }
        let lints = manifest.table.get("lints").and_then(|lints| lints.get("workspace"));
        if lints.and_then(toml::Value::as_bool) != Some(true) {
            wrong.push(format!("{}: lints", manifest.folder));
        }
    }
    assert_none("edition, licence, lints and the like are the workspace's", &wrong);
}

#[test]
fn every_crate_comes_from_the_registry() {
    let lock: toml::Table = read("Cargo.lock").parse().expect("Cargo.lock is TOML");
    let packages = lock["package"].as_array().expect("Cargo.lock lists packages");
    let from_git = packages.iter().filter(|package| {
        package.get("source").and_then(toml::Value::as_str).is_some_and(|source| !source.starts_with("registry+"))
    });
    let wrong: Vec<String> = from_git.filter_map(|package| package["name"].as_str()).map(str::to_owned).collect();
    assert_none("no crate from a repository", &wrong);
}
