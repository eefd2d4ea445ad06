//! A burst of a few animals, over HTTP, through everything.
#![allow(clippy::unwrap_used)]

use local::burst::{self, Order, Told};
use local::figure::Figure;
use local::picture;

/// Nobody watches.
struct Silent;

impl Told for Silent {
    fn phase(&self, _: &str, _: u64) {}
    fn done(&self, _: u64) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_of_a_few_animals_is_sold_to_the_last_share() {
    let folder = tempfile::tempdir().unwrap();
    let (json, svg) = (folder.path().join("burst.json"), folder.path().join("burst.svg"));
    let order = Order {
        sheep: 24,
        camels: 4,
        buyers: 120,
        in_flight: 40,
        environments: 20,
        abandoned_per_million: 100_000,
        json: Some(json.clone()),
        ..Order::default()
    };
    let figures = burst::run(&order, &Silent).await.unwrap();
    assert!(figures.is_sound(), "{figures}");
    let of = |name| figures.get(name).unwrap();
    let bars = [of("sold"), of("oversold"), of("stranded"), of("partial_animals")];
    assert_eq!(bars, [52, 0, 0, 0].map(Figure::Count), "{figures}");
    picture::draw(&json, &svg).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!((&kept["sold"], kept["side_by_side"].as_array().unwrap().len()), (&52.into(), 3), "{kept:#}");
    assert!(kept["time_line"].as_array().unwrap().len() > 10, "{kept:#}");
}
