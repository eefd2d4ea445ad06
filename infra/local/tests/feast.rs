//! A small feast, over HTTP, through everything, with duplicates and crashes: nobody's news is lost.
#![allow(clippy::unwrap_used)]

use local::feast::{self, Order, Told};
use local::figure::Figure;

/// Nobody watches.
struct Silent;

impl Told for Silent {
    fn phase(&self, _: &str, _: u64) {}
    fn done(&self, _: u64) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn every_donor_of_every_animal_hears_of_it_whatever_dies_and_comes_twice() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("feast.json");
    let order = Order {
        animals: 60,
        rows: 25,
        duplicated_per_million: 400_000,
        crashed_per_million: 5_000,
        seed: 3,
        json: Some(json.clone()),
    };
    let figures = feast::run(&order, &Silent).await.unwrap();
    assert!(figures.is_whole(), "{figures}");
    assert_eq!(figures.get("donors_of_animals"), Some(Figure::Count(30 + 90)), "{figures}");
    let kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!((&kept["lost"], &kept["slaughtered"]), (&0.into(), &60.into()), "{kept:#}");
}
