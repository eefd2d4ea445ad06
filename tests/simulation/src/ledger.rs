//! The books as they stood at every moment: each page, each fold of the totals and each shard of an escrow is looked at right after it was written, before anything else happens.
//!
//! **At every page.** It follows the one before it and none is written a second time. What it books stands in the table at that very moment: a settled gift names its place and its
//! payment, which the provider has taken and not only held, what went back of a gift or of a charge is what they say, and no account that owes stands below nothing. No gift is settled and no payment comes in a second time, but for
//! an orphan beside its own gift, which is to leave the books again (what stands at the end is looked at then).
//!
//! **At every fold.** Each total that it touched is the sum of the pages up to the cursors.
//!
//! **At every claim.** It is of a donation, and what is free and claimed is never more than the target, nor with what was settled less.
//!
//! **Bounds.** It reads past the calls that are counted, an item or two for each entry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::BASE64;
use domain::cap;
use domain::catalogue::Opportunity;
use domain::donation::{Charge, ChargeKind, Donation, Place};
use domain::id::DonationId;
use domain::journal::{Account, ChainId, Entry, EntryKind, Movement, Page, Tail};
use domain::totals::{self, Delta};
use moyasar_sandbox::{PaymentFacts, Status};
use platform::table::Escrow;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stage::Stage;

use crate::checks::books::may_be_negative;
use crate::checks::payments::{is_income, is_refund};

/// How every sentence begins, so that it is known from what is found at the end.
pub const AT_ONCE: &str = "as it was written: ";

/// The partition of totals.
const TOTALS: &str = "TOT";
/// The partitions of chains.
const CHAINS: &str = "JP#";
/// The partitions of escrow shards.
const SHARDS: &str = "CAP#";

/// Reads an item by its keys.
type Read<'a> = &'a dyn Fn(&str, &str) -> Option<Value>;

/// What stands around a write, at that very moment.
struct Around<'a> {
    read: Read<'a>,
    /// A payment as the provider has it.
    at_provider: &'a dyn Fn(&str) -> Option<PaymentFacts>,
}

#[derive(Debug, Default)]
struct Watched {
    tails: BTreeMap<u8, Tail>,
    pages: BTreeMap<(u8, u64), Page>,
    settled: BTreeSet<DonationId>,
    /// Payments that came in, by whether it was as an orphan.
    paid: BTreeSet<(String, bool)>,
    /// What went back at the provider, by payment and by whether it was kept apart.
    returned: BTreeMap<(String, bool), u64>,
    /// By payment, what people took out of suspense.
    taken_out: BTreeMap<String, i64>,
    net: BTreeMap<Account, i64>,
    folded: BTreeMap<u8, u64>,
    totals: Delta,
    targets: Vec<Opportunity>,
    wrong: Vec<String>,
    looks_away: bool,
}

/// What was seen of the books. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Watched>>);

impl Ledger {
    /// Watches the books on this stage, and the escrow of these opportunities, whose targets are granted whole.
    pub fn watch(stage: &Stage, opportunities: &[Opportunity]) -> Ledger {
        let ledger = Ledger::default();
        let capped = opportunities.iter().filter(|opportunity| opportunity.target_minor.is_some());
        ledger.lock().targets = capped.cloned().collect();
        for partitions in [CHAINS, TOTALS, SHARDS] {
            let (watching, sandbox) = (ledger.clone(), stage.sandbox.clone());
            stage.watch(partitions, move |peek, (pk, sk), item| {
                let at_provider = |payment: &str| sandbox.payment(payment.parse().ok()?);
                let around = Around { read: &|pk: &str, sk: &str| peek.item(pk, sk), at_provider: &at_provider };
                watching.lock().wrote(&around, (pk, sk), &item);
            });
        }
        ledger
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a payment's money has come in, and how much of it has gone back, by the pages so far.
    pub fn of_payment(&self, payment: &str) -> (bool, u64) {
        let watched = self.lock();
        let ways = [false, true].map(|is_apart| (payment.to_owned(), is_apart));
        let returned = ways.iter().filter_map(|way| watched.returned.get(way)).max();
        (ways.iter().any(|way| watched.paid.contains(way)), returned.copied().unwrap_or(0))
    }

    /// Whether people ever took something of a payment out of suspense, brought back or not.
    pub fn was_taken_out(&self, payment: &str) -> bool {
        self.lock().taken_out.contains_key(payment)
    }

    /// Payments that are in the books twice, by the pages so far: as an orphan, and otherwise.
    pub fn twice(&self) -> BTreeSet<String> {
        let watched = self.lock();
        let is_both = |payment: &str| watched.paid.contains(&(payment.to_owned(), false));
        watched.paid.iter().filter(|(payment, is_orphan)| *is_orphan && is_both(payment)).map(|(of, _)| of.clone()).collect()
    }

    /// Sees nothing for a while, or looks again: what is restored into another table is not of these books.
    pub fn look_away(&self, away: bool) {
        self.lock().looks_away = away;
    }

    /// What was wrong so far.
    pub fn wrong(&self) -> Vec<String> {
        self.lock().wrong.iter().map(|wrong| format!("{AT_ONCE}{wrong}")).collect()
    }
}

impl Watched {
    fn wrote(&mut self, around: &Around<'_>, (pk, sk): (&str, &str), item: &Value) {
        if self.looks_away {
            return;
        }
        if pk.starts_with(CHAINS) {
            match read_page(item) {
                Ok(page) => self.saw_page(around, page),
                Err(why) => self.wrong.push(format!("page {sk} of {pk} cannot be read: {why}")),
            }
        } else if pk == TOTALS && sk == "CURSOR" {
            self.saw_fold(around.read, item);
        } else if pk.starts_with(SHARDS) {
            self.saw_shard(around.read, pk);
        }
    }

    fn saw_page(&mut self, around: &Around<'_>, page: Page) {
        let (chain, seq) = (page.chain, page.seq);
        let tail = self.tails.entry(chain.number()).or_insert_with(|| Tail::empty(chain));
        if seq < tail.next_seq {
            // The same transaction made twice is answered as done, and writes what stands there.
            if self.pages.get(&(chain.number(), seq)) == Some(&page) {
                return;
            }
            self.wrong.push(format!("page {seq} of chain {chain} is written a second time"));
            return;
        }
        if let Err(error) = page.verify(tail) {
            self.wrong.push(format!("page {seq} of chain {chain}: {error}"));
        }
        *tail = page.tail();
        for transfer in page.transfers() {
            let amount = transfer.amount().signed_halalas();
            *self.net.entry(transfer.debit().clone()).or_default() -= amount;
            *self.net.entry(transfer.credit().clone()).or_default() += amount;
        }
        for transfer in page.transfers() {
            let (account, stands) = (transfer.debit(), self.net.get(transfer.debit()).copied().unwrap_or(0));
            if stands < 0 && !may_be_negative(&account.to_string()) {
                self.wrong.push(format!("{account} stands at {stands} with page {seq} of chain {chain}"));
            }
        }
        for entry in page.entries() {
            self.count(entry);
            self.is_taken(around, entry);
        }
        for (index, entry) in (0..).zip(page.entries()) {
            let wrong = self.beside(around.read, entry, Place { chain: chain.number(), seq, index });
            self.wrong.extend(wrong);
        }
        for movement in page.movements() {
            let wrong = self.out_of_suspense(around.read, movement);
            self.wrong.extend(wrong);
        }
        self.pages.insert((chain.number(), seq), page);
    }

    /// What people took out of suspense is what the payment's charge says, and was there.
    fn out_of_suspense(&mut self, read: Read<'_>, movement: &Movement) -> Option<String> {
        let payment = movement.payment.as_ref()?;
        let taken = self.taken_out.entry(payment.payment.to_string()).or_default();
        *taken += domain::correction::out_of_suspense(&movement.transfers);
        let item = read(&format!("PAY#{}#{}", payment.provider, payment.payment), "PAY")?;
        let is_so = parsed::<Charge>(item).is_ok_and(|charge| {
            let gone = charge.refunded_minor.signed_halalas() + *taken;
            charge.out().signed_halalas() == *taken && gone <= charge.captured_minor.signed_halalas()
        });
        (!is_so).then(|| {
            format!("{taken} are taken out of suspense of payment {}, and its charge does not say so", payment.payment)
        })
    }

    /// Nothing happens twice.
    fn count(&mut self, entry: &Entry) {
        let payment = entry.payment.payment.to_string();
        if let Some(donation) = entry.donation.filter(|_| entry.kind == EntryKind::Settled)
            && !self.settled.insert(donation)
        {
            self.wrong.push(format!("donation {donation} is settled a second time"));
        }
        if entry.kind == EntryKind::Assigned {
            // It comes in as its donation's instead, or has come in as that.
            self.paid.remove(&(payment.clone(), true));
        }
        if is_income(entry.kind) && !self.paid.insert((payment.clone(), entry.kind == EntryKind::Orphan)) {
            self.wrong.push(format!("payment {payment} comes in a second time"));
        }
        if is_refund(entry.kind) {
            let is_apart = entry.kind == EntryKind::ChargeReturned;
            *self.returned.entry((payment, is_apart)).or_default() += entry.moved_minor().unsigned_abs();
        }
    }

    /// Nothing comes in while the payer's bank has only agreed to it.
    fn is_taken(&mut self, around: &Around<'_>, entry: &Entry) {
        let payment = entry.payment.payment.as_str();
        let stands = (around.at_provider)(payment).map(|payment| payment.status);
        if is_income(entry.kind) && stands == Some(Status::Authorized) {
            self.wrong.push(format!("payment {payment} comes in, and its money is only held"));
        }
    }

    /// What an entry is about stands in the table as the entry says.
    fn beside(&self, read: Read<'_>, entry: &Entry, place: Place) -> Option<String> {
        let payment = &entry.payment;
        let is_apart = entry.kind == EntryKind::ChargeReturned;
        let returned = self.returned.get(&(payment.payment.to_string(), is_apart)).copied().unwrap_or(0);
        let of = format!("{} of payment {}", entry.kind.code(), payment.payment);
        let item = read(&format!("PAY#{}#{}", payment.provider, payment.payment), "PAY");
        let charge = item.map(parsed::<Charge>).transpose();
        let item = entry.donation.and_then(|id| read(&format!("DON#{id}"), "DON"));
        let donation = item.map(parsed::<Donation>).transpose();
        let (charge, donation) = match (charge, donation) {
            (Ok(charge), Ok(donation)) => (charge, donation),
            (Err(why), _) | (_, Err(why)) => return Some(format!("{of}: {why}")),
        };
        let own = donation.filter(|donation| donation.state.settled_by().is_some_and(|by| by.payment == *payment));
        let is_so = match (entry.kind, own, charge) {
            (EntryKind::Settled, Some(donation), _) => donation.place == Some(place),
            (EntryKind::Refunded, Some(donation), _) => {
                donation.refunded().halalas() == returned && donation.back.booked.contains(&place)
            }
            (EntryKind::Disputed | EntryKind::DisputeWon | EntryKind::DisputeLost, Some(donation), _) => {
                donation.back.booked.contains(&place)
            }
            (EntryKind::SecondCharge | EntryKind::LateCharge | EntryKind::Orphan, _, Some(charge)) => {
                charge.captured_minor.halalas() == entry.moved_minor().unsigned_abs()
            }
            (EntryKind::ChargeReturned, _, Some(charge)) => charge.refunded_minor.halalas() == returned,
            (EntryKind::Assigned, Some(donation), Some(charge)) => {
                charge.kind == ChargeKind::Assigned && charge.donation == Some(donation.id)
            }
            (EntryKind::FeeCharged, Some(donation), _) => donation.back.booked.contains(&place),
            (EntryKind::FeeCharged, None, Some(charge)) => charge.donation == entry.donation,
            (_, _, _) => false,
        };
        (!is_so).then(|| format!("{of} stands at {place:?}, and what it is about does not say so"))
    }

    /// The cursors moved, and with them the totals.
    fn saw_fold(&mut self, read: Read<'_>, cursors: &Value) {
        let mut fresh = Vec::new();
        for chain in ChainId::all() {
            let number = chain.number();
            let to = cursors[format!("c{number}")].as_u64().unwrap_or(0);
            let from = self.folded.insert(number, to).unwrap_or(0);
            fresh.extend((from..to).filter_map(|seq| self.pages.get(&(number, seq))));
            if self.tails.get(&number).map_or(0, |tail| tail.next_seq) < to {
                self.wrong.push(format!("chain {chain} is folded up to {to}, beyond its end"));
            }
        }
        for (item, names) in totals::fold(fresh) {
            let kept = read(TOTALS, &item).unwrap_or_default();
            for (name, change) in names {
                let sum = self.totals.entry(item.clone()).or_default().entry(name.clone()).or_default();
                *sum += change;
                if kept[&name].as_i64().unwrap_or(0) != *sum {
                    self.wrong.push(format!("{item} {name} is {}, and the pages have {sum}", kept[&name]));
                }
            }
        }
    }

    fn saw_shard(&mut self, read: Read<'_>, pk: &str) {
        let of = |opportunity: &&Opportunity| {
            pk.strip_prefix(SHARDS)
                .and_then(|rest| rest.rsplit_once('#'))
                .is_some_and(|(id, _)| id == opportunity.id.as_str())
        };
        let Some(opportunity) = self.targets.iter().find(of) else { return };
        let Some(target) = opportunity.target_minor else { return };
        let items = (0..cap::shards(target)).filter_map(|shard| read(&format!("{SHARDS}{}#{shard}", opportunity.id), "CAP"));
        let mut sum = 0;
        let mut wrong = Vec::new();
        for item in items {
            match parsed::<Escrow>(item) {
                Ok(shard) => {
                    sum += shard.free_minor.halalas() + shard.claims.values().sum::<u64>();
                    let unknown = shard.claims.keys().filter(|id| read(&format!("DON#{id}"), "DON").is_none());
                    wrong.extend(unknown.map(|id| format!("{id} claims {} and is no donation", opportunity.id)));
                }
                Err(why) => wrong.push(format!("{pk}: {why}")),
            }
        }
        let account = Account::Opportunity(opportunity.fund, opportunity.id.clone());
        let settled: u64 = self.settled_for(&account);
        let (id, target) = (&opportunity.id, target.halalas());
        if sum > target || sum + settled < target {
            wrong.push(format!("{id}: {sum} free or claimed and {settled} settled of {target}"));
        }
        self.wrong.extend(wrong);
    }

    fn settled_for(&self, account: &Account) -> u64 {
        let entries = self.pages.values().flat_map(Page::entries).filter(|entry| entry.kind == EntryKind::Settled);
        let transfers = entries.flat_map(|entry| &entry.transfers).filter(|transfer| transfer.credit() == account);
        transfers.map(|transfer| transfer.amount().halalas()).sum()
    }
}

fn parsed<T: DeserializeOwned>(item: Value) -> Result<T, String> {
    serde_json::from_value(item).map_err(|error| format!("it cannot be read: {error}"))
}

fn read_page(item: &Value) -> Result<Page, String> {
    let body = item["body"].as_str().ok_or("it has no body")?;
    let bytes = BASE64.decode(body.as_bytes()).map_err(|error| error.to_string())?;
    Page::read(&bytes).map_err(|error| error.to_string())
}
