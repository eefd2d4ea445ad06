//! That one state of the log has all that another had.

use std::path::Path;

use domain::proof::checkpoint::Checkpoint;
use domain::proof::gift::ProofFile;
use domain::proof::log::{Log, PublishedDay};
use domain::proof::note::Verifier;
use domain::proof::tree;

use crate::{VerifyError, read};

/// A published file, as far as growth is concerned.
struct State {
    checkpoint: Checkpoint,
    log: Option<Log>,
    day: Option<PublishedDay>,
}

/// Verifies that `new` grew out of `old`; gives back what was proven, for people.
///
/// # Errors
/// When a file is none of those that hold a signed checkpoint, or the log of the one is not part of the other's.
pub fn verify(old: &Path, new: &Path, trusted: &[Verifier]) -> Result<String, VerifyError> {
    let (before, after) = (open(old, trusted)?, open(new, trusted)?);
    if before.checkpoint.origin != after.checkpoint.origin {
        return Err(not(format!("{} is another log than {}", after.checkpoint.origin, before.checkpoint.origin)));
    }
    compare_days(&before, &after)?;
    let state = |state: &State| (state.checkpoint.size, state.checkpoint.root);
    let (was, is) = (state(&before), state(&after));
    if was.0 > is.0 {
        return Err(not(format!("the first has {} days and the second {}: give the earlier one first", was.0, is.0)));
    }
    let proof = growth(new, &before, &after)?;
    if tree::is_grown(was, is, &proof) {
        Ok(format!("CONSISTENT: the log {} of {} days has the same first {} days", after.checkpoint.origin, is.0, was.0))
    } else {
        Err(not(format!("the log of {} days does not have the first {} days as they were signed", is.0, was.0)))
    }
}

/// The hashes that lead from the one to the other: of a log they are made, a day brings them.
fn growth(new: &Path, before: &State, after: &State) -> Result<Vec<domain::hash::Hash>, VerifyError> {
    let old_size = before.checkpoint.size;
    if before.checkpoint.size == after.checkpoint.size {
        return Ok(Vec::new());
    }
    if let Some(log) = &after.log {
        let old_size = usize::try_from(old_size).unwrap_or(usize::MAX);
        return Ok(tree::growth(&log.leaves(), old_size).unwrap_or_default());
    }
    match &after.day {
        Some(day) if after.checkpoint.size == old_size + 1 => Ok(day.growth.clone()),
        _ => Err(VerifyError::NotThat { file: new.to_owned(), expected: "the log, or the day that followed" }),
    }
}

/// Where both are whole logs, the first day that differs is named.
fn compare_days(before: &State, after: &State) -> Result<(), VerifyError> {
    let (Some(old), Some(new)) = (&before.log, &after.log) else { return Ok(()) };
    let differs = old.days.iter().zip(&new.days).find(|(old, new)| old != new);
    match differs {
        Some((old, _)) => Err(not(format!("what is said of {} has changed", old.day))),
        None => Ok(()),
    }
}

fn open(file: &Path, trusted: &[Verifier]) -> Result<State, VerifyError> {
    let text = read(file)?;
    let (mut log, mut day) = (serde_json::from_str::<Log>(&text).ok(), serde_json::from_str::<PublishedDay>(&text).ok());
    let proof = serde_json::from_str::<ProofFile>(&text).ok();
    let proof = proof.and_then(|file| file.proofs.last().map(|proof| proof.checkpoint.clone()));
    let of_log = log.as_ref().map(|log| log.checkpoint.clone());
    let of_day = day.as_ref().map(|day| day.checkpoint.clone());
    let note = of_log.or(of_day).or(proof).unwrap_or(text);
    let opened = Checkpoint::open(&note, trusted);
    let (checkpoint, _) = opened.map_err(|source| VerifyError::Checkpoint { file: file.to_owned(), source })?;
    if let Some(log) = log.take_if(|log| (log.size(), log.root()) != (checkpoint.size, checkpoint.root)) {
        let last = log.days.last().map_or_else(String::new, |last| format!(" ({} its last)", last.day));
        return Err(not(format!("{}: the days of the log{last} do not make the root that was signed", file.display())));
    }
    let leads = |day: &mut PublishedDay| !is_last(day, &checkpoint);
    if day.take_if(leads).is_some() {
        return Err(not(format!("{}: the day is not the last of the log that was signed", file.display())));
    }
    Ok(State { checkpoint, log, day })
}

fn is_last(day: &PublishedDay, checkpoint: &Checkpoint) -> bool {
    let record = day.record.parse::<domain::proof::day::DayRecord>().ok();
    record.is_some_and(|record| {
        let root = tree::root_of(record.leaf(), record.number, checkpoint.size, &day.path);
        record.number + 1 == checkpoint.size && root == Some(checkpoint.root)
    })
}

const fn not(why: String) -> VerifyError {
    VerifyError::NotGrown(why)
}
