//! What stands before each test: something to give to, and every function that has to do with a person's data.

use std::future::Future;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::donation::Donation;
use domain::id::DonationId;
use domain::message::{Envelope, Message};
use domain::money::Money;
use domain::payment::{CURRENCY, Happening, Method, PaymentFact, PaymentRef, Provider};
use platform::Platform;
use platform::privacy::Privacy;
use serde_json::{Value, json};
use stage::{Options, Stage, event, identity, sample};

/// What is never to be found again, of the one who asks for it.
pub const THEIRS: [&str; 3] = ["عبدالرحمن الفلاني", "+966551234567", "sought@example.org"];
/// Another donor's.
pub const OTHERS: &str = "نورة";

pub struct Scene {
    pub stage: Stage,
    pub log: Arc<Mutex<Vec<u8>>>,
    _logging: tracing::subscriber::DefaultGuard,
}

pub struct Reply {
    pub status: i64,
    pub body: Value,
}

/// Runs a test on a runtime of its own, with time that stands until something waits.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(test);
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn reply(response: impl serde::Serialize) -> Reply {
    let response = serde_json::to_value(&response).unwrap();
    let text = response["body"].as_str().unwrap_or_default();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(text).unwrap() };
    Reply { status: response["statusCode"].as_i64().unwrap(), body }
}

/// An event of a signed-in donor's, as it comes after the gateway has checked the token.
pub fn signed_in(stage: &Stage, donor: &str, (route, path): (&str, Value), key: &str, body: &str) -> Value {
    let bearer = identity::token(donor, "donor", stage.now().seconds());
    let headers = json!({"authorization": format!("Bearer {bearer}"), "idempotency-key": key, "accept-language": "en"});
    let mut event = event::http(route, path, headers, body);
    event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": donor, "role": "donor"}, "scopes": []}});
    event
}

impl Scene {
    pub async fn set() -> Scene {
        // Noon in Riyadh.
        let options = Options { begins: "2026-11-23T12:00:00+03:00".parse().unwrap(), ..Options::default() };
        let stage = Stage::new(options).await.unwrap();
        stage.table.put_charity(&sample::charity()).await.unwrap();
        stage.publish(&sample::wells()).await.unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || Lines(Arc::clone(&lines))).finish();
        let logging = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
        Scene { stage, log, _logging: logging }
    }

    /// What a new environment of a function is given.
    pub fn platform(&self, function: &str) -> Platform {
        let mut platform = self.stage.platform(function).unwrap();
        platform.outbound = identity::beside(platform.outbound.clone());
        platform
    }

    pub fn privacy(&self) -> Privacy {
        Privacy::new(&self.platform("donations")).unwrap()
    }

    /// Answers a call in a new environment of `donations`.
    pub async fn donations(&self, event: Value) -> Reply {
        let deps = donations::Deps::new(&self.platform("donations")).unwrap();
        reply(donations::handle(&deps, serde_json::from_value(event).unwrap()).await)
    }

    /// The same of `receipts`.
    pub async fn receipts(&self, event: Value) -> Reply {
        let deps = receipts::Deps::new(&self.platform("receipts")).unwrap();
        reply(receipts::handle(&deps, serde_json::from_value(event).unwrap()).await)
    }

    /// A gift of a signed-in donor's.
    pub async fn give(&self, donor: &str, number: u8, person: Option<Value>) -> DonationId {
        let mut body =
            json!({"lines": [{"opportunity": "wells-jazan", "amount": "10"}], "return_url": "https://give.example/thanks"});
        if let Some(person) = person {
            body["donor"] = person;
        }
        let key = format!("6f9619ff-8b86-d011-b42d-{number:012x}");
        let event = signed_in(&self.stage, donor, ("POST /v1/donations", json!({})), &key, &body.to_string());
        let made = self.donations(event).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body["id"].as_str().unwrap().parse().unwrap()
    }

    /// A guest's gift; gives back its access token as well.
    pub async fn give_as_guest(&self, person: Value) -> (DonationId, String) {
        let guest = self.donations(event::http("POST /v1/guests", json!({}), json!({}), "")).await;
        let headers =
            json!({"guest-token": guest.body["guest_token"], "idempotency-key": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"});
        let body = json!({"lines": [{"opportunity": "wells-jazan", "amount": "10"}], "return_url": "https://give.example/thanks", "donor": person});
        let made = self.donations(event::http("POST /v1/donations", json!({}), headers, &body.to_string())).await;
        assert_eq!(made.status, 201, "{}", made.body);
        (made.body["id"].as_str().unwrap().parse().unwrap(), made.body["access_token"].as_str().unwrap().to_owned())
    }

    pub async fn donation(&self, id: DonationId) -> Donation {
        self.stage.table.donation(&id).await.unwrap().unwrap()
    }

    /// The gifts are paid, and settled together by settlement itself.
    pub async fn settle(&self, ids: &[DonationId]) {
        let captured =
            || Happening::Captured { method: Method::Mada, captured_at: self.stage.now(), fee_minor: Money::ZERO };
        let mut facts = Vec::new();
        for id in ids {
            facts.push(told(&self.donation(*id).await, captured()));
        }
        self.book(&facts).await;
    }

    /// So much of a gift was given back, in all.
    pub async fn give_back(&self, id: DonationId, refunded_minor: Money) {
        self.book(&[told(&self.donation(id).await, Happening::Refunded { refunded_minor })]).await;
    }

    async fn book(&self, facts: &[Message]) {
        let deps = settlement::Deps::new(&self.platform("settlement")).unwrap();
        let answer = settlement::handle(&deps, serde_json::from_value(event::messages(facts)).unwrap()).await;
        assert!(answer.batch_item_failures.is_empty());
    }

    pub async fn receipt_of(&self, donor: &str, id: DonationId) -> Reply {
        let path = json!({"id": id.to_string()});
        self.receipts(signed_in(&self.stage, donor, ("GET /v1/donations/{id}/receipt", path), "", "")).await
    }

    pub async fn proof_of(&self, donor: &str, id: DonationId) -> Reply {
        let path = json!({"id": id.to_string()});
        self.receipts(signed_in(&self.stage, donor, ("GET /v1/donations/{id}/proof", path), "", "")).await
    }

    pub async fn erase(&self, donor: &str) -> Reply {
        self.donations(signed_in(&self.stage, donor, ("DELETE /v1/personal-data", json!({})), "", "")).await
    }

    /// Takes what can be seen out of the queue `erasures` and has it done, until nothing can be seen; gives back how many messages that were.
    pub async fn work(&self) -> usize {
        let mut done = 0;
        loop {
            let messages = self.stage.take_messages("erasures").await.unwrap();
            if messages.is_empty() {
                return done;
            }
            done += messages.len();
            for message in messages {
                self.work_on(&message).await;
            }
        }
    }

    pub async fn work_on(&self, message: &Message) {
        let deps = erasure::Deps::new(&self.platform("erasure")).unwrap();
        let event = event::messages(std::slice::from_ref(message));
        let answer = erasure::handle(&deps, serde_json::from_value(event).unwrap()).await;
        assert!(answer.batch_item_failures.is_empty(), "{message:?}");
    }

    /// Until nobody has a key in memory any more, and the message that waited for that can be seen.
    pub async fn wait(&self) {
        tokio::time::advance(donations::erase::SWEEP_WAIT + Duration::from_secs(1)).await;
    }

    /// Everything that is kept anywhere, as bytes, by where: both tables, every version of every document, the log.
    pub async fn everything(&self) -> Vec<(String, Vec<u8>)> {
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        for table in &self.stage.stack.tables {
            let scan = json!({"TableName": table.name}).to_string();
            let reply = self.stage.cloud.services().dynamo.call("DynamoDB_20120810.Scan", scan.as_bytes()).await;
            let page: Value = serde_json::from_slice(&reply.body).unwrap();
            assert!(page["LastEvaluatedKey"].is_null(), "a page of a megabyte holds a table here");
            for item in page["Items"].as_array().unwrap() {
                all.push((format!("{} {}", table.logical_id, item["pk"]["S"]), item.to_string().into_bytes()));
            }
        }
        all.extend(self.stage.versions().unwrap());
        all.push(("the log".to_owned(), self.log.lock().unwrap().clone()));
        all
    }

    /// Takes every message out of every queue but one, with what waits, as bytes.
    pub async fn queues(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = Vec::new();
        let names: Vec<String> = self.stage.stack.queues.iter().map(|queue| queue.name.clone()).collect();
        for name in names {
            let short = name.strip_prefix("stage-").unwrap().to_owned();
            for message in self.stage.take_messages(&short).await.unwrap() {
                all.push((short.clone(), Envelope::from(message).write().into_bytes()));
            }
        }
        all
    }
}

fn told(donation: &Donation, happening: Happening) -> Message {
    let payment = match donation.state.settled_by() {
        Some(by) => by.payment.clone(),
        None => PaymentRef { provider: Provider::Moyasar, payment: format!("p-{}", donation.id).parse().unwrap() },
    };
    Message::PaymentTold(PaymentFact {
        payment,
        donation: Some(donation.id),
        attempt: 1,
        amount_minor: donation.total(),
        currency: CURRENCY.to_owned(),
        happening,
    })
}
