//! The rules, and what is true at the provider, held against the books.
//!
//! A check gives sentences about what is wrong; none means that the rule holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::cap;
use domain::donation::{ChargeKind, Donation, Place, State};
use domain::id::DonationId;
use domain::journal::{Account, ChainId, Entry, EntryKind, Page, PageKind, Tail, Transfer};
use domain::money::Money;
use domain::notice::Notice;
use domain::receipt::Serial;
use domain::totals::{self, Delta};
use moyasar_sandbox::PaymentFacts;
use platform::table::{Cursors, Table, TableError};
use serde_json::Value;

use crate::world::World;

/// Pages read at once.
const PAGES: i32 = 500;

/// Every page of every chain, each verified against the one before it.
///
/// # Errors
/// When the table cannot be read, which without faults it always can.
pub async fn pages(table: &Table, wrong: &mut Vec<String>) -> Result<Vec<Page>, TableError> {
    let mut all = Vec::new();
    for chain in ChainId::all() {
        let mut tail = Tail::empty(chain);
        loop {
            let pages = table.pages(chain, tail.next_seq, PAGES).await?;
            if pages.is_empty() {
                break;
            }
            for page in pages {
                if let Err(error) = page.verify(&tail) {
                    wrong.push(format!("page {} of chain {chain}: {error}", page.seq));
                }
                tail = page.tail();
                all.push(page);
            }
        }
    }
    Ok(all)
}

/// Totals equal the journal up to the cursors, at any moment.
///
/// # Errors
/// As [`pages`].
pub async fn totals(table: &Table, pages: &[Page], wrong: &mut Vec<String>) -> Result<(), TableError> {
    // The follower may fold between two reads; then they are read again.
    for _ in 0..20 {
        let before = table.cursors().await?;
        let kept = table.totals("").await?;
        if before != table.cursors().await? {
            continue;
        }
        let folded = totals::fold(pages.iter().filter(|page| page.seq < before.of(page.chain)));
        if without_zeros(kept.clone()) != without_zeros(folded.clone()) {
            wrong.push(format!("totals differ from the journal up to the cursors: {kept:?} and {folded:?}"));
        }
        return Ok(());
    }
    Ok(())
}

fn without_zeros(mut delta: Delta) -> Delta {
    for names in delta.values_mut() {
        names.retain(|_, sum| *sum != 0);
    }
    delta.retain(|_, names| !names.is_empty());
    delta
}

/// The follower has come to the end of every chain.
pub fn followed(cursors: &Cursors, pages: &[Page], wrong: &mut Vec<String>) {
    for page in pages {
        if page.seq >= cursors.of(page.chain) {
            wrong.push(format!("page {} of chain {} is not folded", page.seq, page.chain));
        }
    }
}

/// Each payment of the provider's is booked exactly once, with what was taken and what was given back; nothing else is booked.
pub fn payments(pages: &[Page], truth: &[PaymentFacts], wrong: &mut Vec<String>) {
    let mut entries: HashMap<String, Vec<&Entry>> = HashMap::new();
    for entry in pages.iter().flat_map(Page::entries) {
        entries.entry(entry.payment.payment.to_string()).or_default().push(entry);
    }
    for payment in truth {
        let booked = entries.remove(&payment.id.to_string()).unwrap_or_default();
        let came_in = booked.iter().filter(|entry| is_income(entry.kind)).count();
        let expected = usize::from(payment.taken > 0);
        if came_in != expected {
            wrong.push(format!("payment {} of {} was booked {came_in} times", payment.id, payment.taken));
        }
        let taken = sum(&booked, is_income);
        let returned = sum(&booked, is_refund);
        if came_in == 1 && (taken != payment.taken || returned != payment.refunded) {
            wrong.push(format!(
                "payment {}: {taken} in and {returned} back are booked, {} and {} are true",
                payment.id, payment.taken, payment.refunded
            ));
        }
    }
    wrong.extend(entries.into_keys().map(|payment| format!("payment {payment} is booked, but the provider knows none")));
}

const fn is_income(kind: EntryKind) -> bool {
    match kind {
        EntryKind::Settled | EntryKind::SecondCharge | EntryKind::LateCharge | EntryKind::Orphan => true,
        EntryKind::Refunded
        | EntryKind::ChargeReturned
        | EntryKind::Disputed
        | EntryKind::DisputeWon
        | EntryKind::DisputeLost
        | EntryKind::FeeCharged => false,
    }
}

/// Whether the entry is about a payment, and not about a dispute of one.
pub const fn is_of_payment(kind: EntryKind) -> bool {
    is_income(kind) || is_refund(kind)
}

const fn is_refund(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Refunded | EntryKind::ChargeReturned)
}

fn sum(entries: &[&Entry], of: impl Fn(EntryKind) -> bool) -> u64 {
    let transfers = entries.iter().filter(|entry| of(entry.kind)).flat_map(|entry| entry.principal());
    transfers.map(|transfer| transfer.amount().halalas()).sum()
}

/// Every donation says what the books say of it.
///
/// # Errors
/// As [`pages`].
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

/// Nothing is claimed any more, and what is missing from the escrow of a capped opportunity is what was settled for it.
///
/// # Errors
/// As [`pages`].
pub async fn escrow(world: &World, pages: &[Page], wrong: &mut Vec<String>) -> Result<(), TableError> {
    for opportunity in &world.opportunities {
        let Some(target) = opportunity.target_minor else { continue };
        let account = Account::Opportunity(opportunity.fund, opportunity.id.clone());
        let settled: u64 = pages
            .iter()
            .flat_map(Page::entries)
            .filter(|entry| entry.kind == EntryKind::Settled)
            .flat_map(|entry| &entry.transfers)
            .filter(|transfer| *transfer.credit() == account)
            .map(|transfer| transfer.amount().halalas())
            .sum();
        let shards = world.stage.table.escrow(&opportunity.id, cap::shards(target)).await?;
        let free = Money::sum(shards.iter().map(|shard| shard.free_minor)).unwrap_or(Money::ZERO).halalas();
        let claims: Vec<_> = shards.iter().flat_map(|shard| shard.claims.keys()).collect();
        if !claims.is_empty() {
            wrong.push(format!("{}: claims without a pending donation: {claims:?}", opportunity.id));
        }
        if free + settled != target.halalas() {
            wrong.push(format!("{}: {free} free and {settled} settled are not {target}", opportunity.id));
        }
    }
    Ok(())
}

/// Every claim on an escrow is named by its donation: while the run goes on, of donations that are pending or not yet told to be spent.
///
/// # Errors
/// As [`pages`].
pub async fn claims(world: &World, wrong: &mut Vec<String>) -> Result<(), TableError> {
    for opportunity in &world.opportunities {
        let Some(target) = opportunity.target_minor else { continue };
        for shard in world.stage.table.escrow(&opportunity.id, cap::shards(target)).await? {
            let ids: Vec<DonationId> = shard.claims.keys().copied().collect();
            let known = world.stage.table.donations(&ids).await?;
            if known.len() != ids.len() {
                wrong.push(format!("{}: a claim on shard {} without a donation", opportunity.id, shard.shard));
            }
        }
    }
    Ok(())
}

/// What is owed back by itself has been given back.
///
/// # Errors
/// As [`pages`].
pub async fn charges(world: &World, pages: &[Page], wrong: &mut Vec<String>) -> Result<(), TableError> {
    let kept: Vec<_> = pages
        .iter()
        .flat_map(Page::entries)
        .filter(|entry| matches!(entry.kind, EntryKind::SecondCharge | EntryKind::LateCharge | EntryKind::Orphan))
        .map(|entry| entry.payment.clone())
        .collect();
    for charge in world.stage.table.charges(&kept).await? {
        match charge.kind {
            ChargeKind::Second | ChargeKind::Late if !charge.due().is_zero() => {
                wrong.push(format!("charge {} still owes {}", charge.payment.payment, charge.due()));
            }
            ChargeKind::Second | ChargeKind::Late | ChargeKind::Orphan => {}
        }
    }
    Ok(())
}

/// The books balance: what the providers hold for us is what was given, is owed back, or is in suspense.
pub fn balance(pages: &[Page], wrong: &mut Vec<String>) {
    let mut net: BTreeMap<String, i64> = BTreeMap::new();
    for transfer in pages.iter().flat_map(Page::entries).flat_map(|entry| &entry.transfers) {
        *net.entry(transfer.debit().to_string()).or_default() -= transfer.amount().signed_halalas();
        *net.entry(transfer.credit().to_string()).or_default() += transfer.amount().signed_halalas();
    }
    if net.values().sum::<i64>() != 0 {
        wrong.push(format!("the books do not balance: {net:?}"));
    }
    for (account, sum) in net {
        let may_be_negative =
            ["clearing", "refunds_suspense", "disputes", "fees"].iter().any(|name| account.starts_with(name));
        if sum < 0 && !may_be_negative {
            wrong.push(format!("{account} stands at {sum}"));
        }
    }
}

/// What two people agreed to give back was given back or refused, no more went back than was given unless a case says so, and what stands in the account of disputes is
/// what donations say is disputed.
///
/// # Errors
/// As [`pages`].
pub async fn back(world: &World, donations: &[Donation], pages: &[Page], wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let cases = world.stage.items("CASE#").await?;
    for donation in donations {
        if let Some((refund, _)) = donation.back.approved() {
            wrong.push(format!("the refund {} of {} was agreed to and never given back", refund.id, donation.id));
        }
        let id = donation.id.to_string();
        let is_case = |reason: &str| cases.iter().any(|case| case["reason"] == reason && case["donation"] == id.as_str());
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
    Ok(())
}

/// The day before the midnight is closed: a seal on every chain, and no entry in it afterwards.
///
/// # Errors
/// As [`pages`].
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

/// Each settled gift has a receipt's number of its own.
pub fn serials(pages: &[Page], wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for page in pages {
        for (index, entry) in (0..).zip(page.entries()) {
            let place = Place { chain: page.chain.number(), seq: page.seq, index };
            let serial = Serial::new(page.day, place).to_string();
            if entry.kind == EntryKind::Settled && !seen.insert(serial.clone()) {
                wrong.push(format!("two gifts have the receipt {serial}"));
            }
        }
    }
}

/// Every donor who left a way to be told was told what became of their gift, and nothing that is not so.
pub fn told(donations: &[Donation], messages: &[Value], wrong: &mut Vec<String>) {
    let sent: BTreeSet<&str> = messages.iter().filter_map(|message| message["reference"].as_str()).collect();
    for donation in donations.iter().filter(|donation| donation.personal.is_some()) {
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
