//! In which order moves are made, so that no animal ever has more than seven shares.
//!
//! One after another, each into a lot that has room by then. Where none has, because lots wait for each other, those that wait are made at once.

use std::collections::BTreeMap;

use super::Move;
use super::blocks::ANIMAL;

/// Moves that are made at once, at the most: each is two donations' or lots' items of one transaction at the worst, of which the table takes a hundred.
pub const MOST_AT_ONCE: usize = 30;

/// The moves in steps. Where more than [`MOST_AT_ONCE`] wait for each other they are left out: what is left is planned again.
pub(super) fn steps(mut pending: Vec<Move>, mut on: BTreeMap<u32, u32>) -> Vec<Vec<Move>> {
    let mut steps = Vec::new();
    while !pending.is_empty() {
        let step = match next(&pending, &on) {
            Some(index) => vec![index],
            None => waiting(&pending, &on),
        };
        if step.is_empty() || step.len() > MOST_AT_ONCE {
            return steps;
        }
        let mut moves: Vec<Move> = step.iter().map(|index| pending[*index]).collect();
        moves.sort_by_key(|one| (one.from, one.to, one.donation));
        let mut index = 0;
        pending.retain(|_| {
            index += 1;
            !step.contains(&(index - 1))
        });
        for one in &moves {
            *on.entry(one.from).or_default() -= u32::from(one.shares);
            *on.entry(one.to).or_default() += u32::from(one.shares);
        }
        steps.push(moves);
    }
    steps
}

/// A move for which there is room: first those into lots that give nothing away any more, because no other can be waiting for that room.
fn next(pending: &[Move], on: &BTreeMap<u32, u32>) -> Option<usize> {
    let has_room = |one: &&(usize, &Move)| on.get(&one.1.to).copied().unwrap_or(0) + u32::from(one.1.shares) <= ANIMAL;
    let gives = |lot: u32| pending.iter().any(|other| other.from == lot);
    let all: Vec<(usize, &Move)> = pending.iter().enumerate().collect();
    let ready = || all.iter().filter(has_room);
    let still = ready().find(|(_, one)| !gives(one.to));
    still.or_else(|| ready().next()).map(|(index, _)| *index)
}

/// Moves that can only be made together: the first that waits, and of each lot that would have too many shares by them one that leaves it, until none has.
fn waiting(pending: &[Move], on: &BTreeMap<u32, u32>) -> Vec<usize> {
    let mut together = vec![0];
    loop {
        let mut after = on.clone();
        for one in together.iter().map(|index| &pending[*index]) {
            *after.entry(one.to).or_default() += u32::from(one.shares);
        }
        for one in together.iter().map(|index| &pending[*index]) {
            after.entry(one.from).and_modify(|shares| *shares -= u32::from(one.shares));
        }
        let Some((lot, _)) = after.iter().find(|(_, shares)| **shares > ANIMAL) else { return together };
        let leaves = |index: &usize| pending[*index].from == *lot && !together.contains(index);
        match (0..pending.len()).find(leaves) {
            Some(index) => together.push(index),
            // Cannot be: a lot that nothing leaves any more has what it is to have in the end.
            None => return Vec::new(),
        }
    }
}
