//! The best arrangement of a few animals, found by trying every one.
//!
//! Claim after claim is laid out in every way, whole or in parts; of all ways that lead to the same shares on each animal only the best is kept. That is exact, because what is laid out later
//! costs the same whatever led there.

use super::Piece;
use super::blocks::ANIMAL;

/// Animals that are arranged exactly: eight to the power of so many states for each claim.
pub(super) const MOST_ANIMALS: usize = 5;

/// What an arrangement costs, what matters most first: the parts that claims are in, each one at the least; whether a part of a split one is on the animal that is not full; moves.
type Cost = (u32, bool, u32);

/// A claim: on which of the animals it is, and its shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub(super) home: usize,
    pub(super) shares: usize,
}

/// How one claim is laid out: its shares on each animal.
type Spread = [u8; MOST_ANIMALS];

/// A way to a state: from which, by which spread, at what cost.
#[derive(Debug, Clone, Copy)]
struct Way {
    from: usize,
    spread: Spread,
    cost: Cost,
}

/// For each claim the pieces on each animal, such that all animals but one are full or empty, at the least cost.
pub(super) fn arrange(animals: usize, claims: &[Claim]) -> Vec<Piece> {
    let shares: usize = claims.iter().map(|claim| claim.shares).sum();
    let over = shares % ANIMAL as usize;
    // Which of them is the one that is not full is tried as well.
    let remainders = if over == 0 { vec![None] } else { (0..animals).map(Some).collect() };
    let tried = remainders.into_iter().filter_map(|remainder| Try { animals, claims, over, remainder }.best());
    tried.min_by_key(|(cost, _)| *cost).map(|(_, pieces)| pieces).unwrap_or_default()
}

struct Try<'a> {
    animals: usize,
    claims: &'a [Claim],
    over: usize,
    remainder: Option<usize>,
}

impl Try<'_> {
    fn best(&self) -> Option<(Cost, Vec<Piece>)> {
        let states = 8_usize.pow(u32::try_from(self.animals).unwrap_or(0));
        let start = Way { from: 0, spread: Spread::default(), cost: (0, false, 0) };
        let mut stages: Vec<Vec<Option<Way>>> = Vec::with_capacity(self.claims.len() + 1);
        let mut first = vec![None; states];
        first[0] = Some(start);
        stages.push(first);
        for claim in self.claims {
            let spreads = self.spreads(claim);
            let mut next: Vec<Option<Way>> = vec![None; states];
            for (from, way) in stages.last()?.iter().enumerate().filter_map(|(from, way)| Some((from, (*way)?))) {
                for (spread, cost) in &spreads {
                    let Some(to) = self.state(from, spread) else { continue };
                    let cost = (way.cost.0 + cost.0, way.cost.1 || cost.1, way.cost.2 + cost.2);
                    if next[to].is_none_or(|known| cost < known.cost) {
                        next[to] = Some(Way { from, spread: *spread, cost });
                    }
                }
            }
            stages.push(next);
        }
        let ends = stages.last()?.iter().enumerate().filter(|(state, _)| self.is_end(*state));
        let (end, way) = ends.filter_map(|(state, way)| Some((state, (*way)?))).min_by_key(|(_, way)| way.cost)?;
        Some((way.cost, self.pieces(&stages, end)))
    }

    /// Every way to lay out a claim, with what it costs; whole ones first.
    fn spreads(&self, claim: &Claim) -> Vec<(Spread, Cost)> {
        let mut found = Vec::new();
        spread(claim.shares, 0, self.animals, &mut Spread::default(), &mut |spread| {
            let parts = spread.iter().filter(|part| **part > 0).count();
            let stays = usize::from(spread[claim.home] > 0);
            let is_part_left = parts > 1 && self.remainder.is_some_and(|remainder| spread[remainder] > 0);
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            found.push((*spread, (count(parts), is_part_left, count(parts - stays))));
        });
        found.sort_by_key(|(_, cost)| *cost);
        found
    }

    /// The state with a claim laid out besides; none where an animal would have too many shares. Three bits for each animal.
    fn state(&self, from: usize, spread: &Spread) -> Option<usize> {
        let mut to = 0;
        for (animal, part) in spread.iter().enumerate().take(self.animals) {
            let has = (from >> (3 * animal) & 7) + usize::from(*part);
            let most = if self.remainder == Some(animal) { self.over } else { ANIMAL as usize };
            if has > most {
                return None;
            }
            to |= has << (3 * animal);
        }
        Some(to)
    }

    fn is_end(&self, state: usize) -> bool {
        (0..self.animals).all(|animal| match state >> (3 * animal) & 7 {
            has if self.remainder == Some(animal) => has == self.over,
            has => has == 0 || has == ANIMAL as usize,
        })
    }

    fn pieces(&self, stages: &[Vec<Option<Way>>], end: usize) -> Vec<Piece> {
        let (mut pieces, mut state) = (Vec::new(), end);
        for (claim, stage) in (0..self.claims.len()).zip(&stages[1..]).rev() {
            let Some(way) = stage[state] else { continue };
            let parts = way.spread.iter().enumerate().filter(|(_, part)| **part > 0);
            pieces.extend(parts.map(|(animal, part)| Piece { claim, on: animal, shares: *part }));
            state = way.from;
        }
        pieces
    }
}

/// Calls with every way to lay out so many shares over the animals from this one on.
fn spread(shares: usize, animal: usize, animals: usize, so_far: &mut Spread, found: &mut impl FnMut(&Spread)) {
    if animal == animals {
        if shares == 0 {
            found(so_far);
        }
        return;
    }
    for part in 0..=shares {
        so_far[animal] = u8::try_from(part).unwrap_or(0);
        spread(shares - part, animal + 1, animals, so_far, found);
    }
    so_far[animal] = 0;
}
