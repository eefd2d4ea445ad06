//! The rules, and what is true at the provider, held against the books.
//!
//! A check gives sentences about what is wrong; none means that the rule holds.

pub mod bank;
pub mod books;
pub mod cases;
pub mod corrections;
pub mod days;
pub mod erased;
pub mod escrow;
pub mod found;
pub mod lots;
pub mod money;
pub mod payments;
pub mod published;
pub mod rebuilt;

use std::collections::{BTreeMap, BTreeSet};

use domain::donation::{Charge, ChargeKind, Donation, State};
use domain::id::DonationId;
use domain::journal::{Account, EntryKind, Page, PageKind, Transfer};
use domain::notice::Notice;
use moyasar_sandbox::Status;
use platform::table::TableError;
use serde_json::Value;

use crate::world::World;
use cases::Cases;
use money::Looked;

/// Every donation says what the books say of it.
///
/// # Errors
/// When the table cannot be read.
pub async fn donations(world: &World, pages: &[Page], wrong: &mut Vec<String>) -> Result<Vec<Donation>, TableError> {
    let mut settled: BTreeMap<DonationId, (u8, u64, u16)> = BTreeMap::new();
    for page in pages {
        for (index, entry) in (0..).zip(page.entries()) {
            let Some(donation) = entry.donation.filter(|_| entry.kind == EntryKind::Settled) else { continue };
            if settled.insert(donation, (page.chain.number(), page.seq, index)).is_some() {
                wrong.push(format!("donation {donation} was settled twice"));
            }
        }
    }
    let mut ids = world.made();
    ids.extend(settled.keys());
    ids.sort_unstable();
    ids.dedup();
    let donations = world.stage.table.donations(&ids).await?;
    for donation in &donations {
        let place = donation.place.map(|place| (place.chain, place.seq, place.index));
        if place != settled.remove(&donation.id) {
            wrong.push(format!("donation {} stands at {place:?} in the table and elsewhere in the books", donation.id));
        }
        if donation.state.settled_by().is_some() != place.is_some() {
            wrong.push(format!("donation {} is {} and stands at {place:?}", donation.id, donation.state.code()));
        }
    }
    wrong.extend(settled.into_keys().map(|id| format!("the books settle donation {id}, which is not in the table")));
    Ok(donations)
}

/// What two people agreed to give back was given back or refused, no more went back than was given unless a case says so, and what stands in the account of disputes is
/// what donations say is disputed.
pub fn back(donations: &[Donation], pages: &[Page], cases: &Cases, wrong: &mut Vec<String>) {
    for donation in donations {
        if let Some((refund, _)) = donation.back.approved() {
            wrong.push(format!("the refund {} of {} was agreed to and never given back", refund.id, donation.id));
        }
        let id = donation.id.to_string();
        let is_case = |reason: &str| cases.of(reason, &id);
        if donation.gone() > donation.total() && !is_case("refund_beyond_capture") {
            wrong.push(format!("{} went back of {id}, which has {}, without a case", donation.gone(), donation.total()));
        }
        if donation.back.refunds.iter().any(|refund| refund.stage.code() == "refused") && !is_case("refund_refused") {
            wrong.push(format!("a refund of {id} was refused without a case"));
        }
        let is_told = is_case("dispute_opened") || is_case("refund_beyond_capture");
        if !donation.back.disputed().is_zero() && !is_told {
            wrong.push(format!("{id} is disputed without a case"));
        }
    }
    let disputed: i64 = donations.iter().map(|donation| donation.back.disputed().signed_halalas()).sum();
    let transfers = || pages.iter().flat_map(Page::entries).flat_map(|entry| &entry.transfers);
    let sum = |side: fn(&Transfer) -> &Account| -> i64 {
        let of = transfers().filter(|transfer| matches!(side(transfer), Account::Disputes(_)));
        of.map(|transfer| transfer.amount().signed_halalas()).sum()
    };
    let stands = sum(Transfer::debit) - sum(Transfer::credit);
    if stands != disputed {
        wrong.push(format!("{stands} stand in the account of disputes, and {disputed} are disputed"));
    }
}

/// The day before the midnight is closed: a seal on every chain, and no entry in it afterwards.
///
/// # Errors
/// When the table cannot be read.
pub async fn day(world: &World, pages: &[Page], wrong: &mut Vec<String>) -> Result<(), TableError> {
    let day = world.stage.now().day().previous();
    let Some(seal) = world.stage.table.day_seal(day).await? else {
        wrong.push(format!("{day} is not closed"));
        return Ok(());
    };
    for span in &seal.chains {
        let of_chain = || pages.iter().filter(|page| page.chain.number() == span.chain);
        let stands = of_chain().find(|page| page.seq == span.seal);
        if !stands.is_some_and(|page| matches!(page.kind, PageKind::Seal) && page.hash().to_string() == span.hash) {
            wrong.push(format!("{day}: the seal of chain {} is not what was written down", span.chain));
        }
        if of_chain().any(|page| page.seq > span.seal && page.day <= day) {
            wrong.push(format!("{day}: chain {} books in the day after its seal", span.chain));
        }
    }
    Ok(())
}

/// Every donor who left a way to be told was told what became of their gift, and nothing that is not so. Whoever was erased meanwhile may have been told, or not.
pub fn told(world: &World, donations: &[Donation], messages: &[Value], wrong: &mut Vec<String>) {
    let sent: BTreeSet<&str> = messages.iter().filter_map(|message| message["reference"].as_str()).collect();
    let can_be_told = |donation: &&Donation| donation.personal.is_some() && !world.deeds.is_erasing(&donation.id);
    for donation in donations.iter().filter(can_be_told) {
        let refunded_minor = donation.refunded();
        // Who was given everything back before the thanks were sent is told that alone.
        let thanked = matches!(donation.state, State::Settled { .. } | State::PartlyRefunded { .. });
        // Under a dispute nobody is thanked, and who was not by then is not thanked after it.
        let due = (thanked && donation.back.dispute.is_none()).then_some(Notice::Thanks { donation: donation.id });
        let refund = (!refunded_minor.is_zero()).then_some(Notice::Refund { donation: donation.id, refunded_minor });
        for notice in due.into_iter().chain(refund) {
            if !sent.contains(format!("{}/{}", donation.id, notice.name()).as_str()) {
                wrong.push(format!("the donor of {} was not told: {}", donation.id, notice.name()));
            }
        }
    }
    for reference in sent {
        let (id, name) = reference.split_once('/').unwrap_or_default();
        let donation = donations.iter().find(|donation| donation.id.to_string() == id);
        let Some(donation) = donation.filter(|donation| donation.personal.is_some()) else {
            wrong.push(format!("{reference} was sent to nobody who wanted it"));
            continue;
        };
        if name == "thanks" && donation.state.settled_by().is_none() {
            wrong.push(format!("the donor of {id} was thanked for what is {}", donation.state.code()));
        }
    }
}

/// Whoever paid twice, or when nothing was left any more, and left a way to be told, was told that all of it came back.
pub fn told_of_returns(
    world: &World,
    charges: &[Charge],
    donations: &[Donation],
    messages: &[Value],
    wrong: &mut Vec<String>,
) {
    let sent: BTreeSet<&str> = messages.iter().filter_map(|message| message["reference"].as_str()).collect();
    // What was found to be its donation's is told of as that one's refund.
    let apart = charges.iter().filter(|charge| charge.kind != ChargeKind::Assigned);
    for charge in apart.filter(|charge| !charge.refunded_minor.is_zero()) {
        let donation = donations.iter().find(|donation| charge.donation == Some(donation.id));
        let can_be_told = |donation: &&Donation| donation.personal.is_some() && !world.deeds.is_erasing(&donation.id);
        let Some(donation) = donation.filter(can_be_told) else { continue };
        let (payment, refunded_minor) = (charge.payment.clone(), charge.refunded_minor);
        let notice = Notice::ChargeReturned { donation: donation.id, payment, refunded_minor };
        if !sent.contains(format!("{}/{}", donation.id, notice.name()).as_str()) {
            wrong.push(format!("the donor of {} was not told: {}", donation.id, notice.name()));
        }
    }
}

/// How many notices were sent, and how many of them were sent before.
pub fn counted(messages: &[Value]) -> (usize, usize) {
    let different: BTreeSet<String> = messages.iter().map(|message| message["reference"].to_string()).collect();
    (messages.len(), messages.len() - different.len())
}

/// How many donations stand in each state.
pub fn states(donations: &[Donation]) -> BTreeMap<&'static str, u64> {
    let mut states = BTreeMap::new();
    for donation in donations {
        *states.entry(State::code(&donation.state)).or_default() += 1;
    }
    states
}

/// What else was played, by what became of it.
pub fn besides(world: &World, looked: &Looked) -> BTreeMap<String, u64> {
    let mut besides = BTreeMap::new();
    let mut count = |what: &str| *besides.entry(what.to_owned()).or_default() += 1;
    for payment in world.stage.sandbox.payments() {
        match payment.status {
            Status::Authorized => count("held: for good"),
            Status::Voided if world.deeds.was_let_go(payment.id) => count("held: let go"),
            _ if payment.captured > 0 && payment.captured < payment.amount => count("held: captured in part"),
            _ if payment.captured > 0 => count("held: captured"),
            _ => {}
        }
    }
    for payment in world.deeds.found().into_keys() {
        let charge = looked.charges.iter().find(|charge| charge.payment.payment.as_str() == payment.to_string());
        let is_kind = |kind: ChargeKind| charge.is_some_and(|charge| charge.kind == kind);
        count(if is_kind(ChargeKind::Assigned) && was_twice(looked.pages(), &payment.to_string()) {
            "found: was booked twice"
        } else if is_kind(ChargeKind::Assigned) {
            "found: assigned"
        } else if is_kind(ChargeKind::Orphan) {
            "found: in suspense"
        } else {
            "found: before anybody had looked"
        });
    }
    for kind in looked.pages().iter().flat_map(Page::movements).map(|movement| movement.kind) {
        count(&format!("bank: {}", kind.code()));
    }
    for _ in looked.pages().iter().flat_map(Page::movements).filter(|movement| movement.payment.is_some()) {
        count("correction: out of suspense");
    }
    for correction in world.deeds.corrections().into_keys() {
        let answers = world.deeds.answers_to_correction(&correction);
        count(match answers.first() {
            Some((true, _)) => "correction: agreed to",
            Some((false, _)) => "correction: declined",
            None => "correction: left",
        });
    }
    world.deeds.all_erased().iter().for_each(|_| count("erased"));
    if let Some(told) = world.days.told() {
        count(if told.is_late { "day: compared in the morning" } else { "day: compared before" });
        let differences = told.document["differences"].as_u64().unwrap_or(0);
        (0..differences).for_each(|_| count("day: differences"));
    }
    besides
}

/// Whether the payment left suspense on a page that did not settle its donation: it had settled that before.
fn was_twice(pages: &[Page], payment: &str) -> bool {
    let has = |page: &&Page, kind: EntryKind| {
        page.entries().iter().any(|entry| entry.kind == kind && entry.payment.payment.as_str() == payment)
    };
    pages.iter().any(|page| has(&page, EntryKind::Assigned) && !has(&page, EntryKind::Settled))
}

/// Nothing is in flight any more: no message in any queue or among dead letters, no webhook, no write, nobody on an errand.
pub fn at_rest(world: &World, wrong: &mut Vec<String>) {
    for (queue, depth) in world.stage.cloud.services().sqs.depths() {
        if depth.total() > 0 {
            wrong.push(format!("{} messages are left in {queue}", depth.total()));
        }
    }
    let left = [
        ("webhooks", world.stage.sandbox.pending()),
        ("writes", world.stage.cloud.services().dynamo.writes_in_flight()),
        ("errands", usize::try_from(world.errands()).unwrap_or(usize::MAX)),
    ];
    for (what, count) in left.into_iter().filter(|(_, count)| *count > 0) {
        wrong.push(format!("{count} {what} are under way at the end"));
    }
}
