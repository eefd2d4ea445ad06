//! Whether everyone who paid has exactly their shares, or their money back.
//!
//! Three sources that share nothing: what the provider took and gave back, the lots as they stand, and the gifts.

use std::collections::BTreeMap;

use domain::donation::Donation;
use domain::id::DonationId;
use domain::sacrifice::{Claim, Lot, Part, Standing};
use moyasar_sandbox::PaymentFacts;

use super::buyers::Kind;

/// Money that was taken and given back for one gift, in halalas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Money {
    /// Taken.
    pub taken: u64,
    /// Given back.
    pub back: u64,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payers {
    /// Gifts for which money was taken.
    pub paid: u64,
    /// Those that have their shares.
    pub with_shares: u64,
    /// Those whose money went back.
    pub money_back: u64,
    /// A sentence for each that has neither, or both, and for each claim that is nobody's.
    pub wrong: Vec<String>,
}

/// What the lots hold in the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Paid shares.
    pub sold: u64,
    /// Shares beyond what there was to sell.
    pub oversold: u64,
    /// Shares that are held by a gift whose hold has ended, or that are in no state at all.
    pub stranded: u64,
    /// Shares that nobody has.
    pub free: u64,
}

/// The money of each gift, by what the provider says.
pub fn money(payments: &[PaymentFacts]) -> BTreeMap<String, Money> {
    let mut money: BTreeMap<String, Money> = BTreeMap::new();
    for payment in payments.iter().filter(|payment| payment.taken > 0) {
        let donation = payment.metadata.as_ref().and_then(|metadata| metadata.get("donation")?.as_str());
        let of = money.entry(donation.unwrap_or_default().to_owned()).or_default();
        of.taken += payment.taken;
        of.back += payment.refunded;
    }
    money
}

/// Looks at all lots when every hold has ended: `quota` is what there was to sell of each kind.
pub fn held(lots: &[(Kind, Lot)], quota: &BTreeMap<Kind, u64>) -> Held {
    let mut held = Held::default();
    let mut claimed: BTreeMap<Kind, u64> = BTreeMap::new();
    for (kind, lot) in lots {
        let of = |is_wanted: fn(&Claim) -> bool| -> u64 {
            lot.claims.values().filter(|claim| is_wanted(claim)).map(|claim| u64::from(claim.shares)).sum()
        };
        let (sold, waits) =
            (of(|claim| claim.standing == Standing::Confirmed), of(|claim| claim.standing != Standing::Confirmed));
        let (shares, free) = (u64::from(lot.shares), u64::from(lot.free));
        held.sold += sold;
        held.free += free;
        held.oversold += (sold + waits).saturating_sub(shares);
        held.stranded += waits + shares.saturating_sub(free + sold + waits);
        *claimed.entry(*kind).or_default() += sold + waits;
    }
    let beyond = |(kind, claimed): (&Kind, &u64)| claimed.saturating_sub(quota.get(kind).copied().unwrap_or_default());
    held.oversold += claimed.iter().map(beyond).sum::<u64>();
    held
}

/// Looks at every gift for which money was taken, and at every claim.
pub fn check(money: &BTreeMap<String, Money>, gifts: &BTreeMap<DonationId, Donation>, lots: &[(Kind, Lot)]) -> Payers {
    let mut claims: BTreeMap<DonationId, Vec<(Kind, u32, Claim)>> = BTreeMap::new();
    for (kind, lot) in lots {
        for (id, claim) in &lot.claims {
            claims.entry(*id).or_default().push((*kind, lot.lot, *claim));
        }
    }
    let mut payers = Payers::default();
    for (id, money) in money {
        payers.paid += 1;
        let gift =
            id.parse().ok().and_then(|id: DonationId| Some((gifts.get(&id)?, claims.remove(&id).unwrap_or_default())));
        let Some((gift, claims)) = gift else {
            payers.wrong.push(format!("{id}: {money:?}, and there is no such gift"));
            continue;
        };
        let stands = money.taken.saturating_sub(money.back);
        if stands == gift.total().halalas() && has_its_shares(gift, &claims) {
            payers.with_shares += 1;
        } else if stands == 0 && claims.is_empty() {
            payers.money_back += 1;
        } else {
            payers.wrong.push(format!("{id}: {}, {money:?}, {:?}, {claims:?}", gift.state.code(), gift.reservation));
        }
    }
    for (id, claims) in claims {
        payers.wrong.push(format!("{id}: nobody paid, and there is {claims:?}"));
    }
    payers
}

/// Exactly one claim in each place that it names, confirmed, of as many shares as the gift says; and those are all that it asks for.
fn has_its_shares(gift: &Donation, claims: &[(Kind, u32, Claim)]) -> bool {
    let Some((named, kind)) = gift.reservation.as_ref().and_then(|named| Some((named, Kind::of(named.offering.as_str())?)))
    else {
        return false;
    };
    let confirmed = |part: Part| (kind, part.lot, Claim { shares: part.shares, standing: Standing::Confirmed });
    let places = named.places();
    let shares: u32 = places.iter().map(|part| u32::from(part.shares)).sum();
    shares == u32::from(named.shares) && places.into_iter().map(confirmed).eq(claims.iter().copied())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::moment::Moment;
    use domain::sacrifice::Reservation;

    /// Two shares of five hundred riyals.
    const TOTAL: u64 = 100_000;

    fn gift(number: u8) -> Donation {
        let reservation = Some(Reservation::new(Kind::Camel.id().parse().unwrap(), 3, 2));
        Donation { reservation, ..stage::sample::sacrifice(number, 2, 3, Moment::from_millis(1_795_500_000_000)) }
    }

    fn lot(number: u32, free: u8, claims: &[(u8, &str)]) -> (Kind, Lot) {
        let claims = claims.iter().map(|(id, claim)| (DonationId::from_bytes([*id; 16]), claim.parse().unwrap()));
        (Kind::Camel, Lot { free, claims: claims.collect(), ..Lot::new(number, 7) })
    }

    fn id(number: u8) -> String {
        DonationId::from_bytes([number; 16]).to_string()
    }

    #[test]
    fn neither_both_and_twice_are_found() {
        let gifts: BTreeMap<DonationId, Donation> =
            (1..=8).map(|number| (DonationId::from_bytes([number; 16]), gift(number))).collect();
        let lots = [lot(3, 0, &[(1, "2c"), (3, "2c"), (5, "1c"), (6, "2h1795500000")]), lot(4, 3, &[(7, "2c"), (8, "2c")])];
        let of = |taken: u64, back: u64| Money { taken: TOTAL * taken, back: TOTAL * back };
        let money: BTreeMap<String, Money> = [
            (id(1), of(1, 0)),  // has its shares
            (id(2), of(1, 1)),  // has its money
            (id(3), of(1, 1)),  // has both
            (id(4), of(1, 0)),  // has neither
            (id(5), of(1, 0)),  // has fewer
            (id(6), of(1, 0)),  // is not confirmed
            (id(7), of(1, 0)),  // is elsewhere
            (id(99), of(1, 0)), // is no gift
        ]
        .into();
        let payers = check(&money, &gifts, &lots);
        assert_eq!((payers.paid, payers.with_shares, payers.money_back), (8, 1, 1), "{:?}", payers.wrong);
        assert_eq!(payers.wrong.len(), 7, "{:?}", payers.wrong);
        assert!(payers.wrong[6].contains("nobody paid"), "8 has shares and did not pay: {:?}", payers.wrong);
        // A second charge that went back leaves the shares.
        let twice: BTreeMap<String, Money> = [(id(1), of(2, 1))].into();
        assert_eq!(check(&twice, &gifts, &lots[..0]).wrong.len(), 1);
        assert_eq!(check(&twice, &gifts, &[lot(3, 5, &[(1, "2c")])]).with_shares, 1);
    }

    #[test]
    fn whose_shares_are_apart_has_each_of_them() {
        let places = [Part { lot: 3, shares: 1 }, Part { lot: 4, shares: 1 }];
        let mut apart = gift(1);
        apart.reservation = apart.reservation.map(|named| named.placed(&places));
        let gifts: BTreeMap<DonationId, Donation> = [(apart.id, apart)].into();
        let money: BTreeMap<String, Money> = [(id(1), Money { taken: TOTAL, back: 0 })].into();
        let of = |lots: &[(Kind, Lot)]| check(&money, &gifts, lots).with_shares;
        assert_eq!(of(&[lot(3, 6, &[(1, "1c")]), lot(4, 6, &[(1, "1c")])]), 1);
        assert_eq!(of(&[lot(3, 6, &[(1, "1c")])]) + of(&[lot(3, 5, &[(1, "2c")])]), 0);
        assert_eq!(of(&[lot(3, 6, &[(1, "1c")]), lot(4, 6, &[(1, "1c")]), lot(5, 6, &[(1, "1c")])]), 0);
    }

    #[test]
    fn what_is_sold_beyond_what_there_was_is_found() {
        let quota: BTreeMap<Kind, u64> = [(Kind::Camel, 14)].into();
        let fair = [lot(0, 2, &[(1, "5c")]), lot(1, 0, &[(2, "7c")])];
        assert_eq!(held(&fair, &quota), Held { sold: 12, free: 2, ..Held::default() });
        let over = [lot(0, 0, &[(1, "5c"), (2, "4c")]), lot(1, 0, &[(3, "7c")])];
        assert_eq!(held(&over, &quota).oversold, 4, "two on the lot, and so two beyond the quota");
        let left = [lot(0, 1, &[(1, "3c"), (2, "2h1795500000")]), lot(1, 7, &[])];
        assert_eq!(held(&left, &quota), Held { sold: 3, free: 8, stranded: 3, oversold: 0 });
    }
}
