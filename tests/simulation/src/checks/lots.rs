//! The lots at the end: each share that is sold is one paid line's, and nothing is sold that there is not.

use std::collections::{BTreeMap, BTreeSet};

use domain::donation::{Donation, RefundStage};
use domain::id::DonationId;
use domain::journal::{EntryKind, Page};
use domain::money::Money;
use domain::sacrifice::reservation::HOLD_SECS;
use domain::sacrifice::{Lot, Offering, Standing, Stock};

use super::cases::Cases;
use crate::world::World;

/// An offering and its lots.
pub type Sold = (Offering, Vec<Lot>);

/// Holds all lots against all gifts; gives back what became of the shares.
///
/// # Errors
/// When the table cannot be read.
pub async fn lots(
    world: &World,
    (made, pages): (&[Donation], &[Page]),
    cases: &Cases,
    wrong: &mut Vec<String>,
) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut sold = Vec::new();
    for offering in world.stage.table.offerings().await? {
        let lots = world.stage.table.all_lots(&offering.id).await?;
        // What was seen write by write is what stands: nothing was missed.
        if lots != world.sale.lots(&offering.id) {
            wrong.push(format!("the lots of {} are not what was seen of them", offering.id));
        }
        sold.push((offering, lots));
    }
    let claimed: BTreeSet<DonationId> =
        sold.iter().flat_map(|(_, lots)| lots).flat_map(|lot| lot.claims.keys().copied()).collect();
    let unknown: Vec<DonationId> =
        claimed.into_iter().filter(|id| !made.iter().any(|donation| donation.id == *id)).collect();
    let mut donations = made.to_vec();
    donations.extend(world.stage.table.donations(&unknown).await?);
    stand(&sold, wrong);
    let is_missing = |id: &DonationId| cases.of("shares_missing", &id.to_string());
    each_share_has_its_line(&sold, &donations, is_missing, wrong);
    in_time(&sold, &donations, wrong);
    lost(&donations, pages, &nobodys(world, pages), wrong);
    let mut counts = world.sale.counts();
    counts.extend(counted(&sold, &donations).map(|(name, count)| (name.to_owned(), count)));
    counts.retain(|_, count| *count > 0);
    Ok(counts)
}

/// Every lot is whole and holds nothing for anybody any more; together they have the quota, of which no more is sold.
pub fn stand(sold: &[Sold], wrong: &mut Vec<String>) {
    for (offering, lots) in sold {
        let Offering { id, quota, stock, .. } = offering;
        for lot in lots {
            if !lot.is_whole() {
                wrong.push(format!("lot {} of {id} is not whole: {lot:?}", lot.lot));
            }
            let held = lot.claims.iter().filter(|(_, claim)| claim.standing != Standing::Confirmed);
            wrong.extend(held.map(|(of, claim)| format!("lot {} of {id} is left with {claim} of {of}", lot.lot)));
        }
        let shares: u32 = lots.iter().map(|lot| u32::from(lot.shares)).sum();
        let confirmed: u64 = confirmed(lots);
        if *stock != Stock::Ready || shares != *quota {
            wrong.push(format!("{id} is {stock:?} with {shares} shares, and its quota is {quota}"));
        }
        if confirmed > u64::from(*quota) {
            wrong.push(format!("{confirmed} shares of {id} are sold, and its quota is {quota}"));
        }
    }
}

fn confirmed(lots: &[Lot]) -> u64 {
    let claims = lots.iter().flat_map(|lot| lot.claims.values());
    claims.filter(|claim| claim.standing == Standing::Confirmed).map(|claim| u64::from(claim.shares)).sum()
}

/// Each claim is of one gift that is paid and stands and that names just this lot and these shares; each such gift has its claim, once, or a person was told that there is none.
pub fn each_share_has_its_line(
    sold: &[Sold],
    donations: &[Donation],
    is_missing: impl Fn(&DonationId) -> bool,
    wrong: &mut Vec<String>,
) {
    let mut claims: BTreeMap<DonationId, Vec<(String, u32, u8)>> = BTreeMap::new();
    for (offering, lots) in sold {
        for lot in lots {
            for (id, claim) in &lot.claims {
                claims.entry(*id).or_default().push((offering.id.to_string(), lot.lot, claim.shares));
            }
        }
    }
    for donation in donations {
        let has = claims.remove(&donation.id).unwrap_or_default();
        let (id, state) = (donation.id, donation.state.code());
        let due = due(donation);
        let shares: u32 = due.iter().map(|(_, _, shares)| u32::from(*shares)).sum();
        if !due.is_empty() && shares != asked(donation) {
            wrong.push(format!("donation {id} pays for {} shares, and names {due:?}", asked(donation)));
        }
        if due == has {
            continue;
        }
        if due.is_empty() {
            wrong.push(format!("donation {id} is {state}, owns no share any more, and has {has:?}"));
        } else if !has.is_empty() || !is_missing(&id) {
            wrong.push(format!("donation {id} is {state}, pays for {due:?}, and has {has:?}"));
        }
    }
    wrong.extend(claims.into_iter().map(|(id, has)| format!("{has:?} are of {id}, which is not in the table")));
}

/// How many shares a gift asks for.
fn asked(donation: &Donation) -> u32 {
    donation.lines.iter().filter_map(|line| line.sacrifice.as_ref()).map(|asked| u32::from(asked.shares)).sum()
}

/// What a gift pays for, by offering, lot and shares: all that its line asks for, where it says.
fn due(donation: &Donation) -> Vec<(String, u32, u8)> {
    let line = donation.lines.iter().enumerate().find_map(|(number, line)| Some((number, line, line.sacrifice.as_ref()?)));
    let Some((number, line, asked)) = line else { return Vec::new() };
    let stands = donation.state.settled_by().is_some() && stands(donation, number, line.amount_minor);
    let Some(named) = donation.reservation.as_ref().filter(|_| stands) else { return Vec::new() };
    match named.places().as_slice() {
        [one] => vec![(named.offering.to_string(), one.lot, asked.shares)],
        parts => parts.iter().map(|part| (named.offering.to_string(), part.lot, part.shares)).collect(),
    }
}

/// Something of the line is left: neither has everything gone back, nor has this line by refunds that name it.
fn stands(donation: &Donation, number: usize, amount: Money) -> bool {
    let done = donation.back.refunds.iter().filter(|refund| matches!(refund.stage, RefundStage::Done { .. }));
    let parts = done.flat_map(|refund| &refund.parts).filter(|part| usize::from(part.line) == number);
    let back: u64 = parts.map(|part| part.amount_minor.halalas()).sum();
    donation.gone() < donation.total() && back < amount.halalas()
}

/// Whoever accepted the wakala did so while the sale was open, and pays what the shares cost.
pub fn in_time(sold: &[Sold], donations: &[Donation], wrong: &mut Vec<String>) {
    for donation in donations {
        let line = donation.lines.iter().find_map(|line| Some((line, line.sacrifice.as_ref()?)));
        let Some((line, asked)) = line else { continue };
        let Some((offering, _)) = sold.iter().find(|(offering, _)| offering.id == line.opportunity) else {
            wrong.push(format!("donation {} is of {}, which is not sold", donation.id, line.opportunity));
            continue;
        };
        if !(offering.opens_at..offering.closes_at).contains(&asked.accepted_at) {
            let (id, at) = (donation.id, asked.accepted_at);
            wrong.push(format!("donation {id} was made at {at}, when {} was not sold", offering.id));
        }
        if offering.price(asked.shares) != Some(line.amount_minor) {
            wrong.push(format!("donation {} pays {} for {} shares", donation.id, line.amount_minor, asked.shares));
        }
    }
}

/// Donations whose payment came in as nobody's, and was put right: while their shares were looked for, maybe.
fn nobodys(world: &World, pages: &[Page]) -> BTreeSet<DonationId> {
    let orphans = pages.iter().flat_map(Page::entries).filter(|entry| entry.kind == EntryKind::Orphan);
    let orphans: BTreeSet<&str> = orphans.map(|entry| entry.payment.payment.as_str()).collect();
    let found = world.deeds.found().into_iter();
    found.filter(|(payment, _)| orphans.contains(payment.to_string().as_str())).map(|(_, donation)| donation).collect()
}

/// A payment that came when nothing was left is kept apart, from where it goes back, or in suspense if it had come in as nobody's meanwhile; and no other payment for shares alone came too late.
pub fn lost(donations: &[Donation], pages: &[Page], nobodys: &BTreeSet<DonationId>, wrong: &mut Vec<String>) {
    let late = pages.iter().flat_map(Page::entries).filter(|entry| entry.kind == EntryKind::LateCharge);
    let late: BTreeSet<DonationId> = late.filter_map(|entry| entry.donation).collect();
    for donation in donations {
        let Some(named) = &donation.reservation else { continue };
        let (id, is_paid) = (donation.id, donation.state.settled_by().is_some());
        if named.is_lost && (is_paid || !(late.contains(&id) || nobodys.contains(&id))) {
            wrong.push(format!("donation {id} has lost its shares, and no payment that came late is kept apart"));
        }
        if !named.is_lost && donation.hold.is_empty() && late.contains(&id) {
            wrong.push(format!("a payment of donation {id} came late, and it has not lost its shares"));
        }
    }
}

fn counted(sold: &[Sold], donations: &[Donation]) -> impl Iterator<Item = (&'static str, u64)> {
    let held = || donations.iter().filter_map(|donation| Some((donation, donation.reservation.as_ref()?)));
    let is_found = |donation: &Donation| {
        let is_renewed = donation.expires_at > donation.made_at.plus_seconds(HOLD_SECS);
        is_renewed && donation.state.settled_by().is_some()
    };
    let found = held().filter(|(donation, _)| is_found(donation)).map(|(_, named)| u64::from(named.shares)).sum();
    let lost = held().filter(|(_, named)| named.is_lost).map(|(_, named)| u64::from(named.shares)).sum();
    let moved = held().filter(|(_, named)| !named.before.is_empty()).map(|(_, named)| u64::from(named.shares)).sum();
    let apart = held().filter(|(_, named)| !named.parts.is_empty()).map(|(_, named)| u64::from(named.shares)).sum();
    let sold = sold.iter().map(|(_, lots)| confirmed(lots)).sum();
    [("sold", sold), ("late found", found), ("late lost", lost), ("moved", moved), ("apart", apart)].into_iter()
}

#[cfg(test)]
mod tests;
