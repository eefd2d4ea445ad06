//! In which order moves are made, so that no animal ever has more than seven shares.
//!
//! One after another, each into a lot that has room by then. Where none has, because lots wait for each other, those that wait are made at once. Claims of
//! one size do for one another, so that few have to wait for each other.

use std::collections::BTreeMap;

use super::Move;
use super::blocks::ANIMAL;

/// Moves that are made at once, at the most: each is two donations' or lots' items of one transaction at the worst, of which the table takes a hundred.
pub const MOST_AT_ONCE: usize = 30;
/// Pairs of moves that are tried with each other's lots. With six sizes of claims two of the same are six moves apart at the most, in a ring of one move for each lot.
const MOST_TRIED: usize = 100;

/// The moves in steps. Where more than [`MOST_AT_ONCE`] wait for each other, some go where others of as many shares were to go ([`apart`]); if that does not help either they are left out, and what is left
/// is planned again.
pub(super) fn steps(mut pending: Vec<Move>, mut on: BTreeMap<u32, u32>) -> Vec<Vec<Move>> {
    let mut steps = Vec::new();
    while !pending.is_empty() {
        let step = match next(&pending, &on) {
            Some(index) => vec![index],
            None => few(&mut pending, &on),
        };
        if step.is_empty() {
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

/// Moves that wait for each other, no more than can be made at once; none where there are always more.
fn few(pending: &mut Vec<Move>, on: &BTreeMap<u32, u32>) -> Vec<usize> {
    let step = waiting(pending, on, 0);
    if step.len() <= MOST_AT_ONCE { step } else { apart(pending, on, &step).unwrap_or_default() }
}

/// Of lots that wait for each other in a large ring, two that are to have as many shares have each other's: what was one ring are two then. Each lot has as many claims of each size as before, and as many
/// moves are made. Which claims come to the animal that is not to be full was chosen, and stays.
fn apart(pending: &mut Vec<Move>, on: &BTreeMap<u32, u32>, ring: &[usize]) -> Option<Vec<usize>> {
    let mut last = on.clone();
    pending.iter().for_each(|one| *last.entry(one.to).or_default() += u32::from(one.shares));
    pending.iter().for_each(|one| *last.entry(one.from).or_default() -= u32::from(one.shares));
    let is_free = |one: &Move| last.get(&one.to).is_some_and(|shares| shares.is_multiple_of(ANIMAL));
    // The nearest two first: between them is the smaller ring.
    let pairs = (1..ring.len()).flat_map(|apart| ring.iter().zip(&ring[apart..]));
    let alike = |(one, other): &(&usize, &usize)| {
        let (one, other) = (&pending[**one], &pending[**other]);
        one.shares == other.shares && one.from != other.to && other.from != one.to && is_free(one) && is_free(other)
    };
    let alike: Vec<(usize, usize)> = pairs.filter(alike).map(|(one, other)| (*one, *other)).take(MOST_TRIED).collect();
    for (one, other) in alike {
        let mut changed = pending.clone();
        (changed[one].to, changed[other].to) = (pending[other].to, pending[one].to);
        for first in [other, one] {
            let step = waiting(&changed, on, first);
            if (1..=MOST_AT_ONCE).contains(&step.len()) {
                *pending = changed;
                return Some(step);
            }
        }
    }
    None
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

/// Moves that can only be made together: one that waits, and of each lot that would have too many shares by them one that leaves it, until none has.
fn waiting(pending: &[Move], on: &BTreeMap<u32, u32>, first: usize) -> Vec<usize> {
    let mut together = vec![first];
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::DonationId;

    /// Moves of so many shares, each from a lot to another, of different donations.
    fn moves(of: &[(u8, u32, u32)]) -> Vec<Move> {
        let donation = |number| DonationId::from_bytes([number; 16]);
        let one = |(number, (shares, from, to)): (u8, &(u8, u32, u32))| Move {
            donation: donation(number),
            shares: *shares,
            from: *from,
            to: *to,
        };
        (1..).zip(of).map(one).collect()
    }

    /// From which lot to which, step by step.
    fn ways(steps: &[Vec<Move>]) -> Vec<Vec<(u32, u32)>> {
        steps.iter().map(|step| step.iter().map(|one| (one.from, one.to)).collect()).collect()
    }

    /// So many full lots, each of which is to give shares to the next, and the last one to the first.
    fn ring(lots: u32, shares: u8) -> (Vec<Move>, BTreeMap<u32, u32>) {
        let of: Vec<(u8, u32, u32)> = (0..lots).map(|lot| (shares, lot, (lot + 1) % lots)).collect();
        (moves(&of), (0..lots).map(|lot| (lot, ANIMAL)).collect())
    }

    #[test]
    fn what_waits_for_room_is_moved_once_there_is_some() {
        for shares in 1..=6 {
            // The first lot is full, and gives away what the third has to fill it with.
            let pending = moves(&[(shares, 3, 1), (shares, 1, 2)]);
            let on = BTreeMap::from([(1, 7), (2, 7 - u32::from(shares)), (3, u32::from(shares))]);
            assert_eq!(ways(&steps(pending, on)), [[(1, 2)], [(3, 1)]], "{shares}");
        }
    }

    #[test]
    fn a_lot_that_gives_nothing_away_any_more_is_filled_first() {
        // There is room on both; from the second lot something goes away later.
        let pending = moves(&[(1, 1, 2), (2, 2, 3), (1, 4, 5)]);
        let on = BTreeMap::from([(1, 1), (2, 6), (3, 6), (4, 1), (5, 6)]);
        assert_eq!(ways(&steps(pending, on))[..2], [[(4, 5)], [(1, 2)]]);
    }

    #[test]
    fn lots_that_wait_for_each_other_are_moved_at_once() {
        for shares in 1..=6 {
            let (pending, on) = ring(3, shares);
            assert_eq!(ways(&steps(pending, on)), [[(0, 1), (1, 2), (2, 0)]], "{shares}");
        }
    }

    #[test]
    fn what_waits_in_another_ring_is_another_step() {
        let pending = moves(&[(4, 0, 1), (4, 10, 11), (4, 1, 2), (4, 11, 12), (4, 2, 0), (4, 12, 10)]);
        let on = [0, 1, 2, 10, 11, 12].map(|lot| (lot, 7)).into();
        assert_eq!(ways(&steps(pending, on)), [[(0, 1), (1, 2), (2, 0)], [(10, 11), (11, 12), (12, 10)]]);
    }

    #[test]
    fn as_many_as_a_transaction_takes_are_moved_at_once() {
        let most = u32::try_from(MOST_AT_ONCE).unwrap_or(0);
        for lots in [2, most - 1, most] {
            let (pending, on) = ring(lots, 4);
            assert_eq!(steps(pending, on).iter().map(Vec::len).collect::<Vec<_>>(), [lots as usize]);
        }
    }

    /// What each lot gives and gets, by sizes.
    fn by_lots<'m>(moves: impl Iterator<Item = &'m Move>) -> BTreeMap<(u32, bool, u8), usize> {
        let mut found = BTreeMap::new();
        for one in moves {
            *found.entry((one.from, false, one.shares)).or_default() += 1;
            *found.entry((one.to, true, one.shares)).or_default() += 1;
        }
        found
    }

    #[test]
    fn a_larger_ring_comes_apart_into_smaller_ones_of_the_same_shares() {
        for lots in [31, 60, 200] {
            let (pending, mut on) = ring(lots, 4);
            let steps = steps(pending.clone(), on.clone());
            assert!(steps.iter().all(|step| step.len() <= MOST_AT_ONCE), "{steps:?}");
            for step in &steps {
                step.iter().for_each(|one| *on.get_mut(&one.from).unwrap() -= 4);
                step.iter().for_each(|one| *on.get_mut(&one.to).unwrap() += 4);
                assert!(on.values().all(|shares| *shares <= ANIMAL), "more than an animal has: {on:?}");
            }
            assert_eq!(by_lots(steps.iter().flatten()), by_lots(pending.iter()), "{lots}");
            assert!(steps.iter().flatten().all(|one| one.from != one.to));
        }
    }

    /// Its last lot is to have what is over: what comes there was chosen for it.
    #[test]
    fn what_comes_to_the_animal_that_is_not_to_be_full_stays_the_same() {
        let (pending, mut on) = ring(40, 4);
        on.insert(39, 6);
        let last = pending[38];
        assert_eq!(last.to, 39);
        let steps = steps(pending, on);
        assert_eq!(steps.iter().flatten().filter(|one| one.to == 39).collect::<Vec<_>>(), [&last]);
        assert_eq!(steps.iter().map(Vec::len).sum::<usize>(), 40);
    }

    #[test]
    fn a_ring_that_does_not_come_apart_is_left_out() {
        // Whatever goes where, each of the forty gives three to one place that has no room before all have given.
        let gives: Vec<(u8, u32, u32)> = (0..40).map(|lot| (3, lot, lot + 1)).collect();
        let mut pending = moves(&gives);
        let mut on: BTreeMap<u32, u32> = (0..41).map(|lot| (lot, 6)).collect();
        // The last has what is over, so nothing else may come to it, and it gives nothing.
        on.insert(40, 5);
        assert_eq!(steps(pending.clone(), on.clone()), Vec::<Vec<Move>>::new());
        // What has room is moved all the same.
        let apart = moves(&[(3, 100, 101)]);
        pending.extend(&apart);
        on.extend([(100, 3), (101, 4)]);
        assert_eq!(steps(pending, on), [apart]);
    }
}
