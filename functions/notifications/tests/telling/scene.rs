//! What stands before each test: something to give to, and gifts whose donors left a way to be told.

use domain::donation::{Donation, State};
use domain::id::DonationId;
use domain::journal::ChainId;
use domain::message::Message;
use domain::moment::Moment;
use domain::notice::Notice;
use notifications::{Deps, handle};
use platform::privacy::Privacy;
use serde_json::{Value, json};
use stage::{Options, Stage, event, sample};

/// Noon in Riyadh.
pub const NOON: &str = "2026-11-23T12:00:00+03:00";
/// The number that is told.
pub const MOBILE: &str = "+966551234567";

pub struct Scene {
    pub stage: Stage,
    pub deps: Deps,
}

impl Scene {
    /// At noon.
    pub async fn set() -> Scene {
        Scene::set_at(NOON).await
    }

    pub async fn set_at(begins: &str) -> Scene {
        let options = Options { begins: begins.parse::<Moment>().unwrap(), ..Options::default() };
        let stage = Stage::new(options).await.unwrap();
        stage.publish(&sample::wells()).await.unwrap();
        let deps = Deps::new(&stage.platform("notifications").unwrap()).unwrap();
        Scene { stage, deps }
    }

    /// Another environment of the function.
    pub fn another(&self) -> Deps {
        Deps::new(&self.stage.platform("notifications").unwrap()).unwrap()
    }

    /// A gift that waits, of somebody who told this of themselves.
    pub async fn give(&self, number: u8, person: Value, adorn: impl FnOnce(&mut Donation)) -> DonationId {
        let mut gift = sample::gift(number, self.stage.now());
        // Notifications may open, and never seal.
        let platform = self.stage.platform("donations").unwrap();
        let owner = format!("donation#{}", gift.id);
        gift.personal = Some(Privacy::new(&platform).unwrap().seal(&owner, &person).await.unwrap());
        adorn(&mut gift);
        assert!(self.stage.table.make_donation(&gift).await.unwrap().is_none());
        gift.id
    }

    /// A gift that is settled; gives back the message that says so.
    pub async fn settled(&self, number: u8, person: Value, adorn: impl FnOnce(&mut Donation)) -> (DonationId, Message) {
        let id = self.give(number, person, adorn).await;
        let place = self.stage.settle(&id).await.unwrap().place.unwrap();
        (id, Message::page_committed(ChainId::new(place.chain).unwrap(), place.seq))
    }

    /// The gift's first attempt fails; gives back the message that says so.
    pub async fn failed(&self, id: DonationId) -> Message {
        let donation = self.stage.table.donation(&id).await.unwrap().unwrap();
        let failed = State::Failed { reason: "05 DECLINED".to_owned() };
        assert!(self.stage.table.move_donation(&donation, &failed).await.unwrap());
        Message::NoticeDue(Notice::Failure { donation: id, attempt: 1 })
    }

    /// Hands messages to the function; gives back how many have to come again.
    pub async fn hand(&self, messages: &[Message]) -> usize {
        hand(&self.deps, messages).await
    }

    /// The texts that were sent so far.
    pub fn texts(&self) -> Vec<String> {
        self.stage.outbox.messages().iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    }
}

pub async fn hand(deps: &Deps, messages: &[Message]) -> usize {
    let event = serde_json::from_value(event::messages(messages)).unwrap();
    handle(deps, event).await.batch_item_failures.len()
}

/// Somebody with a mobile.
pub fn somebody() -> Value {
    json!({"name": "أحمد", "mobile": MOBILE})
}
