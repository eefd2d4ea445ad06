//! What officers do, against the emulated cloud: every event, the way of a refund through two people, crashes at every call, races.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use domain::donation::{Donation, Line};
use domain::id::DonationId;
use domain::message::Message;
use domain::payment::Happening;
use domain::purpose::Fund;
use operations::{Deps, handle, refunds::LATER};
use serde_json::{Value, json};
use stage::{Options, Stage, event, sample};
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

const KEY: &str = "6f1c9a52-6a0e-4f57-9d0a-3f0c2b1e8d47";
const OTHER_KEY: &str = "0c8d7b1a-95e4-4f0a-b3c2-7d6e5f401234";
const ASK: &str = "POST /v1/donations/{id}/refunds";
const LIST: &str = "GET /v1/donations/{id}/refunds";
const APPROVE: &str = "POST /v1/donations/{id}/refunds/{refund}/approve";
const DECLINE: &str = "POST /v1/donations/{id}/refunds/{refund}/decline";
const DISPUTE: &str = "POST /v1/donations/{id}/disputes";

/// A stage with a paid gift of SAR 50 and 30.
struct Scene {
    stage: Stage,
    donation: DonationId,
    refund: String,
}

/// A status and a body.
type Reply = (u64, Value);

impl Scene {
    async fn set() -> Scene {
        let stage = Stage::new(Options::default()).await.unwrap();
        let mut gift = sample::gift(1, stage.now());
        let second = Line { opportunity: "clinic-riyadh".parse().unwrap(), fund: Fund::Waqf, ..gift.lines[0].clone() };
        gift.lines.push(Line { amount_minor: "30".parse().unwrap(), ..second });
        assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
        let donation = stage.settle(&gift.id).await.unwrap().id;
        Scene { stage, donation, refund: String::new() }
    }

    /// With a refund of SAR 10 of the second line that `operator-9` asked for.
    async fn asked() -> Scene {
        let mut scene = Scene::set().await;
        let body = json!({"reason": "donor_asked", "lines": [{"line": 1, "amount": "10"}]});
        let (status, refund) = scene.act(("operator-9", "operator"), ASK, KEY, &body).await;
        assert_eq!(status, 201, "{refund}");
        scene.refund = refund["id"].as_str().unwrap().to_owned();
        scene
    }

    /// A new environment of the function.
    fn deps(&self) -> Deps {
        Deps::new(&self.stage.platform("operations").unwrap()).unwrap()
    }

    fn event(&self, (subject, role): (&str, &str), route: &str, key: &str, body: &Value) -> Value {
        let headers = json!({"idempotency-key": key, "accept-language": "en"});
        let path = json!({"id": self.donation.to_string(), "refund": self.refund});
        let mut event = event::http(route, path, headers, &body.to_string());
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": subject, "role": role}, "scopes": null}});
        event
    }

    async fn act(&self, who: (&str, &str), route: &str, key: &str, body: &Value) -> Reply {
        call(&self.deps(), self.event(who, route, key, body)).await
    }

    async fn gift(&self) -> Donation {
        self.stage.table.donation(&self.donation).await.unwrap().unwrap()
    }

    fn approved(&self) -> Message {
        Message::RefundApproved { donation: self.donation }
    }

    /// The acts in today's log.
    async fn acts(&self) -> Vec<String> {
        let log = self.stage.table.operations(self.stage.now().day()).await.unwrap();
        log.into_iter().map(|operation| format!("{} {}", operation.by, operation.act)).collect()
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
    assert!(files.len() >= 25, "the events are there");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        // Those of cases are asked on a scene of their own.
        if text.contains("/v1/operations/") {
            continue;
        }
        let speaks_of_one = text.contains("{refund}/") || name.contains("list");
        let scene = if speaks_of_one { Scene::asked().await } else { Scene::set().await };
        let text = text.replace("{donation}", &scene.donation.to_string());
        // The route keeps its braces: the gateway names it so.
        let text = text.replace("\"refund\": \"{refund}\"", &format!("\"refund\": \"{}\"", scene.refund));
        let (status, mut body) = call(&scene.deps(), serde_json::from_str(&text).unwrap()).await;
        let good = name.starts_with("good-");
        assert_eq!((200..300).contains(&status), good, "{name}: {status} {body}");
        assert!(status < 500, "{name}: {body}");
        if let Some(id) = body.get_mut("id") {
            assert_eq!(id.as_str().unwrap().len(), 32);
            *id = "[id]".into();
        }
        if let Some(id) = body.pointer_mut("/refunds/0/id") {
            *id = "[id]".into();
        }
        let shown = format!("{status}\n{}", serde_json::to_string_pretty(&body).unwrap());
        settings.bind(|| insta::assert_snapshot!(name, shown));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refund_goes_through_two_people_and_every_act_is_in_the_log() {
    let scene = Scene::asked().await;
    assert!(scene.stage.take_messages("refunds").await.unwrap().is_empty(), "nothing is given back yet");
    let (status, problem) = scene.act(("operator-9", "approver"), APPROVE, KEY, &json!({})).await;
    assert_eq!((status, &problem["code"]), (403, &json!("same_person")));
    let (status, refund) = scene.act(("approver-1", "approver"), APPROVE, KEY, &json!({})).await;
    assert_eq!((status, &refund["state"], &refund["decided_by"]), (200, &json!("approved"), &json!("approver-1")));
    assert_eq!(scene.stage.take_messages("refunds").await.unwrap(), [scene.approved()]);
    tokio::time::advance(LATER + Duration::from_secs(1)).await;
    assert_eq!(scene.stage.take_messages("refunds").await.unwrap(), [scene.approved()], "the one of before");
    // Again: it is sent for again, and nothing else.
    let (status, again) = scene.act(("approver-1", "approver"), APPROVE, KEY, &json!({})).await;
    assert_eq!((status, again), (200, refund));
    assert_eq!(scene.stage.take_messages("refunds").await.unwrap(), [scene.approved()]);
    let (status, problem) = scene.act(("approver-1", "approver"), DECLINE, KEY, &json!({})).await;
    assert_eq!((status, &problem["code"], &problem["detail"]), (409, &json!("refund_over"), &json!("approved")));
    assert_eq!(scene.acts().await, ["operator-9 ask_refund", "approver-1 approve_refund"]);
    // The provider reports it: the line that was meant stands less.
    let gift = scene.stage.give_back(&scene.donation, "10".parse().unwrap()).await.unwrap();
    assert_eq!(gift.lines_standing(), ["50".parse().unwrap(), "20".parse().unwrap()]);
    let (_, listed) = scene.act(("auditor-1", "auditor"), LIST, KEY, &json!({})).await;
    assert_eq!((&listed["refunds"][0]["state"], &listed["stands"]), (&json!("done"), &json!("70.00")));
}

#[tokio::test(start_paused = true)]
async fn the_same_key_is_the_same_refund_and_another_waits() {
    let scene = Scene::asked().await;
    let body = json!({"reason": "donor_asked", "lines": [{"line": 1, "amount": "10.00"}]});
    let (status, again) = scene.act(("operator-9", "operator"), ASK, KEY, &body).await;
    assert_eq!((status, again["id"].as_str()), (200, Some(scene.refund.as_str())));
    let (status, problem) = scene.act(("operator-9", "operator"), ASK, KEY, &json!({"reason": "fraud"})).await;
    assert_eq!((status, &problem["code"]), (422, &json!("idempotency_key_reused")));
    // Somebody else's key is another's.
    let (status, problem) = scene.act(("operator-1", "operator"), ASK, KEY, &body).await;
    assert_eq!((status, &problem["code"]), (409, &json!("refund_open")));
    let (status, _) = scene.act(("operator-9", "operator"), DECLINE, KEY, &json!({})).await;
    assert_eq!(status, 200, "whoever asked may take it back");
    let (status, _) = scene.act(("operator-9", "operator"), DECLINE, KEY, &json!({})).await;
    assert_eq!(status, 200, "again");
    let (status, _) = scene.act(("operator-1", "operator"), ASK, OTHER_KEY, &body).await;
    assert_eq!(status, 201);
}

#[tokio::test(start_paused = true)]
async fn of_two_who_ask_at_once_one_is_heard() {
    let scene = Scene::set().await;
    scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Delay(Duration::from_millis(5)));
    let body = json!({"reason": "mistake"});
    let one = scene.act(("operator-1", "operator"), ASK, KEY, &body);
    let other = scene.act(("operator-2", "operator"), ASK, OTHER_KEY, &body);
    let (one, other) = tokio::join!(one, other);
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", one.1, other.1);
    assert_eq!(scene.gift().await.back.refunds.len(), 1);
}

/// At each call of agreeing in turn: it does not come through, its answer is lost, the environment dies before or after it. Wherever it was, an agreement that stands is
/// told of within the minute, and the same request again ends where it should.
#[tokio::test(start_paused = true)]
async fn an_agreement_is_never_forgotten() {
    for broken in 0.. {
        let scene = Scene::asked().await;
        let calls = Mutex::new(0);
        scene.stage.cloud.services().set_faults(move |_: &Call<'_>| {
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
        let deps = scene.deps();
        let event = scene.event(("approver-1", "approver"), APPROVE, KEY, &json!({}));
        let first = invocation(call(&deps, event.clone())).await;
        scene.stage.cloud.services().set_faults(NoFaults);
        tokio::time::advance(LATER + Duration::from_secs(1)).await;
        let told = scene.stage.take_messages("refunds").await.unwrap();
        let stands = scene.gift().await.back.approved().is_some();
        assert!(!stands || told.contains(&scene.approved()), "call {broken}: agreed to and told to nobody");
        assert!(!stands || scene.acts().await.len() == 2, "call {broken}: agreed to and not in the log");
        let (status, refund) = call(&scene.deps(), event).await;
        assert_eq!((status, &refund["state"]), (200, &json!("approved")), "call {broken}");
        assert!(scene.stage.take_messages("refunds").await.unwrap().contains(&scene.approved()));
        if matches!(first, Ok((200, _))) && broken % 4 == 0 {
            assert!(broken >= 5 * 4, "every call was broken");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dispute_that_was_reported_goes_to_settlement() {
    let scene = Scene::set().await;
    let open = json!({"outcome": "open", "amount": "80"});
    let (status, _) = scene.act(("operator-1", "operator"), DISPUTE, KEY, &open).await;
    assert_eq!(status, 202);
    let [Message::PaymentTold(fact)] = &scene.stage.take_messages("payments").await.unwrap()[..] else { panic!("one fact") };
    assert_eq!(fact.happening, Happening::Disputed { disputed_minor: "80".parse().unwrap() });
    let gift = scene.stage.book(&scene.donation, fact.happening.clone()).await.unwrap();
    let payment = gift.state.settled_by().map(|by| &by.payment);
    assert_eq!((gift.state.code(), payment), ("disputed", Some(&fact.payment)));
    // Nothing stands that could be given back; the opposite of what is known is refused at once; the same again is not.
    let (status, problem) = scene.act(("operator-1", "operator"), ASK, KEY, &json!({"reason": "donor_asked"})).await;
    assert_eq!((status, &problem["errors"][0]["remains"]), (409, &json!("0.00")));
    let other = json!({"outcome": "lost", "amount": "70"});
    let (status, problem) = scene.act(("operator-1", "operator"), DISPUTE, KEY, &other).await;
    assert_eq!((status, &problem["code"], &problem["detail"]), (409, &json!("contradicts"), &json!("dispute_differs")));
    assert_eq!(scene.act(("operator-1", "operator"), DISPUTE, KEY, &open).await.0, 202);
}
