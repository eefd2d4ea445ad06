//! Writes the seeds, a folder for each target.

use std::fs;
use std::path::PathBuf;

use clap::Parser;

/// Writes what the targets begin with into a folder, a folder in it for each target.
#[derive(Parser)]
struct Arguments {
    /// The folder.
    folder: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let Arguments { folder } = Arguments::parse();
    let seeds = fuzz::seeds::all()?;
    for (number, seed) in seeds.iter().enumerate() {
        let target = folder.join(seed.target);
        fs::create_dir_all(&target)?;
        fs::write(target.join(format!("{number:04}-{}", seed.name)), &seed.bytes)?;
    }
    println!("{} seeds in {}", seeds.len(), folder.display());
    Ok(())
}
