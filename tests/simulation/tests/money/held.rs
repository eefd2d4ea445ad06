//! Money that is only held, and payments whose donation was found: the rules about them, broken on purpose.

use domain::donation::ChargeKind;
use domain::hash::Hash;
use domain::id::DonationId;
use domain::journal::{Entry, EntryKind, Movement, Page};
use domain::payment::{PaymentRef, Provider};
use moyasar_sandbox::{PaymentFacts, Status};
use serde_json::json;
use simulation::Plan;
use simulation::checks::money::Looked;
use simulation::ledger::AT_ONCE;
use simulation::world::World;
use uuid::Uuid;

use crate::bank::moves;
use crate::raw::{Raw, broken, donation, nothing_else, one_more, told_nothing};

fn plan(seed: u64) -> Plan {
    Plan { sacrifices: 0, ..Plan::new(seed, 60) }
}
/// Some hold money for good and let some go, and some of it is captured in part.
const HOLDS: u64 = 6;
/// Somebody finds whose a payment is, in time and too late.
const FINDS: u64 = 4;
/// People take payments out of suspense that are nobody's.
const TAKES_OUT: u64 = 8;

/// An entry of a kind that moved money once, said of this payment.
fn said_of(payment: Uuid, looked: &Looked, kind: EntryKind) -> Entry {
    let mut entries = looked.pages().iter().flat_map(Page::entries);
    let mut entry = entries.find(|entry| entry.kind == kind).expect("the seed books such an entry").clone();
    entry.payment.payment = payment.to_string().parse().unwrap();
    entry
}

fn held(world: &World, is: impl Fn(&PaymentFacts) -> bool) -> PaymentFacts {
    world.stage.sandbox.payments().into_iter().find(|payment| is(payment)).expect("the seed has such a payment")
}

async fn authorised(raw: &Raw<'_>, looked: &Looked) {
    let world = raw.0;
    let only_held = held(world, |payment| payment.status == Status::Authorized);
    let rule = format!("payment {} of 0 was booked 1 times", only_held.id);
    raw.books(3, said_of(only_held.id, looked, EntryKind::Orphan), &[&rule]).await;
    let let_go = held(world, |payment| world.deeds.was_let_go(payment.id));
    let rule = format!("payment {} of 0 was booked 1 times", let_go.id);
    raw.books(4, said_of(let_go.id, looked, EntryKind::Orphan), &[&rule]).await;
    let captured = held(world, |payment| {
        let stands = matches!(payment.status, Status::Captured | Status::Refunded);
        stands && payment.captured == payment.amount && payment.currency == "SAR"
    });
    let rule = format!("payment {} of {} was booked 2 times", captured.id, captured.taken);
    raw.books(5, said_of(captured.id, looked, EntryKind::Orphan), &[&rule]).await;
    // A case about what was let go, which nobody has to be told of.
    let cases = world.stage.items("CASE#").await.unwrap();
    let about = cases.iter().find(|case| case["payment"]["payment"].is_string()).expect("the seed has a case");
    let mut twin = raw.item(&(about["pk"].as_str().unwrap().to_owned(), "CASE".to_owned())).await.unwrap();
    twin["pk"] = json!({"S": "CASE#00000000000000000000000000000009"});
    twin["reason"] = json!({"S": "void_after_capture"});
    twin["payment"]["M"]["payment"] = json!({"S": let_go.id.to_string()});
    let at = ("CASE#00000000000000000000000000000009", "CASE");
    raw.breaks(at, |item| *item = Some(twin), &["a case without a cause"]).await;
    // Less was captured than was held, and nobody is told.
    let part = held(world, |payment| payment.captured > 0 && payment.captured < payment.amount && payment.taken > 0);
    let case = cases.iter().find(|case| case["payment"]["payment"] == part.id.to_string()).expect("it has a case");
    let rule = format!("payment {} is of {} SAR, and there is no case amount_differs", part.id, part.captured);
    raw.breaks((case["pk"].as_str().unwrap(), "CASE"), |item| *item = None, &[&rule]).await;
}

async fn found(raw: &Raw<'_>, looked: &Looked) {
    let of = |kind: ChargeKind| {
        let found = raw.0.deeds.found();
        let is = |charge: &&domain::donation::Charge| {
            charge.kind == kind && found.contains_key(&charge.payment.payment.as_str().parse::<Uuid>().unwrap())
        };
        looked.charges.iter().find(is).expect("the seed has such a charge")
    };
    let assigned = of(ChargeKind::Assigned);
    let (payment, id) = (assigned.payment.payment.as_str(), assigned.donation.unwrap());
    let at = format!("PAY#moyasar#{payment}");
    let rule = format!("payment {payment} was nobody's: assigned is true");
    let orphan = |kind: &mut serde_json::Value| *kind = json!({"S": "orphan"});
    raw.sets((&at, "PAY"), "kind", orphan, &[&rule, "are nobody's"]).await;
    let other = |donation: &mut serde_json::Value| *donation = json!({"S": DonationId::from_bytes([9; 16]).to_string()});
    raw.sets((&at, "PAY"), "donation", other, &[&rule]).await;
    raw.sets((&donation(&id), "DON"), "state", |state| *state = json!({"S": "awaiting"}), &[&rule]).await;
    let suspended = of(ChargeKind::Orphan);
    let payment = suspended.payment.payment.as_str();
    raw.sets((&format!("PAY#moyasar#{payment}"), "PAY"), "captured_minor", one_more, &["are nobody's"]).await;
    // Its donation waits for it, and it was not taken out of suspense.
    let id = raw.0.deeds.found()[&payment.parse::<Uuid>().unwrap()];
    let waits = |item: &mut Option<serde_json::Value>| {
        let item = item.as_mut().unwrap();
        item["state"] = json!({"S": "awaiting"});
        for held in ["hold", "reservation", "place", "dropped"] {
            item.as_object_mut().unwrap().remove(held);
        }
    };
    let rule = format!("payment {payment} stands in suspense");
    raw.breaks((&donation(&id), "DON"), waits, &[&rule]).await;
    let cases = raw.0.stage.items("CASE#").await.unwrap();
    let of_it = |case: &&serde_json::Value| case["reason"] == "donation_unknown" && case["payment"]["payment"] == payment;
    let case = cases.iter().find(of_it).expect("a person was told");
    raw.breaks((case["pk"].as_str().unwrap(), "CASE"), |item| *item = None, &["a stranger paid"]).await;
}

/// What people took out of suspense, by what the books, the payment and the correction say of it.
async fn by_hand(raw: &Raw<'_>, looked: &Looked) {
    let mut movements = looked.pages().iter().flat_map(Page::movements);
    let movement = movements.find(|movement| movement.payment.is_some()).expect("the seed takes something out of suspense");
    let payment = movement.payment.clone().unwrap().payment;
    let at = format!("PAY#moyasar#{payment}");
    let rule = format!("were taken out of suspense of payment {payment}");
    raw.sets((&at, "PAY"), "taken_out_minor", one_more, &[&rule]).await;
    let again = Movement { reference: Hash::of(&[b"again"]), ..movement.clone() };
    moves(raw, 3, again.clone(), &[&rule, "that nobody asked for", "are nobody's"]).await;
    let nobodys = PaymentRef { provider: Provider::Moyasar, payment: "never-came".parse().unwrap() };
    let never = Movement { payment: Some(nobodys), ..again };
    moves(raw, 4, never, &["payment never-came left suspense by hand, and never came there"]).await;
    let all = raw.0.stage.items("CORR#").await.unwrap();
    let row = all.iter().find(|row| row["payment"]["payment"] == payment.as_str()).expect("it was asked for");
    let at = (row["pk"].as_str().unwrap(), row["sk"].as_str().unwrap());
    let another = |of: &mut serde_json::Value| of["M"]["payment"] = json!({"S": "another"});
    raw.sets(at, "payment", another, &["and its case is of another"]).await;
}

#[test]
fn what_is_taken_out_of_suspense_wrongly_on_purpose_is_told() {
    let report = broken(&plan(TAKES_OUT), async |raw: &Raw<'_>, looked: &Looked| {
        by_hand(raw, looked).await;
        told_nothing(raw.0).await;
    });
    let at_once = |rule: &str| report.violations.iter().any(|wrong| wrong.starts_with(AT_ONCE) && wrong.contains(rule));
    assert!(at_once("and its charge does not say so"), "{:#?}", report.violations);
    nothing_else(&report, "");
}

#[test]
fn what_is_broken_on_purpose_is_told() {
    let report = broken(&plan(HOLDS), async |raw: &Raw<'_>, looked: &Looked| {
        authorised(raw, looked).await;
        told_nothing(raw.0).await;
    });
    let at_once = |rule: &str| report.violations.iter().any(|wrong| wrong.starts_with(AT_ONCE) && wrong.contains(rule));
    assert!(at_once("and its money is only held"), "{:#?}", report.violations);
    nothing_else(&report, "");
}

#[test]
fn what_is_found_wrongly_on_purpose_is_told() {
    let report = broken(&plan(FINDS), async |raw: &Raw<'_>, looked: &Looked| {
        found(raw, looked).await;
        told_nothing(raw.0).await;
    });
    nothing_else(&report, "");
}
