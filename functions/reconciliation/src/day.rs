//! A sealed day, three ways: the provider's list, the books, the bank.
//!
//! | held against each other | how |
//! |---|---|
//! | every payment *begun* on the day, by the provider's list | with the donation or charge that has it, by key: taken, given back, fee |
//! | every payment with an entry in the day's books that was begun on another day | with the provider's answer when asked for it by its id |
//! | what the provider has paid out on the day, by the bank's statements | with what it had collected: it cannot pay out more |
//! | what the provider holds at the day's end | with what it collected within [`PAYOUT_DAYS`]: what is older should have been paid out |
//! | what is in the bank, by the books | with the balances of its statements |
//! | every payment that came in on the day, by the books | with what came in before: none comes in twice ([`crate::twice`]) |
//!
//! The list is by when a payment was begun, because that never changes: so each payment is on exactly one day's list, on whichever day it was taken, given back or
//! booked, and figures of a payment are all that ever happened to it. Moyasar does not tell of every payment when it was captured, and what it tells moves with a refund.
//!
//! Pages are read with every proof that the books have of themselves.
//!
//! **Promise.** The same day gives the same document: it is written last, once, and read from then on. Each payment ends matched, without money, or with one case. What
//! changed within [`REST_SECS`] is waited for: the run fails, and is repeated.
//!
//! **Bounds.** Eight calls at a time with forty payments each: at a third of a second a call some 850,000 payments in a quarter of an hour, with eight bytes of memory
//! each. A larger day does not come to its end, which wakes a person.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::case::{Case, Reason};
use domain::hash::Hash;
use domain::id::DonationId;
use domain::journal::{Account, ChainId, Entry, EntryKind, Movement, MovementKind, Page};
use domain::moment::{Day, Moment};
use domain::money::Money;
use domain::payment::{PaymentRef, Provider};
use domain::reconcile::payment::{Difference, Figures, Known, Standing, Told};
use domain::reconcile::tally::Tally;
use futures_util::future::try_join_all;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use platform::bucket::BucketError;
use platform::{books, telemetry};
use providers::{Payment, ProviderError, Time};
use serde::Serialize;
use serde_json::{Value, json};

use crate::list::{AT_ONCE, Reader};
use crate::minutes::report;
use crate::twice::{Incomes, Twice};
use crate::{Deps, ReconcileError, bank, known, open};

/// A payment that changed within so long before the run is not at rest.
pub const REST_SECS: i64 = 900;
/// Days within which a provider pays out what it collected, with weekends and holidays between.
pub const PAYOUT_DAYS: usize = 7;
/// Cases that the document names at most; the others are only counted.
const MOST_NAMED: usize = 1_000;
/// Payments that are compared at a time.
const AT_A_TIME: usize = 200;

/// How often it is looked how far the follower has come: for a minute and a half. It folds within seconds, and is asked to each minute.
const FOLLOWERS_LOOKS: u32 = 45;
/// Between two looks.
const FOLLOWERS_LOOK: Duration = Duration::from_secs(2);

/// Where the document of a day stands.
pub fn key(day: Day) -> String {
    format!("reconciliation/day/{day}.json")
}

/// A difference, as the document names it.
#[derive(Debug, Serialize)]
struct Named {
    case: String,
    reason: &'static str,
    amount_minor: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentRef>,
}

/// What the day's books say of the bank, in halalas.
#[derive(Debug, Default, Serialize)]
struct BankLeg {
    payouts: u64,
    paid_out_minor: i64,
    unexplained: u64,
    unexplained_in_minor: i64,
    unexplained_out_minor: i64,
    /// What left the provider's clearing otherwise: given back, kept, disputed.
    #[serde(skip)]
    other_credits_minor: i64,
}

/// Everything that a run gathers.
#[derive(Debug, Default)]
struct Findings {
    seen: BTreeSet<u64>,
    begun: Tally,
    others: Tally,
    differences: u64,
    named: Vec<Named>,
    in_flight: usize,
    /// Cases of payments that were booked twice, which are met from both sides and count once.
    twice: BTreeSet<String>,
    /// When payments were begun that the day's list does not have.
    begun_at: BTreeMap<u64, Moment>,
}

/// Compares a day; answers with where its document stands and how many differences it has.
///
/// # Errors
/// When the day is not sealed, something is not at rest, or something cannot be reached. No document is written then; cases that were opened stay.
pub async fn run(deps: &Deps, day: Day) -> Result<Value, ReconcileError> {
    if let Some(written) = deps.bucket.fetch(&key(day)).await? {
        return answer(day, &written);
    }
    let seal = deps.table.day_seal(day).await?.ok_or(ReconcileError::NotSealed(day))?;
    let mut findings = Findings::default();
    list(deps, day, &mut findings).await?;
    let mut pages =
        Pages { seen: &findings.seen, others: BTreeMap::new(), bank: BankLeg::default(), incomes: Incomes::default() };
    let figures = books::read(&deps.table, &seal, &mut pages).await.map_err(|error| ReconcileError::Books(day, error))?;
    let Pages { others, bank, incomes, .. } = pages;
    compare_others(deps, others, &mut findings).await?;
    let Twice { cases, not_looked_for } = incomes.twice(deps, day, &findings.begun_at).await?;
    for case in cases {
        findings.open(deps, &case).await?;
    }
    if findings.in_flight > 0 {
        return Err(ReconcileError::InFlight(findings.in_flight));
    }
    let balances = balances(deps, day, &bank, &mut findings).await?;
    let document = json!({
        "form": 1,
        "day": day,
        "provider": Provider::Moyasar,
        "begun_on_the_day": findings.begun,
        "booked_on_the_day_begun_before": findings.others,
        "books": { "entries": figures.entries, "movements": figures.movements },
        "not_looked_for_before": not_looked_for,
        "bank": bank,
        "balances": balances,
        "differences": findings.differences,
        "cases": findings.named,
    });
    let bytes = document.to_string().into_bytes();
    deps.bucket.keep(&key(day), "application/json", bytes.clone()).await?;
    telemetry::count("reconciliation", "ReconciledDays", 1);
    telemetry::count("reconciliation", "Differences", findings.differences);
    answer(day, &bytes)
}

fn answer(day: Day, written: &[u8]) -> Result<Value, ReconcileError> {
    let document: Value =
        serde_json::from_slice(written).map_err(|_| ReconcileError::Ours("the day's document is not JSON"))?;
    Ok(json!({ "day": day, "document": key(day), "differences": document["differences"] }))
}

/// Every payment begun on the day.
async fn list(deps: &Deps, day: Day, findings: &mut Findings) -> Result<(), ReconcileError> {
    let provider = deps.providers.of(Provider::Moyasar);
    let mut reader = Reader::new(provider, Time::Made, day.start(), day.next().start());
    while let Some(slice) = reader.next().await? {
        for id in slice.unreadable {
            let payment = PaymentRef { provider: Provider::Moyasar, payment: id };
            if findings.seen.insert(fingerprint(&payment)) {
                let difference = Difference { reason: Reason::Malformed, amount_minor: Money::ZERO };
                let case = case(Some(&payment), None, difference, json!({ "listed_on": day }).to_string(), deps.clock.now());
                findings.begun.differences += 1;
                findings.open(deps, &case).await?;
            }
        }
        let mut fresh = slice.payments;
        fresh.retain(|payment| findings.seen.insert(fingerprint(&payment.payment)));
        while !fresh.is_empty() {
            let rest = fresh.split_off(fresh.len().min(AT_A_TIME));
            compare(deps, std::mem::replace(&mut fresh, rest), findings, Of::Begun).await?;
        }
    }
    Ok(())
}

/// Eight bytes that stand for a payment: that two of a day have the same is less likely than a meteorite.
pub(crate) fn fingerprint(payment: &PaymentRef) -> u64 {
    let hash = Hash::of(&[payment.provider.code().as_bytes(), b"#", payment.payment.as_str().as_bytes()]);
    hash.bytes().iter().take(8).fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// Which of the two comparisons a payment is in.
#[derive(Debug, Clone, Copy)]
enum Of {
    Begun,
    Others,
}

async fn compare(deps: &Deps, mut payments: Vec<Payment>, findings: &mut Findings, of: Of) -> Result<(), ReconcileError> {
    let now = deps.clock.now();
    let books = known::look(&deps.table, deps.providers.of(Provider::Moyasar), &mut payments).await?;
    let mut missing = Vec::new();
    for payment in &payments {
        let told = books.told(payment);
        let known = books.known(&told.payment, told.donation);
        let standing = findings.tally(of).add(&told, known);
        let Some(difference) = standing.difference() else { continue };
        if matches!(standing, Standing::Behind(_)) {
            if payment.changed_at > now.plus_seconds(-REST_SECS) {
                findings.in_flight += 1;
                continue;
            }
            missing.push(report(payment));
        }
        let evidence = evidence(payment, &told, known);
        // What was nobody's has its case already, about the donation that it named then, if any.
        let is_nobodys = difference.reason == Reason::DonationUnknown;
        let donation = if is_nobodys { known.charge.and_then(|charge| charge.donation) } else { told.donation };
        let case = case(Some(&told.payment), donation, difference, evidence.to_string(), now);
        findings.open(deps, &case).await?;
    }
    deps.verification.send_all(missing).await?;
    Ok(())
}

/// What both sides say of a payment, and what people took of it out of suspense.
pub(crate) fn evidence(payment: &Payment, told: &Told, known: Known<'_>) -> Value {
    let mut evidence = json!({
        "provider": { "status": payment.status, "currency": told.currency, "figures": told.figures },
        "books": known.booked(&told.payment),
    });
    if let Some(charge) = known.charge.filter(|charge| !charge.out().is_zero()) {
        evidence["out_of_suspense_minor"] = json!(charge.out().halalas());
    }
    evidence
}

impl Findings {
    const fn tally(&mut self, of: Of) -> &mut Tally {
        match of {
            Of::Begun => &mut self.begun,
            Of::Others => &mut self.others,
        }
    }

    async fn open(&mut self, deps: &Deps, case: &Case) -> Result<(), ReconcileError> {
        let id = open(deps, case).await?;
        if case.reason == Reason::BookedTwice && !self.twice.insert(id.clone()) {
            return Ok(());
        }
        self.differences += 1;
        if self.named.len() < MOST_NAMED {
            let (reason, amount_minor, payment) = (case.reason.code(), case.amount_minor.halalas(), case.payment.clone());
            self.named.push(Named { case: id, reason, amount_minor, payment });
        }
        Ok(())
    }
}

/// What the day's pages have of payments that the day's list did not have, and of the bank.
struct Pages<'a> {
    seen: &'a BTreeSet<u64>,
    others: BTreeMap<PaymentRef, Option<DonationId>>,
    bank: BankLeg,
    incomes: Incomes,
}

impl books::Reader for Pages<'_> {
    async fn page(&mut self, page: Page) -> Result<(), BucketError> {
        for entry in page.entries() {
            self.take_entry(entry);
        }
        self.incomes.take(&page, |payment| self.seen.contains(payment));
        page.movements().iter().for_each(|movement| take_movement(movement, &mut self.bank));
        Ok(())
    }
}

impl Pages<'_> {
    fn take_entry(&mut self, entry: &Entry) {
        if !self.seen.contains(&fingerprint(&entry.payment)) {
            let donation = self.others.entry(entry.payment.clone()).or_default();
            *donation = donation.or(entry.donation);
        }
        // What was found to be a donation's comes back at once, and nothing moved at the provider.
        let moved = entry.transfers.iter().filter(|_| entry.kind != EntryKind::Assigned);
        let left = moved.filter(|transfer| matches!(transfer.credit(), Account::Clearing(_)));
        self.bank.other_credits_minor += left.map(|transfer| transfer.amount().signed_halalas()).sum::<i64>();
    }
}

fn take_movement(movement: &Movement, bank: &mut BankLeg) {
    for transfer in &movement.transfers {
        let amount = transfer.amount().signed_halalas();
        match movement.kind {
            MovementKind::PaidOut => {
                bank.payouts += 1;
                bank.paid_out_minor += amount;
            }
            MovementKind::Unexplained => {
                bank.unexplained += 1;
                let is_in = *transfer.debit() == Account::Bank;
                let side = if is_in { &mut bank.unexplained_in_minor } else { &mut bank.unexplained_out_minor };
                *side += amount;
            }
            MovementKind::Granted
            | MovementKind::Paid
            | MovementKind::Recalled
            | MovementKind::Repaid
            | MovementKind::Corrected
            | MovementKind::Completed => {}
        }
    }
}

/// Payments in the day's books that were begun on another day: the provider is asked for each.
async fn compare_others(
    deps: &Deps,
    others: BTreeMap<PaymentRef, Option<DonationId>>,
    findings: &mut Findings,
) -> Result<(), ReconcileError> {
    let others: Vec<(PaymentRef, Option<DonationId>)> = others.into_iter().collect();
    for chunk in others.chunks(AT_A_TIME) {
        let calls = chunk.iter().map(|(payment, donation)| ask(deps, payment, *donation).boxed());
        let calls: Vec<_> = calls.collect();
        let asked: Vec<Asked<'_>> = stream::iter(calls).buffered(AT_ONCE).try_collect().await?;
        let (mut answered, mut unknown, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        for (payment, donation, answer) in asked {
            match answer {
                Ok(answer) => answered.push(answer),
                Err(Refused::Unknown) => unknown.push((payment, donation)),
                Err(Refused::Unreadable) => unreadable.push((payment, donation)),
            }
        }
        let begun = |payment: &Payment| Some((fingerprint(&payment.payment), payment.begun_at?));
        findings.begun_at.extend(answered.iter().filter_map(begun));
        compare(deps, answered, findings, Of::Others).await?;
        let books = known::Books::of(&deps.table, unknown.iter().chain(&unreadable).copied()).await?;
        for (reason, payments) in [(Reason::PaymentUnknown, unknown), (Reason::Malformed, unreadable)] {
            for (payment, donation) in payments {
                let booked = books.known(payment, donation).booked(payment).unwrap_or_default();
                findings.others.add_unknown(booked);
                let evidence = json!({ "provider": Value::Null, "books": booked }).to_string();
                let difference = Difference { reason, amount_minor: booked_amount(reason, booked) };
                let case = case(Some(payment), donation, difference, evidence, deps.clock.now());
                findings.open(deps, &case).await?;
            }
        }
    }
    Ok(())
}

const fn booked_amount(reason: Reason, booked: Figures) -> Money {
    // A payment that cannot be read is the same matter from whichever side it was met.
    if matches!(reason, Reason::Malformed) { Money::ZERO } else { booked.captured_minor }
}

/// Why the provider did not tell of a payment.
enum Refused {
    Unknown,
    Unreadable,
}

type Asked<'a> = (&'a PaymentRef, Option<DonationId>, Result<Payment, Refused>);

async fn ask<'a>(deps: &Deps, payment: &'a PaymentRef, donation: Option<DonationId>) -> Result<Asked<'a>, ReconcileError> {
    let answer = match deps.providers.of(payment.provider).payment(&payment.payment).await {
        Ok(answer) => Ok(answer),
        Err(ProviderError::NotFound | ProviderError::Refused { .. }) => Err(Refused::Unknown),
        Err(ProviderError::Unreadable(_)) => Err(Refused::Unreadable),
        Err(error) => return Err(error.into()),
    };
    Ok((payment, donation, answer))
}

/// What the provider held at the day's end and what is in the bank, by the books and by the statements; neither may contradict the other.
///
/// That the provider holds less than nothing is no difference by itself: it keeps its fee of what was given back, and gives back what it has paid out before. It is one when
/// it has paid out on the day and would hold less than nothing even without what else left it on the day.
async fn balances(deps: &Deps, day: Day, bank: &BankLeg, findings: &mut Findings) -> Result<Value, ReconcileError> {
    let before = deps.table.bank_accounts().await?;
    wait_for_the_follower(deps).await?;
    let since = moved_since(deps, day).await?;
    let kept = deps.table.totals("ACC").await?.remove("ACC").unwrap_or_default();
    let accounts = deps.table.bank_accounts().await?;
    let clearing = net(&kept, &Account::Clearing(Provider::Moyasar)) - since;
    let by_books = net(&kept, &Account::Bank);
    let stated: i64 = accounts.iter().filter_map(|account| account.closing_minor).sum();
    let is_at_rest = accounts == before && accounts.iter().all(|account| account.claimed.is_none());
    let beyond = bank.paid_out_minor.min(-(clearing + bank.other_credits_minor));
    if beyond > 0 {
        let evidence = json!({ "provider": Provider::Moyasar, "day": day, "held_minor": clearing, "bank": bank });
        findings.open(deps, &bank::matter(deps, Reason::PayoutDiffers, magnitude(beyond), &evidence)).await?;
    }
    let late = clearing - collected_lately(deps, day).await?;
    if late > 0 {
        let evidence = json!({ "provider": Provider::Moyasar, "day": day, "held_minor": clearing, "bank": bank });
        findings.open(deps, &bank::matter(deps, Reason::PayoutLate, magnitude(late), &evidence)).await?;
    }
    if is_at_rest && stated != by_books {
        let evidence = json!({ "books_minor": by_books, "statements_minor": stated });
        findings.open(deps, &bank::matter(deps, Reason::BankDiffers, magnitude(by_books - stated), &evidence)).await?;
    }
    Ok(json!({ "held_by_provider_minor": clearing, "bank_by_books_minor": by_books, "bank_by_statements_minor": stated }))
}

/// Debits less credits of an account.
fn net(sums: &BTreeMap<String, i64>, account: &Account) -> i64 {
    let side = |side: &str| sums.get(&format!("{side}:{}", account.balance())).copied().unwrap_or_default();
    side("d") - side("c")
}

/// What came to the provider on the day and those before it, [`PAYOUT_DAYS`] in all. If it holds more, some of that is older, whatever of it left since. What was an orphan and was found counts twice in it: so
/// much later a case may be.
async fn collected_lately(deps: &Deps, day: Day) -> Result<i64, ReconcileError> {
    let (mut day, mut collected) = (day, 0);
    for _ in 0..PAYOUT_DAYS {
        let item = format!("DAY#{day}");
        let sums = deps.table.totals(&item).await?.remove(&item).unwrap_or_default();
        collected += sums.get(&format!("d:{}", Account::Clearing(Provider::Moyasar).balance())).copied().unwrap_or_default();
        day = day.previous();
    }
    Ok(collected)
}

/// What moved at the provider on the days after this one.
async fn moved_since(deps: &Deps, day: Day) -> Result<i64, ReconcileError> {
    let (today, mut next, mut moved) = (deps.clock.now().day(), day.next(), 0);
    while next <= today {
        let item = format!("DAY#{next}");
        let sums = deps.table.totals(&item).await?.remove(&item).unwrap_or_default();
        moved += net(&sums, &Account::Clearing(Provider::Moyasar));
        next = next.next();
    }
    Ok(moved)
}

/// Until every page that stands now is folded.
async fn wait_for_the_follower(deps: &Deps) -> Result<(), ReconcileError> {
    let tails = try_join_all(ChainId::all().map(|chain| deps.table.tail(chain))).await?;
    for _ in 0..FOLLOWERS_LOOKS {
        let cursors = deps.table.cursors().await?;
        if tails.iter().all(|tail| cursors.of(tail.chain) >= tail.next_seq) {
            return Ok(());
        }
        tokio::time::sleep(FOLLOWERS_LOOK).await;
    }
    Err(ReconcileError::Behind)
}

fn magnitude(sum: i64) -> Money {
    Money::from_halalas(sum.unsigned_abs()).unwrap_or(Money::ZERO)
}

/// The matter of a difference.
pub(crate) fn case(
    payment: Option<&PaymentRef>,
    donation: Option<DonationId>,
    difference: Difference,
    evidence: String,
    now: Moment,
) -> Case {
    let Difference { reason, amount_minor } = difference;
    // Whoever finds that, from the payment or in the books, finds the same matter.
    let donation = donation.filter(|_| reason != Reason::BookedTwice);
    Case { reason, payment: payment.cloned(), donation, refund: None, amount_minor, evidence, opened_at: now }
}
