//! What stands before each test.

use std::future::Future;

use domain::donation::Donation;
use domain::id::DonationId;
use domain::message::Message;
use platform::Platform;
use platform::privacy::Privacy;
use stage::{Options, Stage, event};

pub struct Scene {
    pub stage: Stage,
}

/// Runs a test on a runtime of its own, with time that stands until something waits.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(test);
}

impl Scene {
    pub async fn set() -> Scene {
        Scene { stage: Stage::new(Options::default()).await.unwrap() }
    }

    /// What a new environment of a function is given.
    pub fn platform(&self, function: &str) -> Platform {
        self.stage.platform(function).unwrap()
    }

    /// Who seals and erases.
    pub fn privacy(&self) -> Privacy {
        Privacy::new(&self.platform("donations")).unwrap()
    }

    pub async fn donation(&self, id: DonationId) -> Donation {
        self.stage.table.donation(&id).await.unwrap().unwrap()
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
}
