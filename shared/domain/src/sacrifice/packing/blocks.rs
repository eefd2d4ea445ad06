//! The fewest claims that must be split, and animals that are filled with no more.
//!
//! Claims are laid into blocks whose shares are a multiple of seven. A block of seven shares fills an animal as it is; one of seven times `n` fills `n`, and `n − 1` of its
//! claims are cut. Of what is over after the last block, `7 b + r` shares, `b` are cut. So the fewest are cut where there are the most blocks: as many as there are
//! full animals, less the blocks.
//!
//! **The most blocks.** Where a claim and another that makes seven with it are both there, some arrangement of the most blocks has the two as one of them: whatever else the two are
//! blocks with, or over, can be put together instead. Then of each of the pairs 1 and 6, 2 and 5, 3 and 4 one size is left at the most: these are 1, 2 and 3, or 1, 2 and 4, times
//! a number from 1 to 6, by their remainders of seven. For either the smallest blocks are listed in an order in which each can be taken as often as it goes. That this gives the
//! most is not told by an argument of this kind: it was counted out for up to thirty claims of each size, and a test counts it for up to twelve.

/// How many claims there are of each size; nothing stands at zero.
pub(super) type Counts = [u32; 7];

/// A block: how many of each size, and how often it is there.
pub(super) type Block = (Counts, u32);

/// An animal's shares.
pub(super) const ANIMAL: u32 = super::ANIMAL_SHARES as u32;

/// Blocks of claims of once, twice and three times a size, in the order in which they are taken.
const ONE_TWO_THREE: [[u32; 3]; 11] = [
    [0, 2, 1],
    [1, 0, 2],
    [1, 3, 0],
    [2, 1, 1],
    [0, 1, 4],
    [3, 2, 0],
    [4, 0, 1],
    [5, 1, 0],
    [0, 0, 7],
    [0, 7, 0],
    [7, 0, 0],
];

/// The same of once, twice and four times a size.
const ONE_TWO_FOUR: [[u32; 3]; 13] = [
    [1, 1, 1],
    [0, 1, 3],
    [1, 3, 0],
    [3, 0, 1],
    [0, 3, 2],
    [2, 0, 3],
    [3, 2, 0],
    [0, 5, 1],
    [1, 0, 5],
    [5, 1, 0],
    [0, 0, 7],
    [0, 7, 0],
    [7, 0, 0],
];

/// The shares of so many claims.
pub(super) fn shares(counts: &Counts) -> u32 {
    (0..).zip(counts).map(|(size, count)| size * count).sum()
}

/// As many blocks as there can be, and what is over.
pub(super) fn blocks(counts: &Counts) -> (Vec<Block>, Counts) {
    let (mut left, mut found) = (*counts, Vec::new());
    for size in 1..=3 {
        take(&mut left, &[(size, 1), (7 - size, 1)], &mut found);
    }
    let (sizes, order) = form(&left);
    for [a, b, c] in order {
        take(&mut left, &[(sizes[0], *a), (sizes[1], *b), (sizes[2], *c)], &mut found);
    }
    (found, left)
}

/// How many claims must be split at the least so that all animals but one are full.
pub(super) fn least_splits(counts: &Counts) -> u32 {
    let count: u32 = blocks(counts).0.iter().map(|(_, times)| times).sum();
    shares(counts) / ANIMAL - count
}

/// What all animals but one being full costs at the least: cuts, and whether a part of a claim is left on the one that is not.
pub(super) fn shortfall(counts: &Counts) -> (u32, bool) {
    let is_over = !shares(counts).is_multiple_of(ANIMAL);
    (least_splits(counts), is_over && whole_remainder(counts).is_none())
}

/// The three sizes of which claims may be left once pairs are taken, and the blocks that they make.
fn form(left: &Counts) -> ([usize; 3], &'static [[u32; 3]]) {
    let forms: [([usize; 3], &[[u32; 3]]); 2] = [([1, 2, 3], &ONE_TWO_THREE), ([1, 2, 4], &ONE_TWO_FOUR)];
    let times = forms.into_iter().flat_map(|(form, order)| (1..=6).map(move |n| (form.map(|size| size * n % 7), order)));
    let covers = |sizes: &[usize; 3]| sizes.iter().all(|size| left[7 - size] == 0);
    // The eight choices of one of each pair are these two forms, six and two of them.
    times.into_iter().find(|(sizes, _)| covers(sizes)).unwrap_or(([1, 2, 3], &ONE_TWO_THREE))
}

/// Takes a block as often as it goes.
fn take(left: &mut Counts, parts: &[(usize, u32)], found: &mut Vec<Block>) {
    let needed = parts.iter().filter(|(_, count)| *count > 0);
    let times = needed.clone().map(|(size, count)| left[*size] / count).min().unwrap_or(0);
    if times == 0 {
        return;
    }
    let mut block = [0; 7];
    for (size, count) in needed {
        left[*size] -= count * times;
        block[*size] = *count;
    }
    found.push((block, times));
}

/// Whole claims for the animal that is not full, if it takes no more cuts than anything else.
fn whole_remainder(counts: &Counts) -> Option<Counts> {
    let missing = (shares(counts) % ANIMAL) as usize;
    let least = least_splits(counts);
    let mut found = None;
    if missing > 0 {
        sums_to(missing, missing, &mut [0; 7], &mut |remainder| {
            let is_there = remainder.iter().zip(counts).all(|(taken, count)| taken <= count);
            if found.is_none() && is_there {
                let mut rest = *counts;
                rest.iter_mut().zip(remainder).for_each(|(count, taken)| *count -= taken);
                found = (least_splits(&rest) == least).then_some(*remainder);
            }
        });
    }
    found
}

/// Calls with every choice of sizes, none above `largest`, that have so many shares; the largest sizes first.
pub(super) fn sums_to(shares: usize, largest: usize, chosen: &mut Counts, found: &mut impl FnMut(&Counts)) {
    if shares == 0 {
        return found(chosen);
    }
    for size in (1..=largest.min(shares).min(6)).rev() {
        chosen[size] += 1;
        sums_to(shares - size, size, chosen, found);
        chosen[size] -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// The most blocks by trying everything: what can be made of a choice is one more than of what is left after any block.
    fn most(counts: Counts, smallest: &[Counts], known: &mut BTreeMap<Counts, u32>) -> u32 {
        if let Some(most) = known.get(&counts) {
            return *most;
        }
        let mut best = 0;
        for block in smallest {
            if block.iter().zip(&counts).all(|(needs, has)| needs <= has) {
                let mut rest = counts;
                rest.iter_mut().zip(block).for_each(|(count, taken)| *count -= taken);
                best = best.max(1 + most(rest, smallest, known));
            }
        }
        known.insert(counts, best);
        best
    }

    /// Every block of up to seven claims of three sizes, smallest or not.
    fn all_blocks(sizes: [usize; 3]) -> Vec<Counts> {
        let mut found = Vec::new();
        for code in 1..512_usize {
            let mut block = [0; 7];
            for (place, size) in sizes.iter().enumerate() {
                block[*size] = u32::try_from(code >> (3 * place) & 7).unwrap_or(0);
            }
            if shares(&block).is_multiple_of(ANIMAL) {
                found.push(block);
            }
        }
        found
    }

    #[test]
    fn there_are_never_more_blocks_than_are_found() {
        for choice in 0..8 {
            let sizes = [1, 2, 3].map(|size: usize| if choice >> (size - 1) & 1 == 0 { size } else { 7 - size });
            let (smallest, mut known) = (all_blocks(sizes), BTreeMap::new());
            for code in 0..13_u32.pow(3) {
                let mut counts = [0; 7];
                (counts[sizes[0]], counts[sizes[1]], counts[sizes[2]]) = (code % 13, code / 13 % 13, code / 169);
                let found: u32 = blocks(&counts).0.iter().map(|(_, times)| times).sum();
                assert_eq!(found, most(counts, &smallest, &mut known), "{counts:?}");
            }
        }
    }

    /// Sizes that pair too, on a smaller scale.
    #[test]
    fn pairs_are_never_a_loss() {
        let mut all = Vec::new();
        for code in 1..4_usize.pow(6) {
            let block: Counts = std::array::from_fn(|size| match size {
                0 => 0,
                size => u32::try_from(code / 4_usize.pow(u32::try_from(size - 1).unwrap_or(0)) % 4).unwrap_or(0),
            });
            if shares(&block).is_multiple_of(ANIMAL) && block.iter().sum::<u32>() <= 7 {
                all.push(block);
            }
        }
        let mut known = BTreeMap::new();
        for code in 0..3_usize.pow(6) {
            let counts: Counts = std::array::from_fn(|size| match size {
                0 => 0,
                size => u32::try_from(code / 3_usize.pow(u32::try_from(size - 1).unwrap_or(0)) % 3).unwrap_or(0),
            });
            let found: u32 = blocks(&counts).0.iter().map(|(_, times)| times).sum();
            assert_eq!(found, most(counts, &all, &mut known), "{counts:?}");
        }
    }

    #[test]
    fn every_choice_of_claims_with_so_many_shares_is_tried_the_largest_first() {
        for (shares_of, ways) in (1..=6).zip([1, 2, 3, 5, 7, 11]) {
            let mut tried: Vec<Counts> = Vec::new();
            sums_to(shares_of, shares_of, &mut [0; 7], &mut |chosen| tried.push(*chosen));
            assert!(tried.iter().all(|chosen| shares(chosen) as usize == shares_of), "{tried:?}");
            assert_eq!((tried.len(), tried.iter().collect::<BTreeSet<_>>().len()), (ways, ways));
            assert_eq!(tried[0][shares_of], 1, "one claim with all of them");
        }
    }

    /// Claims, and of them those that are left whole on the animal that is not full, with the cuts that there must be.
    #[test]
    fn the_animal_that_is_not_full_has_whole_claims_where_that_costs_no_cut() {
        let of = |sizes: &[usize]| {
            let mut counts: Counts = [0; 7];
            sizes.iter().for_each(|size| counts[*size] += 1);
            counts
        };
        type Row<'a> = (&'a [usize], u32, Option<&'a [usize]>);
        let table: [Row<'_>; 9] = [
            (&[], 0, None),
            (&[3, 4], 0, None),
            (&[5], 0, Some(&[5])),
            (&[1, 1], 0, Some(&[1, 1])),
            (&[1, 2, 5], 0, Some(&[1])),
            (&[1, 2, 3, 4], 0, Some(&[3])),
            (&[4, 5], 1, None),
            (&[4, 4, 4], 1, None),
            // Three shares are left over, and two claims have them; but each of the two fills an animal with another claim.
            (&[1, 2, 4, 5, 6, 6], 1, None),
        ];
        for (sizes, cuts, whole) in table {
            let counts = of(sizes);
            assert_eq!(whole_remainder(&counts), whole.map(of), "{sizes:?}");
            let is_over = !shares(&counts).is_multiple_of(7);
            assert_eq!(shortfall(&counts), (cuts, is_over && whole.is_none()), "{sizes:?}");
        }
    }

    #[test]
    fn no_more_is_split_than_must_be() {
        let table: [(Counts, u32); 5] = [
            ([0, 0, 0, 0, 4, 0, 0], 2),
            ([0, 0, 0, 1, 1, 0, 0], 0),
            ([0, 0, 0, 0, 7, 0, 0], 3),
            ([0, 2, 0, 0, 0, 0, 7], 4),
            ([0, 0, 4, 0, 0, 0, 0], 1),
        ];
        for (counts, splits) in table {
            assert_eq!(least_splits(&counts), splits, "{counts:?}");
        }
    }
}
