//! How a target is divided over the shards of its escrow, decided purely.
//!
//! **Promise.** After the plan the grants add up to the target; nothing that is held or paid is touched; all that is free lies on the
//! shards that donations look at, spread as evenly as it gets with the fewest moves. A plan for what is as it should be is empty.
//!
//! A shard's grant is what of the target it was given: free, held and paid together. What is free can move, the rest cannot. Money is
//! withdrawn before it is granted elsewhere, so that the grants together never exceed the target on the way.

use domain::cap::shards;
use domain::money::Money;

/// What a shard has, as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// What of the target it was given.
    pub granted: Money,
    /// What of that nobody holds and nobody has paid.
    pub free: Money,
}

/// A change of one shard's grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The shard's number.
    pub shard: usize,
    /// Its grant from then on.
    pub granted: Money,
}

/// What has to be written: withdrawals first, and grants only when every one of them stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Grants that become smaller.
    pub withdrawals: Vec<Change>,
    /// Grants that become larger.
    pub additions: Vec<Change>,
}

/// More is held and paid than the target allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{taken} SAR are held and paid already")]
pub struct BelowTaken {
    /// What is held and paid.
    pub taken: Money,
}

/// What is held and paid on these shards.
pub fn taken(shares: &[Share]) -> Money {
    let parts = shares.iter().filter_map(|share| share.granted.minus(share.free));
    Money::sum(parts).unwrap_or(Money::ZERO)
}

/// The plan that makes the grants of all shards, of which donations look at the first [`shards`] of the target, add up to it.
///
/// # Errors
/// When more is held and paid.
pub fn plan(shares: &[Share], target: Money) -> Result<Plan, BelowTaken> {
    let taken = taken(shares);
    let free = target.minus(taken).ok_or(BelowTaken { taken })?;
    let looked_at = usize::from(shards(target)).min(shares.len());
    let before: Vec<u64> = shares[..looked_at].iter().map(|share| share.free.halalas()).collect();
    let after = even(&before, free.halalas());
    let mut plan = Plan::default();
    for (shard, share) in shares.iter().enumerate() {
        let free = after.get(shard).copied().unwrap_or(0);
        let granted = share.granted.halalas() - share.free.halalas() + free;
        let Some(granted) = Money::from_halalas(granted) else { continue };
        let change = Change { shard, granted };
        match granted.cmp(&share.granted) {
            std::cmp::Ordering::Less => plan.withdrawals.push(change),
            std::cmp::Ordering::Greater => plan.additions.push(change),
            std::cmp::Ordering::Equal => {}
        }
    }
    Ok(plan)
}

/// Amounts that add up to `total`, each moved only one way: the small ones are filled up to one level when there is more to have, the
/// large ones cut down to one level when there is less.
fn even(amounts: &[u64], total: u64) -> Vec<u64> {
    let filling = total >= amounts.iter().sum();
    let at = |level: u64, amount: u64| if filling { amount.max(level) } else { amount.min(level) };
    let sum = |level: u64| amounts.iter().map(|amount| u128::from(at(level, *amount))).sum::<u128>();
    let (mut level, mut beyond) = (0, total + 1);
    while level + 1 < beyond {
        let middle = level.midpoint(beyond);
        if sum(middle) <= u128::from(total) { level = middle } else { beyond = middle }
    }
    // Less than one halala each is left over for those that stand at the level.
    let mut rest = total - u64::try_from(sum(level)).unwrap_or(total);
    let mut even = |amount: &u64| {
        let is_at_level = if filling { *amount <= level } else { *amount > level };
        let one = u64::from(is_at_level && rest > 0);
        rest -= one;
        at(level, *amount) + one
    };
    amounts.iter().map(&mut even).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::cap::MOST_SHARDS;
    use proptest::prelude::*;

    fn money(halalas: u64) -> Money {
        Money::from_halalas(halalas).unwrap()
    }

    /// Any state that crashes, claims and earlier targets can leave behind: each shard some free, some taken.
    fn any_shares() -> impl Strategy<Value = Vec<Share>> {
        let share = (0u64..300_000, 0u64..300_000);
        let share = share.prop_map(|(taken, free)| Share { granted: money(taken + free), free: money(free) });
        prop::collection::vec(prop_oneof![1 => Just(Share { granted: Money::ZERO, free: Money::ZERO }), 3 => share], 16)
    }

    /// Makes the changes as the table does, one after another, and says how much was granted at the most on the way.
    fn made(shares: &[Share], plan: &Plan) -> (Vec<Share>, Money) {
        let mut shares = shares.to_vec();
        let mut most = Money::sum(shares.iter().map(|share| share.granted)).unwrap();
        for change in plan.withdrawals.iter().chain(&plan.additions) {
            let share = &mut shares[change.shard];
            let free = share.free.halalas() + change.granted.halalas();
            share.free = money(free.checked_sub(share.granted.halalas()).expect("only what is free is withdrawn"));
            share.granted = change.granted;
            most = most.max(Money::sum(shares.iter().map(|share| share.granted)).unwrap());
        }
        (shares, most)
    }

    proptest! {
        #[test]
        fn the_grants_add_up_to_the_target_and_nothing_taken_is_touched(shares in any_shares(), target in 100u64..5_000_000) {
            let target = money(target);
            let before = Money::sum(shares.iter().map(|share| share.granted)).unwrap();
            match plan(&shares, target) {
                Ok(plan) => {
                    let (after, most) = made(&shares, &plan);
                    prop_assert_eq!(Money::sum(after.iter().map(|share| share.granted)), Some(target));
                    prop_assert_eq!(taken(&after), taken(&shares));
                    prop_assert!(most <= before.max(target), "{most} on the way from {before} to {target}");
                    let hidden = Money::sum(after[usize::from(shards(target))..].iter().map(|share| share.free));
                    prop_assert_eq!(hidden, Some(Money::ZERO));
                }
                Err(BelowTaken { taken: told }) => prop_assert!(told == taken(&shares) && told > target),
            }
        }

        #[test]
        fn a_second_plan_has_nothing_to_do(shares in any_shares(), target in 100u64..5_000_000) {
            let target = money(target);
            if let Ok(first) = plan(&shares, target) {
                prop_assert_eq!(plan(&made(&shares, &first).0, target), Ok(Plan::default()));
            }
        }

        /// A plan that broke off anywhere is finished by the next one.
        #[test]
        fn what_broke_off_is_finished(shares in any_shares(), target in 100u64..5_000_000, done in 0usize..32) {
            let target = money(target);
            if let Ok(mut broken) = plan(&shares, target) {
                broken.withdrawals.truncate(done);
                broken.additions.truncate(done.saturating_sub(broken.withdrawals.len()));
                let (left, _) = made(&shares, &broken);
                let (after, _) = made(&left, &plan(&left, target).unwrap());
                prop_assert_eq!(Money::sum(after.iter().map(|share| share.granted)), Some(target));
            }
        }

        #[test]
        fn a_new_target_is_spread_evenly(target in 100u64..10_000_000) {
            let target = money(target);
            let plan = plan(&[Share { granted: Money::ZERO, free: Money::ZERO }; 16], target).unwrap();
            let granted: Vec<u64> = plan.additions.iter().map(|change| change.granted.halalas()).collect();
            prop_assert_eq!(granted.len(), usize::from(shards(target)));
            prop_assert!(granted.iter().max().unwrap() - granted.iter().min().unwrap() <= 1);
        }
    }

    /// As an accountant would write it: what was free and taken on each shard, the target, what is free then.
    #[test]
    fn a_target_is_raised_lowered_and_spread() {
        type Row<'a> = (&'a [(u64, u64)], u64, &'a [u64]);
        let table: &[Row<'_>] = &[
            (&[(0, 0)], 100_000, &[100_000]),
            (&[(40_000, 60_000)], 300_000, &[80_000, 80_000, 80_000]),
            (&[(100_000, 0), (100_000, 0), (0, 100_000)], 200_000, &[50_000, 50_000, 0]),
            (&[(30_000, 70_000), (100_000, 0)], 150_000, &[80_000, 0]),
            (&[(0, 100_000), (0, 50_000)], 150_000, &[0, 0]),
            (&[(10, 90_000), (7, 0)], 90_003, &[3, 0]),
        ];
        for (before, target, expected) in table {
            let mut shares: Vec<Share> =
                before.iter().map(|(free, taken)| Share { granted: money(free + taken), free: money(*free) }).collect();
            shares.resize(usize::from(MOST_SHARDS), Share { granted: Money::ZERO, free: Money::ZERO });
            let (after, _) = made(&shares, &plan(&shares, money(*target)).unwrap());
            let free: Vec<u64> = after.iter().map(|share| share.free.halalas()).take(expected.len()).collect();
            assert_eq!(free, *expected, "{before:?} to {target}");
        }
    }
}
