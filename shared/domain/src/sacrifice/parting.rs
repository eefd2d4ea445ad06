//! Shares on several lots: where no lot has room for all of them, and they have no reason to be together.
//!
//! Heads never have one: each is an animal of its own. Of an animal of seven they have, unless the donor lets them be apart.
//!
//! **As few lots as can be.** The largest rooms are taken whole until one lot has room for the rest; so no other choice has fewer. That last lot is chosen as the lot of a whole request is
//! ([`choose`]): of animals of seven by the best fit, so that an animal is filled rather than begun, and the rooms that are left are as large as they can be for those who want theirs together; of heads where there is
//! the most room.
//!
//! **What a donation has already** is kept where it can be: a claim is a write that was paid for. Only where the rest has no room beside it everything is laid out anew, its own claims counted as free. A lot is never
//! named with another number than the donation has there, unless all is laid out anew; then its claim is changed to that number.

use super::lot::{Lot, Room, choose};
use super::offering::Species;
use super::reservation::Part;
use crate::id::DonationId;

/// Where to claim so many shares, on as few lots as can be and in the order of their numbers; nothing where all rooms together have too little.
///
/// ```
/// use domain::sacrifice::{Part, Room, Species, parting::part};
/// let rooms = [Room { lot: 1, free: 2 }, Room { lot: 4, free: 3 }, Room { lot: 7, free: 1 }];
/// assert_eq!(part(&rooms, 4, Species::Camel, 0), Some(vec![Part { lot: 4, shares: 3 }, Part { lot: 7, shares: 1 }]));
/// assert_eq!(part(&rooms, 4, Species::Sheep, 0), Some(vec![Part { lot: 1, shares: 1 }, Part { lot: 4, shares: 3 }]));
/// assert_eq!(part(&rooms, 2, Species::Camel, 0), Some(vec![Part { lot: 1, shares: 2 }]));
/// assert_eq!(part(&rooms, 7, Species::Camel, 0), None);
/// ```
pub fn part(rooms: &[Room], shares: u8, species: Species, chance: u64) -> Option<Vec<Part>> {
    let (mut rooms, mut rest, mut parts) = (rooms.to_vec(), shares, Vec::new());
    while rest > 0 {
        let (room, takes) = match choose(&rooms, rest, species, chance) {
            Some(room) => (room, rest),
            None => largest(&rooms, chance).map(|room| (room, room.free))?,
        };
        parts.push(Part { lot: room.lot, shares: takes });
        rooms.retain(|other| other.lot != room.lot);
        rest -= takes;
    }
    parts.sort_unstable();
    Some(parts)
}

/// One of the largest rooms, by chance; nothing where nothing is free.
fn largest(rooms: &[Room], chance: u64) -> Option<Room> {
    let most = super::lot::largest(rooms);
    if most == 0 { None } else { choose(rooms, most, Species::Sheep, chance) }
}

/// How many are free in all, those counted that are the donation's own.
pub fn left(rooms: &[Room], mine: &[Part]) -> u32 {
    all(rooms, mine).iter().map(|room| u32::from(room.free)).sum()
}

/// What a donation has on these lots.
pub fn mine(lots: &[Lot], donation: &DonationId) -> Vec<Part> {
    let claim = |lot: &Lot| Some(Part { lot: lot.lot, shares: lot.claims.get(donation)?.shares });
    lots.iter().filter_map(claim).collect()
}

/// Of these places those where the donation has what it says; and where it has not, as many on a lot that it does not name any more.
pub fn kept(places: &[Part], mine: &[Part]) -> Vec<Part> {
    let (mut kept, missing): (Vec<Part>, Vec<Part>) = places.iter().partition(|place| mine.contains(place));
    for place in missing {
        let is_named = |part: &Part| places.iter().chain(&kept).any(|named| named.lot == part.lot);
        let other = mine.iter().copied().find(|part| part.shares == place.shares && !is_named(part));
        kept.extend(other);
    }
    kept.sort_unstable();
    kept
}

/// Where a donation is to have its shares by what is free and what it has: what is `kept`, and the rest beside it; or all of them anew, where that has no room. On one lot, where
/// they `may` not be parted. Nothing where there are too few.
pub fn again(
    (kept, mine): (&[Part], &[Part]),
    rooms: &[Room],
    (shares, may): (u8, bool),
    (species, chance): (Species, u64),
) -> Option<Vec<Part>> {
    let others: Vec<Room> = rooms.iter().copied().filter(|room| mine.iter().all(|part| part.lot != room.lot)).collect();
    let part = |rooms: &[Room], shares: u8| match choose(rooms, shares, species, chance) {
        Some(room) => Some(vec![Part { lot: room.lot, shares }]),
        None if may => part(rooms, shares, species, chance),
        None => None,
    };
    let had: u8 = kept.iter().map(|part| part.shares).sum();
    let beside = match shares.checked_sub(had) {
        Some(0) => Some(kept.to_vec()),
        Some(rest) if may || had == 0 => part(&others, rest).map(|more| [kept, &more].concat()),
        Some(_) | None => None,
    };
    let mut places = beside.or_else(|| part(&all(rooms, mine), shares))?;
    places.sort_unstable();
    Some(places)
}

/// What there would be without the donation, whose claims these are.
pub fn all(rooms: &[Room], mine: &[Part]) -> Vec<Room> {
    let mut all = rooms.to_vec();
    for part in mine {
        match all.iter_mut().find(|room| room.lot == part.lot) {
            Some(room) => room.free += part.shares,
            None => all.push(Room { lot: part.lot, free: part.shares }),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn rooms(free: &[u8]) -> Vec<Room> {
        (0..).zip(free).map(|(lot, free)| Room { lot, free: *free }).collect()
    }

    /// The fewest rooms that have so many together.
    fn fewest(free: &[u8], shares: u8) -> usize {
        let mut sorted = free.to_vec();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        (1..=sorted.len())
            .find(|count| sorted[..*count].iter().map(|free| u32::from(*free)).sum::<u32>() >= shares.into())
            .unwrap()
    }

    fn sum(parts: &[Part]) -> u32 {
        parts.iter().map(|part| u32::from(part.shares)).sum()
    }

    fn of(parts: &[(u32, u8)]) -> Vec<Part> {
        parts.iter().map(|(lot, shares)| Part { lot: *lot, shares: *shares }).collect()
    }

    #[test]
    fn what_it_has_is_kept_and_the_rest_comes_beside_it() {
        let named = of(&[(0, 3), (1, 2), (2, 2)]);
        // What it has, what is free, and where it is to be then.
        type Row<'a> = (&'a [(u32, u8)], &'a [u8], Option<&'a [(u32, u8)]>);
        let table: [Row<'_>; 7] = [
            (&[(0, 3), (1, 2), (2, 2)], &[0; 6], Some(&[(0, 3), (1, 2), (2, 2)])),
            (&[(0, 3), (1, 2)], &[4, 4, 0, 1, 2, 3], Some(&[(0, 3), (1, 2), (4, 2)])),
            (&[(0, 3), (1, 2)], &[4, 4, 0, 1, 1, 0], Some(&[(0, 3), (1, 2), (3, 1), (4, 1)])),
            // As many on a lot that it named before.
            (&[(0, 3), (1, 2), (5, 2)], &[0; 6], Some(&[(0, 3), (1, 2), (5, 2)])),
            // Nothing beside it: all anew, and its own lots have room again.
            (&[(0, 3), (1, 2)], &[1, 1, 0, 0, 0, 0], Some(&[(0, 4), (1, 3)])),
            (&[(0, 3), (1, 2)], &[4, 0, 0, 0, 0, 0], Some(&[(0, 7)])),
            (&[(0, 3), (1, 2)], &[1, 0, 0, 0, 0, 0], None),
        ];
        for (has, free, expected) in table {
            let (mine, rooms) = (of(has), rooms(free));
            let kept = kept(&named, &mine);
            let places = again((&kept, &mine), &rooms, (7, true), (Species::Camel, 0));
            assert_eq!(places, expected.map(of), "{has:?} and {free:?} free");
        }
    }

    #[test]
    fn what_may_not_be_parted_stays_on_one_lot() {
        let find = |mine: &[(u32, u8)], free: &[u8]| {
            let mine = of(mine);
            again((&kept(&of(&[(0, 4)]), &mine), &mine), &rooms(free), (4, false), (Species::Camel, 0))
        };
        assert_eq!(find(&[], &[3, 3, 5]), Some(of(&[(2, 4)])));
        assert_eq!(find(&[], &[3, 3, 3]), None);
        assert_eq!(find(&[(1, 2)], &[3, 2, 3]), Some(of(&[(1, 4)])), "its own claim has room for more");
        assert_eq!(find(&[(0, 2)], &[1, 3, 3]), None);
        assert_eq!((left(&rooms(&[1, 3]), &of(&[(0, 2), (9, 1)])), left(&[], &[])), (7, 0));
    }

    proptest! {
        #[test]
        fn no_more_than_is_free_on_the_fewest_lots_and_all_of_it(
            free in prop::collection::vec(0..=16u8, 0..30), shares in 1..=7u8, chance in any::<u64>(),
            species in prop::sample::select(Species::ALL),
        ) {
            let rooms = rooms(&free);
            let Some(parts) = part(&rooms, shares, species, chance) else {
                prop_assert!(left(&rooms, &[]) < u32::from(shares));
                return Ok(());
            };
            prop_assert_eq!(sum(&parts), u32::from(shares));
            prop_assert!(parts.iter().all(|part| part.shares > 0 && part.shares <= free[part.lot as usize]));
            let lots: BTreeSet<u32> = parts.iter().map(|part| part.lot).collect();
            prop_assert_eq!(lots.len(), parts.len());
            prop_assert!(parts.is_sorted());
            prop_assert_eq!(parts.len(), fewest(&free, shares));
            if choose(&rooms, shares, species, chance).is_some() {
                prop_assert_eq!(parts.len(), 1, "together where there is room");
            }
        }

        #[test]
        fn a_lot_is_named_with_what_is_claimed_there_or_everything_is_laid_out_anew(
            free in prop::collection::vec(0..=4u8, 1..12), has in prop::collection::vec((0..12u32, 1..=4u8), 0..5),
            named in prop::collection::btree_map(0..12u32, 1..=3u8, 1..4), chance in any::<u64>(), may in any::<bool>(),
            species in prop::sample::select(Species::ALL),
        ) {
            let rooms = rooms(&free);
            let mine: std::collections::BTreeMap<u32, u8> = has.into_iter().collect();
            let mine: Vec<Part> = mine.into_iter().map(|(lot, shares)| Part { lot, shares }).collect();
            let named: Vec<Part> = named.into_iter().map(|(lot, shares)| Part { lot, shares }).collect();
            let shares = u8::try_from(sum(&named)).unwrap();
            let kept = kept(&named, &mine);
            prop_assert!(kept.iter().all(|part| mine.contains(part)) && sum(&kept) <= u32::from(shares));
            let may = may || named.len() > 1;
            let all = all(&rooms, &mine);
            let Some(places) = again((&kept, &mine), &rooms, (shares, may), (species, chance)) else {
                let is_too_little = if may { left(&rooms, &mine) < u32::from(shares) } else { choose(&all, shares, species, 0).is_none() };
                prop_assert!(is_too_little);
                return Ok(());
            };
            prop_assert_eq!(sum(&places), u32::from(shares));
            prop_assert!(may || places.len() == 1);
            let lots: BTreeSet<u32> = places.iter().map(|part| part.lot).collect();
            prop_assert!(lots.len() == places.len() && places.is_sorted());
            prop_assert!(places.iter().all(|part| all.iter().any(|room| room.lot == part.lot && room.free >= part.shares)));
            // Where there is room beside what is kept, every claim stays as it is.
            let is_changed = |part: &Part| mine.iter().any(|own| own.lot == part.lot && own.shares != part.shares);
            if places.iter().any(is_changed) {
                let others: u32 = rooms.iter().filter(|room| mine.iter().all(|part| part.lot != room.lot)).map(|room| u32::from(room.free)).sum();
                prop_assert!(others < u32::from(shares) - sum(&kept) || !may);
            }
        }
    }
}
