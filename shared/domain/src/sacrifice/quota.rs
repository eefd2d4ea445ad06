//! How the lots of an offering are brought to a quota, decided purely.
//!
//! **Promise.** After the plan the lots add up to the quota, nothing that is held or confirmed is touched, and no lot has more than the species' size. A plan for what is as
//! it should be is empty. A plan either withdraws or adds, so that on the way there are never more shares than before or after it.
//!
//! **What is withdrawn first.** Whole animals and, of heads, the lots with the most room: the fewest writes. Only then what is left of animals that were begun, the smallest
//! rooms first, because a family looks for a large one. An animal that was begun may so end up with fewer than seven shares on its lot: it is filled from others at the close.
//!
//! **What is filled first.** Lots from which the least was withdrawn; then those that have nothing, by their numbers.

use super::lot::Lot;
use super::offering::Species;

/// What a lot has, as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    /// The lot.
    pub lot: u32,
    /// Its shares.
    pub shares: u8,
    /// Those of them that nobody has claimed.
    pub free: u8,
}

impl From<&Lot> for Portion {
    fn from(lot: &Lot) -> Portion {
        Portion { lot: lot.lot, shares: lot.shares, free: lot.free }
    }
}

/// A lot is to have another number of shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The lot.
    pub lot: u32,
    /// What it had.
    pub from: u8,
    /// What it is to have.
    pub to: u8,
}

/// More is held and confirmed than the quota allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{taken} shares are held and paid already")]
pub struct BelowTaken {
    /// What is held and confirmed, in shares.
    pub taken: u32,
}

/// How many lots there must be for a quota, besides those that were made before.
pub fn lots_for(species: Species, quota: u32, before: u32) -> u32 {
    quota.div_ceil(species.lot_shares().into()).max(before)
}

/// What is held and confirmed on these lots, in shares.
pub fn taken(lots: &[Portion]) -> u32 {
    lots.iter().map(|lot| u32::from(lot.shares.saturating_sub(lot.free))).sum()
}

/// What is to be changed so that the lots add up to the quota: [`lots_for`] of them at the least, those that are still to be made with no share.
///
/// ```
/// use domain::sacrifice::Species;
/// use domain::sacrifice::quota::{Change, Portion, plan};
/// let lots = [Portion { lot: 0, shares: 7, free: 5 }, Portion { lot: 1, shares: 7, free: 7 }];
/// assert_eq!(plan(&lots, Species::Camel, 7), Ok(vec![Change { lot: 1, from: 7, to: 0 }]));
/// assert_eq!(plan(&lots, Species::Camel, 0).unwrap_err().taken, 2);
/// ```
///
/// # Errors
/// When more is held and confirmed.
pub fn plan(lots: &[Portion], species: Species, quota: u32) -> Result<Vec<Change>, BelowTaken> {
    let taken = taken(lots);
    if quota < taken {
        return Err(BelowTaken { taken });
    }
    let has: u32 = lots.iter().map(|lot| u32::from(lot.shares)).sum();
    Ok(if has > quota { withdrawals(lots, species, has - quota) } else { additions(lots, species, quota - has) })
}

fn withdrawals(lots: &[Portion], species: Species, mut left: u32) -> Vec<Change> {
    let mut order: Vec<&Portion> = lots.iter().filter(|lot| lot.free > 0).collect();
    let is_whole = |lot: &Portion| lot.free == species.lot_shares();
    match species {
        Species::Sheep | Species::Goat => order.sort_by_key(|lot| (std::cmp::Reverse(lot.free), std::cmp::Reverse(lot.lot))),
        Species::Cow | Species::Camel => order.sort_by_key(|lot| (!is_whole(lot), lot.free, std::cmp::Reverse(lot.lot))),
    }
    let mut change = |lot: &Portion| {
        let part = at_most(lot.free, left);
        left -= u32::from(part);
        (part > 0).then(|| Change { lot: lot.lot, from: lot.shares, to: lot.shares - part })
    };
    order.into_iter().map_while(&mut change).collect()
}

fn additions(lots: &[Portion], species: Species, mut left: u32) -> Vec<Change> {
    let missing = |lot: &Portion| species.lot_shares().saturating_sub(lot.shares);
    let mut order: Vec<&Portion> = lots.iter().filter(|lot| missing(lot) > 0).collect();
    order.sort_by_key(|lot| (missing(lot), lot.lot));
    let mut change = |lot: &Portion| {
        let part = at_most(missing(lot), left);
        left -= u32::from(part);
        (part > 0).then(|| Change { lot: lot.lot, from: lot.shares, to: lot.shares + part })
    };
    order.into_iter().map_while(&mut change).collect()
}

fn at_most(shares: u8, left: u32) -> u8 {
    u8::try_from(left).map_or(shares, |left| left.min(shares))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn portions(lots: &[(u8, u8)]) -> Vec<Portion> {
        (0..).zip(lots).map(|(lot, (shares, free))| Portion { lot, shares: *shares, free: *free }).collect()
    }

    /// Any lots that crashes, claims and earlier quotas can leave, and those that are still to be made.
    fn any_lots(species: Species, quota: u32) -> impl Strategy<Value = Vec<Portion>> {
        let lot = (0..=species.lot_shares()).prop_flat_map(|shares| (Just(shares), 0..=shares));
        prop::collection::vec(lot, 0..40).prop_map(move |lots| {
            let mut lots = portions(&lots);
            let made = u32::try_from(lots.len()).unwrap();
            lots.extend((made..lots_for(species, quota, made)).map(|lot| Portion { lot, shares: 0, free: 0 }));
            lots
        })
    }

    fn any_case() -> impl Strategy<Value = (Species, u32, Vec<Portion>)> {
        (prop::sample::select(Species::ALL), 0..700u32).prop_flat_map(|(species, quota)| {
            let quota = quota / u32::from(species.shares()) * u32::from(species.shares());
            (Just(species), Just(quota), any_lots(species, quota))
        })
    }

    /// Makes the changes as the table does, one after another.
    fn made(lots: &[Portion], changes: &[Change]) -> Vec<Portion> {
        let mut lots = lots.to_vec();
        for change in changes {
            let lot = lots.iter_mut().find(|lot| lot.lot == change.lot).unwrap();
            assert_eq!(lot.shares, change.from);
            let free = i16::from(lot.free) + i16::from(change.to) - i16::from(change.from);
            lot.free = u8::try_from(free).expect("only what is free is withdrawn");
            lot.shares = change.to;
        }
        lots
    }

    fn sum(lots: &[Portion]) -> u32 {
        lots.iter().map(|lot| u32::from(lot.shares)).sum()
    }

    proptest! {
        #[test]
        fn the_lots_add_up_to_the_quota_and_nothing_taken_is_touched((species, quota, lots) in any_case()) {
            match plan(&lots, species, quota) {
                Ok(changes) => {
                    let after = made(&lots, &changes);
                    prop_assert_eq!(sum(&after), quota);
                    prop_assert_eq!(taken(&after), taken(&lots));
                    prop_assert!(after.iter().all(|lot| lot.shares <= species.lot_shares() && lot.free <= lot.shares));
                    prop_assert_eq!(plan(&after, species, quota), Ok(Vec::new()));
                }
                Err(BelowTaken { taken: told }) => prop_assert!(told == taken(&lots) && told > quota),
            }
        }

        /// A plan that broke off anywhere never had more than the larger quota, and is finished by the next one.
        #[test]
        fn what_broke_off_is_finished((species, quota, lots) in any_case(), done in 0usize..60) {
            if let Ok(changes) = plan(&lots, species, quota) {
                let left = made(&lots, &changes[..done.min(changes.len())]);
                prop_assert!(sum(&left) <= sum(&lots).max(quota) && sum(&left) >= sum(&lots).min(quota));
                prop_assert_eq!(sum(&made(&left, &plan(&left, species, quota).unwrap())), quota);
            }
        }

        /// While an animal is whole, no other is touched.
        #[test]
        fn begun_animals_lose_room_only_when_no_whole_one_is_left((species, quota, lots) in any_case()) {
            let changes = plan(&lots, species, quota).unwrap_or_default();
            let begun = |change: &&Change| lots[change.lot as usize].free < species.lot_shares();
            if changes.iter().any(|change| change.to < change.from) && changes.iter().any(|change| begun(&change)) {
                let after = made(&lots, &changes);
                prop_assert!(after.iter().all(|lot| lot.free < species.lot_shares()));
            }
        }
    }

    #[test]
    fn a_quota_goes_down_to_what_is_taken_and_no_further() {
        for (species, lots) in [
            (Species::Sheep, portions(&[(16, 3), (4, 4), (16, 0)])),
            (Species::Camel, portions(&[(7, 5), (7, 0), (7, 7), (3, 1)])),
            (Species::Cow, portions(&[(7, 0), (7, 0)])),
            (Species::Goat, Vec::new()),
        ] {
            let least = taken(&lots);
            let after = made(&lots, &plan(&lots, species, least).unwrap());
            assert_eq!((sum(&after), taken(&after)), (least, least), "nothing is free any more: {after:?}");
            if let Some(less) = least.checked_sub(1) {
                assert_eq!(plan(&lots, species, less), Err(BelowTaken { taken: least }));
            }
        }
    }

    #[test]
    fn lots_are_added_for_a_quota_and_never_taken_away() {
        let table = [
            (Species::Camel, 0, 0, 0),
            (Species::Camel, 7, 0, 1),
            (Species::Camel, 8, 0, 2),
            (Species::Camel, 8, 2, 2),
            (Species::Camel, 8, 3, 3),
            (Species::Sheep, 16, 0, 1),
            (Species::Sheep, 17, 1, 2),
        ];
        for (species, quota, before, expected) in table {
            assert_eq!(lots_for(species, quota, before), expected, "{species}: {quota}, {before} before");
        }
    }

    #[test]
    fn a_quota_is_made_raised_and_lowered() {
        type Row<'a> = (Species, &'a [(u8, u8)], u32, &'a [(u32, u8)]);
        let table: &[Row<'_>] = &[
            (Species::Sheep, &[(0, 0), (0, 0)], 20, &[(0, 16), (1, 4)]),
            (Species::Sheep, &[(16, 3), (4, 4)], 30, &[(1, 14)]),
            (Species::Sheep, &[(16, 3), (16, 9)], 25, &[(1, 9)]),
            (Species::Camel, &[(7, 2), (7, 7), (7, 1), (7, 7)], 14, &[(3, 0), (1, 0)]),
            (Species::Camel, &[(7, 5), (7, 3), (7, 6)], 14, &[(1, 4), (0, 3)]),
            (Species::Cow, &[(7, 0), (7, 3), (7, 5)], 20, &[(1, 6)]),
            (Species::Camel, &[(3, 0), (4, 0), (0, 0)], 14, &[(1, 7), (0, 7)]),
            (Species::Cow, &[(7, 7)], 7, &[]),
        ];
        for (species, lots, quota, expected) in table {
            let changes = plan(&portions(lots), *species, *quota).unwrap();
            let told: Vec<(u32, u8)> = changes.iter().map(|change| (change.lot, change.to)).collect();
            assert_eq!(told, *expected, "{lots:?} to {quota}");
        }
    }
}
