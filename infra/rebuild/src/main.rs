//! The command `rebuild`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use domain::moment::Moment;
use indicatif::{ProgressBar, ProgressStyle};
use platform::Platform;
use platform::bucket::Bucket;
use platform::table::Table;
use rebuild::{Compared, Difference, compare, mend, mend_donations, recount, replay_erasures, restore, tell_payments};

/// Holds the table against the books, puts it right, and restores the books from the archive.
///
/// Reads `TABLE`, for `restore` also `BUCKET`, for `donations` also `KEYS_TABLE`, for `erasures` also `KEYS_TABLE` and `QUEUE_ERASURES`, for `payments` also `QUEUE_PAYMENTS`, and the credentials, region and endpoint of AWS from the environment, as a function does.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reads every page, verifies the chains, and tells of every total, donation, charge and note of a movement that is not what the pages give. Writes nothing. Exit code 1 if one differs.
    Check,
    /// Puts the totals right that differ. The follower may go on meanwhile.
    Totals,
    /// Brings donations, charges and notes of movements to what the pages say, where a backup is behind them. Exit code 1 if something contradicts the pages, which is let be. Reads KEYS_TABLE.
    Donations,
    /// After `donations`: tells settlement of the payments again that were booked since the backup, so that what is held is spent, shares are confirmed, and what is owed back goes back. Reads QUEUE_PAYMENTS.
    Payments {
        /// The moment of the backup, as in 2026-11-23T20:45:00Z.
        #[arg(long)]
        since: Moment,
    },
    /// Puts the archived pages and seals into the table TABLE, and folds them. Never writes over anything; stops where the table holds other books.
    Restore,
    /// After a restore of the table: has everything taken away again that was erased since the backup. Reads KEYS_TABLE and sends to QUEUE_ERASURES.
    Erasures,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let command = Arguments::parse().command;
    let platform = Platform::of_lambda().context("the environment")?;
    let table = platform.table().context("the environment")?;
    let bar = ProgressBar::new_spinner();
    let unit = match command {
        Command::Check | Command::Totals | Command::Donations | Command::Payments { .. } => "pages",
        Command::Restore => "days",
        Command::Erasures => "erasures",
    };
    bar.set_style(ProgressStyle::with_template(&format!("{{spinner}} {{pos}} {unit} in {{elapsed}}"))?);
    match command {
        Command::Check => check(&table, &bar).await,
        Command::Totals => {
            let mended = mend(&table, |pages| bar.inc(pages)).await?;
            bar.finish_and_clear();
            tell(&mended, "were put right");
            Ok(ExitCode::SUCCESS)
        }
        Command::Donations => {
            let found = mend_donations(&table, |pages| bar.inc(pages)).await?;
            bar.finish_and_clear();
            tell_donations(&found);
            Ok(code(found.wrong().next().is_none()))
        }
        Command::Payments { since } => {
            let payments = platform.queue("QUEUE_PAYMENTS").context("the environment")?;
            let sent = tell_payments(&table, &payments, since, |pages| bar.inc(pages)).await?;
            bar.finish_and_clear();
            println!("{sent} payments are told again");
            Ok(ExitCode::SUCCESS)
        }
        Command::Restore => {
            let bucket = Bucket::new(&platform.aws, &platform.settings).context("the environment")?;
            let restored = restore(&table, &bucket, |_| bar.inc(1)).await?;
            bar.finish_and_clear();
            println!("{} days: {} pages written, {} stood already", restored.days, restored.written, restored.stood);
            Ok(ExitCode::SUCCESS)
        }
        Command::Erasures => {
            let erasures = platform.queue("QUEUE_ERASURES").context("the environment")?;
            let sent = replay_erasures(&table, &erasures, |owners| bar.inc(owners)).await?;
            bar.finish_and_clear();
            println!("{sent} erasures are told again");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn check(table: &Table, bar: &ProgressBar) -> anyhow::Result<ExitCode> {
    let found = recount(table, |pages| bar.inc(pages)).await?;
    let kept = compare(table, |pages| bar.inc(pages)).await?;
    bar.finish_and_clear();
    let (pages, entries, behind) = (found.pages, found.entries, found.behind);
    println!("{pages} pages verified, {entries} entries; the follower is {behind} pages behind");
    tell(&found.differences, "differ");
    tell_donations(&kept);
    Ok(code(found.differences.is_empty() && kept.wrong().next().is_none()))
}

const fn code(is_right: bool) -> ExitCode {
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(differences: &[Difference], what: &str) {
    println!("{} totals {what}", differences.len());
    for Difference { item, name, kept, counted } in differences {
        println!("  {item} {name}: {kept} was kept, the pages give {counted}");
    }
}

fn tell_donations(found: &Compared) {
    let Compared { gifts, charges, movements, newer, findings, anew } = found;
    println!(
        "{gifts} gifts, {charges} payments kept apart and {movements} movements stand in the pages; {newer} were booked meanwhile"
    );
    println!("{} differ, {} of them are put right", findings.len(), findings.len() - found.wrong().count());
    for finding in findings {
        println!("  {finding}{}", if finding.is_mended { " (put right)" } else { "" });
    }
    if anew.gifts == 0 {
        return;
    }
    println!("{} gifts are not in the table's backup: who gave them is not known any more", anew.gifts);
    for (opportunity, given) in &anew.given_minor {
        println!("  {opportunity}: {given} halalas, for which no room is claimed if it has a target");
    }
    for donation in &anew.sacrifices {
        println!("  donation {donation}: a sacrifice; what was ordered is not known any more");
    }
}
