//! Cases against the emulated cloud: every event, listings by page, two who close, a matter that comes again, replays; crashes and lost replies at every call.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use domain::case::kept::{APART_SECS, Kept, MOST_KEPT};
use domain::case::{Case, Reason, document};
use domain::id::DonationId;
use domain::message::{Envelope, Message};
use domain::money::Money;
use domain::payment::{Happening, PaymentFact, PaymentRef, Provider};
use operations::replays::SOON;
use operations::{Deps, handle};
use platform::bucket::Bucket;
use platform::table::CaseFilter;
use serde_json::{Value, json};
use stage::{Options, Stage, event};
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

const KEY: &str = "6f1c9a52-6a0e-4f57-9d0a-3f0c2b1e8d47";
const OTHER_KEY: &str = "0c8d7b1a-95e4-4f0a-b3c2-7d6e5f401234";
const LIST: &str = "GET /v1/operations/cases";
const SHOW: &str = "GET /v1/operations/cases/{id}";
const CLOSE: &str = "POST /v1/operations/cases/{id}/close";
const REPLAY: &str = "POST /v1/operations/replays";
const OPERATOR: (&str, &str) = ("operator-1", "operator");
const APPROVER: (&str, &str) = ("approver-1", "approver");

/// A status and a body.
type Reply = (u64, Value);

struct Scene {
    stage: Stage,
}

fn payment(id: &str) -> PaymentRef {
    PaymentRef { provider: Provider::Moyasar, payment: id.parse().unwrap() }
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// What settlement keeps of a fact.
fn fact(happening: Happening) -> PaymentFact {
    PaymentFact {
        payment: payment("p-1"),
        donation: Some(DonationId::from_bytes([1; 16])),
        attempt: 1,
        amount_minor: money("50"),
        currency: "SAR".to_owned(),
        happening,
    }
}

impl Scene {
    async fn set() -> Scene {
        Scene { stage: Stage::new(Options::default()).await.unwrap() }
    }

    fn deps(&self) -> Deps {
        Deps::new(&self.stage.platform("operations").unwrap()).unwrap()
    }

    fn case(&self, reason: Reason, evidence: &str) -> Case {
        let (payment, donation) = (Some(payment("p-1")), Some(DonationId::from_bytes([1; 16])));
        let (amount_minor, opened_at) = (money("50"), self.stage.now());
        Case { reason, payment, donation, refund: None, amount_minor, evidence: evidence.to_owned(), opened_at }
    }

    /// Opens a case; gives back its id.
    async fn open(&self, case: &Case) -> String {
        self.stage.table.open_case(case).await.unwrap();
        case.id()
    }

    async fn open_for(&self, reason: Reason) -> String {
        self.open(&self.case(reason, &serde_json::to_string(&fact(Happening::Voided)).unwrap())).await
    }

    /// Keeps a document as payment-callbacks does, and opens its case.
    async fn open_document(&self, redacted: &Value) -> String {
        let bytes = redacted.to_string().into_bytes();
        let name = document(Provider::Moyasar, &bytes);
        let platform = self.stage.platform("payment-callbacks").unwrap();
        let bucket = Bucket::new(&platform.aws, &platform.settings).unwrap();
        bucket.keep(&name, "application/json", bytes).await.unwrap();
        let case = Case { payment: None, donation: None, amount_minor: Money::ZERO, ..self.case(Reason::Malformed, &name) };
        self.open(&case).await
    }

    fn event(&self, (subject, role): (&str, &str), route: &str, key: &str, (id, body): (&str, &Value)) -> Value {
        let headers = json!({"idempotency-key": key, "accept-language": "en"});
        let mut event = event::http(route, json!({"id": id}), headers, &body.to_string());
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": subject, "role": role}, "scopes": null}});
        event
    }

    async fn close(&self, who: (&str, &str), id: &str, key: &str, note: &str) -> Reply {
        call(&self.deps(), self.event(who, CLOSE, key, (id, &json!({"note": note})))).await
    }

    async fn replay(&self, id: &str, key: &str) -> Reply {
        call(&self.deps(), self.event(OPERATOR, REPLAY, key, ("", &json!({"case": id})))).await
    }

    async fn list(&self, query: Value) -> Value {
        let mut event = self.event(OPERATOR, LIST, KEY, ("", &Value::Null));
        event["queryStringParameters"] = query;
        let (status, body) = call(&self.deps(), event).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The ids of a listing, all its pages.
    async fn all(&self, mut query: Value) -> Vec<String> {
        let mut found = Vec::new();
        loop {
            let page = self.list(query.clone()).await;
            found.extend(page["cases"].as_array().unwrap().iter().map(|case| case["id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => query["cursor"] = json!(next),
                None => return found,
            }
        }
    }

    async fn show(&self, id: &str) -> Value {
        let (status, body) = call(&self.deps(), self.event(OPERATOR, SHOW, KEY, (id, &Value::Null))).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn kept(&self, id: &str) -> Kept {
        self.stage.table.case(id).await.unwrap().unwrap()
    }

    /// What was sent, after the moment for which it waits.
    async fn sent(&self, queue: &str) -> Vec<Message> {
        tokio::time::advance(SOON + Duration::from_secs(1)).await;
        self.stage.take_messages(queue).await.unwrap()
    }

    async fn acts(&self) -> Vec<String> {
        let log = self.stage.table.operations(self.stage.now().day()).await.unwrap();
        log.into_iter().map(|operation| format!("{} {} {}", operation.by, operation.act, operation.on)).collect()
    }

    /// Breaks the call of that number in the way of that number; every way for each call in turn.
    fn break_at(&self, broken: usize) {
        let calls = Mutex::new(0);
        self.stage.cloud.services().set_faults(move |_: &Call<'_>| {
            let mut calls = calls.lock().unwrap();
            *calls += 1;
            match *calls - 1 {
                call if call * 4 == broken => Fault::CrashBefore,
                call if call * 4 + 1 == broken => Fault::CrashAfter,
                call if call * 4 + 2 == broken => Fault::ReplyLost(Failure::Disconnected),
                call if call * 4 + 3 == broken => Fault::Before(Failure::Throttled),
                _ => Fault::Pass,
            }
        });
    }

    fn mend(&self) {
        self.stage.cloud.services().set_faults(NoFaults);
    }
}

async fn call(deps: &Deps, event: Value) -> Reply {
    let response = handle(deps, serde_json::from_value(event).unwrap()).await;
    let response = serde_json::to_value(response).unwrap();
    let body = response["body"].as_str().unwrap_or_default();
    (response["statusCode"].as_u64().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test(start_paused = true)]
async fn every_event_is_answered_as_its_snapshot_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api/operations");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut asked = 0;
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let mut text = std::fs::read_to_string(&file).unwrap();
        if !text.contains("/v1/operations/") {
            continue;
        }
        let scene = Scene::set().await;
        let owed = Message::RefundDue { payment: payment("p-2"), refunded_minor: money("50") };
        let owed = json!({"owed_minor": 5_000, "why": "it is down", "message": Envelope::from(owed).write()}).to_string();
        let cases = [
            ("{case}", scene.open_for(Reason::AmountDiffers).await),
            ("{fact}", scene.open_for(Reason::Unwritable).await),
            ("{booked}", scene.open_for(Reason::DisputeOpened).await),
            ("{closed}", scene.open_for(Reason::VoidAfterCapture).await),
            ("{document}", scene.open_document(&json!({"id": "e-1", "type": "payment_paid", "data": "[redacted]"})).await),
            (
                "{owed}",
                scene.open(&Case { payment: Some(payment("p-2")), ..scene.case(Reason::RefundRefused, &owed) }).await,
            ),
        ];
        assert_eq!(scene.close(("operator-2", "operator"), &cases[3].1, OTHER_KEY, "The books were right.").await.0, 200);
        for (word, id) in &cases {
            // Not the names of the route.
            text = text
                .replace(&format!("\"{word}\""), &format!("\"{id}\""))
                .replace(&format!("\\\"{word}\\\""), &format!("\\\"{id}\\\""));
        }
        let (status, body) = call(&scene.deps(), serde_json::from_str(&text).unwrap()).await;
        let good = name.starts_with("good-");
        assert_eq!((200..300).contains(&status), good, "{name}: {status} {body}");
        assert!(status < 500, "{name}: {body}");
        let shown = format!("{status}\n{}", serde_json::to_string_pretty(&body).unwrap());
        settings.bind(|| insta::assert_snapshot!(name, shown));
        asked += 1;
    }
    assert!(asked >= 33, "the events are there");
}

#[tokio::test(start_paused = true)]
async fn a_case_is_listed_closed_with_a_note_and_opened_again_when_it_is_told_again() {
    let scene = Scene::set().await;
    let case = scene.case(Reason::AmountDiffers, "{}");
    let id = scene.open(&case).await;
    assert_eq!(scene.all(json!({})).await, [id.clone()]);
    // Told again at once nothing is written; a minute later it is noted.
    scene.open(&case).await;
    assert_eq!(scene.kept(&id).await.version, 1);
    tokio::time::advance(Duration::from_secs(APART_SECS.unsigned_abs())).await;
    let later = Case { opened_at: scene.stage.now(), evidence: "another".to_owned(), ..case.clone() };
    scene.open(&later).await;
    let kept = scene.kept(&id).await;
    assert_eq!((kept.version, kept.told_at, kept.case.evidence.as_str()), (2, Some(later.opened_at), "{}"));
    let (status, closed) = scene.close(OPERATOR, &id, KEY, "Given back.").await;
    assert_eq!((status, &closed["state"], &closed["closed"]["note"]), (200, &json!("closed"), &json!("Given back.")));
    assert!(scene.all(json!({})).await.is_empty());
    assert_eq!(scene.all(json!({"state": "closed"})).await, [id.clone()]);
    assert_eq!(scene.acts().await, [format!("operator-1 close_case {id}")]);
    // The matter comes again: it is open, and what was written is still there.
    let again = Case { opened_at: scene.stage.now(), ..case };
    scene.open(&again).await;
    assert_eq!(scene.all(json!({})).await, [id.clone()]);
    let shown = scene.show(&id).await;
    assert_eq!((&shown["state"], &shown["reopened"]), (&json!("open"), &json!(1)));
    assert_eq!(shown["closed_before"][0]["note"], "Given back.");
    // The key that closed it before has done what it was for.
    let (status, stands) = scene.close(OPERATOR, &id, KEY, "Given back.").await;
    assert_eq!((status, &stands["state"]), (200, &json!("open")));
    let (status, problem) = scene.close(OPERATOR, &id, KEY, "Another note.").await;
    assert_eq!((status, &problem["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(scene.close(OPERATOR, &id, OTHER_KEY, "Now for good.").await.0, 200);
    assert_eq!(scene.kept(&id).await.closed_before.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn listings_are_in_order_whole_and_by_page() {
    let scene = Scene::set().await;
    let mut opened: Vec<(Reason, String)> = Vec::new();
    for number in 0..23u64 {
        let reason = Reason::ALL[number as usize % 5];
        let amount_minor = Money::from_halalas(number + 1).unwrap();
        opened.push((reason, scene.open(&Case { amount_minor, ..scene.case(reason, "{}") }).await));
        // Some in the same moment.
        tokio::time::advance(Duration::from_millis(number % 3)).await;
    }
    let of = |wanted: &dyn Fn(Reason) -> bool| -> Vec<String> {
        opened.iter().filter(|(reason, _)| wanted(*reason)).map(|(_, id)| id.clone()).collect()
    };
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    for limit in ["1", "4", "22", "23", "100"] {
        let all = scene.all(json!({"limit": limit})).await;
        assert_eq!(sorted(all.clone()), sorted(of(&|_| true)), "pages of {limit}");
        let mut times = Vec::new();
        for id in &all {
            times.push(scene.kept(id).await.since());
        }
        assert!(times.is_sorted(), "the one that waits longest first");
    }
    for reason in Reason::ALL {
        let listed = scene.all(json!({"reason": reason.code(), "limit": "2"})).await;
        assert_eq!(sorted(listed), sorted(of(&|known| known == *reason)));
    }
    for owner in ["payments", "finance", "engineering", "donor_care"] {
        let listed = scene.all(json!({"owner": owner, "limit": "3"})).await;
        assert_eq!(sorted(listed), sorted(of(&|reason| reason.owner().code() == owner)));
    }
    assert!(scene.all(json!({"owner": "engineering", "reason": "amount_differs"})).await.is_empty());
    // What is closed between two pages is not shown, and nothing else is skipped or repeated.
    let first = scene.list(json!({"limit": "5"})).await;
    let order = scene.all(json!({})).await;
    assert_eq!(scene.close(OPERATOR, &order[6], KEY, "Done.").await.0, 200);
    let rest = scene.all(json!({"limit": "5", "cursor": first["next"]})).await;
    assert_eq!(rest, [&order[5..6], &order[7..]].concat());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(scene.close(OPERATOR, &order[2], KEY, "Done.").await.0, 200);
    assert_eq!(
        scene.all(json!({"state": "closed", "limit": "1"})).await,
        [order[2].clone(), order[6].clone()],
        "the latest first"
    );
}

#[tokio::test(start_paused = true)]
async fn of_two_who_close_at_once_one_is_heard_and_the_other_told_by_whom() {
    let scene = Scene::set().await;
    let id = scene.open_for(Reason::AmountDiffers).await;
    scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Delay(Duration::from_millis(5)));
    let (one, other) = tokio::join!(scene.close(OPERATOR, &id, KEY, "Mine."), scene.close(APPROVER, &id, KEY, "No, mine."));
    scene.mend();
    let (heard, told) = if one.0 == 200 { (one, other) } else { (other, one) };
    assert_eq!((heard.0, told.0, &told.1["code"]), (200, 409, &json!("case_closed")));
    let by = heard.1["closed"]["by"].as_str().unwrap();
    assert_eq!(told.1["detail"], format!("by {by}"));
    assert_eq!(scene.show(&id).await, heard.1);
}

/// A matter that is told while somebody closes it is open afterwards, or was told before; what was written stands either way.
#[tokio::test(start_paused = true)]
async fn a_matter_told_while_it_is_closed_does_not_vanish() {
    for late_ms in 0..30u64 {
        let scene = Scene::set().await;
        let case = scene.case(Reason::AmountDiffers, "{}");
        let id = scene.open(&case).await;
        tokio::time::advance(Duration::from_secs(120)).await;
        scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Delay(Duration::from_millis(5)));
        let settlement = scene.stage.platform("settlement").unwrap().table().unwrap();
        let telling = async {
            tokio::time::sleep(Duration::from_millis(late_ms)).await;
            settlement.open_case(&Case { opened_at: scene.stage.now(), ..case.clone() }).await
        };
        let (closed, told) = tokio::join!(scene.close(OPERATOR, &id, KEY, "Done."), telling);
        scene.mend();
        told.unwrap();
        assert_eq!(closed.0, 200, "{}", closed.1);
        let kept = scene.kept(&id).await;
        let notes = kept.closed_before.len() + usize::from(kept.reopened == 0);
        assert_eq!(notes, 1, "{late_ms} ms: {kept:?}");
        assert!(kept.told_at.is_some(), "{late_ms} ms: the telling left a trace");
    }
}

#[tokio::test(start_paused = true)]
async fn many_tell_at_once_and_it_is_opened_once() {
    let scene = Scene::set().await;
    let case = scene.case(Reason::AmountDiffers, "{}");
    let id = scene.open(&case).await;
    assert_eq!(scene.close(OPERATOR, &id, KEY, "Done.").await.0, 200);
    scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Delay(Duration::from_millis(5)));
    let table = scene.stage.platform("settlement").unwrap().table().unwrap();
    let tell = || table.open_case(&case);
    let (a, b, c, d) = tokio::join!(tell(), tell(), tell(), tell());
    scene.mend();
    [a, b, c, d].into_iter().for_each(Result::unwrap);
    let kept = scene.kept(&id).await;
    assert_eq!((kept.reopened, kept.closed_before.len()), (1, 1));
}

/// What a person wrote is kept for as many closings as are kept, and the log has the rest.
#[tokio::test(start_paused = true)]
async fn a_matter_that_comes_again_and_again_stays_small() {
    let scene = Scene::set().await;
    let case = scene.case(Reason::AmountDiffers, "{}");
    let id = case.id();
    for number in 0..MOST_KEPT + 3 {
        scene.open(&case).await;
        let key = format!("{number:04}-6a0e-4f57-9d0a-3f0c2b1e8d47");
        assert_eq!(scene.close(OPERATOR, &id, &key, &format!("Note {number}.")).await.0, 200);
    }
    let kept = scene.kept(&id).await;
    assert_eq!((kept.closed_before.len(), kept.reopened), (MOST_KEPT, MOST_KEPT as u32 + 2));
    assert_eq!(scene.acts().await.len(), MOST_KEPT + 3);
}

#[tokio::test(start_paused = true)]
async fn closing_is_finished_by_the_same_request_wherever_it_broke_off() {
    for broken in 0.. {
        let scene = Scene::set().await;
        let id = scene.open_for(Reason::AmountDiffers).await;
        let event = scene.event(OPERATOR, CLOSE, KEY, (&id, &json!({"note": "Done."})));
        scene.break_at(broken);
        let deps = scene.deps();
        let first = invocation(call(&deps, event.clone())).await;
        scene.mend();
        let is_closed = scene.all(json!({"state": "closed"})).await == [id.clone()];
        assert_eq!(is_closed, scene.all(json!({})).await.is_empty(), "call {broken}: in one list");
        assert!(!is_closed || !scene.acts().await.is_empty(), "call {broken}: closed and not in the log");
        let (status, closed) = call(&scene.deps(), event).await;
        assert_eq!((status, &closed["closed"]["note"]), (200, &json!("Done.")), "call {broken}");
        assert!(scene.kept(&id).await.closed_before.is_empty());
        if matches!(first, Ok((200, _))) && broken % 4 == 0 {
            assert!(broken >= 3 * 4, "every call was broken");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn setting_aside_is_finished_by_the_same_telling_wherever_it_broke_off() {
    for broken in 0.. {
        let scene = Scene::set().await;
        let case = scene.case(Reason::AmountDiffers, "{}");
        let id = scene.open(&case).await;
        assert_eq!(scene.close(OPERATOR, &id, KEY, "Done.").await.0, 200);
        let again = Case { opened_at: scene.stage.now().plus_seconds(5), ..case };
        scene.break_at(broken);
        let table = scene.stage.platform("settlement").unwrap().table().unwrap();
        let first = invocation(table.open_case(&again)).await;
        scene.mend();
        table.open_case(&again).await.unwrap();
        let kept = scene.kept(&id).await;
        assert_eq!((kept.reopened, kept.closed_before.len()), (1, 1), "call {broken}");
        assert_eq!(scene.all(json!({})).await, [id]);
        if matches!(first, Ok(Ok(()))) && broken % 4 == 0 {
            assert!(broken >= 2 * 4, "every call was broken");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_replay_goes_where_it_would_have_gone_and_the_case_stays_open() {
    let scene = Scene::set().await;
    let looked = scene.open_for(Reason::AmountDiffers).await;
    let (status, replayed) = scene.replay(&looked, KEY).await;
    let expected = json!({"case": looked, "queue": "verification", "by": "operator-1", "at": replayed["at"]});
    assert_eq!((status, replayed.clone()), (202, expected));
    let asked = Message::LookRequested { payment: payment("p-1"), case: looked.clone() };
    assert_eq!(scene.sent("verification").await, [asked.clone()]);
    // The same key sends nothing more; another does.
    assert_eq!(scene.replay(&looked, KEY).await, (202, replayed));
    assert!(scene.sent("verification").await.is_empty());
    assert_eq!(scene.replay(&looked, OTHER_KEY).await.0, 202);
    assert_eq!(scene.sent("verification").await, [asked]);
    let shown = scene.show(&looked).await;
    assert_eq!((&shown["state"], shown["replays"].as_array().unwrap().len()), (&json!("open"), 2));
    // That it did not help is seen.
    assert_ne!(shown["told_at"], json!(scene.stage.now().to_string()));
    scene.stage.table.reopen_case(&looked, scene.stage.now()).await.unwrap();
    assert_eq!(scene.show(&looked).await["told_at"], json!(scene.stage.now().to_string()));
    assert_eq!(scene.kept(&looked).await.reopened, 0);

    let told = scene.open_for(Reason::Unwritable).await;
    assert_eq!(scene.replay(&told, KEY).await.0, 202);
    assert_eq!(scene.sent("payments").await, [Message::PaymentTold(fact(Happening::Voided))]);
    assert_eq!(scene.acts().await.len(), 3);
}

/// What could not be read when it came is read again once the code can: it goes the way of every webhook.
#[tokio::test(start_paused = true)]
async fn a_document_is_read_again() {
    let scene = Scene::set().await;
    let data = json!({"id": "p-9", "status": "paid", "amount": 5_000, "currency": "SAR", "source": {"name": "[redacted]"}});
    let readable = json!({"id": "e-1", "type": "payment_paid", "secret_token": "[redacted]", "data": data});
    let id = scene.open_document(&readable).await;
    assert_eq!(scene.replay(&id, KEY).await.0, 202);
    let [Message::PaymentReported(reported)] = &scene.sent("verification").await[..] else { panic!("one report") };
    assert_eq!((reported.payment.clone(), reported.amount_minor), (payment("p-9"), money("50")));
    // Of a body that was no JSON nothing is kept but its hash.
    let broken = scene.open_document(&json!({"bytes": 12, "sha256": "00"})).await;
    let (status, problem) = scene.replay(&broken, KEY).await;
    assert_eq!((status, &problem["code"]), (409, &json!("still_unreadable")));
    // A document that is gone, or an evidence that names none.
    let case = Case { payment: None, donation: None, ..scene.case(Reason::TypeUnknown, "set-aside/moyasar/gone.json") };
    let gone = scene.open(&case).await;
    let (status, problem) = scene.replay(&gone, KEY).await;
    assert_eq!((status, &problem["code"]), (409, &json!("nothing_to_replay")));
}

#[tokio::test(start_paused = true)]
async fn what_two_people_agreed_to_is_not_given_back_by_one() {
    let scene = Scene::set().await;
    let agreed = scene.case(Reason::RefundRefused, r#"{"owed_minor":5000}"#);
    let named = Case { refund: Some("0".repeat(32).parse().unwrap()), ..agreed.clone() };
    for (case, code) in [(agreed, "nothing_to_replay"), (named, "replay_cannot_help")] {
        let id = scene.open(&case).await;
        let (status, problem) = scene.replay(&id, KEY).await;
        assert_eq!((status, &problem["code"]), (409, &json!(code)));
    }
    // Nor what somebody wrote into the evidence.
    let forged =
        json!({"message": Envelope::from(Message::RefundApproved { donation: DonationId::from_bytes([1; 16]) }).write()});
    let id =
        scene.open(&Case { payment: Some(payment("p-3")), ..scene.case(Reason::RefundRefused, &forged.to_string()) }).await;
    assert_eq!(scene.replay(&id, KEY).await.1["code"], "nothing_to_replay");
    assert!(scene.sent("refunds").await.is_empty() && scene.acts().await.is_empty());
}

/// For every reason: a replay says plainly whether it can help, and sends only then.
#[tokio::test(start_paused = true)]
async fn every_reason_is_replayed_or_says_why_not() {
    let scene = Scene::set().await;
    for reason in Reason::ALL {
        let id = scene.open_for(*reason).await;
        let can_help = scene.show(&id).await["replayable"].as_bool().unwrap();
        let (status, body) = scene.replay(&id, KEY).await;
        let sent =
            scene.sent("verification").await.len() + scene.sent("payments").await.len() + scene.sent("refunds").await.len();
        match status {
            202 => assert_eq!((can_help, sent), (true, 1), "{reason}"),
            409 => assert_eq!((can_help, sent), (false, 0), "{reason}: {body}"),
            _ => panic!("{reason}: {status} {body}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_replay_is_finished_by_the_same_request_wherever_it_broke_off() {
    for broken in 0.. {
        let scene = Scene::set().await;
        let id = scene.open_for(Reason::AmountDiffers).await;
        let event = scene.event(OPERATOR, REPLAY, KEY, ("", &json!({"case": id})));
        scene.break_at(broken);
        let deps = scene.deps();
        let first = invocation(call(&deps, event.clone())).await;
        scene.mend();
        let noted = scene.kept(&id).await.replays.len();
        let mut sent = scene.sent("verification").await.len();
        assert!(noted == 0 || sent > 0, "call {broken}: noted and not sent");
        assert!(sent == 0 || !scene.acts().await.is_empty(), "call {broken}: sent and not in the log");
        assert_eq!(call(&scene.deps(), event).await.0, 202, "call {broken}");
        sent += scene.sent("verification").await.len();
        assert!((1..=2).contains(&sent), "call {broken}: sent {sent} times");
        assert_eq!(scene.kept(&id).await.replays.len(), 1, "call {broken}");
        if matches!(first, Ok((202, _))) && broken % 4 == 0 {
            assert!(broken >= 4 * 4, "every call was broken");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_who_replay_at_once_and_one_who_closes_meanwhile_lose_nothing() {
    let scene = Scene::set().await;
    let id = scene.open_for(Reason::AmountDiffers).await;
    scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Delay(Duration::from_millis(5)));
    let (one, other, closed) =
        tokio::join!(scene.replay(&id, KEY), scene.replay(&id, OTHER_KEY), scene.close(APPROVER, &id, KEY, "Done."));
    scene.mend();
    assert_eq!(closed.0, 200, "{}", closed.1);
    let replays = [&one, &other].iter().filter(|reply| reply.0 == 202).count();
    let kept = scene.kept(&id).await;
    assert_eq!((kept.replays.len(), kept.closed_before.len()), (replays, 0), "{} {}", one.1, other.1);
    assert_eq!(scene.sent("verification").await.len(), replays);
}

/// A case of before there were states, versions and lists is open, and can be closed; then it is in the list.
#[tokio::test(start_paused = true)]
async fn a_case_of_an_earlier_form_is_open_and_can_be_closed() {
    let scene = Scene::set().await;
    let case = scene.case(Reason::AmountDiffers, "{}");
    let table = &scene.stage.stack.tables.iter().find(|table| table.logical_id == "Table").unwrap().name;
    let item = json!({
        "pk": {"S": format!("CASE#{}", case.id())}, "sk": {"S": "CASE"}, "reason": {"S": "amount_differs"},
        "payment": {"M": {"provider": {"S": "moyasar"}, "payment": {"S": "p-1"}}},
        "donation": {"S": "01010101010101010101010101010101"}, "amount_minor": {"N": "5000"}, "evidence": {"S": "{}"},
        "opened_at": {"N": case.opened_at.millis().to_string()},
    });
    let put = json!({"TableName": table, "Item": item});
    let reply = scene.stage.cloud.services().dynamo.call("DynamoDB_20120810.PutItem", put.to_string().as_bytes()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(scene.show(&case.id()).await["state"], "open");
    assert_eq!(scene.close(OPERATOR, &case.id(), KEY, "Done.").await.0, 200);
    let filter = CaseFilter {
        standing: domain::case::kept::Standing::Closed,
        reasons: vec![Reason::AmountDiffers],
        latest_first: true,
        after: None,
    };
    assert_eq!(scene.stage.table.cases(&filter, 1).await.unwrap().cases.len(), 1);
}
