//! Lots that are emptied without more ado: each of their claims, or some of them together, is just what another lot lacks.
//!
//! Nothing else moves then, so that this is where moves are saved. Lots whose claims fill an animal each come first, those with the fewest claims before others. It is done only as long as
//! what is left needs no more cuts than all needed before.

use std::collections::{BTreeMap, BTreeSet};

use super::arrange::{Kind, Sizes, claims, shares_of};
use super::blocks::{ANIMAL, Counts, shortfall};

/// A lot that is emptied, and what of it goes together to one animal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Emptying {
    /// Moves that do not fill an animal by themselves.
    wasted: u32,
    /// The claims that move.
    moves: u32,
    home: Sizes,
    parts: Vec<Sizes>,
}

/// Takes lots that are emptied, and those that are filled by it, out of these; gives back what they are to have.
pub(super) fn empty(lots: &mut BTreeMap<Sizes, u32>) -> BTreeMap<Kind, u32> {
    let mut ways: Vec<Emptying> = lots.keys().flat_map(ways_of).collect();
    ways.sort();
    let (mut kinds, needed) = (BTreeMap::new(), shortfall(&counts(lots)));
    for way in ways {
        let mut times = u32::MAX;
        while times > 0 {
            let Some((most, fillings)) = fit(lots, &way) else { break };
            times = times.min(most);
            let mut rest = lots.clone();
            remove(&mut rest, &way.home, times);
            fillings.iter().for_each(|(home, _)| remove(&mut rest, home, times));
            if shortfall(&counts(&rest)) != needed {
                times /= 2;
                continue;
            }
            *lots = rest;
            *kinds.entry((way.home, [0; 7])).or_default() += times;
            for (home, part) in fillings {
                *kinds.entry((home, std::array::from_fn(|size| home[size] + part[size]))).or_default() += times;
            }
        }
    }
    kinds
}

fn counts(lots: &BTreeMap<Sizes, u32>) -> Counts {
    let mut counts = [0; 7];
    for (sizes, times) in lots {
        counts.iter_mut().zip(sizes).for_each(|(count, has)| *count += u32::from(*has) * times);
    }
    counts
}

fn remove(lots: &mut BTreeMap<Sizes, u32>, home: &Sizes, times: u32) {
    if let Some(count) = lots.get_mut(home) {
        *count -= times;
        if *count == 0 {
            lots.remove(home);
        }
    }
}

/// The lots that the parts fill, and how often all of them are there besides the one that is emptied. Those with the most claims are filled first: they cost most to empty.
fn fit(lots: &BTreeMap<Sizes, u32>, way: &Emptying) -> Option<(u32, Vec<(Sizes, Sizes)>)> {
    let mut needed: BTreeMap<Sizes, u32> = BTreeMap::from([(way.home, 1)]);
    let mut fillings = Vec::new();
    for part in &way.parts {
        let lacks = |home: &&Sizes| shares_of(home) + shares_of(part) == ANIMAL;
        let is_left = |home: &&Sizes| lots[*home] > needed.get(*home).copied().unwrap_or(0);
        let home = lots.keys().filter(lacks).filter(is_left).max_by_key(|home| (claims(home), **home))?;
        *needed.entry(*home).or_default() += 1;
        fillings.push((*home, *part));
    }
    let times = needed.iter().map(|(home, count)| lots.get(home).copied().unwrap_or(0) / count).min()?;
    (times > 0).then_some((times, fillings))
}

/// Every way to divide a lot's claims over animals.
fn ways_of(home: &Sizes) -> BTreeSet<Emptying> {
    let row: Vec<usize> = (1..7).flat_map(|size| (0..home[size]).map(move |_| size)).collect();
    let mut found = BTreeSet::new();
    divide(&row, &mut Vec::new(), &mut |parts| {
        let mut parts = parts.to_vec();
        parts.sort_unstable();
        let (moves, filled) = (claims(home), u32::try_from(parts.len()).unwrap_or(u32::MAX));
        found.insert(Emptying { wasted: moves - filled, moves, home: *home, parts });
    });
    found
}

fn divide(row: &[usize], parts: &mut Vec<Sizes>, found: &mut impl FnMut(&[Sizes])) {
    let Some((size, rest)) = row.split_first() else { return found(parts) };
    for place in 0..parts.len() {
        parts[place][*size] += 1;
        divide(rest, parts, found);
        parts[place][*size] -= 1;
    }
    let mut part = [0; 7];
    part[*size] = 1;
    parts.push(part);
    divide(rest, parts, found);
    parts.pop();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Claims of these sizes.
    fn sizes(of: &[usize]) -> Sizes {
        let mut sizes = [0; 7];
        of.iter().for_each(|size| sizes[*size] += 1);
        sizes
    }

    /// So many lots with claims of these sizes.
    fn lots(of: &[(u32, &[usize])]) -> BTreeMap<Sizes, u32> {
        of.iter().map(|(times, of)| (sizes(of), *times)).collect()
    }

    /// What lots have, what they are to have, and how many of them.
    fn kinds(of: &[(u32, &[usize], &[usize])]) -> BTreeMap<Kind, u32> {
        of.iter().map(|(times, has, wants)| ((sizes(has), sizes(wants)), *times)).collect()
    }

    #[test]
    fn a_lot_is_emptied_whose_claims_are_what_others_lack() {
        type Row<'a> = (&'a [(u32, &'a [usize])], &'a [(u32, &'a [usize], &'a [usize])], &'a [(u32, &'a [usize])]);
        let table: &[Row<'_>] = &[
            (&[], &[], &[]),
            // One claim each.
            (&[(1, &[2]), (1, &[5])], &[(1, &[5], &[]), (1, &[2], &[2, 5])], &[]),
            (&[(1, &[1, 1, 1]), (3, &[6])], &[(1, &[1, 1, 1], &[]), (3, &[6], &[1, 6])], &[]),
            // Two of its claims go together.
            (&[(1, &[1, 2]), (1, &[1, 1, 1, 1])], &[(1, &[1, 2], &[]), (1, &[1, 1, 1, 1], &[1, 1, 1, 1, 1, 2])], &[]),
            // As often as it goes; what is over stays.
            (&[(4, &[1, 1]), (8, &[6])], &[(4, &[1, 1], &[]), (8, &[6], &[1, 6])], &[]),
            (&[(5, &[1, 1]), (8, &[6])], &[(4, &[1, 1], &[]), (8, &[6], &[1, 6])], &[(1, &[1, 1])]),
            // It is not filled from itself: the lot with one claim is, though the one with two would come first.
            (&[(1, &[1, 3]), (1, &[4]), (1, &[6])], &[(1, &[1, 3], &[]), (1, &[4], &[3, 4]), (1, &[6], &[1, 6])], &[]),
            // Nothing fits.
            (&[(3, &[4])], &[], &[(3, &[4])]),
        ];
        for (before, emptied, over) in table {
            let mut left = lots(before);
            assert_eq!(empty(&mut left), kinds(emptied), "{before:?}");
            assert_eq!(left, lots(over), "{before:?}");
        }
    }

    #[test]
    fn claims_that_fill_an_animal_each_are_moved_first() {
        let ways: Vec<(u32, u32, usize)> =
            ways_of(&sizes(&[1, 1, 1])).into_iter().map(|way| (way.wasted, way.moves, way.parts.len())).collect();
        assert_eq!(ways, [(0, 3, 3), (1, 3, 2), (2, 3, 1)]);
        let parts = |home: &[usize]| ways_of(&sizes(home)).len();
        assert_eq!(
            [parts(&[6]), parts(&[1, 2]), parts(&[1, 2, 3]), parts(&[1, 1, 2])],
            [1, 2, 5, 4],
            "every way, each once"
        );
    }

    fn any_lots() -> impl Strategy<Value = BTreeMap<Sizes, u32>> {
        let home = prop::collection::vec(1..=6_usize, 1..=6).prop_map(|claims| {
            let fit = claims.iter().scan(0, |shares, size| {
                *shares += size;
                (*shares < 7).then_some(*size)
            });
            sizes(&fit.collect::<Vec<_>>())
        });
        prop::collection::btree_map(home, 1..9_u32, 0..12)
    }

    fn all(kinds: &BTreeMap<Kind, u32>, of: impl Fn(&Kind) -> Sizes) -> Counts {
        let mut counts = [0; 7];
        for (kind, times) in kinds {
            counts.iter_mut().zip(of(kind)).for_each(|(count, has)| *count += u32::from(has) * times);
        }
        counts
    }

    proptest! {
        /// Lots that are emptied fill others just to seven, no claim of theirs is lost or cut, and for the rest no more cuts are needed than for all.
        #[test]
        fn emptying_costs_no_cut_and_loses_nothing(before in any_lots()) {
            let mut left = before.clone();
            let emptied = empty(&mut left);
            prop_assert!(emptied.values().chain(left.values()).all(|times| *times > 0));
            prop_assert!(emptied.keys().all(|(_, wants)| [0, ANIMAL].contains(&shares_of(wants))));
            let mut homes = left.clone();
            emptied.iter().for_each(|((home, _), times)| *homes.entry(*home).or_default() += times);
            prop_assert_eq!(homes, before.clone());
            prop_assert_eq!(all(&emptied, |(home, _)| *home), all(&emptied, |(_, wants)| *wants));
            prop_assert_eq!(shortfall(&counts(&left)), shortfall(&counts(&before)));
        }
    }
}
