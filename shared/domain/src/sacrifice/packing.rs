//! How the animals of a closed sale are filled: which shares move from which to which.
//!
//! **Promise.** After the plan every share that was confirmed is on an animal, all animals but one are full, and at no step has one more than seven shares. The fewest claims are split that have to be
//! ([`Plan::splits`]): what can be filled by whole ones is. Where the animal that is not full can have whole claims alone, at no more splits, it has. Among such plans it is the one with the fewest
//! moves, and that there are no fewer is proven for each ([`Plan::least`]). The same lots give the same plan.
//!
//! **Shape.** `blocks` says how many cuts there must be; `exact` tries everything for up to [`EXACT_ANIMALS`] animals, `arrange` has many put in the best way by an integer `program`; `order` puts
//! the moves into an order. [`rearrange`] says what a step makes of lots and donations as they stand when it is made.
//!
//! A sheep or a goat is one share: nothing moves.

mod arrange;
mod blocks;
mod exact;
mod order;
mod program;
pub mod rearrange;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::lot::Lot;
use super::offering::Species;
use crate::id::DonationId;
use blocks::Counts;
pub use order::MOST_AT_ONCE;

/// The shares of an animal that is filled.
pub const ANIMAL_SHARES: u8 = 7;

/// Partial animals of which every plan is tried. Of more the best is reckoned.
pub const EXACT_ANIMALS: usize = exact::MOST_ANIMALS;

/// Shares of a donation are moved from one lot to another. As a short text, so that thousands fit in an item: `2 3>17 <donation>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Move {
    /// Whose.
    pub donation: DonationId,
    /// How many.
    pub shares: u8,
    /// The lot that they leave.
    pub from: u32,
    /// The lot that they come to.
    pub to: u32,
}

/// A text is no move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a move of shares")]
pub struct NotAMove;

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}>{} {}", self.shares, self.from, self.to, self.donation)
    }
}

impl FromStr for Move {
    type Err = NotAMove;

    fn from_str(text: &str) -> Result<Move, NotAMove> {
        let read = || {
            let (shares, rest) = text.split_once(' ')?;
            let (lots, donation) = rest.split_once(' ')?;
            let (from, to) = lots.split_once('>')?;
            let (shares, from, to) = (shares.parse().ok()?, from.parse().ok()?, to.parse().ok()?);
            Some(Move { shares, from, to, donation: donation.parse().ok()? })
        };
        read().ok_or(NotAMove)
    }
}

impl TryFrom<String> for Move {
    type Error = NotAMove;

    fn try_from(text: String) -> Result<Move, NotAMove> {
        text.parse()
    }
}

impl From<Move> for String {
    fn from(one: Move) -> String {
        one.to_string()
    }
}

/// What is to be done so that animals are full.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The moves, in steps that are made one after another; those of one step are made at once.
    pub steps: Vec<Vec<Move>>,
    /// How many claims are split for it.
    pub splits: u32,
    /// How many moves there must be at the least: in any plan with so few splits and, where there can be, whole claims alone on the animal that is not full. As many as it has, where it is proven to be the
    /// best; nothing where that could not be reckoned.
    pub least: u32,
}

impl Plan {
    /// How many moves it has.
    pub fn moves(&self) -> usize {
        self.steps.iter().map(Vec::len).sum()
    }
}

/// An animal that is not full: its lot, and the confirmed shares on it.
#[derive(Debug, Clone)]
struct Partial {
    lot: u32,
    claims: Vec<(DonationId, u8)>,
}

/// Shares of a claim on one of the partial animals. Claims are numbered through, animal after animal.
#[derive(Debug, Clone, Copy)]
struct Piece {
    claim: usize,
    on: usize,
    shares: u8,
}

/// Whether a lot's confirmed shares are some of an animal, and not a whole one.
pub fn is_partial(lot: &Lot, species: Species) -> bool {
    !lot.confirmed_shares().is_multiple_of(species.shares())
}

/// The plan for lots on which nothing is held any more. What is held is left where it is.
///
/// ```
/// use domain::id::DonationId;
/// use domain::sacrifice::{Lot, Species, packing};
/// let lot = |number: u32, claims: &[u8]| {
///     let id = |n: u8| DonationId::from_bytes([number as u8 * 10 + n; 16]);
///     let claims = (0..).zip(claims).map(|(n, shares)| (id(n), format!("{shares}c").parse().unwrap())).collect();
///     Lot { free: 0, shares: 7, claims, ..Lot::new(number, 7) }
/// };
/// let plan = packing::plan(&[lot(1, &[4, 2]), lot(2, &[3]), lot(3, &[5])], Species::Camel);
/// assert_eq!((plan.moves(), plan.splits, plan.least), (2, 0, 2));
/// ```
pub fn plan(lots: &[Lot], species: Species) -> Plan {
    if species.shares() == 1 {
        return Plan::default();
    }
    let mut partials: Vec<Partial> = lots.iter().filter(|lot| is_partial(lot, species)).map(partial).collect();
    partials.sort_by_key(|partial| partial.lot);
    let (pieces, least) = if partials.len() <= EXACT_ANIMALS {
        (exact::arrange(partials.len(), &claims(&partials)), None)
    } else {
        arrange::arrange(&partials)
            .map_or_else(|| (few_at_a_time(&partials), Some(0)), |(pieces, least)| (pieces, Some(least)))
    };
    let best = in_order(&partials, &pieces, least);
    let is_stuck = best.steps.is_empty() && partials.len() > EXACT_ANIMALS;
    // More wait for each other than can be moved at once, whatever goes where, and none has room: of five lots never so many do.
    if is_stuck { in_order(&partials, &few_at_a_time(&partials), Some(0)) } else { best }
}

/// The plan that puts each piece where it is to be; it is as good as can be where nothing else is said.
fn in_order(partials: &[Partial], pieces: &[Piece], least: Option<u32>) -> Plan {
    let moves = moves(partials, pieces);
    let least = least.unwrap_or_else(|| u32::try_from(moves.len()).unwrap_or(u32::MAX));
    let on = partials.iter().map(|partial| (partial.lot, partial.shares())).collect();
    Plan { steps: order::steps(moves, on), splits: splits(pieces), least }
}

fn partial(lot: &Lot) -> Partial {
    Partial { lot: lot.lot, claims: lot.confirmed().map(|(donation, shares)| (*donation, shares)).collect() }
}

impl Partial {
    fn shares(&self) -> u32 {
        self.claims.iter().map(|(_, shares)| u32::from(*shares)).sum()
    }

    /// How many claims it has of each size.
    fn counts(&self) -> Counts {
        let mut counts = [0; 7];
        self.claims.iter().for_each(|(_, shares)| counts[usize::from(*shares)] += 1);
        counts
    }
}

/// Where the best of all cannot be reckoned: the best of a few, and of the next few. What each of them leaves is planned again, until one is left.
fn few_at_a_time(partials: &[Partial]) -> Vec<Piece> {
    let (mut pieces, mut lots, mut before) = (Vec::new(), 0, 0);
    for few in partials.chunks(EXACT_ANIMALS) {
        let claims = claims(few);
        let best = exact::arrange(few.len(), &claims);
        pieces.extend(best.into_iter().map(|piece| Piece { claim: before + piece.claim, on: lots + piece.on, ..piece }));
        (lots, before) = (lots + few.len(), before + claims.len());
    }
    pieces
}

fn claims(partials: &[Partial]) -> Vec<exact::Claim> {
    let of = |(home, partial): (usize, &Partial)| {
        let claims = partial.claims.iter().map(move |(_, shares)| exact::Claim { home, shares: usize::from(*shares) });
        claims.collect::<Vec<_>>()
    };
    partials.iter().enumerate().flat_map(of).collect()
}

/// What has to move so that each piece is where it is to be.
fn moves(partials: &[Partial], pieces: &[Piece]) -> Vec<Move> {
    let owner = |(home, partial): (usize, &Partial)| {
        partial.claims.iter().map(move |(donation, _)| (home, *donation)).collect::<Vec<_>>()
    };
    let owners: Vec<(usize, DonationId)> = partials.iter().enumerate().flat_map(owner).collect();
    // Two parts of a claim that come to the same animal are one again.
    let mut moved: BTreeMap<(usize, usize, DonationId), u8> = BTreeMap::new();
    for piece in pieces {
        let (home, donation) = owners[piece.claim];
        if home != piece.on {
            *moved.entry((home, piece.on, donation)).or_default() += piece.shares;
        }
    }
    let lot = |index: usize| partials[index].lot;
    let named =
        moved.into_iter().map(|((home, on, donation), shares)| Move { donation, shares, from: lot(home), to: lot(on) });
    named.collect()
}

/// How many claims stand on more than one animal: each animal more counts.
fn splits(pieces: &[Piece]) -> u32 {
    let mut places: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for piece in pieces {
        places.entry(piece.claim).or_default().insert(piece.on);
    }
    places.values().map(|places| u32::try_from(places.len() - 1).unwrap_or(u32::MAX)).sum()
}
