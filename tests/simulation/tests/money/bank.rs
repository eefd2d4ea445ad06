//! The bank, the sealed day, corrections and erasures: the rules about them, broken on purpose.

use std::time::Duration;

use domain::hash::Hash;
use domain::journal::{Account, ChainId, Movement, MovementKind, Page, PageKind, Transfer};
use domain::money::Money;
use domain::receipt;
use serde_json::{Value, json};
use simulation::Plan;
use simulation::bank::INCOMING;
use simulation::checks::erased;
use simulation::checks::money::Looked;
use simulation::days::Told;
use simulation::world::World;

use crate::raw::{Raw, broken, donation, nothing_else, one_more, place, told, told_nothing, written};

fn plan(seed: u64) -> Plan {
    Plan { sacrifices: 0, ..Plan::new(seed, 60) }
}
/// A run with payouts, lines that nobody explains, statements that are late, twice and cut off, and corrections that are done and declined.
const SEED: u64 = 13;
/// A run in which gifts are erased whose donors have a data key, and others.
const ERASES: u64 = 4;
/// After so long every index says what its table does.
const INDEXED: Duration = Duration::from_secs(60);

/// With a page more, which has this movement, every one of the rules is told.
pub async fn moves(raw: &Raw<'_>, chain: u8, movement: Movement, rules: &[&str]) {
    let chain = ChainId::new(chain).unwrap();
    let page = raw.0.stage.table.tail(chain).await.unwrap().write_movements(vec![movement], raw.0.stage.now());
    let (pk, sk) = place(&page);
    raw.breaks((&pk, &sk), |item| *item = Some(written(&page)), rules).await;
}

/// The movement of this kind that the seed books, and its page.
fn booked(looked: &Looked, kind: MovementKind) -> (&Page, &Movement) {
    let of = |page: &&Page| page.movements().iter().any(|movement| movement.kind == kind);
    let page = looked.pages().iter().find(of).expect("the seed books such a movement");
    (page, &page.movements()[0])
}

/// What is said is told while it is so, and no longer.
async fn is_told(world: &World, rules: &[&str]) {
    let told = told(world).await;
    for rule in rules {
        assert!(told.iter().any(|wrong| wrong.contains(rule)), "{rule}: {told:#?}");
    }
}

async fn lines(raw: &Raw<'_>, looked: &Looked) {
    let (_, paid_out) = booked(looked, MovementKind::PaidOut);
    let rules = ["is booked a second time", "and its last statement ends with"];
    moves(raw, 3, paid_out.clone(), &rules).await;
    let other = Movement { reference: Hash::of(&[b"another line"]), ..paid_out.clone() };
    moves(raw, 4, other, &["and no statement says so", "and its last statement ends with"]).await;
    let more = Transfer::new(Account::Bank, Account::BankSuspense, Money::from_riyals(7_000).unwrap()).unwrap();
    let (page, unexplained) = booked(looked, MovementKind::Unexplained);
    let mut other = page.clone();
    other.kind = PageKind::Movements { movements: vec![Movement { transfers: vec![more], ..unexplained.clone() }] };
    let (pk, sk) = place(page);
    raw.breaks((&pk, &sk), |item| *item = Some(written(&other)), &["is not booked as it stands there"]).await;
    let kind = MovementKind::Recalled;
    let own = Transfer::new(Account::Receivable(fund(raw), charity(raw)), opportunity(raw), Money::from_riyals(1).unwrap());
    let (reference, happened_at) = (Movement::reference(kind, &["x"]), raw.0.stage.now());
    let nobodys = Movement { kind, reference, happened_at, transfers: vec![own.unwrap()], payment: None };
    moves(raw, 5, nobodys, &["that nobody makes here", "touches a fund"]).await;
}

fn fund(raw: &Raw<'_>) -> domain::purpose::Fund {
    raw.0.opportunities[0].fund
}

fn charity(raw: &Raw<'_>) -> domain::id::CharityId {
    raw.0.opportunities[0].charity.clone()
}

fn opportunity(raw: &Raw<'_>) -> Account {
    Account::Opportunity(fund(raw), raw.0.opportunities[0].id.clone())
}

async fn cases(raw: &Raw<'_>) {
    let all = raw.0.stage.items("CASE#").await.unwrap();
    let of = |reason: &str| all.iter().find(|case| case["reason"] == reason).unwrap_or_else(|| panic!("no case {reason}"));
    for (reason, rule) in [
        ("bank_unexplained", "a line that nobody explains has no case"),
        ("statement_unreadable", "was cut off, and nobody is told"),
    ] {
        let at = of(reason)["pk"].as_str().unwrap();
        raw.breaks((at, "CASE"), |item| *item = None, &[rule]).await;
        let other =
            |evidence: &mut Value| *evidence = json!({"S": json!({"document": "statements/kept/x", "line": 1}).to_string()});
        raw.sets((at, "CASE"), "evidence", other, &["a case without a cause"]).await;
    }
    let at = of("bank_unexplained")["pk"].as_str().unwrap();
    let mut twin = raw.item(&(at.to_owned(), "CASE".to_owned())).await.unwrap();
    twin["pk"] = json!({"S": "CASE#00000000000000000000000000000009"});
    let at = ("CASE#00000000000000000000000000000009", "CASE");
    raw.breaks(at, |item| *item = Some(twin), &["has a case, once more or without being there"]).await;
}

async fn documents(raw: &Raw<'_>) {
    let bucket = raw.0.stage.bucket().unwrap();
    let (hash, bytes) = raw.0.bank.documents().into_iter().next().unwrap();
    let key = format!("statements/kept/{hash}");
    bucket.keep(&key, "text/plain", b"another".to_vec()).await.unwrap();
    is_told(raw.0, &["is not kept as it came"]).await;
    bucket.keep(&key, "text/plain", bytes).await.unwrap();
    let key = format!("{INCOMING}left");
    bucket.keep(&key, "text/plain", b"left".to_vec()).await.unwrap();
    is_told(raw.0, &["was left lying"]).await;
    bucket.remove(&key).await.unwrap();
    told_nothing(raw.0).await;
}

/// Each figure of the day's document, one more than it is.
async fn day(raw: &Raw<'_>) {
    let told = raw.0.days.told().unwrap();
    assert!(told.is_late && told.payments.is_some(), "the seed's day is compared once everything is at rest");
    for (at, rule) in [
        ("/begun_on_the_day/told/captured_minor", "says told"),
        ("/begun_on_the_day/booked/fee_minor", "says booked"),
        ("/begun_on_the_day/matched/payments", "does not add up"),
        ("/begun_on_the_day/without_money", "says without_money"),
        ("/begun_on_the_day/differences", "says differences"),
        ("/booked_on_the_day_begun_before/told/payments", "says told"),
        ("/books/entries", "says entries"),
        ("/books/movements", "says movements"),
        ("/bank/payouts", "says payouts"),
        ("/bank/paid_out_minor", "says paid_out_minor"),
        ("/bank/unexplained_in_minor", "says unexplained_in_minor"),
        ("/balances/held_by_provider_minor", "says held_by_provider_minor"),
        ("/balances/bank_by_books_minor", "says bank_by_books_minor"),
        ("/balances/bank_by_statements_minor", "says bank_by_statements_minor"),
        ("/differences", "says differences"),
    ] {
        let mut document = told.document.clone();
        let figure = document.pointer_mut(at).unwrap_or_else(|| panic!("{at} is not there"));
        *figure = json!(figure.as_i64().unwrap() + 1);
        raw.0.days.tell(Some(Told { document, ..told.clone() }));
        is_told(raw.0, &[rule]).await;
    }
    let mut document = told.document.clone();
    let named = json!({"case": "9".repeat(32), "reason": "capture_differs", "amount_minor": 1});
    document["cases"].as_array_mut().unwrap().push(named);
    raw.0.days.tell(Some(Told { document, ..told.clone() }));
    is_told(raw.0, &["of which nobody is told"]).await;
    raw.0.days.tell(None);
    is_told(raw.0, &["was never compared"]).await;
    raw.0.days.tell(Some(told));
    told_nothing(raw.0).await;
    let mut twin = raw.item(&case(raw).await).await.unwrap();
    twin["pk"] = json!({"S": "CASE#00000000000000000000000000000009"});
    twin["reason"] = json!({"S": "payout_differs"});
    let at = ("CASE#00000000000000000000000000000009", "CASE");
    raw.breaks(at, |item| *item = Some(twin), &["were paid out beyond what was collected"]).await;
}

/// The keys of some case.
async fn case(raw: &Raw<'_>) -> (String, String) {
    let all = raw.0.stage.items("CASE#").await.unwrap();
    (all[0]["pk"].as_str().unwrap().to_owned(), "CASE".to_owned())
}

async fn corrections(raw: &Raw<'_>, looked: &Looked) {
    let all = raw.0.stage.items("CORR#").await.unwrap();
    let of =
        |stage: &str| all.iter().find(|row| row["stage"] == stage).unwrap_or_else(|| panic!("no correction is {stage}"));
    let done = of("done");
    let at = (done["pk"].as_str().unwrap(), done["sk"].as_str().unwrap());
    raw.sets(at, "place", |place| one_more(&mut place["M"]["seq"]), &["is not booked as it was agreed to"]).await;
    raw.sets(at, "by", |by| *by = json!({"S": "operator-1"}), &["by whoever asked for it"]).await;
    let (_, corrected) = booked(looked, MovementKind::Corrected);
    moves(raw, 6, corrected.clone(), &["is done and booked 2 times"]).await;
    let nobodys = Movement { reference: Hash::of(&[b"nobody's"]), ..corrected.clone() };
    moves(raw, 7, nobodys, &["that nobody asked for"]).await;
    let from_fund = Transfer::new(opportunity(raw), opportunity_beside(raw), Money::from_riyals(1).unwrap()).unwrap();
    let within = Movement { reference: Hash::of(&[b"within"]), transfers: vec![from_fund], ..corrected.clone() };
    moves(raw, 8, within, &["touches a fund"]).await;
    // An index follows after a while.
    let key = (at.0.to_owned(), at.1.to_owned());
    let before = raw.item(&key).await;
    raw.put(&key, None).await;
    tokio::time::sleep(INDEXED).await;
    is_told(raw.0, &["that nobody asked for", "is not there"]).await;
    raw.put(&key, before).await;
    tokio::time::sleep(INDEXED).await;
    told_nothing(raw.0).await;
    let declined = of("declined");
    let at = (declined["pk"].as_str().unwrap(), declined["sk"].as_str().unwrap());
    raw.sets(at, "by", |by| *by = json!({"S": "approver-9"}), &["was told otherwise"]).await;
}

/// Another opportunity of the same fund.
fn opportunity_beside(raw: &Raw<'_>) -> Account {
    let first = &raw.0.opportunities[0];
    let other = raw.0.opportunities.iter().find(|other| other.fund == first.fund && other.id != first.id).unwrap();
    Account::Opportunity(other.fund, other.id.clone())
}

async fn erasures(raw: &Raw<'_>, looked: &Looked) {
    let gone = raw.0.deeds.all_erased();
    let of = |is_keyed: bool| {
        let mut gifts = looked.donations.iter().filter(|gift| gone.contains(&gift.id) && gift.place.is_some());
        gifts.find(|gift| gift.leaf_key.is_some() == is_keyed).expect("the seed erases such a gift")
    };
    let (keyed, plain) = (of(true), of(false));
    let bucket = raw.0.stage.bucket().unwrap();
    let key = format!("{}x.pdf", receipt::folder(&keyed.id));
    bucket.keep(&key, "application/pdf", b"receipt".to_vec()).await.unwrap();
    is_told(raw.0, &["and a receipt of it is there"]).await;
    for version in bucket.versions(&receipt::folder(&keyed.id)).await.unwrap().found {
        bucket.delete_version(&version).await.unwrap();
    }
    told_nothing(raw.0).await;
    // What is not erased stands for what was forgotten to be.
    let other = looked.donations.iter().find(|gift| gift.personal.is_some() && !raw.0.deeds.is_erasing(&gift.id)).unwrap();
    let sealed = raw.item(&(donation(&other.id), "DON".to_owned())).await.unwrap()["personal"].clone();
    raw.sets((&donation(&keyed.id), "DON"), "personal", |personal| *personal = sealed, &["what its donor told opens"]).await;
    let place = plain.place.unwrap();
    let page = looked.pages().iter().find(|page| page.chain.number() == place.chain && page.seq == place.seq).unwrap();
    let salts = format!("SALTS#{}", page.key().unwrap());
    raw.keeps(&salts, &format!("s{}", place.index), &["and the salt of its entry"]).await;
    // Another gift's proof, and one that is wrong in a figure.
    let day = raw.0.stage.now().day().previous();
    let is_of_day = |gift: &&domain::donation::Donation| {
        let stands = |page: &Page, at: domain::donation::Place| page.chain.number() == at.chain && page.seq == at.seq;
        gift.place.is_some_and(|at| looked.pages().iter().any(|page| page.day == day && stands(page, at)))
    };
    let mut others = looked.donations.iter().filter(is_of_day).filter(|gift| !raw.0.deeds.is_erasing(&gift.id));
    let (one, another) = (others.next().unwrap(), others.next().unwrap());
    let proof = erased::proof(raw.0, one).await.unwrap();
    let root = root_of(&proof);
    assert_eq!(erased::unproven(one, &proof, root), None);
    let tells = |gift, proof: &Value, root, rule: &str| {
        let told = erased::unproven(gift, proof, root);
        assert!(told.as_ref().is_some_and(|told| told.contains(rule)), "{rule}: {told:?}");
    };
    tells(another, &proof, root, "another gift");
    tells(one, &proof, Hash::of(&[b"another"]), "another root");
    let mut wrong = proof.clone();
    wrong["proofs"][0]["salt"] = json!("0".repeat(32));
    tells(one, &wrong, root, "proves nothing");
    tells(keyed, &erased::proof(raw.0, keyed).await.unwrap(), root, "there is no proof");
}

fn root_of(proof: &Value) -> Hash {
    let record: domain::proof::day::DayRecord = proof["proofs"][0]["record"].as_str().unwrap().parse().unwrap();
    record.root
}

/// Whoever was erased and is given a proof all the same: a gift that is none of theirs stands for it.
async fn proofs(world: &World, looked: &Looked) {
    let mut wrong = Vec::new();
    erased::proofs(world, (&looked.donations, looked.pages()), &mut wrong).await.unwrap();
    assert_eq!(wrong, Vec::<String>::new());
    let settled = looked.donations.iter().find(|gift| gift.place.is_some() && !world.deeds.is_erasing(&gift.id)).unwrap();
    world.deeds.erased(settled.id);
    erased::proofs(world, (&looked.donations, looked.pages()), &mut wrong).await.unwrap();
    assert!(wrong.iter().any(|wrong| wrong.contains("whoever asks for its proof is told")), "{wrong:#?}");
    is_told(world, &["and its key is there"]).await;
}

#[test]
fn what_is_broken_on_purpose_is_told() {
    let report = broken(&plan(SEED), async |raw: &Raw<'_>, looked: &Looked| {
        lines(raw, looked).await;
        cases(raw).await;
        documents(raw).await;
        day(raw).await;
        corrections(raw, looked).await;
    });
    nothing_else(&report, "");
}

#[test]
fn what_is_left_of_the_erased_on_purpose_is_told() {
    let report = broken(&plan(ERASES), async |raw: &Raw<'_>, looked: &Looked| {
        erasures(raw, looked).await;
        assert_eq!(raw.1.take(), Vec::<String>::new());
        proofs(raw.0, looked).await;
    });
    nothing_else(&report, "was erased, and");
}
