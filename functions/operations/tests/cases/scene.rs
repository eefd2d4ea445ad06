//! A stage with cases on it, and those who deal with them.

use std::sync::Mutex;
use std::time::Duration;

use domain::case::kept::Kept;
use domain::case::{Case, Reason, document};
use domain::catalogue::Opportunity;
use domain::donation::Place;
use domain::id::DonationId;
use domain::journal::{ChainId, Movement, Tail};
use domain::message::Message;
use domain::money::Money;
use domain::payment::{Happening, PaymentFact, PaymentRef, Provider};
use domain::purpose::Fund;
use operations::replays::SOON;
use operations::{Deps, handle};
use platform::bucket::Bucket;
use serde_json::{Value, json};
use stage::{Options, Stage, event, sample};
use testkit::faults::{Call, Failure, Fault, NoFaults};

pub const KEY: &str = "6f1c9a52-6a0e-4f57-9d0a-3f0c2b1e8d47";
pub const OTHER_KEY: &str = "0c8d7b1a-95e4-4f0a-b3c2-7d6e5f401234";
pub const LIST: &str = "GET /v1/operations/cases";
pub const SHOW: &str = "GET /v1/operations/cases/{id}";
pub const CLOSE: &str = "POST /v1/operations/cases/{id}/close";
pub const REPLAY: &str = "POST /v1/operations/replays";
pub const ASK: &str = "POST /v1/operations/corrections";
pub const CORRECTIONS: &str = "GET /v1/operations/corrections";
pub const CORRECTION: &str = "GET /v1/operations/corrections/{id}";
pub const APPROVE: &str = "POST /v1/operations/corrections/{id}/approve";
pub const DECLINE: &str = "POST /v1/operations/corrections/{id}/decline";
pub const OPERATOR: (&str, &str) = ("operator-1", "operator");
pub const APPROVER: (&str, &str) = ("approver-1", "approver");

/// A status and a body.
pub type Reply = (u64, Value);

pub struct Scene {
    pub stage: Stage,
}

pub fn payment(id: &str) -> PaymentRef {
    PaymentRef { provider: Provider::Moyasar, payment: id.parse().unwrap() }
}

pub fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// What settlement keeps of a fact.
pub fn fact(happening: Happening) -> PaymentFact {
    PaymentFact {
        payment: payment("p-1"),
        donation: Some(DonationId::from_bytes([1; 16])),
        attempt: 1,
        amount_minor: money("50"),
        currency: "SAR".to_owned(),
        happening,
    }
}

/// A correction of one transfer within the fund of the wells.
pub fn moved(case: &str, amount: &str) -> Value {
    let transfer = json!({"debit": "sadaqa:wells-jazan", "credit": "sadaqa:wells-qassim", "amount": amount});
    json!({"case": case, "transfers": [transfer], "note": "The gifts were for Qassim."})
}

impl Scene {
    pub async fn set() -> Scene {
        Scene::of(Options::default()).await
    }

    pub async fn of(options: Options) -> Scene {
        Scene { stage: Stage::new(options).await.unwrap() }
    }

    /// What accounts are named after: two opportunities of one fund, one of another, a charity.
    pub async fn furnish(&self) {
        let named = |id: &str| Opportunity { id: id.parse().unwrap(), ..sample::wells() };
        let families = Opportunity { fund: Fund::Zakat, ..named("families-asir") };
        for opportunity in [sample::wells(), named("wells-qassim"), families] {
            self.stage.publish(&opportunity).await.unwrap();
        }
        self.stage.table.put_charity(&sample::charity()).await.unwrap();
    }

    pub async fn act(&self, who: (&str, &str), route: &str, key: &str, (id, body): (&str, &Value)) -> Reply {
        call(&self.deps(), self.event(who, route, key, (id, body))).await
    }

    /// A case, and a correction about it that `operator-1` asked for; gives back the ids of both.
    pub async fn asked(&self) -> (String, String) {
        self.furnish().await;
        let case = self.open_for(Reason::VoidAfterCapture).await;
        let (status, asked) = self.act(OPERATOR, ASK, KEY, ("", &moved(&case, "12.50"))).await;
        assert_eq!(status, 201, "{asked}");
        (case, asked["id"].as_str().unwrap().to_owned())
    }

    /// Every movement in the books, with its place; each page follows from the one before it.
    pub async fn movements(&self) -> Vec<(Place, Movement)> {
        let mut found = Vec::new();
        for chain in ChainId::all() {
            let mut tail = Tail::empty(chain);
            for page in self.stage.table.pages(chain, 0, 100).await.unwrap() {
                page.verify(&tail).unwrap();
                tail = page.tail();
                let place = |index| Place { chain: chain.number(), seq: page.seq, index };
                found.extend((0..).zip(page.movements()).map(|(index, movement)| (place(index), movement.clone())));
            }
        }
        found
    }

    pub fn deps(&self) -> Deps {
        Deps::new(&self.stage.platform("operations").unwrap()).unwrap()
    }

    pub fn case(&self, reason: Reason, evidence: &str) -> Case {
        let (payment, donation) = (Some(payment("p-1")), Some(DonationId::from_bytes([1; 16])));
        let (amount_minor, opened_at) = (money("50"), self.stage.now());
        Case { reason, payment, donation, refund: None, amount_minor, evidence: evidence.to_owned(), opened_at }
    }

    /// Opens a case; gives back its id.
    pub async fn open(&self, case: &Case) -> String {
        self.stage.table.open_case(case).await.unwrap();
        case.id()
    }

    pub async fn open_for(&self, reason: Reason) -> String {
        self.open(&self.case(reason, &serde_json::to_string(&fact(Happening::Voided)).unwrap())).await
    }

    /// Keeps a document as payment-callbacks does, and opens its case.
    pub async fn open_document(&self, redacted: &Value) -> String {
        let bytes = redacted.to_string().into_bytes();
        let name = document(Provider::Moyasar, &bytes);
        let platform = self.stage.platform("payment-callbacks").unwrap();
        let bucket = Bucket::new(&platform.aws, &platform.settings).unwrap();
        bucket.keep(&name, "application/json", bytes).await.unwrap();
        let case = Case { payment: None, donation: None, amount_minor: Money::ZERO, ..self.case(Reason::Malformed, &name) };
        self.open(&case).await
    }

    pub fn event(&self, (subject, role): (&str, &str), route: &str, key: &str, (id, body): (&str, &Value)) -> Value {
        let headers = json!({"idempotency-key": key, "accept-language": "en"});
        let mut event = event::http(route, json!({"id": id}), headers, &body.to_string());
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": subject, "role": role}, "scopes": null}});
        event
    }

    pub async fn close(&self, who: (&str, &str), id: &str, key: &str, note: &str) -> Reply {
        call(&self.deps(), self.event(who, CLOSE, key, (id, &json!({"note": note})))).await
    }

    pub async fn replay(&self, id: &str, key: &str) -> Reply {
        call(&self.deps(), self.event(OPERATOR, REPLAY, key, ("", &json!({"case": id})))).await
    }

    pub async fn list(&self, query: Value) -> Value {
        let mut event = self.event(OPERATOR, LIST, KEY, ("", &Value::Null));
        event["queryStringParameters"] = query;
        let (status, body) = call(&self.deps(), event).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The ids of a listing, all its pages.
    pub async fn all(&self, mut query: Value) -> Vec<String> {
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

    pub async fn show(&self, id: &str) -> Value {
        let (status, body) = call(&self.deps(), self.event(OPERATOR, SHOW, KEY, (id, &Value::Null))).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub async fn kept(&self, id: &str) -> Kept {
        self.stage.table.case(id).await.unwrap().unwrap()
    }

    /// What was sent, after the moment for which it waits.
    pub async fn sent(&self, queue: &str) -> Vec<Message> {
        tokio::time::advance(SOON + Duration::from_secs(1)).await;
        self.stage.take_messages(queue).await.unwrap()
    }

    pub async fn acts(&self) -> Vec<String> {
        let log = self.stage.table.operations(self.stage.now().day()).await.unwrap();
        log.into_iter().map(|operation| format!("{} {} {}", operation.by, operation.act, operation.on)).collect()
    }

    /// Breaks the call of that number in the way of that number; every way for each call in turn.
    pub fn break_at(&self, broken: usize) {
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

    pub fn mend(&self) {
        self.stage.cloud.services().set_faults(NoFaults);
    }
}

pub async fn call(deps: &Deps, event: Value) -> Reply {
    let response = handle(deps, serde_json::from_value(event).unwrap()).await;
    let response = serde_json::to_value(response).unwrap();
    let body = response["body"].as_str().unwrap_or_default();
    (response["statusCode"].as_u64().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}
