//! The command line: `cargo run --release -p local`.
//!
//! | exit code | means |
//! |---|---|
//! | 0 | stopped by Ctrl-C, or with `--once` every proof held |
//! | 1 | with `--once`, `load`, `burst` or `feast` something did not hold; or it broke down |
//! | 2 | it could not start: a bad flag, a taken port, a folder that cannot be written: one line says which |

mod arguments;
mod screen;
mod welcome;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use clap::error::ErrorKind;
use domain::moment::{Day, Moment};
use testkit::Clock;

use crate::burst::{self, BurstError};
use crate::client::Client;
use crate::feast::{self, FeastError};
use crate::load::{self, LoadError};
use crate::night::{self, Morning};
use crate::picture;
use crate::proof::{self, Proof};
use crate::scenario::{Played, Scenario};
use crate::seed;
use crate::stack::{Local, Options, StartError};
use arguments::{Arguments, BurstArguments, Command, FeastArguments, LoadArguments, PictureArguments};
use screen::Screen;

/// How long everything may take to come to rest after the scenario.
const REST: Duration = Duration::from_secs(60);
/// Between two looks for trouble while it stays up.
const LOOK: Duration = Duration::from_secs(2);

/// The exit code for what could not start.
const COULD_NOT_START: u8 = 2;

/// Why the command ended before its end, by its exit code.
enum Ended {
    /// It could not start.
    NotStarted(String),
    /// It broke down on the way.
    Broken(String),
}

impl From<StartError> for Ended {
    fn from(error: StartError) -> Self {
        Ended::NotStarted(error.to_string())
    }
}

/// Runs the command line.
pub async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    screen::start_logging(arguments.verbose);
    let outcome = match &arguments.command {
        None => platform(&arguments).await,
        Some(Command::Load(order)) => load(order).await,
        Some(Command::Burst(order)) => burst(order).await,
        Some(Command::Feast(order)) => feast(order).await,
        Some(Command::Picture(files)) => draw(files),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Ended::NotStarted(why)) => {
            eprintln!("local: {why}");
            ExitCode::from(COULD_NOT_START)
        }
        Err(Ended::Broken(why)) => {
            eprintln!("local: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Help goes out whole; a mistake is one line.
fn refuse(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        print!("{error}");
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    eprintln!("local: {line} (--help says more)");
    ExitCode::from(COULD_NOT_START)
}

/// Starts the platform, plays the opening, and stays up unless told otherwise. Answers whether every proof held.
async fn platform(arguments: &Arguments) -> Result<bool, Ended> {
    // Only a platform on which nothing has happened yet can begin a day back.
    let is_new = arguments.data.as_deref().is_none_or(is_empty);
    let folder = documents(arguments)?;
    let clock = if is_new { night::clock() } else { Clock::system() };
    let options =
        Options { port: arguments.port, data: arguments.data.clone(), clock: Some(clock.clone()), ..Options::default() };
    let local = Local::start(options).await?;
    println!("The platform is up at {}\n", local.url());
    let opening = Opening { clock: is_new.then_some(clock), folder };
    let held = tokio::select! {
        held = open(&local, &opening) => held,
        () = interrupted() => Ok(None),
    };
    let outcome = match held {
        Ok(Some(held)) => {
            if !arguments.once {
                welcome::print(local.inside());
                stay(&local).await;
            }
            Ok(held || !arguments.once)
        }
        Ok(None) => Ok(!arguments.once),
        Err(why) => Err(why),
    };
    println!("\nStopping.");
    local.stop().await.map_err(|error| Ended::Broken(error.to_string()))?;
    outcome
}

/// How the opening day is played.
struct Opening {
    /// The clock, if it begins a day back.
    clock: Option<Clock>,
    /// Where documents are put; a new temporary folder without one, made when there is something to put.
    folder: Option<PathBuf>,
}

fn is_empty(folder: &Path) -> bool {
    folder.read_dir().map_or(true, |mut entries| entries.next().is_none())
}

/// The folder that is named for documents, there from now on: better refused now than after the opening day.
fn documents(arguments: &Arguments) -> Result<Option<PathBuf>, Ended> {
    let named = arguments.documents.clone().or_else(|| arguments.data.as_ref().map(|data| data.join("documents")));
    let Some(folder) = named else { return Ok(None) };
    let made = std::fs::create_dir_all(&folder);
    made.map_err(|error| Ended::NotStarted(format!("{} cannot be written: {error}", folder.display())))?;
    Ok(Some(folder))
}

/// The folder for documents; a new one among the temporary files, which stays, if none is named.
fn folder_of(opening: &Opening) -> std::io::Result<PathBuf> {
    match &opening.folder {
        Some(folder) => Ok(folder.clone()),
        None => Ok(tempfile::Builder::new().prefix("ihsan-").tempdir()?.keep()),
    }
}

/// Lets the night pass, and tells where its documents are. `false` when it did not go as it must.
async fn sleep_over(local: &Local, opening: &Opening, day: Day, played: &Played) -> bool {
    let Some(clock) = &opening.clock else { return true };
    let Some(first) = &played.first else {
        println!("  ! no gift was settled, so there is no receipt");
        return false;
    };
    let folder = match folder_of(opening) {
        Ok(folder) => folder,
        Err(error) => {
            println!("  ! no folder for documents: {error}");
            return false;
        }
    };
    match night::pass(local.inside(), clock, day, first, &folder).await {
        Ok(Morning { day, receipt, proof, keys, proven, report }) => {
            println!("\nMidnight has passed: {day} is sealed, signed, published and reported.");
            println!("  the first gift's receipt   {}", receipt.display());
            println!("  its proof                  {}", proof.display());
            println!("  the day's report           {} (and .csv, .json)", report.display());
            println!(
                "  what donors were told      {} messages at {}/local/outbox",
                local.inside().told().len(),
                local.url()
            );
            println!("\nThe proof, verified from the file and the key alone:");
            proven.lines().for_each(|line| println!("  {line}"));
            println!("\n  cargo run -p verify -- {} --key {}", proof.display(), keys.display());
            true
        }
        Err(error) => {
            println!("  ! the night after the opening day: {error}");
            false
        }
    }
}

/// The catalogue, the scenario, the proof, the night. `Some` is whether everything held. A folder in which gifts are kept already has had its opening day:
/// it fills projects that can be filled once.
async fn open(local: &Local, with: &Opening) -> Result<Option<bool>, Ended> {
    let broken = |error: &dyn std::error::Error| Ended::Broken(error.to_string());
    let inside = local.inside();
    let puts = seed::catalogue().map_err(|error| broken(&error))?;
    let screen = Screen::new();
    screen.phase("Catalogue", puts.len() as u64);
    let client = Client::new(local.url());
    seed::put(inside, &client, &puts, || screen.advance(1)).await.map_err(|error| broken(&error))?;
    let day = Moment::from_millis(inside.now().as_millisecond()).day();
    let kept = proof::settled_counts(inside.table()).await.map_err(|error| broken(&error))?.len();
    let played = if kept == 0 {
        let opening = Scenario::opening().map_err(|error| broken(&error))?;
        screen.phase("Opening", opening.gifts());
        Some(opening.play(inside, &screen).await)
    } else {
        None
    };
    let rested = proof::rest(inside, REST).await.map_err(|error| broken(&error))?;
    let proof = Proof::take(inside).await.map_err(|error| broken(&error))?;
    screen.clear();
    match &played {
        Some(played) => println!("\nGifts: {} taken, {} payments, {} settled", played.taken, played.paid, played.settled),
        None => println!("The opening day was played before: {kept} gifts are kept, and are proven again."),
    }
    println!("\nMoney in = money booked = totals:\n{proof}");
    let slept = match &played {
        Some(played) => sleep_over(local, with, day, played).await,
        None => true,
    };
    let wrong = played.map(|played| played.wrong).unwrap_or_default();
    wrong.iter().for_each(|wrong| println!("  ! {wrong}"));
    if !rested {
        println!("  NOT AT REST after {} s: the proof was taken all the same", REST.as_secs());
    }
    let troubles = inside.troubles();
    troubles.iter().for_each(|trouble| println!("  ! {trouble}"));
    Ok(Some(wrong.is_empty() && proof.holds() && rested && slept && troubles.is_empty()))
}

/// Stays up until interrupted, and tells of new trouble.
async fn stay(local: &Local) {
    let mut told = local.inside().troubles();
    loop {
        tokio::select! {
            () = interrupted() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let troubles = local.inside().troubles();
        for trouble in troubles.iter().filter(|trouble| !told.contains(trouble)) {
            println!("  ! {trouble}");
        }
        told = troubles;
    }
}

/// Ctrl-C, or being asked to end.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without signals it can only be killed.
        std::future::pending::<()>().await;
    }
}

/// Better refused now than after the run.
fn is_writable(file: Option<&Path>) -> Result<(), Ended> {
    let Some(file) = file else { return Ok(()) };
    let tried = std::fs::File::options().append(true).create(true).open(file);
    tried.map(drop).map_err(|error| Ended::NotStarted(format!("{} cannot be written: {error}", file.display())))
}

async fn load(arguments: &LoadArguments) -> Result<bool, Ended> {
    let order = arguments.order();
    is_writable(order.json.as_deref())?;
    let screen = Screen::new();
    let outcome = tokio::select! {
        outcome = load::run(&order, &screen) => outcome,
        () = interrupted() => return Ok(false),
    };
    screen.clear();
    match outcome {
        Ok(figures) => {
            println!("{figures}");
            Ok(figures.is_clean())
        }
        Err(LoadError::Start(error)) => Err(error.into()),
        Err(error) => Err(Ended::Broken(error.to_string())),
    }
}

async fn burst(arguments: &BurstArguments) -> Result<bool, Ended> {
    let order = arguments.order();
    is_writable(order.json.as_deref())?;
    let screen = Screen::new();
    let outcome = tokio::select! {
        outcome = burst::run(&order, &screen) => outcome,
        () = interrupted() => return Ok(false),
    };
    screen.clear();
    match outcome {
        Ok(figures) => {
            println!("{figures}");
            Ok(figures.is_sound())
        }
        Err(BurstError::Start(error)) => Err(error.into()),
        Err(error) => Err(Ended::Broken(error.to_string())),
    }
}

async fn feast(arguments: &FeastArguments) -> Result<bool, Ended> {
    let order = arguments.order();
    is_writable(order.json.as_deref())?;
    let screen = Screen::new();
    let outcome = tokio::select! {
        outcome = feast::run(&order, &screen) => outcome,
        () = interrupted() => return Ok(false),
    };
    screen.clear();
    match outcome {
        Ok(figures) => {
            println!("{figures}");
            Ok(figures.is_whole())
        }
        Err(FeastError::Start(error)) => Err(error.into()),
        Err(error) => Err(Ended::Broken(error.to_string())),
    }
}

fn draw(files: &PictureArguments) -> Result<bool, Ended> {
    picture::draw(&files.json, &files.svg).map_err(|error| Ended::NotStarted(error.to_string()))?;
    println!("{}", files.svg.display());
    Ok(true)
}
