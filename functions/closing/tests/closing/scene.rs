//! What stands before each test.

use closing::Deps;
use domain::moment::{Day, Moment};
use domain::money::Money;
use domain::proof::checkpoint::Checkpoint;
use domain::proof::key;
use domain::proof::log::{Log, PublishedDay};
use domain::proof::note::Verifier;
use platform::Platform;
use serde::de::DeserializeOwned;
use stage::{Options, Stage, sample};

/// A quarter of an hour before a midnight in Riyadh.
pub const BEFORE: &str = "2026-11-23T20:45:00Z";
/// A minute after it.
pub const BEGINS: &str = "2026-11-23T21:01:00Z";

pub async fn stage() -> Stage {
    stage_at(BEGINS).await
}

pub async fn stage_at(begins: &str) -> Stage {
    Stage::new(Options { begins: begins.parse::<Moment>().unwrap(), ..Options::default() }).await.unwrap()
}

/// A stage on which three gifts were paid on the 23rd, one of them given back in part, and midnight has passed.
pub async fn stage_with_gifts() -> Stage {
    let stage = stage_at(BEFORE).await;
    for number in 1..=3 {
        give(&stage, number).await;
    }
    let back = sample::gift(2, stage.now()).id;
    stage.give_back(&back, Money::from_riyals(20).unwrap()).await.unwrap();
    tokio::time::advance(std::time::Duration::from_secs(16 * 60)).await;
    stage
}

/// A gift of fifty riyals is made and paid.
pub async fn give(stage: &Stage, number: u8) {
    let gift = sample::gift(number, stage.now());
    assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
    stage.settle(&gift.id).await.unwrap();
}

pub fn deps(stage: &Stage) -> Deps {
    Deps::new(&stage.platform("closing").unwrap()).unwrap()
}

/// The function with other keys to sign by.
pub fn deps_with_keys(stage: &Stage, keys: &str) -> Deps {
    let platform = stage.platform("closing").unwrap();
    let function = stage.stack.functions.iter().find(|function| function.handler == "closing").unwrap();
    let aws = [("AWS_REGION", testkit::cloud::REGION), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
    let aws = aws.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let own = [("SECRET_PROOF_KEYS".to_owned(), keys.to_owned())];
    let settings = function.environment.clone().into_iter().chain(aws).chain(own).collect();
    Deps::new(&Platform { settings, ..platform }).unwrap()
}

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A document of the bucket, by its key there.
pub fn document(stage: &Stage, key: &str) -> Option<Vec<u8>> {
    stage.documents().unwrap().into_iter().find(|(name, _)| name.ends_with(key)).map(|(_, bytes)| bytes)
}

pub fn read<T: DeserializeOwned>(stage: &Stage, key: &str) -> T {
    serde_json::from_slice(&document(stage, key).unwrap()).unwrap()
}

pub fn published(stage: &Stage, of: &str) -> PublishedDay {
    read(stage, &key::day(day(of)))
}

pub fn log(stage: &Stage) -> Log {
    read(stage, key::LOG)
}

pub fn keys() -> Vec<Verifier> {
    vec![stage::signer().verifier()]
}

pub fn open(note: &str) -> Checkpoint {
    Checkpoint::open(note, &keys()).unwrap().0
}
