//! The escrow of what remains of a capped opportunity.
//!
//! The target is divided over a few *shards*, each an item with what is `free` on it and the `claims` of donations that hold some
//! of it. Claiming is one conditional update on one item; hundreds of gifts for one opportunity meet on several items instead of
//! one. This module decides where to claim; it never writes.
//!
//! **Promise.** What is free on all shards together, plus what is claimed, plus what was settled and has not gone back, is the target. A gift is refused
//! only when all the shards together have too little: what no single shard can give, several give together.

use crate::donation::HoldPart;
use crate::id::{DonationId, OpportunityId};
use crate::money::Money;

/// The most shards that one opportunity's escrow has. A shard takes a few hundred claims a second, so sixteen stand several
/// thousand; more would only be more to read.
pub const MOST_SHARDS: u8 = 16;

/// The target that each shard should at least carry: below a thousand riyals a shard, gifts would often need several.
const LEAST_ON_A_SHARD: u64 = 100_000;

/// How many shards the escrow of an opportunity with this target has.
pub const fn shards(target: Money) -> u8 {
    let wanted = target.halalas() / LEAST_ON_A_SHARD;
    if wanted >= MOST_SHARDS as u64 {
        MOST_SHARDS
    } else if wanted == 0 {
        1
    } else {
        wanted as u8
    }
}

/// What is free on one shard, as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Its number.
    pub number: u8,
    /// What is free on it.
    pub free: Money,
}

/// All the shards together have too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("only {remains} SAR remain")]
pub struct OverFunded {
    /// What they have together.
    pub remains: Money,
}

/// Where to claim `amount`: on one shard where one has enough, looking from `start` on so that gifts spread; otherwise on as few as
/// possible, the fullest first.
///
/// ```
/// use domain::cap::{OverFunded, Shard, plan};
/// use domain::money::Money;
///
/// let riyals = |riyals| Money::from_riyals(riyals).unwrap();
/// let shards = [Shard { number: 0, free: riyals(30) }, Shard { number: 1, free: riyals(50) }];
/// assert_eq!(plan(&shards, riyals(40), 0).unwrap(), [(1, riyals(40))]);
/// assert_eq!(plan(&shards, riyals(70), 0).unwrap(), [(1, riyals(50)), (0, riyals(20))]);
/// assert_eq!(plan(&shards, riyals(90), 0).unwrap_err(), OverFunded { remains: riyals(80) });
/// ```
///
/// # Errors
/// When all the shards together have too little.
pub fn plan(shards: &[Shard], amount: Money, start: usize) -> Result<Vec<(u8, Money)>, OverFunded> {
    let remains = Money::sum(shards.iter().map(|shard| shard.free)).unwrap_or(Money::ZERO);
    if remains < amount {
        return Err(OverFunded { remains });
    }
    let from_start = shards.iter().cycle().skip(start.checked_rem(shards.len()).unwrap_or(0)).take(shards.len());
    if let Some(enough) = from_start.clone().find(|shard| shard.free >= amount) {
        return Ok(vec![(enough.number, amount)]);
    }
    let mut fullest: Vec<Shard> = shards.iter().filter(|shard| !shard.free.is_zero()).copied().collect();
    fullest.sort_by_key(|shard| (std::cmp::Reverse(shard.free), shard.number));
    let mut missing = amount;
    let mut parts = Vec::new();
    for shard in fullest {
        let part = shard.free.min(missing);
        parts.push((shard.number, part));
        missing = missing.minus(part).unwrap_or(Money::ZERO);
        if missing.is_zero() {
            break;
        }
    }
    Ok(parts)
}

/// Where a donation is to hold an amount of an opportunity, or what remains where that is less.
///
/// # Errors
/// What remains.
pub fn hold_parts(
    opportunity: &OpportunityId,
    shards: &[Shard],
    amount: Money,
    donation: &DonationId,
) -> Result<Vec<HoldPart>, Money> {
    // Any number that differs from donation to donation spreads them over the shards.
    let start = usize::from(donation.bytes()[0]);
    let parts = plan(shards, amount, start).map_err(|over| over.remains)?;
    let part = |(shard, amount_minor)| HoldPart { opportunity: opportunity.clone(), shard, amount_minor };
    Ok(parts.into_iter().map(part).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn shards_of(free: &[u64]) -> Vec<Shard> {
        (0..).zip(free).map(|(number, free)| Shard { number, free: Money::from_halalas(*free).unwrap() }).collect()
    }

    /// How many shards it takes at least.
    fn fewest(free: &[u64], amount: Money) -> usize {
        let mut free = free.to_vec();
        free.sort_unstable_by(|a, b| b.cmp(a));
        (1..=free.len()).find(|count| free[..*count].iter().sum::<u64>() >= amount.halalas()).unwrap()
    }

    #[test]
    fn a_larger_target_is_spread_over_more_shards_up_to_a_bound() {
        //           riyals, shards
        let table = [(0, 1), (1, 1), (1_999, 1), (2_000, 2), (15_999, 15), (16_000, 16), (50_000_000, MOST_SHARDS)];
        for (riyals, expected) in table {
            assert_eq!(shards(Money::from_riyals(riyals).unwrap()), expected, "{riyals}");
        }
    }

    #[test]
    fn nothing_is_free_where_there_is_no_shard() {
        let error = plan(&[], Money::from_halalas(1).unwrap(), 7).unwrap_err();
        assert_eq!(error.to_string(), "only 0.00 SAR remain");
    }

    #[test]
    fn gifts_spread_by_where_they_start() {
        let shards = shards_of(&[500, 500, 500, 500]);
        let numbers: Vec<u8> =
            (0..8).map(|start| plan(&shards, Money::from_halalas(1).unwrap(), start).unwrap()[0].0).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 0, 1, 2, 3]);
    }

    proptest! {
        #[test]
        fn a_plan_claims_exactly_the_amount_and_no_shard_beyond_what_is_free(
            free in prop::collection::vec(0u64..10_000, 1..16), amount in 1u64..40_000, start in 0usize..64,
        ) {
            let shards = shards_of(&free);
            let amount = Money::from_halalas(amount).unwrap();
            match plan(&shards, amount, start) {
                Ok(parts) => {
                    prop_assert_eq!(Money::sum(parts.iter().map(|part| part.1)), Some(amount));
                    for (number, part) in &parts {
                        prop_assert!(!part.is_zero() && shards[usize::from(*number)].free >= *part);
                    }
                    let mut numbers: Vec<u8> = parts.iter().map(|part| part.0).collect();
                    numbers.sort_unstable();
                    numbers.dedup();
                    prop_assert_eq!(numbers.len(), parts.len());
                    prop_assert_eq!(parts.len(), fewest(&free, amount), "as few shards as can do it");
                }
                Err(OverFunded { remains }) => {
                    prop_assert!(remains < amount);
                    prop_assert_eq!(remains.halalas(), free.iter().sum::<u64>());
                }
            }
        }
    }

    #[test]
    fn one_shard_is_enough_where_one_has_enough() {
        let shards = shards_of(&[500, 100, 500]);
        assert_eq!(plan(&shards, Money::from_halalas(400).unwrap(), 1).unwrap(), [(2, Money::from_halalas(400).unwrap())]);
        assert_eq!(plan(&shards, Money::from_halalas(1_100).unwrap(), 1).unwrap().len(), 3);
    }
}
