//! A small programme with some shares taken, and calls to the function.

use domain::catalogue::{Bilingual, Opportunity};
use domain::id::{DonationId, OpportunityId};
use domain::moment::Moment;
use domain::purpose::{Fund, Programme};
use domain::sacrifice::{Lot, Offering};
use platform::auth::{Caller, Identifiers, Ticket};
use platform::table::Taking;
use platform::{Platform, Random};
use sacrifice::{Deps, handle};
use serde_json::{Value, json};
use stage::{Options, Stage, event, identity, sample};

pub const PUT: &str = "PUT /v1/sacrifice/offerings/{id}";
/// A key under which a gift is to be made.
pub const KEY: &str = "6f1c9a52-6a0e-4f57-9d0a-3f0c2b1e8d47";

/// What a test plays on.
pub struct Scene {
    pub stage: Stage,
    pub deps: Deps,
}

impl Scene {
    /// With opportunities of both programmes, and nothing sold by the share.
    pub async fn empty() -> Scene {
        let stage = Stage::new(Options::default()).await.unwrap();
        let deps = Deps::new(&platform(&stage)).unwrap();
        for (id, programme, fund) in [
            ("sheep-makkah", Programme::Adahi, Fund::Adahi),
            ("camel-riyadh", Programme::Adahi, Fund::Adahi),
            ("goat-sudan", Programme::Adahi, Fund::Adahi),
            ("cow-jazan", Programme::Adahi, Fund::Adahi),
            ("aqiqa-riyadh", Programme::Adahi, Fund::Adahi),
            ("fidya-makkah", Programme::Kaffara, Fund::Kaffara),
            ("wells-jazan", Programme::Projects, Fund::Sadaqa),
        ] {
            let title = Bilingual { ar: id.to_owned(), en: id.to_owned() };
            let opportunity = Opportunity { id: id.parse().unwrap(), programme, fund, title, ..sample::wells() };
            stage.publish(&opportunity).await.unwrap();
        }
        Scene { stage, deps }
    }

    /// With an offering of each sort: plenty of sheep; few camels, one of them begun; goats that are sold from tomorrow; cows whose sale is over; sheep for newborns that are sold out.
    pub async fn furnished() -> Scene {
        let scene = Scene::empty().await;
        let text = |id: &str, change: &dyn Fn(&mut Value)| {
            let mut body = offering("camel", 21);
            change(&mut body);
            (id.to_owned(), body)
        };
        let offerings = [
            text("sheep-makkah", &|body| {
                *body = offering("sheep", 200);
            }),
            text("camel-riyadh", &|_| {}),
            text("goat-sudan", &|body| {
                *body = offering("goat", 40);
                body["place"] = json!({"name": {"ar": "السودان", "en": "Sudan"}, "country": "SD"});
                body["day"]["sighted"] = json!("day_after");
                body["opens_at"] = json!("2026-11-25T09:00:00+03:00");
            }),
            text("cow-jazan", &|body| {
                body["species"] = json!("cow");
                body["opens_at"] = json!("2026-10-01T09:00:00+03:00");
                body["closes_at"] = json!("2026-11-01T09:00:00+03:00");
            }),
            text("aqiqa-riyadh", &|body| {
                *body = offering("sheep", 2);
                body["rite"] = json!("aqiqa");
                body.as_object_mut().unwrap().remove("day");
            }),
        ];
        for (id, body) in offerings {
            let answer = scene.put(&id, &body).await;
            assert_eq!(answer["statusCode"], 201, "{id}: {answer}");
        }
        scene.claim("sheep-makkah", 0, 1, 3).await;
        scene.claim("camel-riyadh", 1, 1, 4).await;
        scene.claim("camel-riyadh", 2, 2, 7).await;
        scene.claim("aqiqa-riyadh", 0, 1, 2).await;
        tokio::time::advance(std::time::Duration::from_secs(2)).await;
        scene
    }

    /// Claims shares of a lot for a numbered donation; whether there were as many.
    pub async fn claim(&self, id: &str, lot: u32, donation: u16, shares: u8) -> bool {
        let until: Moment = self.stage.now().plus_seconds(900);
        let taking = self.stage.table.take_shares(&id.parse().unwrap(), lot, &donation_of(donation), (shares, until)).await;
        matches!(taking.unwrap(), Taking::Held(_))
    }

    /// The offering as it stands.
    pub async fn standing(&self, id: &str) -> Option<Offering> {
        self.stage.table.offering(&id.parse().unwrap()).await.unwrap()
    }

    /// All lots of an offering.
    pub async fn lots(&self, id: &str) -> Vec<Lot> {
        let offering: OpportunityId = id.parse().unwrap();
        self.stage.table.all_lots(&offering).await.unwrap()
    }

    /// All that stands in the table of offerings, their lots and the log, without the marks: they are chance.
    pub async fn items(&self) -> Vec<Value> {
        let mut items = Vec::new();
        for prefix in ["OFFERING", "SEG#", "OPS#", "ROOM#"] {
            items.extend(self.stage.items(prefix).await.unwrap());
        }
        items.iter_mut().for_each(|item| drop(item.as_object_mut().unwrap().remove("mark")));
        items
    }

    /// An operator's change.
    pub async fn put(&self, id: &str, body: &Value) -> Value {
        answer(&self.deps, operators(id, body, json!({}))).await
    }

    /// Anyone's look at one offering.
    pub async fn get(&self, id: &str) -> Value {
        answer(&self.deps, event::http("GET /v1/sacrifice/offerings/{id}", json!({"id": id}), json!({}), "")).await
    }

    /// The function in another environment.
    pub fn another(&self) -> Deps {
        Deps::new(&platform(&self.stage)).unwrap()
    }

    /// With waiting rooms before some of them: of sheep two are let in each second, for more than eleven minutes by now; of goats from tomorrow; of cows none any more. And what stands for
    /// tokens in events: two thousand tickets were taken of the sheep.
    pub async fn waited_for() -> (Scene, Vec<(&'static str, String)>) {
        let scene = Scene::furnished().await;
        let room = |mut body: Value, more: Value| {
            body["waiting_room"] = json!({"rate": 2});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let sudan = json!({"name": {"ar": "السودان", "en": "Sudan"}, "country": "SD"});
        let day = json!({"year": 1448, "day": 10, "sighted": "day_after"});
        let tomorrow = json!({"place": sudan, "day": day, "opens_at": "2026-11-25T09:00:00+03:00"});
        let over = json!({"opens_at": "2026-10-01T09:00:00+03:00", "closes_at": "2026-11-01T09:00:00+03:00"});
        for (id, body) in [
            ("sheep-makkah", room(offering("sheep", 200), json!({"limit": 7}))),
            ("goat-sudan", room(offering("goat", 40), tomorrow)),
            ("cow-jazan", room(offering("cow", 21), over)),
        ] {
            assert_eq!(scene.put(id, &body).await["statusCode"], 200, "{id}");
        }
        let sheep: OpportunityId = "sheep-makkah".parse().unwrap();
        assert_eq!(scene.stage.table.take_tickets(&sheep, 2_000).await.unwrap(), 2_000);
        tokio::time::advance(std::time::Duration::from_secs(700)).await;
        let ids = scene.identifiers().await;
        let (guest_token, _) = ids.guest_token(&Random::seeded(17), scene.stage.now());
        let caller = ids.guest(&guest_token, scene.stage.now()).unwrap();
        let ticket = |number| ids.ticket(&sheep, &Ticket { number, donation: ids.donation(&caller, KEY) });
        let words = [("waiting", 1_900), ("admitted", 1_300), ("over", 10)].map(|(name, number)| (name, ticket(number)));
        let camels = ids.ticket(&"camel-riyadh".parse().unwrap(), &Ticket { number: 1_300, donation: donation_of(1) });
        let bearer = identity::token("donor-1", "donor", scene.stage.now().seconds());
        let others = [("guest_token", guest_token), ("bearer", bearer), ("of_camels", camels)];
        (scene, words.into_iter().chain(others).collect())
    }

    pub async fn identifiers(&self) -> Identifiers {
        Identifiers::new(platform(&self.stage).secrets().unwrap().read("SECRET_IDENTIFIERS").await.unwrap())
    }

    /// A guest, and the guest's token.
    pub async fn guest(&self) -> (Caller, String) {
        let (ids, now) = (self.identifiers().await, self.stage.now());
        let (token, _) = ids.guest_token(&Random::seeded(17), now);
        (ids.guest(&token, now).unwrap(), token)
    }
}

/// What the function is given, with an identity provider to be asked.
fn platform(stage: &Stage) -> Platform {
    let platform = stage.platform("sacrifice").unwrap();
    Platform { outbound: identity::beside(platform.outbound.clone()), ..platform }
}

pub fn donation_of(number: u16) -> DonationId {
    let mut id = [1; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    DonationId::from_bytes(id)
}

/// An operator's request.
pub fn operators(id: &str, body: &Value, headers: Value) -> Value {
    let mut event = event::http(PUT, json!({"id": id}), headers, &body.to_string());
    event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": "officer-1", "role": "operator"}}});
    event
}

/// What the function answers, its body read.
pub async fn answer(deps: &Deps, event: Value) -> Value {
    let mut answer = serde_json::to_value(handle(deps, serde_json::from_value(event).unwrap()).await).unwrap();
    let body = answer["body"].as_str().unwrap_or_default();
    answer["body"] = serde_json::from_str(body).unwrap_or(Value::Null);
    answer
}

/// An offering as an operator sends it, sold since the beginning of the month.
pub fn offering(species: &str, quota: u32) -> Value {
    json!({
        "rite": "adahi",
        "species": species,
        "price": "700.00",
        "place": {"name": {"ar": "مسلخ مكة", "en": "Makkah slaughterhouse"}, "country": "SA", "region": "SA-02"},
        "day": {"year": 1448, "day": 10},
        "quota": quota,
        "opens_at": "2026-11-01T09:00:00+03:00",
        "closes_at": "2027-05-15T21:00:00+03:00",
        "wakala": {
            "version": "1448-1",
            "wording": {"ar": "وكلت المنصة في الذبح عني", "en": "I appoint the platform to slaughter on my behalf"},
        },
        "methods": ["mada", "apple_pay", "visa"],
    })
}
