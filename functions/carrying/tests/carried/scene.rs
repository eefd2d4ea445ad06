//! A slaughterhouse with a list of camels and sheep on the first day of the feast, and what it tells.

use std::collections::{BTreeMap, BTreeSet};

use carrying::{Deps, handle};
use domain::hash::Hash;
use domain::id::{BatchId, DonationId, EvidenceId, OpportunityId, SlaughterhouseId};
use domain::message::Message;
use domain::notice::Notice;
use domain::sacrifice::carrying::form::{self, Form};
use domain::sacrifice::carrying::update::Told;
use domain::sacrifice::carrying::{Batch, Carried, Refusal, RefusedRow, evidence};
use domain::sacrifice::list::{IssuedList, KEPT_SECS};
use domain::sacrifice::{Coordinates, Lot, Offering, Site, Species, Stage as Closed, animal};
use platform::table::{Issuing, Taking};
use serde_json::Value;
use stage::{Options, Stage, event, sample};
use testkit::connector::{Crashed, invocation};

/// Half past seven in Makkah on the 10th of Dhu al-Hijjah 1448, after the prayer.
pub const BEGINS: &str = "2027-05-16T04:30:00Z";
/// A quarter of an hour before.
pub const SLAUGHTERED: &str = "2027-05-16T07:15:00+03:00";

pub struct Scene {
    pub stage: Stage,
}

pub fn house() -> SlaughterhouseId {
    "makkah-1".parse().unwrap()
}

pub fn gift(number: u16) -> DonationId {
    let mut id = [9; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    DonationId::from_bytes(id)
}

/// A row that says an animal was slaughtered.
pub fn done(animal: &str) -> Told {
    Told { animal: animal.to_owned(), slaughtered_at: SLAUGHTERED.to_owned(), by: "LIC-2041".to_owned(), ..Told::default() }
}

pub fn photo(number: u8) -> EvidenceId {
    format!("{number:032x}").parse().unwrap()
}

impl Scene {
    /// Two camels, one of three donors and one of two with the platform; sheep of two donors; all on one list.
    pub async fn set(seed: u64) -> Scene {
        let scene = Scene::bare(seed).await;
        scene.sell("camel-makkah", Species::Camel, &[&[(1, 3), (2, 3), (3, 1)], &[(4, 5)]]).await;
        scene.sell("sheep-makkah", Species::Sheep, &[&[(5, 2), (6, 1)]]).await;
        scene.list(&house(), &["camel-makkah", "sheep-makkah"]).await;
        scene
    }

    pub async fn bare(seed: u64) -> Scene {
        let options = Options { seed, begins: BEGINS.parse().unwrap(), ..Options::default() };
        Scene { stage: Stage::new(options).await.unwrap() }
    }

    pub fn deps(&self) -> Deps {
        Deps::new(&self.stage.platform("carrying").unwrap()).unwrap()
    }

    /// A sale whose list is out: on each lot the gifts with their shares.
    pub async fn sell(&self, id: &str, species: Species, lots: &[&[(u16, u8)]]) {
        self.sell_as(id, species, lots, |offering| offering).await;
    }

    pub async fn sell_as(
        &self,
        id: &str,
        species: Species,
        lots: &[&[(u16, u8)]],
        change: impl FnOnce(Offering) -> Offering,
    ) {
        let before = self.stage.now().plus_seconds(-9 * 24 * 3_600);
        let quota = u32::try_from(lots.len()).unwrap() * u32::from(species.lot_shares());
        let place = Site {
            slaughterhouse: Some(house()),
            coordinates: Coordinates::parse("21.4225", "39.8262"),
            utc_offset: Some("+03:00".parse().unwrap()),
            ..sample::offering(0, before).place
        };
        let offering = Offering { id: id.parse().unwrap(), species, place, ..sample::offering(quota, before) };
        let offering = change(Offering { stage: Closed::Listed, lots: u32::try_from(lots.len()).unwrap(), ..offering });
        let opportunity = domain::catalogue::Opportunity { id: offering.id.clone(), ..sample::camels() };
        self.stage.offer(&opportunity, &offering).await.unwrap();
        for (lot, gifts) in (0..).zip(lots) {
            for (number, shares) in *gifts {
                self.claim(&offering.id, lot, (*number, *shares)).await;
            }
            let was = self.stage.table.lots(&offering.id, &[lot]).await.unwrap().pop().unwrap();
            let is = Lot { heads: animal::heads(&was), ..was.clone() };
            if species.shares() == 1 {
                assert!(self.stage.table.adjust_lot(&offering.id, &was, &is).await.unwrap());
            }
        }
    }

    async fn claim(&self, offering: &OpportunityId, lot: u32, (number, shares): (u16, u8)) {
        let until = self.stage.now().plus_seconds(900);
        let held = self.stage.table.take_shares(offering, lot, &gift(number), (shares, until)).await.unwrap();
        assert!(matches!(held, Taking::Held(_)), "{number}: {held:?}");
        self.stage.table.confirm_shares(offering, lot, &gift(number), shares).await.unwrap();
    }

    /// A list of these offerings that went out.
    pub async fn list(&self, house: &SlaughterhouseId, offerings: &[&str]) {
        let now = self.stage.now();
        let list = IssuedList {
            slaughterhouse: house.clone(),
            day: "1448-12-10".parse().unwrap(),
            version: 1,
            fingerprint: Hash::NONE,
            offerings: offerings.iter().map(|id| id.parse().unwrap()).collect(),
            animals: 0,
            shares: 0,
            files: Vec::new(),
            made_at: now,
            ttl: now.plus_seconds(KEPT_SECS).seconds(),
        };
        assert_eq!(self.stage.table.issue_list(&list, &[], 1).await.unwrap(), Issuing::Done);
    }

    /// What `slaughterhouses` keeps of updates, and the message that it sends.
    pub async fn receive(&self, key: &str, told: &[Told]) -> (BatchId, Message) {
        self.receive_of(&house(), key, Form::Json, told).await
    }

    pub async fn receive_of(&self, house: &SlaughterhouseId, key: &str, form: Form, told: &[Told]) -> (BatchId, Message) {
        let body = form::write(form, told);
        let batch = Batch {
            slaughterhouse: house.clone(),
            batch: Batch::id(house, key),
            form,
            sha256: Hash::of(&[&body]),
            rows: u32::try_from(told.len()).unwrap(),
            signed_by: format!("{house}+00000000"),
            received_at: self.stage.now(),
        };
        self.stage.bucket().unwrap().keep(&batch.key(), form.content_type(), body).await.unwrap();
        self.stage.table.keep_batch(&batch).await.unwrap();
        let id = batch.batch.clone();
        (id.clone(), Message::UpdatesKept { slaughterhouse: house.clone(), batch: id, from: None })
    }

    /// Evidence as it was uploaded.
    pub async fn upload(&self, house: &SlaughterhouseId, id: &EvidenceId, content_type: &str) {
        self.stage.bucket().unwrap().keep(&evidence::key(house, id), content_type, vec![1]).await.unwrap();
    }

    /// One invocation; the places of messages that come again, unless it dies.
    pub async fn run(&self, messages: &[Message]) -> Result<Vec<usize>, Crashed> {
        self.run_event(&event::messages(messages)).await
    }

    pub async fn run_event(&self, event: &Value) -> Result<Vec<usize>, Crashed> {
        let deps = self.deps();
        let answer = invocation(handle(&deps, serde_json::from_value(event.clone()).unwrap())).await?;
        let places = answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier.parse().unwrap());
        Ok(places.collect())
    }

    /// Works off a message and all that follow from it.
    pub async fn carry(&self, message: Message) {
        let mut messages = vec![message];
        while !messages.is_empty() {
            assert_eq!(self.run(&messages).await.unwrap(), Vec::<usize>::new());
            messages = self.stage.take_messages("carrying").await.unwrap();
        }
    }

    /// What is known of an animal.
    pub async fn animal(&self, name: &str) -> Option<Carried> {
        let name: domain::sacrifice::AnimalName = name.parse().unwrap();
        self.stage.table.carried(&[(name.offering, name.number)]).await.unwrap().pop()
    }

    /// The rows of a batch that were refused.
    pub async fn refused(&self, batch: &BatchId) -> Vec<(u32, Refusal)> {
        let parts = self.stage.table.parts(batch).await.unwrap();
        let rows = parts.iter().flat_map(|part| &part.refused);
        rows.map(|RefusedRow { row, why, .. }| (*row, *why)).collect()
    }

    /// Who is to hear of which animal, and how often.
    pub async fn news(&self) -> BTreeMap<(String, DonationId), usize> {
        let mut news = BTreeMap::new();
        for message in self.stage.take_messages("notices").await.unwrap() {
            let Message::NoticeDue(Notice::Sacrifice { donation, offering, number, .. }) = message else {
                panic!("{message:?}")
            };
            *news.entry((animal::name(&offering, number), donation)).or_default() += 1;
        }
        news
    }

    /// The same, whoever hears it how often.
    pub async fn told(&self) -> BTreeSet<(String, DonationId)> {
        self.news().await.into_keys().collect()
    }

    /// Reasons of the cases there are, with their evidence.
    pub async fn cases(&self) -> Vec<(String, String)> {
        let text = |case: &Value, name: &str| case[name].as_str().unwrap().to_owned();
        let cases = self.stage.items("CASE#").await.unwrap();
        let mut cases: Vec<_> = cases.iter().map(|case| (text(case, "reason"), text(case, "evidence"))).collect();
        cases.sort();
        cases
    }
}

/// Who has shares of the animals of [`Scene::set`].
pub fn owners() -> BTreeSet<(String, DonationId)> {
    let of = [
        ("camel-makkah-1", 1),
        ("camel-makkah-1", 2),
        ("camel-makkah-1", 3),
        ("camel-makkah-2", 4),
        ("sheep-makkah-1", 5),
        ("sheep-makkah-2", 5),
        ("sheep-makkah-3", 6),
    ];
    of.into_iter().map(|(animal, number)| (animal.to_owned(), gift(number))).collect()
}

/// A row for each of those animals.
pub fn all_done() -> Vec<Told> {
    ["camel-makkah-1", "camel-makkah-2", "sheep-makkah-1", "sheep-makkah-2", "sheep-makkah-3"].map(done).into()
}
