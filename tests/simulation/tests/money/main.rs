//! The rules about money, broken on purpose in a run of the whole platform: each is told, and once it is put right again nothing is.

#![allow(clippy::unwrap_used)]

mod bank;
mod held;
mod raw;

use std::cell::RefCell;

use data_encoding::BASE64;
use domain::donation::{Donation, State};
use domain::hash::Hash;
use domain::id::DonationId;
use domain::journal::{Account, Entry, EntryKind, Page, Transfer};
use domain::money::Money;
use domain::proof::key;
use serde_json::{Value, json};
use simulation::checks::books::{self, Books};
use simulation::checks::escrow;
use simulation::checks::money::{self, Looked};
use simulation::ledger::AT_ONCE;
use simulation::world::World;
use simulation::{Plan, play_meddled};

use crate::raw::{Raw, broken, donation, nothing_else, one_more, place, told, told_nothing, written};

/// Gifts of money alone: what is sold by the share has its own tests.
fn plan() -> Plan {
    Plan { sacrifices: 0, ..Plan::new(4, 25) }
}

/// A hash with its first digit changed.
fn other_hash(hash: &mut Value) {
    let text = hash["S"].as_str().unwrap();
    let first = if text.starts_with('0') { "1" } else { "0" };
    hash["S"] = json!(format!("{first}{}", &text[1..]));
}

/// Somebody's gift in this state.
fn one(looked: &money::Looked, of: impl Fn(&Donation) -> bool) -> &Donation {
    looked.donations.iter().find(|donation| of(donation)).expect("the seed has such a gift")
}

async fn pages(raw: &Raw<'_>, looked: &money::Looked) {
    let page = looked.pages().iter().rfind(|page| !page.entries().is_empty()).unwrap();
    let (pk, sk) = place(page);
    let rule = format!("page {} of chain {} cannot be read", page.seq, page.chain);
    let flipped = |body: &mut Value| {
        let mut bytes = BASE64.decode(body["B"].as_str().unwrap().as_bytes()).unwrap();
        bytes[0] ^= 1;
        body["B"] = json!(BASE64.encode(&bytes));
    };
    raw.sets((&pk, &sk), "body", flipped, &[&rule]).await;
    // A page that says something else, in good order: the next one does not follow it, and the day has another root.
    let yesterday = raw.0.stage.now().day().previous();
    let mut of_the_day = looked.pages().iter().filter(|page| page.day == yesterday);
    let has = |page: &Page, kind| page.entries().iter().any(|entry| entry.kind == kind);
    // What was assigned came in twice and went once: without its page it would look like an orphan still.
    let is_plain = |page: &&Page| has(page, EntryKind::Settled) && !has(page, EntryKind::Assigned);
    let sealed = of_the_day.find(is_plain).expect("a gift is booked before the midnight");
    let mut later = sealed.clone();
    later.written_at = sealed.written_at.plus_seconds(-1);
    let (pk, sk) = place(sealed);
    raw.breaks((&pk, &sk), |item| *item = Some(written(&later)), &["the page before it has another hash"]).await;
    raw.breaks((&pk, &sk), |item| *item = None, &["stands where", "the pages have the root", "was booked 0 times"]).await;
    // The last page of a chain has none that follows: only whoever has read it before can tell.
    let last = looked.pages().iter().rfind(|page| page.chain == sealed.chain).unwrap();
    let (mut other, key) = (last.clone(), place(last));
    other.written_at = last.written_at.plus_seconds(1);
    raw.put(&key, Some(written(&other))).await;
    let (mut wrong, mut unread) = (Vec::new(), Vec::new());
    let now = Books::read(&raw.0.stage.table, &mut unread).await.unwrap();
    looked.books.stand_in(&now, &mut wrong);
    assert_eq!(wrong, [format!("page {} of chain {} is not what it was", last.seq, last.chain)]);
    raw.put(&key, Some(written(last))).await;
    told_nothing(raw.0).await;
}

/// An entry of a kind that the seed has booked.
fn booked(looked: &money::Looked, of: impl Fn(EntryKind) -> bool) -> Entry {
    let mut entries = looked.pages().iter().flat_map(Page::entries);
    entries.find(|entry| of(entry.kind)).expect("the seed books such an entry").clone()
}

async fn entries(raw: &Raw<'_>, looked: &money::Looked) {
    let settled = booked(looked, |kind| kind == EntryKind::Settled);
    let id = settled.donation.unwrap();
    let (twice, payment) = (format!("donation {id} was settled twice"), settled.payment.payment.clone());
    let of_payment = format!("payment {payment} of");
    raw.books(3, settled, &[&twice, &of_payment, "was booked 2 times", "is not folded"]).await;
    let kept = booked(looked, |kind| matches!(kind, EntryKind::SecondCharge | EntryKind::LateCharge | EntryKind::Orphan));
    raw.books(4, kept, &["was booked 2 times"]).await;
    let mut unknown = booked(looked, |kind| kind == EntryKind::Orphan);
    unknown.payment.payment = "00000000-0000-4000-8000-000000000009".parse().unwrap();
    raw.books(5, unknown, &["is booked, but the provider knows none"]).await;
    let mut strange = booked(looked, |kind| kind == EntryKind::Settled);
    strange.donation = Some(DonationId::from_bytes([9; 16]));
    raw.books(6, strange, &["which is not in the table"]).await;
    let of_all = Money::from_riyals(40_000_000).unwrap();
    let clearing = Account::Clearing(domain::payment::Provider::Moyasar);
    let owed = Transfer::new(Account::RefundsPayable, clearing, of_all).unwrap();
    let back = Entry { kind: EntryKind::ChargeReturned, transfers: vec![owed], ..booked(looked, |_| true) };
    raw.books(7, back, &["refunds_payable stands at -"]).await;
    // No page can give two gifts one number; whoever counts pages twice is told.
    let (mut wrong, page) = (Vec::new(), looked.pages().iter().find(|page| !page.entries().is_empty()).unwrap());
    books::serials(&[page.clone(), page.clone()], &mut wrong);
    assert_eq!(wrong.len(), page.entries().iter().filter(|entry| entry.kind == EntryKind::Settled).count());
}

async fn donations(raw: &Raw<'_>, looked: &money::Looked) {
    let settled = one(looked, |donation| matches!(donation.state, State::Settled { .. }));
    let at = donation(&settled.id);
    let rule = format!("donation {} is expired and stands at", settled.id);
    raw.sets((&at, "DON"), "state", |state| *state = json!({"S": "expired"}), &[&rule]).await;
    let rule = format!("donation {} stands at", settled.id);
    raw.sets((&at, "DON"), "place", |place| one_more(&mut place["M"]["seq"]), &[&rule]).await;
    raw.breaks((&at, "DON"), |item| *item = None, &["which is not in the table"]).await;
    let disputed = json!({"M": {"disputed_minor": {"N": "100"}, "outcome": {"S": "open"}}});
    let rules = ["is disputed without a case", "stand in the account of disputes"];
    raw.sets((&at, "DON"), "dispute", |dispute| *dispute = disputed, &rules).await;
    let refund = json!({"M": {
        "id": {"S": "00000000000040008000000000000009"}, "parts": {"L": [{"M": {"line": {"N": "0"}, "amount_minor": {"N": "1"}}}]},
        "reason": {"S": "mistake"}, "asked_by": {"S": "a"}, "asked_at": {"N": "1795467600000"},
        "stage": {"S": "done"}, "by": {"S": "b"}, "at": {"N": "1795467600000"},
    }});
    let agreed = |stage: &str| {
        let mut refund = refund.clone();
        refund["M"]["stage"] = json!({ "S": stage });
        refund["M"]["target_minor"] = json!({"N": "1"});
        json!({ "L": [refund] })
    };
    raw.sets((&at, "DON"), "refunds", |refunds| *refunds = agreed("done"), &["were agreed to"]).await;
    raw.sets((&at, "DON"), "refunds", |refunds| *refunds = agreed("approved"), &["never given back"]).await;
    raw.sets((&at, "DON"), "refunds", |refunds| *refunds = agreed("refused"), &["was refused without a case"]).await;
    let charge = looked.charges.iter().find(|charge| !charge.refunded_minor.is_zero()).expect("a charge was given back");
    let at = format!("PAY#{}#{}", charge.payment.provider, charge.payment.payment);
    raw.sets((&at, "PAY"), "refunded_minor", |sum| *sum = json!({"N": "0"}), &["still owes"]).await;
}

async fn holds(raw: &Raw<'_>, looked: &money::Looked) {
    let capped = raw.0.opportunities.iter().find(|opportunity| opportunity.target_minor.is_some()).unwrap();
    let (at, id) = (format!("CAP#{}#0", capped.id), DonationId::from_bytes([9; 16]));
    let claim = |claims: &mut Value| claims["M"][id.to_string()] = json!({"N": "100"});
    raw.sets((&at, "CAP"), "claims", claim, &["claims without a pending donation"]).await;
    raw.sets((&at, "CAP"), "free_minor", one_more, &["gone back"]).await;
    // While a run goes on, too.
    let before = raw.item(&(at.clone(), "CAP".to_owned())).await;
    let mut item = before.clone();
    claim(&mut item.as_mut().unwrap()["claims"]);
    item.as_mut().unwrap()["free_minor"] = json!({"N": "10000000"});
    raw.put(&(at.clone(), "CAP".to_owned()), item).await;
    let mut wrong = Vec::new();
    escrow::claims(raw.0, &mut Books::default(), &mut wrong).await.unwrap();
    let tells = |wrong: &[String], rule: &str| wrong.iter().any(|wrong| wrong.contains(rule));
    assert!(tells(&wrong, "without a donation") && tells(&wrong, "are free or claimed of"), "{wrong:#?}");
    let mut item = before.clone();
    item.as_mut().unwrap()["free_minor"] = json!({"N": "0"});
    item.as_mut().unwrap()["claims"] = json!({"M": {}});
    raw.put(&(at.clone(), "CAP".to_owned()), item).await;
    let mut wrong = Vec::new();
    escrow::claims(raw.0, &mut Books::default(), &mut wrong).await.unwrap();
    assert!(tells(&wrong, "settled are less than"), "{wrong:#?}");
    raw.put(&(at, "CAP".to_owned()), before).await;
    told_nothing(raw.0).await;
    let unpaid = one(looked, |donation| donation.place.is_none());
    let waits = |item: &mut Option<Value>| {
        let item = item.as_mut().unwrap();
        item["state"] = json!({"S": "awaiting"});
        item["expires_at"] = item["made_at"].clone();
        item["hold"] = json!({"L": [{"M": {
            "opportunity": {"S": capped.id.as_str()}, "shard": {"N": "0"}, "amount_minor": {"N": "100"},
        }}]});
    };
    raw.breaks((&donation(&unpaid.id), "DON"), waits, &["and holds what it no longer may"]).await;
}

async fn cases(raw: &Raw<'_>) {
    let all = raw.0.stage.items("CASE#").await.unwrap();
    let of = |reason: &str| all.iter().find(|case| case["reason"] == reason).expect("the seed has such a case");
    let at = of("donation_unknown")["pk"].as_str().unwrap();
    raw.breaks((at, "CASE"), |item| *item = None, &["a stranger paid"]).await;
    let other = |reason: &mut Value| *reason = json!({"S": "statement_gap"});
    raw.sets((at, "CASE"), "reason", other, &["a case without a cause", "a stranger paid"]).await;
    let mut twin = raw.item(&(at.to_owned(), "CASE".to_owned())).await.unwrap();
    (twin["pk"], twin["reason"]) = (json!({"S": "CASE#00000000000000000000000000000009"}), json!({"S": "statement_gap"}));
    let at = ("CASE#00000000000000000000000000000009", "CASE");
    raw.breaks(at, |item| *item = Some(twin), &["a case without a cause"]).await;
}

async fn totals(raw: &Raw<'_>) {
    let account = |item: &mut Option<Value>| {
        let (_, sum) =
            item.as_mut().unwrap().as_object_mut().unwrap().iter_mut().find(|(name, _)| name.starts_with("c:")).unwrap();
        one_more(sum);
    };
    raw.breaks(("TOT", "ACC"), account, &["totals differ from the journal up to the cursors"]).await;
    raw.sets(("TOT", "CURSOR"), "c15", one_more, &["folded beyond the end of chain 15"]).await;
}

async fn published(raw: &Raw<'_>) {
    let day = raw.0.stage.now().day().previous();
    let at = format!("SEAL#{day}");
    let root = |stated: &mut Value| other_hash(&mut stated["M"]["root"]);
    raw.sets((&at, "SEAL"), "stated", root, &["the pages have the root"]).await;
    let log = |stated: &mut Value| other_hash(&mut stated["M"]["log_root"]);
    raw.sets((&at, "SEAL"), "stated", log, &["the log is not the one that was stated"]).await;
    let seal = |chains: &mut Value| other_hash(&mut chains["L"][3]["M"]["hash"]);
    raw.sets((&at, "SEAL"), "chains", seal, &["is not what was written down"]).await;
    raw.breaks((&at, "SEAL"), |item| *item = None, &["is not closed", "is not published"]).await;
    // The document that anybody can read.
    let (bucket, name) = (raw.0.stage.bucket().unwrap(), key::day(day));
    let before = bucket.fetch(&name).await.unwrap().unwrap();
    let mut told_of: Value = serde_json::from_slice(&before).unwrap();
    let record = told_of["record"].as_str().unwrap().replace(&root_in(&told_of), &Hash::of(&[b"another"]).to_string());
    told_of["record"] = json!(record);
    bucket.keep(&name, "application/json", told_of.to_string().into_bytes()).await.unwrap();
    let wrong = told(raw.0).await;
    assert!(wrong.iter().any(|wrong| wrong.contains("and published is")), "{wrong:#?}");
    bucket.keep(&name, "application/json", before).await.unwrap();
    told_nothing(raw.0).await;
}

/// The root that a record tells: its only long word of hex.
fn root_in(told: &Value) -> String {
    let words = told["record"].as_str().unwrap().split_whitespace();
    words.filter(|word| word.len() == 64).map(str::to_owned).next().expect("a record tells a root")
}

/// One run for all of them: it takes seconds.
#[test]
fn what_is_broken_on_purpose_is_told() {
    let report = broken(&plan(), async |raw: &Raw<'_>, looked: &Looked| {
        pages(raw, looked).await;
        entries(raw, looked).await;
        donations(raw, looked).await;
        holds(raw, looked).await;
        cases(raw).await;
        totals(raw).await;
        published(raw).await;
    });
    // What was written on the way was noticed as it was written, and nothing is left of it at the end.
    let at_once = |rule: &str| report.violations.iter().any(|wrong| wrong.starts_with(AT_ONCE) && wrong.contains(rule));
    for rule in [
        "cannot be read",
        "is written a second time",
        "is settled a second time",
        "comes in a second time",
        "and what it is about does not say so",
        "refunds_payable stands at -",
        "beyond its end",
        "and is no donation",
        "free or claimed and",
    ] {
        assert!(at_once(rule), "{rule}: {:#?}", report.violations);
    }
    nothing_else(&report, "");
}

/// The totals recounted from outside, which makes a table of its own: once in a run.
#[test]
fn a_total_that_is_off_by_one_is_recounted() {
    let report = play_meddled(&plan(), async |world: &World| {
        let raw = Raw(world, RefCell::default());
        let key = ("TOT".to_owned(), "ACC".to_owned());
        let mut item = raw.item(&key).await.unwrap();
        one_more(&mut item["c:suspense"]);
        raw.put(&key, Some(item)).await;
        Ok(())
    })
    .unwrap();
    let tells = |rule: &str| report.violations.iter().any(|wrong| wrong.contains(rule));
    assert!(tells("a total differs from its recount"), "{:#?}", report.violations);
}
