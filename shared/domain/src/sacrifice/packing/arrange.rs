//! Where many animals' shares are to stand: few moves, and never more cuts than there must be.
//!
//! Claims of the same size do for one another. So what counts is only what each lot has, by sizes, and what it is to have: a piece that is in both stays, every other one is moved once. There are some
//! forty of either kind, however many lots there are, and all lots of the same kinds are arranged at once.
//!
//! First lots are [emptied](super::empty) whose claims are just what others lack. Of the rest each animal of the layout is put on a lot that has the most of it. Then, as long as it saves a
//! move, what two lots are to have is divided between them anew. In the end no two lots can be divided better; that three or more could is not ruled out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::blocks::{ANIMAL, Counts, Layout, layout};
use super::{Partial, Piece, empty};

/// How many pieces there are of each size.
pub(super) type Sizes = [u8; 7];

/// What a lot has, and what it is to have.
pub(super) type Kind = (Sizes, Sizes);

/// The pieces on each lot, so that all but one have seven shares or none.
pub(super) fn arrange(partials: &[Partial]) -> Vec<Piece> {
    let mut held = held(partials);
    let homes: Vec<Sizes> = held.iter().map(|pieces| sizes_of(pieces)).collect();
    let all = tally(homes.iter().copied());
    let mut left = all.clone();
    let mut kinds = empty::empty(&mut left);
    let rest = chosen(&homes, left);
    let layout = layout(&counts(rest.iter().map(|index| homes[*index])));
    cut(&mut held, &rest, &layout);
    let homes: Vec<Sizes> = held.iter().map(|pieces| sizes_of(pieces)).collect();
    for (kind, times) in hosts(tally(rest.iter().map(|index| homes[*index])), &layout) {
        *kinds.entry(kind).or_default() += times;
    }
    while improve(&mut kinds) {}
    with_whole(settle(&held, &homes, kinds), &held)
}

/// A piece on its way: a claim's shares or a part of them.
#[derive(Debug, Clone, Copy)]
struct Held {
    claim: usize,
    shares: u8,
}

fn held(partials: &[Partial]) -> Vec<Vec<Held>> {
    let mut claim = 0;
    let mut next = |shares: u8| {
        claim += 1;
        Held { claim: claim - 1, shares }
    };
    partials.iter().map(|partial| partial.claims.iter().map(|(_, shares)| next(*shares)).collect()).collect()
}

fn tally(sizes: impl Iterator<Item = Sizes>) -> BTreeMap<Sizes, u32> {
    let mut tally = BTreeMap::new();
    sizes.for_each(|sizes| *tally.entry(sizes).or_default() += 1);
    tally
}

fn counts(sizes: impl Iterator<Item = Sizes>) -> Counts {
    let mut counts = [0; 7];
    sizes.for_each(|sizes| counts.iter_mut().zip(sizes).for_each(|(count, has)| *count += u32::from(has)));
    counts
}

/// Lots of these kinds, as many as there are of each; the last ones.
fn chosen(homes: &[Sizes], mut kinds: BTreeMap<Sizes, u32>) -> Vec<usize> {
    let mut is_chosen = |home: &Sizes| match kinds.get_mut(home) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        Some(_) | None => false,
    };
    (0..homes.len()).rev().filter(|index| is_chosen(&homes[*index])).collect()
}

/// Cuts claims of these lots: those of lots with the fewest claims first, which are the likeliest to be moved anyway.
fn cut(held: &mut [Vec<Held>], lots: &[usize], layout: &Layout) {
    let mut order = lots.to_vec();
    order.sort_by_key(|index| (held[*index].len(), *index));
    let mut is_cut = BTreeSet::new();
    for (cut, times) in &layout.cuts {
        let mut left = *times;
        for index in &order {
            let mut parts = Vec::new();
            for piece in held[*index].iter_mut().filter(|piece| usize::from(piece.shares) == cut.of) {
                if left > 0 && is_cut.insert(piece.claim) {
                    let first = u8::try_from(cut.first).unwrap_or(0);
                    parts.push(Held { claim: piece.claim, shares: piece.shares - first });
                    (piece.shares, left) = (first, left - 1);
                }
            }
            held[*index].extend(parts);
        }
    }
}

fn sizes_of(pieces: &[Held]) -> Sizes {
    let mut sizes = [0; 7];
    pieces.iter().for_each(|piece| sizes[usize::from(piece.shares)] += 1);
    sizes
}

fn narrow(counts: &Counts) -> Sizes {
    counts.map(|count| u8::try_from(count).unwrap_or(u8::MAX))
}

/// The shares of some pieces.
pub(super) fn shares_of(sizes: &Sizes) -> u32 {
    (0..).zip(sizes).map(|(size, count): (u32, _)| size * u32::from(*count)).sum()
}

/// How many pieces they are.
pub(super) fn claims(sizes: &Sizes) -> u32 {
    sizes.iter().map(|count| u32::from(*count)).sum()
}

/// How many pieces stay.
fn stay(home: &Sizes, content: &Sizes) -> u32 {
    home.iter().zip(content).map(|(has, wants)| u32::from(*has.min(wants))).sum()
}

/// Each animal on a lot that has the most of it; the other lots are emptied.
fn hosts(mut lots: BTreeMap<Sizes, u32>, layout: &Layout) -> BTreeMap<Kind, u32> {
    let mut animals: BTreeMap<Sizes, u32> = BTreeMap::new();
    layout.animals.iter().for_each(|(animal, times)| *animals.entry(narrow(animal)).or_default() += times);
    let mut pairs: Vec<Kind> = lots.keys().flat_map(|home| animals.keys().map(|animal| (*home, *animal))).collect();
    pairs.sort_by_key(|(home, animal)| (std::cmp::Reverse(stay(home, animal)), claims(home)));
    let mut kinds = BTreeMap::new();
    for (home, animal) in pairs {
        let times = lots[&home].min(animals[&animal]);
        if times > 0 {
            lots.entry(home).and_modify(|count| *count -= times);
            animals.entry(animal).and_modify(|count| *count -= times);
            kinds.insert((home, animal), times);
        }
    }
    for (home, times) in lots.into_iter().filter(|(_, times)| *times > 0) {
        *kinds.entry((home, [0; 7])).or_default() += times;
    }
    kinds
}

/// Divides what two lots are to have between them anew where that saves a move, for as many pairs of the same kinds as there are. What the animal has that is not full stays as it is:
/// of it is known that no part of a claim is there that need not be.
fn improve(kinds: &mut BTreeMap<Kind, u32>) -> bool {
    let is_left = |content: &Sizes| ![0, ANIMAL].contains(&shares_of(content));
    let known: Vec<Kind> = kinds.keys().filter(|(_, content)| !is_left(content)).copied().collect();
    let mut is_better = false;
    for (place, one) in known.iter().enumerate() {
        // Two of the same kind cannot be divided better: what the one gained the other would lose.
        for other in &known[place + 1..] {
            let has = |kind: &Kind| kinds.get(kind).copied().unwrap_or(0);
            let times = has(one).min(has(other));
            if let Some((first, second)) = Some(()).filter(|()| times > 0).and_then(|()| better(one, other)) {
                remove(kinds, *one, times);
                remove(kinds, *other, times);
                *kinds.entry((one.0, first)).or_default() += times;
                *kinds.entry((other.0, second)).or_default() += times;
                is_better = true;
            }
        }
    }
    is_better
}

fn remove(kinds: &mut BTreeMap<Kind, u32>, kind: Kind, times: u32) {
    if let Some(count) = kinds.get_mut(&kind) {
        *count -= times;
        if *count == 0 {
            kinds.remove(&kind);
        }
    }
}

/// The best division of what two lots are to have, if it is better than the one that is.
fn better((one, first): &Kind, (other, second): &Kind) -> Option<(Sizes, Sizes)> {
    let both: Sizes = std::array::from_fn(|size| first[size] + second[size]);
    let wanted = [shares_of(first), shares_of(second)];
    let now = stay(one, first) + stay(other, second);
    let mut best: Option<(u32, (Sizes, Sizes))> = None;
    divide(&both, 1, &mut [0; 7], &mut |part| {
        if !wanted.contains(&shares_of(part)) {
            return;
        }
        let rest: Sizes = std::array::from_fn(|size| both[size] - part[size]);
        let stays = stay(one, part) + stay(other, &rest);
        if stays > now && best.is_none_or(|(most, _)| stays > most) {
            best = Some((stays, (*part, rest)));
        }
    });
    best.map(|(_, division)| division)
}

/// Calls with every part of these pieces that one animal can have.
fn divide(both: &Sizes, size: usize, part: &mut Sizes, found: &mut impl FnMut(&Sizes)) {
    if size == both.len() {
        return found(part);
    }
    for count in 0..=both[size] {
        part[size] = count;
        if shares_of(part) <= ANIMAL {
            divide(both, size + 1, part, found);
        }
    }
    part[size] = 0;
}

/// From kinds to lots: what stays stays, and what is missing is filled with what is left over, in the order of the lots.
fn settle(held: &[Vec<Held>], homes: &[Sizes], kinds: BTreeMap<Kind, u32>) -> Vec<Piece> {
    let mut missing = wanted(homes, kinds);
    let (mut pieces, mut pool): (Vec<Piece>, [VecDeque<Held>; 7]) = (Vec::new(), Default::default());
    for (on, home) in held.iter().enumerate() {
        for piece in home {
            let size = usize::from(piece.shares);
            if missing[on][size] > 0 {
                missing[on][size] -= 1;
                pieces.push(Piece { claim: piece.claim, on, shares: piece.shares });
            } else {
                pool[size].push_back(*piece);
            }
        }
    }
    for (on, missing) in missing.iter().enumerate() {
        for (size, count) in missing.iter().enumerate() {
            let taken = (0..*count).filter_map(|_| pool[size].pop_front()).collect::<Vec<_>>();
            pieces.extend(taken.into_iter().map(|piece| Piece { claim: piece.claim, on, shares: piece.shares }));
        }
    }
    pieces
}

/// The same with whole claims alone on the animal that is not full, if there are enough: each changes places with a part of the same size, where that costs the fewest moves.
fn with_whole(mut pieces: Vec<Piece>, held: &[Vec<Held>]) -> Vec<Piece> {
    let mut on: BTreeMap<usize, u32> = BTreeMap::new();
    pieces.iter().for_each(|piece| *on.entry(piece.on).or_default() += u32::from(piece.shares));
    let Some((left, _)) = on.into_iter().find(|(_, shares)| *shares != ANIMAL) else { return pieces };
    let whole = whole(held);
    let is_home = |piece: &Piece, on: usize| held[on].iter().any(|had| had.claim == piece.claim);
    let before = pieces.clone();
    let is_part = |place: &usize| before[*place].on == left && !whole.contains(&before[*place].claim);
    for place in (0..before.len()).filter(is_part) {
        let part = before[place];
        let is_like = |other: &Piece| other.on != left && other.shares == part.shares && whole.contains(&other.claim);
        let stays = |other: &Piece| [is_home(other, left), is_home(&part, other.on), !is_home(other, other.on)];
        let others = (0..pieces.len()).filter(|other| is_like(&pieces[*other]));
        let best = others.max_by_key(|other| stays(&pieces[*other]).into_iter().filter(|stays| *stays).count());
        let Some(other) = best else { return before };
        (pieces[place].on, pieces[other].on) = (pieces[other].on, left);
    }
    pieces
}

/// What each lot is to have.
fn wanted(homes: &[Sizes], kinds: BTreeMap<Kind, u32>) -> Vec<Sizes> {
    let mut contents: BTreeMap<Sizes, Vec<(Sizes, u32)>> = BTreeMap::new();
    for ((home, content), count) in kinds {
        contents.entry(home).or_default().push((content, count));
    }
    let mut next = |home: &Sizes| {
        let left = contents.get_mut(home)?;
        let (content, count) = left.last_mut()?;
        *count -= 1;
        let (content, is_last) = (*content, *count == 0);
        if is_last {
            left.pop();
        }
        Some(content)
    };
    homes.iter().map(|home| next(home).unwrap_or_default()).collect()
}

/// The claims that are not cut.
fn whole(held: &[Vec<Held>]) -> BTreeSet<usize> {
    let (mut seen, mut parted) = (BTreeSet::new(), BTreeSet::new());
    for piece in held.iter().flatten() {
        if !seen.insert(piece.claim) {
            parted.insert(piece.claim);
        }
    }
    seen.difference(&parted).copied().collect()
}

#[cfg(test)]
mod tests;
