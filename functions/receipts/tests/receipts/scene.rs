//! What stands before each test: a catalogue, gifts in every state that a receipt knows, and who holds them.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;

use domain::donation::{Donation, Giver};
use domain::id::DonationId;
use domain::money::Money;
use domain::proof::log::Log;
use domain::receipt::Code;
use platform::Platform;
use platform::auth::Identifiers;
use platform::privacy::Privacy;
use receipts::{Deps, handle};
use serde_json::{Value, json};
use stage::{Options, Stage, identity, sample};

/// The name that no answer but the document may hold.
pub const NAME: &str = "عبدالرحمن";

/// The stage, the function on it, and what stands in for `{…}` in events.
pub struct Scene {
    pub stage: Stage,
    pub deps: Deps,
    pub words: BTreeMap<String, String>,
    /// What is published.
    pub log: Log,
    platform: Platform,
}

/// What came back.
pub struct Reply {
    pub status: i64,
    pub headers: Value,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// Runs a test on a runtime of its own, with time that stands until something waits.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(test);
}

impl Scene {
    /// The whole scene.
    pub async fn set() -> Scene {
        let stage = Stage::new(Options::default()).await.unwrap();
        stage.table.put_charity(&sample::charity()).await.unwrap();
        stage.publish(&sample::wells()).await.unwrap();
        let mut platform = stage.platform("receipts").unwrap();
        platform.outbound = identity::beside(platform.outbound.clone());
        let deps = Deps::new(&platform).unwrap();
        let mut scene = Scene { stage, deps, words: BTreeMap::new(), log: Log::default(), platform };
        scene.introduce();
        scene.fill().await;
        scene
    }

    fn introduce(&mut self) {
        let now = self.stage.now().seconds();
        for (word, subject, role) in
            [("bearer", "donor-1", "donor"), ("other_bearer", "donor-2", "donor"), ("operators_bearer", "op-1", "operator")]
        {
            self.words.insert(word.to_owned(), identity::token(subject, role, now));
        }
    }

    async fn fill(&mut self) {
        let named = |number, owner: &str| (number, owner.to_owned());
        let (number, owner) = named(1, "donation#01");
        let paid = self.give("paid", number, Some(&owner), |_| {}).await;
        let paid_code = self.settle("paid", &paid).await;
        let of_donor = |gift: &mut Donation| gift.giver = Giver::Donor("donor-1".parse().unwrap());
        let donors = self.give("donors", 2, Some("donor#donor-1"), of_donor).await;
        self.settle("donors", &donors).await;
        let returned = self.give("returned", 3, None, |_| {}).await;
        self.settle("returned", &returned).await;
        self.stage.give_back(&returned, money("20")).await.unwrap();
        // Sealed under a key that is there no more.
        let unlinked = |gift: &mut Donation| {
            gift.personal =
                gift.personal.take().map(|sealed| domain::donation::Sealed { key: "donation#never".to_owned(), ..sealed });
        };
        let erased = self.give("erased", 4, Some("donation#04"), unlinked).await;
        self.settle("erased", &erased).await;
        let forgotten = self.give("forgotten", 6, None, |gift| gift.forgotten = true).await;
        self.settle("forgotten", &forgotten).await;
        let half = self.give("half", 7, None, |_| {}).await;
        self.settle("half", &half).await;
        let day = self.stage.now().day();
        self.log = self.stage.publish_day(day, Log::default()).await.unwrap();
        // Booked in the day after, which is not over.
        self.stage.give_back(&half, money("20")).await.unwrap();
        let late = self.give("late", 8, None, |_| {}).await;
        self.settle("late", &late).await;
        self.give("waiting", 5, None, |_| {}).await;
        self.open("absent", &DonationId::from_bytes([0xEE; 16])).await;
        self.forge(&paid_code).await;
    }

    /// Codes that are not ours, or are at no gift.
    async fn forge(&mut self, genuine: &Code) {
        let mut proof = *genuine.proof();
        proof[0] ^= 1;
        let place = genuine.place();
        let forged = Code::new(place, proof).unwrap().compact();
        let moved = Code::new(domain::donation::Place { seq: place.seq + 1, ..place }, *genuine.proof()).unwrap().compact();
        let nothing = domain::donation::Place { seq: 999, ..place };
        let empty = self.identifiers().await.receipt_code(nothing).unwrap().compact();
        for (word, code) in [("forged_code", forged), ("moved_code", moved), ("empty_code", empty)] {
            self.words.insert(word.to_owned(), code);
        }
    }

    /// A gift that waits, with a name under its owner's key if it has one.
    pub async fn give(
        &mut self,
        word: &str,
        number: u8,
        owner: Option<&str>,
        adorn: impl FnOnce(&mut Donation),
    ) -> DonationId {
        let mut gift = sample::gift(number, self.stage.now());
        if let Some(owner) = owner {
            // The receipts function may open, and never seals.
            let platform = self.stage.platform("donations").unwrap();
            let person = json!({"name": NAME, "mobile": "+966551234567"});
            gift.personal = Some(Privacy::new(&platform).unwrap().seal(owner, &person).await.unwrap());
        }
        adorn(&mut gift);
        assert!(self.stage.table.make_donation(&gift).await.unwrap().is_none());
        self.open(word, &gift.id).await;
        gift.id
    }

    /// The gift is paid; gives back its receipt's code.
    pub async fn settle(&mut self, word: &str, id: &DonationId) -> Code {
        let settled = self.stage.settle(id).await.unwrap();
        let code = self.identifiers().await.receipt_code(settled.place.unwrap()).unwrap();
        self.words.insert(format!("{word}_code"), code.compact());
        self.words.insert(format!("{word}_code_printed"), code.to_string().to_lowercase());
        code
    }

    /// Gifts of these words are paid and stand on one page.
    pub async fn settle_together(&mut self, words: &[&str], first: u8) -> Vec<DonationId> {
        let mut ids = Vec::new();
        for (word, number) in words.iter().zip(first..) {
            ids.push(self.give(word, number, None, |_| {}).await);
        }
        self.stage.settle_together(&ids).await.unwrap();
        ids
    }

    /// Where the emulated bucket keeps a document.
    pub fn published(&self, key: &str) -> PathBuf {
        self.stage.cloud.services().s3.root().join(&self.stage.stack.buckets[0].name).join(key)
    }

    async fn open(&mut self, word: &str, id: &DonationId) {
        let token = self.identifiers().await.access_token(id);
        self.words.insert(word.to_owned(), id.to_string());
        self.words.insert(format!("{word}_token"), token);
    }

    async fn identifiers(&self) -> Identifiers {
        Identifiers::new(self.platform.secrets().unwrap().read("SECRET_IDENTIFIERS").await.unwrap())
    }

    /// The function in another environment.
    pub fn another(&self) -> Deps {
        Deps::new(&self.platform).unwrap()
    }

    /// The event by which the holder of a word's gift asks for its receipt.
    pub fn asked(&self, word: &str) -> Value {
        self.asked_of("receipt", word)
    }

    /// The event by which the holder of a word's gift asks for its receipt or its proof.
    pub fn asked_of(&self, what: &str, word: &str) -> Value {
        let headers = json!({"access-token": self.words[&format!("{word}_token")], "accept-language": "en"});
        stage::event::http(&format!("GET /v1/donations/{{id}}/{what}"), json!({"id": self.words[word]}), headers, "")
    }

    /// The receipts that are kept.
    pub fn kept(&self) -> BTreeMap<String, Vec<u8>> {
        let documents = self.stage.documents().unwrap().into_iter();
        let receipts = documents.filter(|(key, _)| key.contains("receipts/") && key.ends_with(".pdf"));
        receipts.collect()
    }
}

pub async fn call(deps: &Deps, event: Value) -> Reply {
    let response = handle(deps, serde_json::from_value(event).unwrap()).await;
    let response = serde_json::to_value(&response).unwrap();
    Reply {
        status: response["statusCode"].as_i64().unwrap(),
        headers: response["headers"].clone(),
        text: response["body"].as_str().unwrap_or_default().to_owned(),
    }
}

pub fn money(text: &str) -> Money {
    text.parse().unwrap()
}
