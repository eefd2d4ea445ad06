//! Where many animals' shares are to stand: in the fewest moves that there can be, and never more cuts than there must be.
//!
//! Claims of the same size do for one another. So what counts of a lot is what it has, by sizes: twenty-nine kinds of lots that are not full. What may become of one is that its claims are cut
//! somehow, or not, and what it is to have then: nothing, an animal's seven shares, or what is over, in one of a dozen or so divisions. A piece that it has and is to have stays; every other one that it is
//! to have is a move. That is a program of a few thousand choices, however many lots there are ([`super::program`]):
//!
//! - of each size as many pieces come as go;
//! - there are as many cuts as there must be, which is known ([`blocks`]);
//! - one lot has what is over, if anything is;
//! - where it can have whole claims alone, it has: of each size no more whole ones come to it than are free to go elsewhere.
//!
//! No two parts of a claim come to one lot: they would be one cut fewer, and there are none fewer.

use std::collections::{BTreeMap, VecDeque};

use super::blocks::{self, ANIMAL, Counts, shares};
use super::program::{Program, Row, Way};
use super::{Partial, Piece};

/// The sizes of claims and their parts on animals that are not full.
const SIZES: std::ops::Range<usize> = 1..7;

/// A plan for many: the pieces on each lot, so that all but one have seven shares or none; and how many moves there must be at the least.
pub(super) fn arrange(partials: &[Partial]) -> Option<(Vec<Piece>, u32)> {
    let mut kinds: BTreeMap<Counts, Vec<usize>> = BTreeMap::new();
    for (lot, partial) in partials.iter().enumerate() {
        kinds.entry(partial.counts()).or_default().push(lot);
    }
    let choices = Choices::of(kinds.iter().map(|(home, lots)| (*home, lots.len())));
    let program = choices.program();
    let times = program.best()?;
    let mut chosen: Vec<Option<&Fate>> = vec![None; partials.len()];
    let mut left: Vec<VecDeque<usize>> = kinds.into_values().map(VecDeque::from).collect();
    for (fate, times) in choices.fates.iter().zip(times) {
        (0..times).filter_map(|_| left[fate.kind].pop_front()).for_each(|lot| chosen[lot] = Some(fate));
    }
    let least = u32::try_from(program.least()).unwrap_or(0);
    Some((choices.settle(partials, &chosen.into_iter().collect::<Option<Vec<_>>>()?), least))
}

/// A claim of some size is cut into these parts.
type Cut = (usize, Counts);

/// What becomes of a lot of some kind.
#[derive(Debug, Clone)]
struct Fate {
    kind: usize,
    /// Its claims that are cut.
    cuts: Vec<Cut>,
    /// What it has then, by sizes: all pieces, and those that are whole claims.
    has: Counts,
    whole: Counts,
    /// What it is to have.
    wants: Counts,
}

/// All that may be chosen, and what has to come out.
#[derive(Debug)]
struct Choices {
    lots: Vec<u32>,
    fates: Vec<Fate>,
    splits: u32,
    /// Whether the lot with what is over is to have whole claims alone.
    is_whole: bool,
    over: u32,
}

impl Choices {
    fn of(kinds: impl Iterator<Item = (Counts, usize)>) -> Choices {
        let kinds: Vec<(Counts, u32)> = kinds.map(|(home, lots)| (home, u32::try_from(lots).unwrap_or(u32::MAX))).collect();
        let mut all = [0; 7];
        kinds.iter().for_each(|(home, lots)| all.iter_mut().zip(home).for_each(|(all, has)| *all += has * lots));
        let (splits, is_part_left) = blocks::shortfall(&all);
        let over = shares(&all) % ANIMAL;
        let lots = kinds.iter().map(|(_, lots)| *lots).collect();
        let mut choices = Choices { lots, fates: Vec::new(), splits, is_whole: over > 0 && !is_part_left, over };
        let wanted: Vec<Counts> = [0, ANIMAL, over].into_iter().flat_map(divisions).collect();
        for (kind, (home, _)) in kinds.iter().enumerate() {
            choices.add(kind, home, &wanted);
        }
        choices
    }

    /// What may become of lots of a kind. What does the same for all others costs the same too, so that one of them is enough.
    fn add(&mut self, kind: usize, home: &Counts, wanted: &[Counts]) {
        let mut known: BTreeMap<Vec<(usize, i32)>, Fate> = BTreeMap::new();
        for (has, whole, cuts) in cut(home, self.splits) {
            for wants in wanted {
                let fate = Fate { kind, cuts: cuts.clone(), has, whole, wants: *wants };
                known.entry(self.adds(&fate)).or_insert(fate);
            }
        }
        self.fates.extend(known.into_values());
    }

    fn is_over(&self, fate: &Fate) -> bool {
        shares(&fate.wants) == self.over && self.over > 0
    }

    /// How many pieces of a size stay where they are.
    fn stay(&self, fate: &Fate, size: usize) -> u32 {
        let has = if self.is_over(fate) && self.is_whole { fate.whole[size] } else { fate.has[size] };
        has.min(fate.wants[size])
    }

    /// How many pieces come.
    fn moves(&self, fate: &Fate) -> u32 {
        SIZES.map(|size| fate.wants[size] - self.stay(fate, size)).sum()
    }

    /// How many whole claims of a size are free for the lot that has what is over; below nothing where it is that one and needs them.
    fn spare(&self, fate: &Fate, size: usize) -> i32 {
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        if self.is_over(fate) {
            number(fate.whole[size]) - number(fate.wants[size])
        } else {
            number(fate.whole[size].min(fate.has[size] - self.stay(fate, size)))
        }
    }

    fn rows(&self) -> Vec<Row> {
        let splits = Row::Just(i32::try_from(self.splits).unwrap_or(i32::MAX));
        let over = Row::Just(i32::from(self.over > 0));
        let whole = SIZES.filter(|_| self.is_whole).map(|_| Row::AtLeast(0));
        SIZES.map(|_| Row::Just(0)).chain([splits, over]).chain(whole).collect()
    }

    /// What it adds to the rows, in their order.
    fn adds(&self, fate: &Fate) -> Vec<(usize, i32)> {
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let gives = SIZES.map(|size| number(fate.has[size]) - number(fate.wants[size]));
        let parts = |(_, parts): &Cut| parts.iter().sum::<u32>() - 1;
        let splits = number(fate.cuts.iter().map(parts).sum());
        let spare = SIZES.filter(|_| self.is_whole).map(|size| self.spare(fate, size));
        let adds = gives.chain([splits, i32::from(self.is_over(fate))]).chain(spare);
        adds.enumerate().filter(|(_, adds)| *adds != 0).collect()
    }

    fn program(&self) -> Program {
        let cost = |fate: &Fate| i32::try_from(self.moves(fate)).unwrap_or(i32::MAX);
        let way = |fate: &Fate| Way { kind: fate.kind, cost: cost(fate), adds: self.adds(fate) };
        Program { lots: self.lots.clone(), ways: self.fates.iter().map(way).collect(), rows: self.rows() }
    }

    /// From kinds to lots: what stays stays, whole claims are free to go before parts, and what is wanted besides is filled in the order of the lots, the one with what is over first.
    fn settle(&self, partials: &[Partial], fates: &[&Fate]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut free: [VecDeque<Held>; 7] = Default::default();
        for (on, held) in held(partials, fates).into_iter().enumerate() {
            let fate = fates[on];
            for (size, mut held) in (0..).zip(held) {
                // Those that stay come first: parts, or where no part is to be, whole ones.
                held.sort_by_key(|held| held.is_whole != (self.is_over(fate) && self.is_whole));
                let goes = held.split_off(self.stay(fate, size) as usize);
                pieces.extend(held.into_iter().map(|held| held.on(on, size)));
                goes.into_iter()
                    .for_each(|held| if held.is_whole { free[size].push_front(held) } else { free[size].push_back(held) });
            }
        }
        let mut order: Vec<usize> = (0..fates.len()).collect();
        order.sort_by_key(|lot| !self.is_over(fates[*lot]));
        for on in order {
            for size in SIZES {
                let comes = (0..fates[on].wants[size] - self.stay(fates[on], size)).filter_map(|_| free[size].pop_front());
                pieces.extend(comes.map(|held| held.on(on, size)).collect::<Vec<_>>());
            }
        }
        pieces
    }
}

/// A piece on a lot before anything moves: a claim, or a part of one.
#[derive(Debug, Clone, Copy)]
struct Held {
    claim: usize,
    is_whole: bool,
}

impl Held {
    fn on(self, on: usize, shares: usize) -> Piece {
        Piece { claim: self.claim, on, shares: u8::try_from(shares).unwrap_or(0) }
    }
}

/// The pieces of each lot once it is cut, by sizes.
fn held(partials: &[Partial], fates: &[&Fate]) -> Vec<[Vec<Held>; 7]> {
    let mut claims = 0..;
    let of = |(partial, fate): (&Partial, &&Fate)| {
        let (mut held, mut cuts): ([Vec<Held>; 7], _) = (Default::default(), fate.cuts.clone());
        for ((_, shares), claim) in partial.claims.iter().zip(&mut claims) {
            match cuts.iter().position(|(size, _)| *size == usize::from(*shares)) {
                Some(place) => {
                    let (_, parts) = cuts.swap_remove(place);
                    let parts = SIZES.flat_map(|size| (0..parts[size]).map(move |_| size));
                    parts.for_each(|size| held[size].push(Held { claim, is_whole: false }));
                }
                None => held[usize::from(*shares)].push(Held { claim, is_whole: true }),
            }
        }
        held
    };
    partials.iter().zip(fates).map(of).collect()
}

/// Every way to cut a lot's claims, with no more than so many cuts: what it has then, what of it is whole, and the cuts.
fn cut(home: &Counts, most: u32) -> Vec<(Counts, Counts, Vec<Cut>)> {
    let mut found: BTreeMap<(Counts, Counts), (u32, Vec<Cut>)> = BTreeMap::from([(([0; 7], [0; 7]), (0, Vec::new()))]);
    for size in SIZES.flat_map(|size| (0..home[size]).map(move |_| size)) {
        let before = std::mem::take(&mut found);
        for ((has, whole), (splits, cuts)) in before {
            for parts in divisions(u32::try_from(size).unwrap_or(0)) {
                let (mut has, mut whole, mut cuts) = (has, whole, cuts.clone());
                has.iter_mut().zip(&parts).for_each(|(has, parts)| *has += parts);
                let splits = splits + parts.iter().sum::<u32>() - 1;
                if parts[size] == 1 {
                    whole[size] += 1
                } else {
                    cuts.push((size, parts))
                }
                if splits <= most {
                    found.entry((has, whole)).or_insert((splits, cuts));
                }
            }
        }
    }
    found.into_iter().map(|((has, whole), (_, cuts))| (has, whole, cuts)).collect()
}

/// Every way to divide so many shares into claims of up to six.
fn divisions(shares: u32) -> Vec<Counts> {
    let mut found = Vec::new();
    blocks::sums_to(shares as usize, shares as usize, &mut [0; 7], &mut |sizes| found.push(*sizes));
    found
}

#[cfg(test)]
mod tests;
