//! What stands in suspense, and leaves by hand: of the payment that the case is about, at most as much as stands of it, once; wherever the agreement breaks off, whoever else agrees at the same time.

use std::time::Duration;

use domain::case::Reason;
use domain::donation::{Charge, ChargeKind};
use domain::money::Money;
use domain::payment::Method;
use serde_json::{Value, json};
use stage::Options;
use testkit::connector::invocation;
use testkit::dynamo::DynamoOptions;

use crate::scene::{APPROVE, APPROVER, ASK, DECLINE, KEY, OPERATOR, OTHER_KEY, Reply, Scene, call, money, payment};

const NONE: Value = Value::Null;

/// Of the payment of the scene's cases 50 came in, and 20 went back.
fn some() -> Charge {
    orphan("50", "20")
}

/// The payment of the scene's cases, kept as an orphan of which so much came in and went back.
pub fn orphan(captured: &str, refunded: &str) -> Charge {
    Charge {
        payment: payment("p-1"),
        kind: ChargeKind::Orphan,
        donation: None,
        captured_minor: money(captured),
        refunded_minor: money(refunded),
        taken_out_minor: Money::ZERO,
        brought_back_minor: Money::ZERO,
        fee_minor: money("1"),
        method: Method::Mada,
        version: 0,
    }
}

/// Out of suspense to where the bank's line stands, in so many transfers.
fn repaid(case: &str, amounts: &[&str]) -> Value {
    let transfer = |amount: &&str| json!({"debit": "suspense", "credit": "bank_suspense", "amount": amount});
    let transfers: Vec<Value> = amounts.iter().map(transfer).collect();
    json!({"case": case, "transfers": transfers, "note": "Repaid by bank transfer."})
}

impl Scene {
    pub async fn keep(&self, charge: Charge) {
        assert!(self.stage.table.restore_charge(&charge).await.unwrap());
    }

    async fn charge(&self) -> Charge {
        self.stage.table.charges(&[payment("p-1")]).await.unwrap().pop().unwrap()
    }

    /// Asks for a correction of these amounts; gives back its id.
    async fn ask_for(&self, case: &str, key: &str, amounts: &[&str]) -> String {
        let (status, asked) = self.act(OPERATOR, ASK, key, ("", &repaid(case, amounts))).await;
        assert_eq!(status, 201, "{asked}");
        asked["id"].as_str().unwrap().to_owned()
    }
}

fn told((status, answer): &Reply) -> (u64, String) {
    let first = &answer["errors"][0];
    (*status, format!("{} {}", first["pointer"].as_str().unwrap_or_default(), first["code"].as_str().unwrap_or_default()))
}

#[tokio::test(start_paused = true)]
async fn so_much_leaves_suspense_by_hand_as_stands_there_and_once() {
    let scene = Scene::set().await;
    scene.keep(some()).await;
    let case = scene.open_for(Reason::DonationUnknown).await;
    for beyond in [&["30.01"][..], &["20", "10.01"]] {
        let refused = scene.act(OPERATOR, ASK, KEY, ("", &repaid(&case, beyond))).await;
        assert_eq!(told(&refused), (422, "/transfers suspense_exceeded".to_owned()));
        let detail = "30.00 SAR of this payment stand in suspense, and 0.00 are out of it by hand";
        assert_eq!(refused.1["errors"][0]["detail"], detail);
    }
    // Asking reserves nothing: it may be a long time until somebody agrees.
    let all = scene.ask_for(&case, KEY, &["20", "10"]).await;
    let part = scene.ask_for(&case, OTHER_KEY, &["10"]).await;
    assert_eq!(scene.charge().await, some());
    let (status, done) = scene.act(APPROVER, APPROVE, KEY, (&all, &NONE)).await;
    assert_eq!((status, &done["state"]), (200, &json!("done")), "{done}");
    let [(_, movement)] = &scene.movements().await[..] else { panic!("one movement") };
    assert_eq!(movement.payment, Some(payment("p-1")));
    let taken = Charge { taken_out_minor: money("30"), version: 1, ..some() };
    assert_eq!(scene.charge().await, taken);
    assert_eq!(scene.act(APPROVER, APPROVE, KEY, (&all, &NONE)).await, (200, done), "again");
    let (status, problem) = scene.act(APPROVER, APPROVE, KEY, (&part, &NONE)).await;
    assert_eq!((status, &problem["code"]), (409, &json!("suspense_spent")));
    assert_eq!(scene.act(APPROVER, DECLINE, KEY, (&part, &NONE)).await.1["state"], "declined");
    assert_eq!((scene.movements().await.len(), scene.charge().await), (1, taken));
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_suspense_by_hand_that_is_no_orphans() {
    let scene = Scene::set().await;
    let ask = async |case: &str| told(&scene.act(OPERATOR, ASK, KEY, ("", &repaid(case, &["1"]))).await);
    let case = scene.open_for(Reason::VoidAfterCapture).await;
    assert_eq!(ask(&case).await, (422, "/transfers suspense_exceeded".to_owned()), "a gift");
    let of_none = scene.open_document(&json!({"type": "x"})).await;
    assert_eq!(ask(&of_none).await, (422, "/transfers/0/debit kept_by_payments".to_owned()), "of no payment");
    assert_eq!(ask(&"0".repeat(32)).await, (422, "/case case_unknown".to_owned()));
    for (version, kind) in (0..).zip([ChargeKind::Second, ChargeKind::Late, ChargeKind::Assigned]) {
        scene.keep(Charge { kind, version, ..some() }).await;
        assert_eq!(ask(&case).await, (422, "/transfers suspense_exceeded".to_owned()), "{kind:?}");
    }
}

/// What was taken out by mistake comes back, at most as much as that; then its donation may be found yet.
#[tokio::test(start_paused = true)]
async fn what_was_taken_out_by_mistake_is_brought_back_once() {
    let scene = Scene::set().await;
    scene.keep(some()).await;
    let case = scene.open_for(Reason::DonationUnknown).await;
    let back = |amount: &str| {
        let transfer = json!({"debit": "bank_suspense", "credit": "suspense", "amount": amount});
        json!({"case": case, "transfers": [transfer], "note": "It was another payment that was repaid."})
    };
    let refused = scene.act(OPERATOR, ASK, KEY, ("", &back("0.01"))).await;
    assert_eq!(told(&refused), (422, "/transfers suspense_exceeded".to_owned()), "nothing was taken out");
    let out = scene.ask_for(&case, KEY, &["30"]).await;
    assert_eq!(scene.act(APPROVER, APPROVE, KEY, (&out, &NONE)).await.0, 200);
    let refused = scene.act(OPERATOR, ASK, OTHER_KEY, ("", &back("30.01"))).await;
    assert_eq!(told(&refused), (422, "/transfers suspense_exceeded".to_owned()));
    let (status, asked) = scene.act(OPERATOR, ASK, OTHER_KEY, ("", &back("30"))).await;
    assert_eq!((status, &asked["payment"]["payment"]), (201, &json!("p-1")), "{asked}");
    let id = asked["id"].as_str().unwrap();
    assert_eq!(scene.act(APPROVER, APPROVE, KEY, (id, &NONE)).await.0, 200);
    assert_eq!(scene.act(("approver-2", "approver"), APPROVE, KEY, (id, &NONE)).await.0, 200, "once");
    let moved = money("30");
    assert_eq!(scene.charge().await, Charge { taken_out_minor: moved, brought_back_minor: moved, version: 2, ..some() });
    assert_eq!(scene.movements().await.len(), 2);
}

/// What went back at the provider meanwhile is not there any more when another person agrees.
#[tokio::test(start_paused = true)]
async fn what_left_suspense_before_anybody_agreed_does_not_leave_again() {
    let scene = Scene::set().await;
    scene.keep(some()).await;
    let case = scene.open_for(Reason::DonationUnknown).await;
    let id = scene.ask_for(&case, KEY, &["30"]).await;
    let returned = Charge { refunded_minor: money("20.01"), version: 1, ..some() };
    scene.keep(returned.clone()).await;
    let (status, problem) = scene.act(APPROVER, APPROVE, KEY, (&id, &NONE)).await;
    assert_eq!((status, &problem["code"]), (409, &json!("suspense_spent")));
    assert_eq!((scene.movements().await.len(), scene.charge().await), (0, returned));
}

#[tokio::test(start_paused = true)]
async fn an_agreement_takes_it_out_once_wherever_it_broke_off() {
    for broken in 0.. {
        let scene = Scene::set().await;
        scene.keep(some()).await;
        let case = scene.open_for(Reason::DonationUnknown).await;
        let id = scene.ask_for(&case, KEY, &["30"]).await;
        let event = scene.event(APPROVER, APPROVE, KEY, (&id, &json!({})));
        scene.break_at(broken);
        let deps = scene.deps();
        let first = invocation(call(&deps, event.clone())).await;
        scene.mend();
        let booked = scene.movements().await.len();
        let taken = if booked == 1 { money("30") } else { Money::ZERO };
        assert_eq!(scene.charge().await.taken_out_minor, taken, "call {broken}: {booked} movements");
        let (status, done) = call(&scene.deps(), event).await;
        assert_eq!((status, &done["state"]), (200, &json!("done")), "call {broken}: {done}");
        assert_eq!((scene.movements().await.len(), scene.charge().await.taken_out_minor), (1, money("30")));
        if matches!(first, Ok((200, _))) && broken % 4 == 0 {
            assert!(broken >= 6 * 4, "every call was broken");
            return;
        }
    }
}

/// On a table whose writes take their time and refuse each other.
#[tokio::test(start_paused = true)]
async fn of_two_who_agree_to_the_whole_at_once_one_is_late() {
    for seed in 0..10 {
        let dynamo = DynamoOptions { service_time: Duration::from_millis(10), ..DynamoOptions::plain() };
        let scene = Scene::of(Options { seed, dynamo, ..Options::default() }).await;
        scene.keep(some()).await;
        let case = scene.open_for(Reason::DonationUnknown).await;
        let one = scene.ask_for(&case, KEY, &["30"]).await;
        let other = scene.ask_for(&case, OTHER_KEY, &["30"]).await;
        let agree = async |id: &str| loop {
            let (status, _) = scene.act(APPROVER, APPROVE, KEY, (id, &NONE)).await;
            if status != 503 {
                return status;
            }
        };
        let mut answers: [u64; 2] = tokio::join!(agree(&one), agree(&other)).into();
        answers.sort_unstable();
        assert_eq!(answers, [200, 409], "seed {seed}");
        assert_eq!((scene.movements().await.len(), scene.charge().await.taken_out_minor), (1, money("30")));
    }
}
