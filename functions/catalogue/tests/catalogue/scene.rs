//! A small catalogue with some gifts in it, and calls to the function.

use catalogue::{Deps, handle};
use domain::cap;
use domain::donation::HoldPart;
use domain::id::{DonationId, OpportunityId};
use domain::journal::ChainId;
use domain::money::Money;
use domain::totals::{Delta, bucket};
use platform::table::{Claiming, Cursors, Escrow};
use serde_json::{Value, json};
use stage::{Options, Stage, event};

/// What a test plays on.
pub struct Scene {
    pub stage: Stage,
    pub deps: Deps,
}

impl Scene {
    /// With nothing in the catalogue.
    pub async fn empty(options: Options) -> Scene {
        let stage = Stage::new(options).await.unwrap();
        let deps = Deps::new(&stage.platform("catalogue").unwrap()).unwrap();
        Scene { stage, deps }
    }

    /// With two charities and five opportunities, put there by an operator; some gifts are settled, some held.
    pub async fn furnished() -> Scene {
        let scene = Scene::empty(Options::default()).await;
        for (id, ar, en, licence, region) in [
            ("birr-jazan", "جمعية البر بجازان", "Birr Society of Jazan", "1093", "SA-09"),
            ("imam-qassim", "جمعية الإمام بالقصيم", "Imam Society of Qassim", "2041", "SA-05"),
        ] {
            let body = json!({"name": {"ar": ar, "en": en}, "licence": licence, "region": region});
            assert_eq!(scene.put("PUT /v1/charities/{id}", id, &body).await["statusCode"], 201);
        }
        for (id, body) in opportunities() {
            let answer = scene.put("PUT /v1/opportunities/{id}", id, &body).await;
            assert_eq!(answer["statusCode"], 201, "{answer}");
        }
        scene.fold_gifts().await;
        scene.claim("wells-jazan", Money::from_riyals(13_000).unwrap()).await;
        scene
    }

    /// Settled gifts, as the follower counts them.
    async fn fold_gifts(&self) {
        let totals = [("wells-jazan", 1_234_550, 120), ("orphans-qassim", 90_000, 9), ("food-qassim", 100_000, 31)];
        let mut delta = Delta::new();
        for (id, halalas, gifts) in totals {
            let item = format!("OPP#{:02}", bucket(&id.parse().unwrap()));
            let sums = [(format!("s:{id}"), halalas), (format!("n:{id}"), gifts)];
            delta.entry(item).or_default().extend(sums);
        }
        let mut to = Cursors::START;
        to.set(ChainId::new(0).unwrap(), 1);
        self.stage.table.fold(&Cursors::START, &to, &delta).await.unwrap();
    }

    /// Claims an amount on as few shards as it takes.
    pub async fn claim(&self, id: &str, amount: Money) -> Vec<HoldPart> {
        let opportunity: OpportunityId = id.parse().unwrap();
        let shards: Vec<_> = self.escrow(id).await.iter().map(Escrow::shard).collect();
        let mut held = Vec::new();
        for (shard, amount_minor) in cap::plan(&shards, amount, 0).unwrap() {
            let part = HoldPart { opportunity: opportunity.clone(), shard, amount_minor };
            let donation = DonationId::from_bytes([shard; 16]);
            assert_eq!(self.stage.claim(donation, &part).await.unwrap(), Claiming::Held);
            held.push(part);
        }
        held
    }

    /// All shards of an opportunity's escrow.
    pub async fn escrow(&self, id: &str) -> Vec<Escrow> {
        self.stage.table.escrow(&id.parse().unwrap(), cap::MOST_SHARDS).await.unwrap()
    }

    /// What its shards were given together.
    pub async fn granted(&self, id: &str) -> Money {
        Money::sum(self.escrow(id).await.iter().map(|shard| shard.granted_minor)).unwrap()
    }

    /// All that stands in the table of the catalogue and its log, without the marks: they are chance.
    pub async fn standing(&self) -> Vec<Value> {
        let mut items = Vec::new();
        for prefix in ["OPP#", "CHARITY", "CAP#", "OPS#"] {
            items.extend(self.stage.items(prefix).await.unwrap());
        }
        items.iter_mut().for_each(|item| drop(item.as_object_mut().unwrap().remove("mark")));
        items
    }

    /// An operator's change.
    pub async fn put(&self, route: &str, id: &str, body: &Value) -> Value {
        answer(&self.deps, operators(route, id, body, json!({}))).await
    }

    /// Anyone's look at something.
    pub async fn get(&self, route: &str, id: &str, query: Value, headers: Value) -> Value {
        let mut event = event::http(&format!("GET {route}"), json!({"id": id}), headers, "");
        event["queryStringParameters"] = query;
        answer(&self.deps, event).await
    }
}

/// An operator's request.
pub fn operators(route: &str, id: &str, body: &Value, headers: Value) -> Value {
    let mut event = event::http(route, json!({"id": id}), headers, &body.to_string());
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

/// An opportunity as an operator sends it.
pub fn wells(target: &str) -> Value {
    json!({
        "charity": "birr-jazan",
        "title": {"ar": "حفر آبار في جازان", "en": "Wells in Jazan"},
        "description": {"ar": "حفر ثلاث آبار لقرى بلا ماء", "en": "Three wells for villages without water"},
        "licence": "FR-2026-0117",
        "fund": "sadaqa", "programme": "projects", "track": "development", "region": "SA-09",
        "target": target, "standing": "open",
    })
}

fn opportunities() -> Vec<(&'static str, Value)> {
    let text = |ar: &str, en: &str| json!({"ar": ar, "en": en});
    let common = |title: Value, description: Value, charity: &str, licence: &str| json!({"title": title, "description": description, "charity": charity, "licence": licence, "standing": "open"});
    let with = |mut body: Value, more: Value| {
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let orphans = common(
        text("كفالة أيتام القصيم", "Orphans of Qassim"),
        text("كفالة شهرية", "A month's support"),
        "imam-qassim",
        "FR-2026-0044",
    );
    let food =
        common(text("سلال غذائية", "Food baskets"), text("سلة لكل أسرة", "One a family"), "imam-qassim", "FR-2026-0051");
    let homes =
        common(text("ترميم بيوت", "Homes"), text("ترميم عشرة بيوت", "Ten homes repaired"), "birr-jazan", "FR-2026-0032");
    let waqf =
        common(text("وقف الماء", "Water endowment"), text("أصل يبقى", "The capital stays"), "imam-qassim", "W-2026/7");
    vec![
        ("wells-jazan", wells("50000.00")),
        (
            "orphans-qassim",
            with(orphans, json!({"fund": "zakat", "programme": "projects", "track": "care", "region": "SA-05"})),
        ),
        (
            "food-qassim",
            with(food, json!({"fund": "sadaqa", "programme": "gift", "track": "care", "region": "SA-05", "target": 1_000})),
        ),
        (
            "homes-asir",
            with(
                homes,
                json!({"fund": "sadaqa", "programme": "projects", "track": "development", "region": "SA-14",
                       "target": "7500.25", "standing": "closed"}),
            ),
        ),
        ("waqf-riyadh", with(waqf, json!({"fund": "waqf", "programme": "waqf", "track": "development", "region": "SA-01"}))),
    ]
}
