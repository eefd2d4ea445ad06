//! What stands before each test: a catalogue, some donations, and who holds them.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::catalogue::{Bilingual, Opportunity, Standing};
use domain::donation::{Attempt, Back, Donation, Giver, HoldPart, Line, MOST_ATTEMPTS, SettledBy, State};
use domain::id::DonationId;
use domain::moment::Moment;
use domain::money::Money;
use domain::notice::Telling;
use domain::payment::{Method, PaymentRef, Provider};
use domain::purpose::{Fund, Language, Programme, Region, Track};
use domain::sacrifice::{Fairness, Species};
use donations::{Deps, handle};
use platform::auth::Identifiers;
use platform::privacy::Privacy;
use platform::{Platform, Random};
use serde_json::{Value, json};
use stage::{Options, Stage, identity};

use crate::shares;

/// A key of a client's.
pub const KEY: &str = "6f1c9a52-6a0e-4f57-9d0a-3f0c2b1e8d47";
/// The key under which the scene's guest and donor have given before.
pub const USED_KEY: &str = "0c8d7b1a-95e4-4f0a-b3c2-7d6e5f401234";
/// The key of the gift that filled an opportunity.
pub const FILLING_KEY: &str = "9b2e61f0-3c4d-4a5b-8e7f-a1b2c3d4e5f6";

/// The key under which the scene's guest has a sheep.
const SHARES_KEY: &str = "4a7e0c93-18d2-4b6f-a5c1-90fe3d2b7a68";

/// The stage, the function on it, and what stands in for `{…}` in events.
pub struct Scene {
    pub stage: Stage,
    pub deps: Deps,
    pub platform: Platform,
    pub words: BTreeMap<String, String>,
}

/// Runs a test on a runtime of its own, with time that stands until something waits.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(test);
}

impl Scene {
    /// An empty scene: the catalogue only.
    pub async fn bare() -> Scene {
        let stage = Stage::new(Options::default()).await.unwrap();
        let mut platform = stage.platform("donations").unwrap();
        let settings =
            [("RETURN_URLS", "https://give.example,http://127.0.0.1:3000"), ("IDENTITY_ISSUER", identity::ISSUER)];
        platform.settings = with(&platform, &settings);
        platform.outbound = identity::beside(platform.outbound.clone());
        for opportunity in catalogue() {
            stage.publish(&opportunity).await.unwrap();
        }
        let deps = Deps::new(&platform).unwrap();
        let mut scene = Scene { stage, deps, platform, words: BTreeMap::new() };
        scene.introduce().await;
        scene
    }

    /// The whole scene.
    pub async fn set() -> Scene {
        let mut scene = Scene::bare().await;
        scene.give_before().await;
        scene.put_donations().await;
        scene.sell().await;
        scene
    }

    /// What is sold by the share: camels to anybody, two sheep to each, goats to those whose turn it is, cows whole; and somebody has a sheep.
    async fn sell(&mut self) {
        shares::offer(self, "camels-makkah", Species::Camel, 14, Fairness::default()).await;
        // So many that nobody waits for them: the scene begins on the second.
        shares::offer(self, "sheep-makkah", Species::Sheep, 1_600, shares::limited(2)).await;
        shares::offer(self, "goats-jazan", Species::Goat, 16, shares::with_room(self)).await;
        shares::offer_whole(self, "cows-riyadh", Species::Cow, 14).await;
        let now = self.stage.now();
        let admission = shares::admission(self, "goats-jazan", KEY, now.plus_seconds(600)).await;
        self.word("admission", admission);
        let over = shares::admission(self, "goats-jazan", KEY, now.plus_seconds(-1)).await;
        self.word("old_admission", over);
        self.word("shares_key", SHARES_KEY);
        let made = self.give(SHARES_KEY, &shares::shares_of("sheep-makkah", 1, "0557654321")).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }

    /// The donations function in another environment.
    pub fn another(&self) -> Deps {
        static ENVIRONMENTS: AtomicU64 = AtomicU64::new(1);
        let random = Random::seeded(ENVIRONMENTS.fetch_add(1, Ordering::Relaxed));
        Deps::new(&Platform { random, ..self.platform.clone() }).unwrap()
    }

    /// Calls the function with an event.
    pub async fn call(&self, event: Value) -> Reply {
        call(&self.deps, event).await
    }

    /// Posts a gift as the scene's guest.
    pub async fn give(&self, key: &str, body: &Value) -> Reply {
        self.call(self.gift_event(key, body)).await
    }

    pub fn gift_event(&self, key: &str, body: &Value) -> Value {
        let headers = json!({"guest-token": self.words["guest_token"], "idempotency-key": key, "accept-language": "en"});
        stage::event::http("POST /v1/donations", json!({}), headers, &body.to_string())
    }

    /// Calls a route of a donation's as its holder.
    pub async fn hold(&self, route: &str, id: &str, access_token: &str, body: &Value) -> Reply {
        let headers = json!({"access-token": access_token, "accept-language": "en"});
        self.call(stage::event::http(route, json!({"id": id}), headers, &body.to_string())).await
    }

    /// The donation with this id, as it stands in the table.
    pub async fn donation(&self, id: &str) -> Option<Donation> {
        self.stage.table.donation(&id.parse().unwrap()).await.unwrap()
    }

    pub async fn identifiers(&self) -> Identifiers {
        Identifiers::new(self.platform.secrets().unwrap().read("SECRET_IDENTIFIERS").await.unwrap())
    }

    fn word(&mut self, name: &str, value: impl Into<String>) {
        self.words.insert(name.to_owned(), value.into());
    }

    async fn introduce(&mut self) {
        let (ids, now) = (self.identifiers().await, self.stage.now());
        let (guest, _) = ids.guest_token(&Random::seeded(17), now);
        self.word("guest_token", guest);
        let (old, _) = ids.guest_token(&Random::seeded(18), now.plus_seconds(-25 * 3_600));
        self.word("old_guest_token", old);
        self.word("bearer", identity::token("donor-1", "donor", now.seconds()));
        self.word("other_bearer", identity::token("donor-2", "donor", now.seconds()));
        self.word("operators_bearer", identity::token("op-1", "operator", now.seconds()));
        self.word("used_key", USED_KEY);
        self.word("filling_key", FILLING_KEY);
    }

    /// Gifts that were made through the function itself.
    async fn give_before(&mut self) {
        let made = self.give(USED_KEY, &gift(&[("wells-jazan", "10")])).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let filling = self.give(FILLING_KEY, &gift(&[("full-hail", "1000")])).await;
        assert_eq!(filling.status, 201, "{}", filling.body);
        let headers = json!({"authorization": format!("Bearer {}", self.words["bearer"]), "idempotency-key": USED_KEY});
        let body = gift(&[("wells-jazan", "10")]).to_string();
        let donors = self.call(stage::event::http("POST /v1/donations", json!({}), headers, &body)).await;
        assert_eq!(donors.status, 201, "{}", donors.body);
    }

    /// A payment of a minute ago.
    pub fn paid(&self) -> SettledBy {
        SettledBy {
            payment: PaymentRef {
                provider: Provider::Moyasar,
                payment: "760878ec-d1d3-5f72-9056-191683f55872".parse().unwrap(),
            },
            method: Method::Mada,
            captured_at: self.stage.now().plus_seconds(-60),
            fee_minor: Money::ZERO,
        }
    }

    async fn put_donations(&mut self) {
        let paid = self.paid();
        let failed = State::Failed { reason: "05 DECLINED".to_owned() };
        let half = State::PartlyRefunded { settled_by: paid.clone(), refunded_minor: money("4.50") };
        let settled = State::Settled { settled_by: paid };
        let guests = [("waiting", State::Awaiting), ("failed", failed.clone()), ("cancelled", State::Cancelled)];
        let guests = guests.into_iter().chain([("paid", settled.clone()), ("refunded", half), ("late", State::Awaiting)]);
        let guests = guests.chain([("fifth", failed), ("named", State::Awaiting), ("erased", State::Awaiting)]);
        let made_at = self.stage.now().plus_seconds(-300);
        for (number, (name, state)) in (1..).zip(guests) {
            let mut donation = donation(number, state, Giver::Guest, made_at);
            self.adorn(name, &mut donation).await;
            self.put(name, &donation).await;
        }
        let mut donors = donation(20, settled, Giver::Donor("donor-1".parse().unwrap()), made_at);
        self.adorn("donors", &mut donors).await;
        self.put("donors", &donors).await;
        let absent = DonationId::from_bytes([0xEE; 16]);
        self.open("absent", &absent).await;
    }

    /// What makes some of them special.
    async fn adorn(&self, name: &str, donation: &mut Donation) {
        let privacy = Privacy::new(&self.platform).unwrap();
        let person = json!({"name": "أحمد بن محمد", "mobile": "+966551234567"});
        match name {
            "late" => donation.expires_at = self.stage.now(),
            "fifth" => {
                let attempt = |number| Attempt { number, ..donation.attempts[0].clone() };
                donation.attempts = (1..=MOST_ATTEMPTS as u32).map(attempt).collect();
            }
            "named" => donation.personal = Some(privacy.seal(&format!("donation#{}", donation.id), &person).await.unwrap()),
            "donors" => donation.personal = Some(privacy.seal("donor#donor-1", &person).await.unwrap()),
            // Sealed under a key that is there no more.
            "erased" => {
                let sealed = privacy.seal("donation#gone", &person).await.unwrap();
                donation.personal = Some(domain::donation::Sealed { key: "donation#never".to_owned(), ..sealed });
            }
            _ => {}
        }
    }

    async fn put(&mut self, name: &str, donation: &Donation) {
        assert!(self.stage.table.make_donation(donation).await.unwrap().is_none());
        self.open(name, &donation.id).await;
    }

    async fn open(&mut self, name: &str, id: &DonationId) {
        let token = self.identifiers().await.access_token(id);
        self.word(name, id.to_string());
        self.word(&format!("{name}_token"), token);
    }
}

fn with(platform: &Platform, changed: &[(&str, &str)]) -> platform::Settings {
    let names = [
        "TABLE",
        "KEYS_TABLE",
        "KMS_KEY",
        "QUEUE_HOLDS",
        "QUEUE_ERASURES",
        "BUCKET",
        "MOYASAR_URL",
        "PUBLIC_URL",
        "SECRETS",
        "SECRET_MOYASAR_KEY",
    ];
    let names = names.into_iter().chain(["SECRET_IDENTIFIERS", "AWS_REGION", "AWS_ENDPOINT_URL"]);
    let kept = names.filter_map(|name| Some((name, platform.settings.get(name)?)));
    kept.chain(changed.iter().copied()).collect()
}

/// What came back.
pub struct Reply {
    pub status: i64,
    pub headers: Value,
    pub body: Value,
}

pub async fn call(deps: &Deps, event: Value) -> Reply {
    let response = handle(deps, serde_json::from_value(event).unwrap()).await;
    let response = serde_json::to_value(&response).unwrap();
    let text = response["body"].as_str().unwrap_or_default();
    Reply {
        status: response["statusCode"].as_i64().unwrap(),
        headers: response["headers"].clone(),
        body: if text.is_empty() { Value::Null } else { serde_json::from_str(text).unwrap() },
    }
}

/// The body of a gift.
pub fn gift(lines: &[(&str, &str)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(id, amount)| json!({"opportunity": id, "amount": amount})).collect();
    json!({"lines": lines, "return_url": "https://give.example/thanks"})
}

pub fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// A donation of ten riyals to the wells.
pub fn donation(number: u8, state: State, giver: Giver, made_at: Moment) -> Donation {
    let wells = opportunity("wells-jazan", None);
    let id = DonationId::from_bytes([number; 16]);
    let reference = format!("{number:02x}000000-0000-8000-8000-000000000001");
    let line = Line {
        opportunity: wells.id.clone(),
        fund: wells.fund,
        purpose: wells.purpose(),
        amount_minor: money("10"),
        sacrifice: None,
    };
    Donation {
        id,
        version: 0,
        state,
        giver,
        anonymous: false,
        language: Language::English,
        lines: vec![line],
        attempts: vec![Attempt { number: 1, provider: Provider::Moyasar, reference }],
        hold: Vec::<HoldPart>::new(),
        reservation: None,
        dropped: false,
        sought: false,
        command: String::new(),
        return_url: "https://give.example/thanks".to_owned(),
        made_at,
        expires_at: made_at.plus_seconds(24 * 3_600),
        forgotten: false,
        leaf_key: None,
        personal: None,
        telling: Telling::default(),
        place: None,
        back: Back::default(),
    }
}

fn catalogue() -> Vec<Opportunity> {
    let mut closed = opportunity("school-najran", None);
    closed.standing = Standing::Closed;
    let mut unlicensed = opportunity("tent-tabuk", None);
    unlicensed.licence = " ".to_owned();
    vec![
        opportunity("wells-jazan", None),
        opportunity("orphans-riyadh", Some("50000")),
        opportunity("roof-qassim", Some("120")),
        opportunity("full-hail", Some("1000")),
        closed,
        unlicensed,
    ]
}

pub fn opportunity(id: &str, target: Option<&str>) -> Opportunity {
    let text = |text: &str| Bilingual { ar: "نص".to_owned(), en: text.to_owned() };
    Opportunity {
        id: id.parse().unwrap(),
        charity: "birr".parse().unwrap(),
        title: text(id),
        description: text("for those in need"),
        licence: "L-2026-17".to_owned(),
        fund: Fund::Sadaqa,
        programme: Programme::Projects,
        track: Track::Care,
        region: Region::Jazan,
        target_minor: target.map(money),
        standing: Standing::Open,
    }
}
