//! What can be asked for.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, value_parser};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::load::Order;
use crate::{burst, feast};

/// The giving platform on this machine: real functions, an emulated cloud, a payment provider to play against.
#[derive(Debug, Parser)]
#[command(
    name = "local",
    version,
    about,
    long_about = "The giving platform on this machine: real functions, an emulated cloud, a payment provider to play against.\n\n\
        Without a command it starts everything on 127.0.0.1, puts a small catalogue, plays an opening day (yesterday's), proves that \
        money in = money booked = totals, lets the night pass in which the day is sealed and reported, puts the first gift's receipt \
        and the day's report on disk, prints commands and tokens to go on with, and stays up until Ctrl-C. Nothing else is left behind \
        unless --data names a folder.",
    args_conflicts_with_subcommands = true
)]
pub(super) struct Arguments {
    /// End after the opening day; the exit code is 0 only if every proof held
    #[arg(long)]
    pub once: bool,
    /// Keep the state in this folder between runs
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Put the first gift's receipt and the day's report into this folder; without it into DIR/documents of --data, else into a new folder among the
    /// temporary files, which stays
    #[arg(long, value_name = "DIR")]
    pub documents: Option<PathBuf>,
    /// The API's port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub port: u16,
    /// Show the functions' logs; twice for all of them
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What else can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Drive a load of gifts through the whole path and write what it cost
    Load(LoadArguments),
    /// Open a sale to everyone at once, sell it to the last share, and write what that cost; other designs side by side
    Burst(BurstArguments),
    /// Have slaughterhouses tell of thousands of animals, and measure when donors hear of theirs
    Feast(FeastArguments),
    /// Draw a burst from its figures
    Picture(PictureArguments),
}

/// The load to drive.
#[derive(Debug, Args)]
pub(super) struct LoadArguments {
    /// How many gifts
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = value_parser!(u64).range(1..=1_000_000))]
    gifts: u64,
    /// How many are posted each second, answered or not
    #[arg(long, value_name = "R", default_value_t = 200, value_parser = value_parser!(u64).range(1..=5_000))]
    rate: u64,
    /// Over how many opportunities, by Zipf's law with exponent 1
    #[arg(long, value_name = "O", default_value_t = 500, value_parser = value_parser!(u64).range(1..=100_000))]
    opportunities: u64,
    /// How many gifts in a hundred go to capped opportunities
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = value_parser!(u64).range(0..=100))]
    capped: u64,
    /// Which part of the webhooks comes twice
    #[arg(long, value_name = "PART", default_value = "0", value_parser = millionths)]
    duplicates: u32,
    /// Which part of the webhooks never comes; the payments are found by reconciliation, for which the clock goes forward at the end
    #[arg(long, value_name = "PART", default_value = "0", value_parser = millionths)]
    lost: u32,
    /// After which part of their calls functions behind queues die, before the call is made or before its answer is known
    #[arg(long, value_name = "PART", default_value = "0", value_parser = millionths)]
    crash: u32,
    /// Draws who gives to what: the same seed, the same gifts
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl LoadArguments {
    pub(super) fn order(&self) -> Order {
        Order {
            gifts: self.gifts,
            rate: self.rate,
            opportunities: self.opportunities,
            capped_percent: self.capped,
            duplicated_per_million: self.duplicates,
            lost_per_million: self.lost,
            crashed_per_million: self.crash,
            seed: self.seed,
            json: self.json.clone(),
        }
    }
}

/// The sale to open.
#[derive(Debug, Args)]
pub(super) struct BurstArguments {
    /// Sheep on sale, a share each
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=100_000))]
    sheep: u64,
    /// Camels on sale, seven shares each
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = value_parser!(u64).range(1..=14_000))]
    camels: u64,
    /// How many come
    #[arg(long, value_name = "N", default_value_t = 60_000, value_parser = value_parser!(u64).range(1..=1_000_000))]
    buyers: u64,
    /// How many requests are in flight at once
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = value_parser!(u16).range(1..=4_000))]
    in_flight: u16,
    /// How many environments serve them, each with a memory of its own and one request at a time; the others wait in line for one
    #[arg(long, value_name = "N", default_value_t = 96, value_parser = value_parser!(u16).range(1..=4_000))]
    environments: u16,
    /// Which part of those who have shares does not pay
    #[arg(long, value_name = "PART", default_value = "0.20", value_parser = millionths)]
    abandon: u32,
    /// Which part sends the same request twice
    #[arg(long, value_name = "PART", default_value = "0.05", value_parser = millionths)]
    retry: u32,
    /// Which part pays when the hold has ended
    #[arg(long, value_name = "PART", default_value = "0.02", value_parser = millionths)]
    late: u32,
    /// After which part of their calls functions behind queues die
    #[arg(long, value_name = "PART", default_value = "0.001", value_parser = millionths)]
    crash: u32,
    /// Draws who wants what and does what: the same seed, the same buyers
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl BurstArguments {
    pub(super) fn order(&self) -> burst::Order {
        burst::Order {
            sheep: self.sheep,
            camels: self.camels,
            buyers: self.buyers,
            in_flight: self.in_flight.into(),
            environments: self.environments.into(),
            abandoned_per_million: self.abandon,
            retried_per_million: self.retry,
            late_per_million: self.late,
            crashed_per_million: self.crash,
            seed: self.seed,
            json: self.json.clone(),
        }
    }
}

/// The feast to play.
#[derive(Debug, Args)]
pub(super) struct FeastArguments {
    /// Animals: half of them sheep of one donor, half camels of three
    #[arg(long, value_name = "N", default_value_t = 3_000, value_parser = value_parser!(u32).range(2..=20_000))]
    animals: u32,
    /// Rows of one batch
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=10_000))]
    rows: u32,
    /// Which part of the batches comes twice under its key, and which part of the rows again under another
    #[arg(long, value_name = "PART", default_value = "0.20", value_parser = millionths)]
    duplicates: u32,
    /// After which part of their calls functions behind queues die
    #[arg(long, value_name = "PART", default_value = "0.001", value_parser = millionths)]
    crash: u32,
    /// Draws what comes twice and what dies
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl FeastArguments {
    pub(super) fn order(&self) -> feast::Order {
        feast::Order {
            animals: self.animals,
            rows: self.rows,
            duplicated_per_million: self.duplicates,
            crashed_per_million: self.crash,
            seed: self.seed,
            json: self.json.clone(),
        }
    }
}

/// The picture to draw.
#[derive(Debug, Args)]
pub(super) struct PictureArguments {
    /// The figures of a burst
    #[arg(long, value_name = "FILE")]
    pub json: PathBuf,
    /// Where the picture goes
    #[arg(long, value_name = "FILE")]
    pub svg: PathBuf,
}

/// A part of one as a decimal, such as 0.05, in millionths.
fn millionths(text: &str) -> Result<u32, String> {
    let part: Decimal = text.parse().map_err(|_| "a part of one, such as 0.05".to_owned())?;
    let millionths = part.checked_mul(Decimal::from(1_000_000)).filter(Decimal::is_integer).and_then(|part| part.to_u32());
    millionths.filter(|part| *part <= 1_000_000).ok_or_else(|| "between 0 and 1, with at most six places".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn parts_of_one_are_read_exactly() {
        assert_eq!(
            ["0", "0.05", "0.001", "1", "0.000001"].map(millionths),
            [Ok(0), Ok(50_000), Ok(1_000), Ok(1_000_000), Ok(1)]
        );
        for wrong in ["", "x", "-0.1", "1.1", "0.0000001", "5%"] {
            assert!(millionths(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_burst_is_the_whole_one_unless_told() {
        let arguments = Arguments::try_parse_from(["local", "burst"]).map_err(|error| error.to_string());
        let Ok(Arguments { command: Some(Command::Burst(arguments)), .. }) = arguments else { panic!("{arguments:?}") };
        assert_eq!(format!("{:?}", arguments.order()), format!("{:?}", burst::Order::default()));
    }

    #[test]
    fn the_definition_holds() {
        Arguments::command().debug_assert();
    }
}
