//! The way of a correction through two people; what may be asked for, and what not; listings.

use std::time::Duration;

use domain::case::Reason;
use domain::correction::MOST_TRANSFERS;
use domain::journal::MovementKind;
use domain::message::Message;
use domain::totals::fold;
use serde_json::{Value, json};

use crate::scene::{
    APPROVE, APPROVER, ASK, CLOSE, CORRECTION, CORRECTIONS, DECLINE, KEY, OPERATOR, OTHER_KEY, Reply, Scene, call, moved,
};

const NONE: Value = Value::Null;

#[tokio::test(start_paused = true)]
async fn a_correction_goes_through_two_people_is_booked_once_and_its_case_is_closed_with_a_note() {
    let scene = Scene::set().await;
    let (case, id) = scene.asked().await;
    let (_, asked) = scene.act(OPERATOR, CORRECTION, KEY, (&id, &NONE)).await;
    assert_eq!((&asked["state"], &asked["asked_by"], asked.get("place")), (&json!("asked"), &json!("operator-1"), None));
    assert!(scene.movements().await.is_empty(), "nothing is booked by one person");
    let (status, problem) = scene.act(("operator-1", "approver"), APPROVE, KEY, (&id, &NONE)).await;
    assert_eq!((status, &problem["code"]), (403, &json!("same_person")));
    assert!(scene.movements().await.is_empty(), "nor by the same person in two roles");

    tokio::time::advance(Duration::from_secs(60)).await;
    let (status, done) = scene.act(APPROVER, APPROVE, KEY, (&id, &NONE)).await;
    assert_eq!((status, &done["state"], &done["decided_by"]), (200, &json!("done"), &json!("approver-1")));
    let [(place, movement)] = &scene.movements().await[..] else { panic!("one movement") };
    assert_eq!(done["place"], json!(place));
    assert_eq!((movement.kind, movement.happened_at), (MovementKind::Corrected, scene.stage.now()));
    let moves: Vec<String> =
        movement.transfers.iter().map(|t| format!("{} {} {}", t.debit(), t.credit(), t.amount())).collect();
    assert_eq!(moves, ["sadaqa:wells-jazan sadaqa:wells-qassim 12.50"]);
    let committed = Message::PageCommitted { chain: place.chain, seq: place.seq };
    assert_eq!(scene.sent("journal").await, std::slice::from_ref(&committed));
    // What is left to be spent moved from the one to the other; what was given did not.
    let chain = place.chain_id().unwrap();
    let pages = scene.stage.table.pages(chain, place.seq, 1).await.unwrap();
    let folded = fold(&pages).into_iter().filter(|(item, _)| item.starts_with("OPP#"));
    let mut sums: Vec<(String, i64)> = folded.flat_map(|(_, sums)| sums).collect();
    sums.sort();
    assert_eq!(sums, [("p:wells-jazan".to_owned(), 1_250), ("p:wells-qassim".to_owned(), -1_250)]);

    // Again, by whomever: the same answer, and the follower is told again.
    for who in [APPROVER, ("approver-9", "approver")] {
        assert_eq!(scene.act(who, APPROVE, OTHER_KEY, (&id, &NONE)).await, (200, done.clone()));
        assert_eq!(scene.sent("journal").await, std::slice::from_ref(&committed));
    }
    let (status, problem) = scene.act(OPERATOR, DECLINE, KEY, (&id, &NONE)).await;
    assert_eq!((status, &problem["code"], &problem["detail"]), (409, &json!("correction_over"), &json!("done")));
    assert_eq!(scene.movements().await.len(), 1);
    let note = json!({"note": format!("Corrected: {id}.")});
    assert_eq!(scene.act(OPERATOR, CLOSE, KEY, (&case, &note)).await.1["state"], "closed");
    let acts = [("ask_correction", &id), ("approve_correction", &id), ("close_case", &case)];
    let who = ["operator-1", "approver-1", "operator-1"];
    let expected: Vec<String> = who.iter().zip(acts).map(|(who, (act, on))| format!("{who} {act} {on}")).collect();
    assert_eq!(scene.acts().await, expected);
}

#[tokio::test(start_paused = true)]
async fn the_same_key_is_the_same_correction_and_anothers_key_is_anothers() {
    let scene = Scene::set().await;
    let (case, id) = scene.asked().await;
    let ask = |who, key, body| {
        let scene = &scene;
        async move { scene.act(who, ASK, key, ("", &body)).await }
    };
    let (status, again) = ask(OPERATOR, KEY, moved(&case, "12.5")).await;
    assert_eq!((status, again["id"].as_str()), (200, Some(id.as_str())));
    let other = scene.open_for(Reason::PayoutDiffers).await;
    let another_note = json!({"note": "Another."});
    let mut noted = moved(&case, "12.50");
    noted["note"] = another_note["note"].clone();
    for body in [moved(&case, "12.51"), moved(&other, "12.50"), noted] {
        let (status, problem) = ask(OPERATOR, KEY, body).await;
        assert_eq!((status, &problem["code"]), (422, &json!("idempotency_key_reused")));
    }
    // Two that are alike are two: the same mistake may have been made twice.
    let (status, alike) = ask(OPERATOR, OTHER_KEY, moved(&case, "12.50")).await;
    assert_eq!(status, 201);
    let (status, anothers) = ask(("operator-9", "operator"), KEY, moved(&case, "12.50")).await;
    assert_eq!(status, 201);
    for made in [&id, alike["id"].as_str().unwrap(), anothers["id"].as_str().unwrap()] {
        assert_eq!(scene.act(APPROVER, APPROVE, KEY, (made, &NONE)).await.0, 200);
    }
    assert_eq!(scene.movements().await.len(), 3);
    // Closed, the case may still be what a correction is about; and the same key finds what it made, done by now.
    assert_eq!(scene.close(OPERATOR, &case, KEY, "Done.").await.0, 200);
    assert_eq!(ask(OPERATOR, KEY, moved(&case, "12.50")).await.1["state"], "done");
    assert_eq!(ask(OPERATOR, "0004-6a0e-4f57-9d0a-3f0c2b1e8d47", moved(&case, "1")).await.0, 201);
}

/// Every fault with its place, all of a request at once.
#[tokio::test(start_paused = true)]
async fn what_breaks_a_rule_of_the_books_is_told_with_its_place() {
    let scene = Scene::set().await;
    scene.furnish().await;
    let case = scene.open_for(Reason::VoidAfterCapture).await;
    let row = |debit: &str, credit: &str, amount: Value| json!({"debit": debit, "credit": credit, "amount": amount});
    let one = |debit: &str, credit: &str| vec![row(debit, credit, json!("1"))];
    let table = [
        (one("bank", "bank_suspense"), ""),
        (one("payable:sadaqa:birr-jazan", "sadaqa:wells-jazan"), ""),
        (one("receivable:sadaqa:birr-jazan", "payable:sadaqa:birr-jazan"), ""),
        (one("fees:moyasar", "clearing:moyasar"), ""),
        (one("suspense", "clearing:moyasar"), "/transfers suspense_exceeded"),
        (one("bank_suspense", "suspense"), "/transfers suspense_exceeded"),
        (vec![], "/transfers empty"),
        (vec![row("bank", "bank_suspense", json!("1")); MOST_TRANSFERS + 1], "/transfers too_many_transfers"),
        (one("bank", "bank"), "/transfers/0 same_account"),
        (one("sadaqa:wells-jazan", "zakat:families-asir"), "/transfers/0 funds_mixed"),
        (one("sadaqa:wells-jazan", "bank"), "/transfers/0 funds_mixed"),
        (one("clearing:moyasar", "sadaqa:wells-jazan"), "/transfers/0 funds_mixed"),
        (one("payable:zakat:birr-jazan", "receivable:sadaqa:birr-jazan"), "/transfers/0 funds_mixed"),
        (one("Bank", "vault"), "/transfers/0/debit account_unknown, /transfers/0/credit account_unknown"),
        (one("clearing:paypal", "bank:"), "/transfers/0/debit account_unknown, /transfers/0/credit account_unknown"),
        (one("sadaqa", "payable:birr-jazan"), "/transfers/0/debit account_unknown, /transfers/0/credit account_unknown"),
        (one("waqf:wells-jazan", "waqf:wells-qassim"), "/transfers/0/debit fund_differs, /transfers/0/credit fund_differs"),
        (one("sadaqa:wells-jazan", "sadaqa:wels-jazan"), "/transfers/0/credit opportunity_unknown"),
        (one("payable:sadaqa:bir-jazan", "sadaqa:wells-jazan"), "/transfers/0/debit charity_unknown"),
        (vec![row("bank", "bank_suspense", json!("0"))], "/transfers/0/amount amount_too_small"),
        (vec![row("bank", "bank_suspense", json!(1.5))], "/transfers/0/amount amount_a_fraction"),
        (vec![row("bank", "bank_suspense", json!("-1"))], "/transfers/0/amount amount_negative"),
        (vec![row("bank", "bank_suspense", json!("0.001"))], "/transfers/0/amount amount_too_precise"),
        (
            [one("sadaqa:wells-jazan", "sadaqa:wells-qassim"), one("bank", "bank_suspense")].concat(),
            "/transfers/1 another_fund",
        ),
        (
            [one("bank", "bank"), one("x", "bank"), vec![row("suspense", "bank", json!(null))]].concat(),
            "/transfers/0 same_account, /transfers/1/debit account_unknown, /transfers/2/amount amount_unreadable",
        ),
    ];
    for (number, (transfers, expected)) in table.into_iter().enumerate() {
        let body = json!({"case": case, "transfers": transfers, "note": "A slip."});
        let key = format!("{number:04}-6a0e-4f57-9d0a-3f0c2b1e8d47");
        let (status, answer) = scene.act(OPERATOR, ASK, &key, ("", &body)).await;
        assert_eq!(status, if expected.is_empty() { 201 } else { 422 }, "{body}: {answer}");
        assert_eq!(places(&answer), expected, "{body}");
    }
    let nowhere = json!({"case": "0".repeat(32), "transfers": one("sadaqa:wells-jazan", "sadaqa:no-such"), "note": "?"});
    let (_, answer) = scene.act(OPERATOR, ASK, KEY, ("", &nowhere)).await;
    assert_eq!(places(&answer), "/case case_unknown, /transfers/0/credit opportunity_unknown");
    let empty = json!({"case": case, "transfers": [], "note": " "});
    let (_, answer) = scene.act(OPERATOR, ASK, KEY, ("", &empty)).await;
    assert_eq!(places(&answer), "/transfers empty, /note empty");
    assert_eq!(scene.acts().await.len(), 4, "what is refused is no act");
}

fn places(answer: &Value) -> String {
    let faults = answer["errors"].as_array().into_iter().flatten();
    let place = |fault: &Value| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap());
    faults.map(place).collect::<Vec<_>>().join(", ")
}

#[tokio::test(start_paused = true)]
async fn who_may_decline_and_what_is_declined_is_never_booked() {
    let scene = Scene::set().await;
    let (_, id) = scene.asked().await;
    let (status, problem) = scene.act(("operator-2", "operator"), DECLINE, KEY, (&id, &NONE)).await;
    assert_eq!((status, &problem["code"]), (403, &json!("forbidden")), "another operator");
    let (status, declined) = scene.act(OPERATOR, DECLINE, KEY, (&id, &NONE)).await;
    assert_eq!((status, &declined["state"], &declined["decided_by"]), (200, &json!("declined"), &json!("operator-1")));
    assert_eq!(scene.act(OPERATOR, DECLINE, KEY, (&id, &NONE)).await, (200, declined), "again");
    for route in [APPROVE, DECLINE] {
        let (status, problem) = scene.act(APPROVER, route, KEY, (&id, &NONE)).await;
        assert_eq!((status, &problem["code"], &problem["detail"]), (409, &json!("correction_over"), &json!("declined")));
    }
    assert!(scene.movements().await.is_empty() && scene.sent("journal").await.is_empty());
    assert_eq!(scene.acts().await.len(), 2, "asked for and taken back");
    for (route, who) in [(APPROVE, APPROVER), (DECLINE, APPROVER), (CORRECTION, OPERATOR)] {
        for absent in ["0".repeat(32).as_str(), "../x", ""] {
            assert_eq!(scene.act(who, route, KEY, (absent, &NONE)).await.0, 404, "{route} {absent}");
        }
    }
}

impl Scene {
    async fn corrections(&self, query: Value) -> Reply {
        let mut event = self.event(("auditor-1", "auditor"), CORRECTIONS, KEY, ("", &NONE));
        event["queryStringParameters"] = query;
        call(&self.deps(), event).await
    }

    /// The amounts of a listing, all its pages.
    async fn amounts(&self, state: &str, limit: &str) -> Vec<String> {
        let (mut query, mut found) = (json!({"state": state, "limit": limit}), Vec::new());
        loop {
            let (status, page) = self.corrections(query.clone()).await;
            assert_eq!(status, 200, "{page}");
            let listed = page["corrections"].as_array().unwrap();
            assert!(listed.iter().all(|correction| correction["state"] == state));
            found.extend(listed.iter().map(|one| one["transfers"][0]["amount"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => query["cursor"] = json!(next),
                None => return found,
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn listings_are_by_state_in_order_whole_and_by_page() {
    let scene = Scene::set().await;
    scene.furnish().await;
    let case = scene.open_for(Reason::VoidAfterCapture).await;
    let mut ids = Vec::new();
    for number in 1..=9 {
        let key = format!("{number:04}-6a0e-4f57-9d0a-3f0c2b1e8d47");
        let (status, asked) = scene.act(OPERATOR, ASK, &key, ("", &moved(&case, &number.to_string()))).await;
        assert_eq!(status, 201, "{asked}");
        ids.push(asked["id"].as_str().unwrap().to_owned());
        tokio::time::advance(Duration::from_millis(3)).await;
    }
    for (number, route) in [(4, APPROVE), (1, APPROVE), (6, DECLINE), (0, APPROVE), (2, DECLINE)] {
        assert_eq!(scene.act(APPROVER, route, KEY, (&ids[number], &NONE)).await.0, 200);
        tokio::time::advance(Duration::from_millis(3)).await;
    }
    for limit in ["1", "2", "3", "100"] {
        assert_eq!(scene.amounts("asked", limit).await, ["4.00", "6.00", "8.00", "9.00"], "the longest first");
        assert_eq!(scene.amounts("done", limit).await, ["1.00", "2.00", "5.00"], "the latest first");
        assert_eq!(scene.amounts("declined", limit).await, ["3.00", "7.00"]);
    }
    let (_, usual) = scene.corrections(json!({})).await;
    assert_eq!(usual["corrections"].as_array().unwrap().len(), 4, "without a state, what waits");
    // What is decided between two pages is not shown, and nothing else is skipped.
    let (_, first) = scene.corrections(json!({"limit": "1"})).await;
    assert_eq!(scene.act(APPROVER, APPROVE, KEY, (&ids[5], &NONE)).await.0, 200);
    let (_, rest) = scene.corrections(json!({"limit": "1", "cursor": first["next"]})).await;
    assert_eq!(rest["corrections"][0]["transfers"][0]["amount"], "8.00");
    // A cursor is of its own list; and cases are in none of these.
    let (status, problem) = scene.corrections(json!({"state": "done", "cursor": first["next"]})).await;
    assert_eq!((status, places(&problem).as_str()), (422, "?cursor cursor_unknown"));
    let (status, problem) = scene.corrections(json!({"state": "open", "reason": "x"})).await;
    assert_eq!((status, places(&problem).as_str()), (422, "?reason unknown_parameter, ?state unknown_code"));
    assert_eq!(scene.all(json!({})).await, [case]);
}
