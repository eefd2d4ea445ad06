//! The command `rebuild`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use platform::Platform;
use platform::bucket::Bucket;
use rebuild::{Difference, mend, recount, replay_erasures, restore};

/// Holds the totals against the books, puts them right, and restores the books from the archive.
///
/// Reads `TABLE`, for `restore` also `BUCKET`, for `erasures` also `KEYS_TABLE` and `QUEUE_ERASURES`, and the credentials, region and endpoint of AWS from the environment, as a function does.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reads every page, verifies the chains, and tells of every total that is not what the pages give. Writes nothing. Exit code 1 if one differs.
    Check,
    /// The same, and puts the totals right that differ. The follower may go on meanwhile.
    Totals,
    /// Puts the archived pages and seals into the table TABLE, and folds them. Never writes over anything; stops where the table holds other books.
    Restore,
    /// After a restore of the table: has everything taken away again that was erased since the backup. Reads KEYS_TABLE and sends to QUEUE_ERASURES.
    Erasures,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let platform = Platform::of_lambda().context("the environment")?;
    let table = platform.table().context("the environment")?;
    let bar = ProgressBar::new_spinner();
    match arguments.command {
        Command::Check => {
            bar.set_style(ProgressStyle::with_template("{spinner} {pos} pages in {elapsed}")?);
            let found = recount(&table, |pages| bar.inc(pages)).await?;
            bar.finish_and_clear();
            println!(
                "{} pages verified, {} entries; the follower is {} pages behind",
                found.pages, found.entries, found.behind
            );
            tell(&found.differences, "differ");
            Ok(if found.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Totals => {
            bar.set_style(ProgressStyle::with_template("{spinner} {pos} pages in {elapsed}")?);
            let mended = mend(&table, |pages| bar.inc(pages)).await?;
            bar.finish_and_clear();
            tell(&mended, "were put right");
            Ok(ExitCode::SUCCESS)
        }
        Command::Restore => {
            bar.set_style(ProgressStyle::with_template("{spinner} {pos} days in {elapsed}")?);
            let bucket = Bucket::new(&platform.aws, &platform.settings).context("the environment")?;
            let restored = restore(&table, &bucket, |_| bar.inc(1)).await?;
            bar.finish_and_clear();
            println!("{} days: {} pages written, {} stood already", restored.days, restored.written, restored.stood);
            Ok(ExitCode::SUCCESS)
        }
        Command::Erasures => {
            bar.set_style(ProgressStyle::with_template("{spinner} {pos} erasures in {elapsed}")?);
            let erasures = platform.queue("QUEUE_ERASURES").context("the environment")?;
            let sent = replay_erasures(&table, &erasures, |owners| bar.inc(owners)).await?;
            bar.finish_and_clear();
            println!("{sent} erasures are told again");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn tell(differences: &[Difference], what: &str) {
    println!("{} totals {what}", differences.len());
    for Difference { item, name, kept, counted } in differences {
        println!("  {item} {name}: {kept} was kept, the pages give {counted}");
    }
}
