//! What stands before an example is asked, and what is about to go wrong.

use std::sync::Arc;
use std::time::Duration;

use domain::cap::{self, MOST_SHARDS};
use domain::case::{Case, Reason, document};
use domain::donation::{Donation, Giver, HoldPart, MOST_ATTEMPTS, SettledBy, State};
use domain::id::DonationId;
use domain::journal::ChainId;
use domain::money::Money;
use domain::payment::{CURRENCY, Happening, Method, PaymentFact, PaymentRef, Provider};
use domain::proof::log::Log;
use domain::totals::{Delta, bucket};
use openapi::{Example, Operation};
use platform::auth::{Identifiers, Ticket};
use platform::bucket::Bucket;
use platform::outbound::{Outbound, OutboundError};
use platform::table::Cursors;
use platform::{Platform, Settings};
use serde_json::{Value, json};
use stage::{Options, Stage, identity};
use testkit::faults::{Call, Failure, Fault};

use crate::ask::{self, Reply};
use crate::{corrections, houses, offerings};

/// The functions behind the API, each with its own settings.
pub struct Scene {
    pub stage: Stage,
    pub catalogue: catalogue::Deps,
    pub donations: donations::Deps,
    pub operations: operations::Deps,
    pub callbacks: payment_callbacks::Deps,
    pub receipts: receipts::Deps,
    pub sacrifice: sacrifice::Deps,
    pub slaughterhouses: slaughterhouses::Deps,
    /// The guest's token, and the donation that the examples speak of with the token that opens it.
    pub guest: String,
    pub donation: String,
    pub access_token: String,
    /// A refund that was asked for of it, if one was.
    pub refund: String,
    /// A correction of the books that was asked for, if one was.
    pub correction: String,
    /// The code of its receipt, once it is settled.
    pub code: String,
    /// The guest's ticket of a waiting room, and what it became.
    pub ticket: String,
    pub admission: String,
}

/// The key under which the scene's guest gave before; the examples `again` and `idempotency_key_reused` use it again.
pub const KEY: &str = "6f1c9a52-6a0e-4f57-9d0a-3f0c2b1e8d47";
const OTHER_KEY: &str = "0c8d7b1a-95e4-4f0a-b3c2-7d6e5f401234";

impl Scene {
    /// The scene of an example.
    pub async fn set(operation: &Operation, example: &Example) -> Scene {
        let stage = Stage::new(Options::default()).await.unwrap();
        let mut scene = Scene {
            catalogue: catalogue::Deps::new(&platform(&stage, "catalogue", &[])).unwrap(),
            donations: donations::Deps::new(&platform(&stage, "donations", &[])).unwrap(),
            operations: operations::Deps::new(&platform(&stage, "operations", &[])).unwrap(),
            callbacks: payment_callbacks::Deps::new(&platform(&stage, "payment-callbacks", &[])).unwrap(),
            receipts: receipts::Deps::new(&platform(&stage, "receipts", &[])).unwrap(),
            sacrifice: sacrifice::Deps::new(&platform(&stage, "sacrifice", &[])).unwrap(),
            slaughterhouses: slaughterhouses::Deps::new(&platform(&stage, "slaughterhouses", &[])).unwrap(),
            stage,
            guest: String::new(),
            donation: String::new(),
            access_token: String::new(),
            refund: String::new(),
            correction: String::new(),
            code: String::new(),
            ticket: String::new(),
            admission: String::new(),
        };
        scene.furnish().await;
        let of_shares = ["shares", "apart", "sale_not_open", "sale_closed", "sold_out", "no_room_in_one", "too_few_left"];
        if operation.route.contains("/lists") {
            offerings::issue(&scene).await;
        }
        if operation.route.contains("/slaughterhouses/") {
            houses::furnish(&scene, operation, &example.name).await;
        }
        if operation.route.contains("/v1/sacrifice") || of_shares.contains(&example.name.as_str()) {
            offerings::put(&scene).await;
        }
        if operation.route.contains("/v1/donations") || operation.route.contains("/v1/receipts") {
            scene.give(&example.name).await;
        }
        let of_turns =
            ["admitted", "admission_required", "admission_over", "admission_foreign", "limit_reached", "slow_down"];
        if operation.route.contains("/tickets") || of_turns.contains(&example.name.as_str()) {
            scene.wait_in_line(&example.name).await;
        }
        if operation.told["operationId"].as_str().is_some_and(|id| id.ends_with("Receipt")) {
            scene.book(&example.name).await;
        }
        if operation.told["operationId"] == "getProof" {
            scene.prove(&example.name).await;
        }
        if operation.route.contains("/v1/operations/") {
            scene.set_aside(operation, &example.name).await;
            corrections::ask(&mut scene, operation, &example.name, &cases()[0]).await;
            crate::retractions::ask(&mut scene, operation, &example.name).await;
        } else if operations::ROUTES.iter().any(|route| route.key == operation.route) && example.name != "not_paid" {
            scene.pay().await;
            scene.ask_refund(operation, &example.name).await;
        }
        scene.disturb(operation, &example.name).await;
        scene
    }

    async fn furnish(&self) {
        for (id, body) in charities() {
            self.put("PUT /v1/charities/{id}", id, &body).await;
        }
        for (id, body) in opportunities() {
            self.put("PUT /v1/opportunities/{id}", id, &body).await;
        }
        let mut delta = Delta::new();
        for (id, halalas, gifts) in [("wells-jazan", 1_234_550, 120), ("orphans-qassim", 90_000, 9)] {
            let item = delta.entry(format!("OPP#{:02}", bucket(&id.parse().unwrap()))).or_default();
            item.extend([(format!("s:{id}"), halalas), (format!("n:{id}"), gifts)]);
        }
        let mut to = Cursors::START;
        to.set(ChainId::new(0).unwrap(), 1);
        self.stage.table.fold(&Cursors::START, &to, &delta).await.unwrap();
        self.hold("wells-jazan", Money::from_riyals(13_000).unwrap()).await;
        // Readers see all that, whatever they saw while it was made.
        tokio::time::advance(Duration::from_secs(u64::from(catalogue::snapshot::FRESH_SECS))).await;
    }

    pub async fn put(&self, route: &str, id: &str, body: &Value) {
        let reply = ask::operator(self, route, id, body).await;
        assert_eq!(reply.status, 201, "{route} {id}: {}", reply.body);
    }

    async fn hold(&self, id: &str, amount: Money) {
        let opportunity = id.parse().unwrap();
        let shards = self.stage.table.escrow(&opportunity, MOST_SHARDS).await.unwrap();
        let shards: Vec<_> = shards.iter().map(platform::table::Escrow::shard).collect();
        for (shard, amount_minor) in cap::plan(&shards, amount, 0).unwrap() {
            let part = HoldPart { opportunity: opportunity.clone(), shard, amount_minor };
            self.stage.claim(DonationId::from_bytes([shard; 16]), &part).await.unwrap();
        }
    }

    /// A guest, and the guest's gift in the state that the example speaks of; a donor's two gifts.
    async fn give(&mut self, example: &str) {
        self.guest = ask::guest(self).await;
        let used = matches!(example, "again" | "idempotency_key_reused");
        let mut gift = json!({
            "lines": [{"opportunity": "wells-jazan", "amount": "50.00"}],
            "return_url": "https://give.example/thanks",
        });
        if example == "named" {
            gift["donor"] = json!({"name": "أحمد", "mobile": "0551234567"});
        }
        let made: Reply = ask::gift(self, if used { KEY } else { OTHER_KEY }, &gift).await;
        assert_eq!(made.status, 201, "{}", made.body);
        self.donation = made.body["id"].as_str().unwrap().to_owned();
        self.access_token = made.body["access_token"].as_str().unwrap().to_owned();
        let donation = self.standing().await;
        match example {
            "settled" | "already_paid" => drop(self.stage.settle(&donation.id).await.unwrap()),
            "cancelled" => self.move_to(&donation, State::Cancelled).await,
            "expired" => tokio::time::advance(Duration::from_secs(901)).await,
            "too_many_attempts" => self.attempt_often().await,
            "attempt_failed" => self.fail_again().await,
            _ => {}
        }
        self.donors_gifts(&donation).await;
    }

    /// A waiting room with others in it, and the guest's ticket as the example speaks of it.
    async fn wait_in_line(&mut self, example: &str) {
        offerings::put_waited_for(self).await;
        if self.guest.is_empty() {
            self.guest = ask::guest(self).await;
        }
        let sheep = "sheep-makkah".parse().unwrap();
        self.stage.table.take_tickets(&sheep, 500).await.unwrap();
        let secs = if example == "over" { 700 } else { 2 };
        tokio::time::advance(Duration::from_secs(secs)).await;
        let secret = platform(&self.stage, "donations", &[]).secrets().unwrap().read("SECRET_IDENTIFIERS").await.unwrap();
        let (ids, now) = (Identifiers::new(secret), self.stage.now());
        let donation = ids.donation(&ids.guest(&self.guest, now).unwrap(), KEY);
        let number = match example {
            "waiting" => 450,
            "over" => 1,
            _ => 5,
        };
        let ticket = Ticket { number, donation };
        self.ticket = ids.ticket(&sheep, &ticket);
        self.admission = match example {
            // As the guest has it: by asking how the ticket stands.
            "admitted" => ask::admission(self).await,
            _ => ids.admission(&sheep, &ticket, now),
        };
        if example == "slow_down" {
            ask::try_often(self).await;
        }
    }

    /// The gift in the books, as the example of a receipt speaks of it.
    async fn book(&mut self, example: &str) {
        if example == "not_settled" {
            return;
        }
        let standing = self.standing().await;
        let settled = if standing.place.is_some() { standing } else { self.stage.settle(&standing.id).await.unwrap() };
        if example == "returned" {
            self.stage.give_back(&settled.id, settled.total()).await.unwrap();
        }
        let secret = platform(&self.stage, "receipts", &[]).secrets().unwrap().read("SECRET_IDENTIFIERS").await.unwrap();
        self.code = Identifiers::new(secret).receipt_code(settled.place.unwrap()).unwrap().compact();
    }

    /// The gift in the books, between two others, and its day published as the example of a proof speaks of it. The day before had no gift.
    async fn prove(&self, example: &str) {
        if example == "not_settled" {
            return;
        }
        let (id, now) = (self.standing().await.id, self.stage.now());
        let log = self.stage.publish_day(now.day().previous(), Log::default()).await.unwrap();
        let others = [91, 92].map(|number| stage::sample::gift(number, now));
        for other in &others {
            assert!(self.stage.table.make_donation(other).await.unwrap().is_none());
        }
        self.stage.settle_together(&[id, others[0].id]).await.unwrap();
        self.stage.settle(&others[1].id).await.unwrap();
        if example != "not_yet_published" {
            self.stage.publish_day(now.day(), log).await.unwrap();
        }
        match example {
            "in_part" => drop(self.stage.give_back(&id, Money::from_riyals(20).unwrap()).await.unwrap()),
            "erased" => self.stage.erase_salts(&id).await.unwrap(),
            _ => {}
        }
    }

    async fn pay(&self) {
        self.stage.settle(&self.standing().await.id).await.unwrap();
    }

    /// A refund that stands where the example speaks of one.
    async fn ask_refund(&mut self, operation: &Operation, example: &str) {
        let asks = operation.told["operationId"] == "askRefund";
        let again = matches!(example, "again" | "idempotency_key_reused" | "refund_open");
        if asks && !again || operation.told["operationId"] == "reportDispute" || example == "absent" {
            return;
        }
        let asker = match example {
            "same_person" => "approver-7",
            _ if asks => "operator-7",
            _ => "operator-8",
        };
        let body = json!({"reason": "donor_asked", "lines": [{"line": 0, "amount": "20.00"}]});
        let asked = ask::officer(self, (asker, "operator"), "POST /v1/donations/{id}/refunds", KEY, &body).await;
        assert_eq!(asked.status, 201, "{}", asked.body);
        self.refund = asked.body["id"].as_str().unwrap().to_owned();
        let act = match (operation.told["operationId"].as_str(), example) {
            (Some("approveRefund"), "refund_over") => "decline",
            (Some("declineRefund"), "refund_over") => "approve",
            _ => return,
        };
        let route = format!("POST /v1/donations/{{id}}/refunds/{{refund}}/{act}");
        let done = ask::officer(self, ("approver-8", "approver"), &route, KEY, &json!({})).await;
        assert_eq!(done.status, 200, "{}", done.body);
    }

    /// The cases that the examples speak of, and what was done about them before.
    async fn set_aside(&self, operation: &Operation, example: &str) {
        for case in cases() {
            if let Some(document) = case.evidence.strip_prefix("set-aside/") {
                let platform = platform(&self.stage, "payment-callbacks", &[]);
                let bucket = Bucket::new(&platform.aws, &platform.settings).unwrap();
                bucket.keep(&format!("set-aside/{document}"), "application/json", UNREADABLE.into()).await.unwrap();
            }
            self.stage.table.open_case(&case).await.unwrap();
        }
        let close = "POST /v1/operations/cases/{id}/close";
        let note = json!({"note": "The books were right."});
        let [.., closed] = cases().map(|case| case.id());
        let reply = ask::on_case(self, ("operator-8", "operator"), close, &closed, &note).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let [first, ..] = cases().map(|case| case.id());
        let before = match (operation.told["operationId"].as_str(), example) {
            (Some("closeCase"), "again" | "idempotency_key_reused") => {
                let note = json!({"note": "Given back on the provider's dashboard."});
                ask::on_case(self, ("approver-7", "approver"), close, &first, &note).await
            }
            (Some("replayCase"), "again") => {
                let body = json!({"case": first});
                ask::on_case(self, ("operator-7", "operator"), "POST /v1/operations/replays", "", &body).await
            }
            _ => return,
        };
        assert!(before.status < 300, "{}", before.body);
    }

    async fn standing(&self) -> Donation {
        self.stage.table.donation(&self.donation.parse().unwrap()).await.unwrap().unwrap()
    }

    async fn move_to(&self, donation: &Donation, state: State) {
        assert!(self.stage.table.move_donation(donation, &state).await.unwrap());
    }

    /// The second attempt has failed as well, and what was held is given up.
    async fn fail_again(&self) {
        let reply = ask::attempt(self, 1).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        let failed = State::Failed { reason: "05 DECLINED".to_owned() };
        self.move_to(&self.standing().await, failed).await;
        assert!(self.stage.table.drop_hold(&self.standing().await).await.unwrap());
    }

    async fn attempt_often(&self) {
        for after in 1..MOST_ATTEMPTS {
            let reply = ask::attempt(self, after).await;
            assert_eq!(reply.status, 201, "{}", reply.body);
        }
    }

    async fn donors_gifts(&self, like: &Donation) {
        for (number, age_secs) in [(1, 0), (2, 3_600)] {
            let id = DonationId::from_bytes([number; 16]);
            let made_at = domain::moment::Moment::from_millis(1_795_467_600_000).plus_seconds(-age_secs);
            let giver = Giver::Donor("donor-7".parse().unwrap());
            let donation = Donation { id, giver, made_at, state: State::Settled { settled_by: paid() }, ..like.clone() };
            assert!(self.stage.table.make_donation(&donation).await.unwrap().is_none());
        }
    }

    /// What goes wrong in examples of some names.
    async fn disturb(&mut self, operation: &Operation, example: &str) {
        match example {
            "busy" if operation.route == "POST /v1/guests" => {
                let without = platform(&self.stage, "donations", &["SECRET_IDENTIFIERS"]);
                self.donations = donations::Deps::new(&without).unwrap();
            }
            "busy" if operation.told["operationId"] == "askForEvidence" => {
                let with = platform(&self.stage, "slaughterhouses", &[]);
                let mut aws = with.aws.clone().into_builder();
                aws.set_credentials_provider(None);
                self.slaughterhouses = slaughterhouses::Deps::new(&Platform { aws: aws.build(), ..with }).unwrap();
            }
            "busy" => self.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Before(Failure::Throttled)),
            "changed_meanwhile" => {
                let slow = |_: &Call<'_>| Fault::Delay(Duration::from_millis(5));
                self.stage.cloud.services().set_faults(slow);
            }
            "internal" => {
                let lost = |function| Platform {
                    settings: elsewhere(&self.stage, function),
                    ..platform(&self.stage, function, &[])
                };
                self.catalogue = catalogue::Deps::new(&lost("catalogue")).unwrap();
                self.donations = donations::Deps::new(&lost("donations")).unwrap();
                self.operations = operations::Deps::new(&lost("operations")).unwrap();
                self.receipts = receipts::Deps::new(&lost("receipts")).unwrap();
                self.sacrifice = sacrifice::Deps::new(&lost("sacrifice")).unwrap();
                self.slaughterhouses = slaughterhouses::Deps::new(&lost("slaughterhouses")).unwrap();
            }
            "provider_unavailable" => {
                let silent = |_| -> platform::outbound::Answering { Box::pin(async { Err(OutboundError::Late) }) };
                let outbound = Outbound::InProcess(Arc::new(silent));
                let platform = Platform { outbound, ..platform(&self.stage, "donations", &[]) };
                self.donations = donations::Deps::new(&platform).unwrap();
            }
            _ => {}
        }
    }
}

/// An event that could not be read, as it is kept.
const UNREADABLE: &str = r#"{"data":"[redacted]","id":"6f6d4a9e-0000-4000-8000-000000000001","type":"payment_paid"}"#;

/// The cases that the examples speak of: that can be looked into again, that cannot be read, that was booked besides, that is closed.
fn cases() -> [Case; 4] {
    let opened_at = domain::moment::Moment::from_millis(1_795_467_600_000);
    let payment = paid().payment;
    let fact = PaymentFact {
        payment: payment.clone(),
        donation: Some(ask::DONATION.parse().unwrap()),
        attempt: 1,
        amount_minor: "500".parse().unwrap(),
        currency: CURRENCY.to_owned(),
        happening: Happening::Voided,
    };
    let case = |reason, secs| Case {
        reason,
        payment: Some(payment.clone()),
        donation: fact.donation,
        refund: None,
        amount_minor: fact.amount_minor,
        evidence: serde_json::to_string(&fact).unwrap(),
        opened_at: opened_at.plus_seconds(secs),
    };
    let evidence = document(Provider::Moyasar, UNREADABLE.as_bytes());
    let unreadable =
        Case { payment: None, donation: None, amount_minor: Money::ZERO, evidence, ..case(Reason::Malformed, 1) };
    [case(Reason::AmountDiffers, 0), unreadable, case(Reason::DisputeOpened, 2), case(Reason::VoidAfterCapture, 3)]
}

fn paid() -> SettledBy {
    let payment =
        PaymentRef { provider: Provider::Moyasar, payment: "760878ec-d1d3-5f72-9056-191683f55872".parse().unwrap() };
    let captured_at = domain::moment::Moment::from_millis(1_795_467_600_000).plus_seconds(60);
    SettledBy { payment, method: Method::Mada, captured_at, fee_minor: Money::ZERO }
}

/// A function's surroundings, without some of its settings.
fn platform(stage: &Stage, function: &str, without: &[&str]) -> Platform {
    let platform = stage.platform(function).unwrap();
    let settings = environment(stage, function).into_iter().filter(|(name, _)| !without.contains(&name.as_str()));
    let outbound = identity::beside(platform.outbound.clone());
    Platform { settings: settings.collect(), outbound, ..platform }
}

/// The settings of a function that looks for its table where there is none.
fn elsewhere(stage: &Stage, function: &str) -> Settings {
    let settings = environment(stage, function).into_iter();
    let is_table = |name: &str| name == "TABLE" || name == "KEYS_TABLE";
    settings.map(|(name, value)| if is_table(&name) { (name, "no-such-table".to_owned()) } else { (name, value) }).collect()
}

fn environment(stage: &Stage, function: &str) -> Vec<(String, String)> {
    let function = stage.stack.functions.iter().find(|known| known.handler == function).unwrap();
    let aws = [("AWS_REGION", testkit::cloud::REGION), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
    let aws = aws.map(|(name, value)| (name.to_owned(), value.to_owned()));
    function.environment.clone().into_iter().chain(aws).collect()
}

fn charities() -> [(&'static str, Value); 2] {
    let charity = |ar: &str, en: &str, licence: &str, region: &str| json!({"name": {"ar": ar, "en": en}, "licence": licence, "region": region});
    [
        ("birr-jazan", charity("جمعية البر بجازان", "Birr Society of Jazan", "1093", "SA-09")),
        ("imam-qassim", charity("جمعية الإمام بالقصيم", "Imam Society of Qassim", "2041", "SA-05")),
    ]
}

fn opportunities() -> [(&'static str, Value); 3] {
    let wells = json!({
        "charity": "birr-jazan",
        "title": {"ar": "حفر آبار في جازان", "en": "Wells in Jazan"},
        "description": {"ar": "حفر ثلاث آبار لقرى بلا ماء", "en": "Three wells for villages without water"},
        "licence": "FR-2026-0117", "fund": "sadaqa", "programme": "projects", "track": "development", "region": "SA-09",
        "target": "50000.00", "standing": "open",
    });
    let orphans = json!({
        "charity": "imam-qassim",
        "title": {"ar": "كفالة أيتام القصيم", "en": "Orphans of Qassim"},
        "description": {"ar": "كفالة شهرية", "en": "A month's support"},
        "licence": "FR-2026-0044", "fund": "zakat", "programme": "projects", "track": "care", "region": "SA-05",
        "standing": "open",
    });
    let homes = json!({
        "charity": "birr-jazan",
        "title": {"ar": "ترميم بيوت", "en": "Homes"},
        "description": {"ar": "ترميم عشرة بيوت", "en": "Ten homes repaired"},
        "licence": "FR-2026-0032", "fund": "sadaqa", "programme": "projects", "track": "development", "region": "SA-14",
        "target": "7500.25", "standing": "closed",
    });
    [("wells-jazan", wells), ("orphans-qassim", orphans), ("homes-asir", homes)]
}
