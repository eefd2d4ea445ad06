//! The night after the opening day: midnight passes, the clock seals the day and reports it, and what a donor and the platform hold in hand the next morning is put
//! on disk: the first gift's receipt, its proof, and the day's report. The proof is verified as anyone would, from the file and the key alone.
//!
//! The opening day is played on yesterday's date, so that its night can pass: [`clock`] begins a day back, and [`pass`] brings it to the machine's time, stopping on
//! the way where a schedule's work must be done before the next one's. Nothing is called by hand: the receipt is asked for as its donor would, and the report is
//! what the schedules have made.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::moment::{Day, Moment};
use domain::proof::key;
use domain::proof::log::Log;
use domain::proof::note::{NoteError, Signers};
use http::Method;
use platform::table::TableError;
use serde_json::Value;
use testkit::Clock;
use tokio::time::Instant;
use verify::VerifyError;
use verify::keys::Trusted;

use crate::giving::{Gift, Givers, GivingError};
use crate::proof;
use crate::stack::Inside;

/// How far back the opening day is played.
const BACK: Duration = Duration::from_secs(24 * 3_600);
/// When the day is reported, after midnight, by the template; a moment later everything at that time has been fired.
const REPORTED_SECS: i64 = 15 * 60 + 1;
/// How long each part of the night may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// The documents of a report.
const ENDINGS: [&str; 3] = ["html", "csv", "json"];

/// The night did not go as it must.
#[derive(Debug, thiserror::Error)]
pub enum NightError {
    /// The table cannot be read.
    #[error("the table cannot be read")]
    Table(#[from] TableError),
    /// The receipt is not given.
    #[error("the first gift's receipt: {0}")]
    Receipt(#[from] GivingError),
    /// The proof is not given.
    #[error("the first gift's proof: {0}")]
    Proof(GivingError),
    /// The proof proves nothing.
    #[error(transparent)]
    Unproven(#[from] VerifyError),
    /// The key that signs the log is none.
    #[error("the key that signs the log: {0}")]
    Keys(#[from] NoteError),
    /// Something did not happen in time.
    #[error("{0} after a minute")]
    Late(String),
    /// A document could not be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The document.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// What is on disk in the morning.
#[derive(Debug, Clone)]
pub struct Morning {
    /// The day that was reported.
    pub day: Day,
    /// The first gift's receipt.
    pub receipt: PathBuf,
    /// The first gift's proof.
    pub proof: PathBuf,
    /// The key to verify it by.
    pub keys: PathBuf,
    /// What it proves.
    pub proven: String,
    /// The report as a page; CSV and JSON lie beside it.
    pub report: PathBuf,
}

/// A clock on which it is this time yesterday.
pub fn clock() -> Clock {
    let back = i64::try_from(BACK.as_millis()).unwrap_or(0);
    Clock::starting_at(Clock::system().now_millis() - back)
}

/// Lets the night after `day` pass on a clock that was begun by [`clock`], and puts what there is in the morning into a folder.
///
/// # Errors
/// When the day is not sealed or reported in time, the receipt is not given, or the folder cannot be written.
pub async fn pass(inside: &Inside, clock: &Clock, day: Day, first: &Gift, folder: &Path) -> Result<Morning, NightError> {
    let midnight = day.next().start();
    skip_to(clock, midnight.plus_seconds(1));
    wait_for(format!("{day} is not sealed"), || async { Ok(inside.table().day_seal(day).await?.is_some()) }).await?;
    // The log is written last.
    wait_for(format!("{day} is not published"), || std::future::ready(Ok(is_published(inside, day)))).await?;
    if !proof::rest(inside, PATIENCE).await? {
        return Err(NightError::Late("the totals did not come to the end of the books".to_owned()));
    }
    skip_to(clock, midnight.plus_seconds(REPORTED_SECS));
    let kept = kept(inside, &reports::key(day));
    // The JSON is written last.
    wait_for(format!("{day} is not reported"), || std::future::ready(Ok(kept.with_extension("json").is_file()))).await?;
    let receipt = receipt(inside, first, folder).await?;
    let keys = keys(inside, folder)?;
    let proof = proof_of(inside, first, folder).await?;
    let trusted = Trusted { keys: vec![keys.display().to_string()], lists: Vec::new() };
    let proven = verify::gift::verify(&proof, &trusted.keys()?)?;
    for ending in ENDINGS {
        copy(&kept.with_extension(ending), &folder.join(format!("report-{day}.{ending}")))?;
    }
    skip_to(clock, Moment::from_millis(Clock::system().now_millis()));
    Ok(Morning { day, receipt, proof, keys, proven, report: folder.join(format!("report-{day}.html")) })
}

/// Never back: a later time than this stays.
fn skip_to(clock: &Clock, time: Moment) {
    if let Ok(left @ 1..) = u64::try_from(time.millis() - clock.now_millis()) {
        clock.skip(Duration::from_millis(left));
    }
}

/// Waits until it is so; `not` says what is not when it took too long.
async fn wait_for<F>(not: String, is_so: impl Fn() -> F) -> Result<(), NightError>
where
    F: Future<Output = Result<bool, NightError>>,
{
    let until = Instant::now() + PATIENCE;
    while !is_so().await? {
        if Instant::now() >= until {
            return Err(NightError::Late(not));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Where the emulated bucket keeps a document.
fn kept(inside: &Inside, key: &str) -> PathBuf {
    let bucket = inside.stack().buckets.first().map_or("", |bucket| bucket.name.as_str());
    inside.services().s3.root().join(bucket).join(key)
}

fn is_published(inside: &Inside, day: Day) -> bool {
    let log = std::fs::read(kept(inside, key::LOG)).ok();
    let log: Option<Log> = log.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    log.is_some_and(|log| log.days.iter().any(|logged| logged.day == day))
}

/// Writes down the key to verify by, which a real platform makes known.
fn keys(inside: &Inside, folder: &Path) -> Result<PathBuf, NightError> {
    let closing = inside.stack().functions.iter().find(|function| function.handler == "closing");
    let secret = closing.and_then(|function| function.environment.get("SECRET_PROOF_KEYS"));
    let signers = Signers::read(secret.map_or("", String::as_str))?;
    let lines: String = signers.verifiers().iter().map(|key| format!("{key}\n")).collect();
    let file = folder.join("proof-keys.txt");
    let written = std::fs::write(&file, lines);
    written.map_err(|source| NightError::File { path: file.clone(), source })?;
    Ok(file)
}

/// Asks for the proof as its donor does, and keeps the answer.
async fn proof_of(inside: &Inside, gift: &Gift, folder: &Path) -> Result<PathBuf, NightError> {
    let path = format!("/v1/donations/{}/proof", gift.id);
    let opens = [(gift.opens.0, gift.opens.1.as_str())];
    let reply = Givers::new(inside).api().call(Method::GET, &path, &opens, &Value::Null).await;
    let reply = reply.map_err(|error| NightError::Proof(error.into()))?;
    if reply.status != 200 {
        return Err(NightError::Proof(GivingError::Unexpected { what: "a proof", reply: Box::new(reply) }));
    }
    let file = folder.join(format!("proof-{}.json", gift.id));
    let written = std::fs::write(&file, format!("{:#}\n", reply.body));
    written.map_err(|source| NightError::File { path: file.clone(), source })?;
    Ok(file)
}

/// Asks for the receipt as its donor does, and fetches it from where the answer says.
async fn receipt(inside: &Inside, gift: &Gift, folder: &Path) -> Result<PathBuf, NightError> {
    let givers = Givers::new(inside);
    let path = format!("/v1/donations/{}/receipt", gift.id);
    let opens = [(gift.opens.0, gift.opens.1.as_str())];
    let reply = givers.api().call(Method::GET, &path, &opens, &Value::Null).await.map_err(GivingError::from)?;
    let (Some(url), Some(serial)) = (reply.body["url"].as_str(), reply.body["serial"].as_str()) else {
        return Err(GivingError::Unexpected { what: "a receipt", reply: Box::new(reply) }.into());
    };
    let pdf = givers.api().fetch(url).await.map_err(GivingError::from)?;
    let file = folder.join(format!("receipt-{serial}.pdf"));
    let written = std::fs::write(&file, pdf);
    written.map_err(|source| NightError::File { path: file.clone(), source })?;
    Ok(file)
}

fn copy(from: &Path, to: &Path) -> Result<(), NightError> {
    let copied = std::fs::copy(from, to);
    copied.map(drop).map_err(|source| NightError::File { path: to.to_owned(), source })
}
