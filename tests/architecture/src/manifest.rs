//! The Cargo manifests: who may depend on whom, and where versions stand.

use toml::{Table, Value};

/// The folders whose subfolders are crates.
const CRATE_FOLDERS: [&str; 4] = ["shared", "functions", "infra", "tests"];

/// One crate's manifest.
#[derive(Debug)]
pub struct Manifest {
    /// The crate's folder from the root, e.g. `functions/donations`.
    pub folder: String,
    /// The parsed manifest.
    pub table: Table,
}

/// When a dependency is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In the product.
    Normal,
    /// In tests only.
    Dev,
    /// In build scripts.
    Build,
}

/// One line of a dependency section.
#[derive(Debug)]
pub struct Dependency<'a> {
    /// The crate's name.
    pub name: &'a str,
    /// When it is there.
    pub kind: Kind,
    /// What follows the name.
    pub value: &'a Value,
}

impl Manifest {
    /// The package's name.
    pub fn name(&self) -> &str {
        self.table["package"]["name"].as_str().expect("a package has a name")
    }

    /// All dependencies, of every kind and target.
    pub fn dependencies(&self) -> Vec<Dependency<'_>> {
        let mut found = sections(&self.table);
        for target in self.table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values) {
            found.extend(target.as_table().map(sections).unwrap_or_default());
        }
        found
    }

    /// The names of the dependencies of the product itself.
    pub fn normal(&self) -> Vec<&str> {
        self.dependencies().into_iter().filter(|found| found.kind != Kind::Dev).map(|found| found.name).collect()
    }

    /// The names of all dependencies.
    pub fn all(&self) -> Vec<&str> {
        self.dependencies().into_iter().map(|found| found.name).collect()
    }
}

fn sections(table: &Table) -> Vec<Dependency<'_>> {
    let kinds = [("dependencies", Kind::Normal), ("dev-dependencies", Kind::Dev), ("build-dependencies", Kind::Build)];
    let entries = kinds.into_iter().filter_map(|(name, kind)| Some((table.get(name)?.as_table()?, kind)));
    entries.flat_map(|(table, kind)| table.iter().map(move |(name, value)| Dependency { name, kind, value })).collect()
}

/// The root manifest.
pub fn workspace() -> Table {
    parse("Cargo.toml")
}

/// The manifests of all crates.
pub fn crates() -> Vec<Manifest> {
    let folders = CRATE_FOLDERS.into_iter().flat_map(crate::folders);
    let crates = folders.filter(|folder| crate::root().join(folder).join("Cargo.toml").is_file());
    crates.map(|folder| Manifest { table: parse(&format!("{folder}/Cargo.toml")), folder }).collect()
}

fn parse(path: &str) -> Table {
    crate::read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}
