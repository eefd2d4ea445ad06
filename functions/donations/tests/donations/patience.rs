//! Many environments want the last shares, at a table that takes its time: none is sold twice, none is left, and few writes are refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::sacrifice::{Claim, Lot};
use donations::Deps;
use futures_util::future::join_all;
use serde_json::{Value, json};
use stage::sample;
use testkit::faults::{Call, Fault, Service};

use crate::scene::{KEY, Scene, call, run};

/// What a call of the table takes.
const CALL: Duration = Duration::from_millis(5);
/// Environments, each with a memory of its own; each serves so many buyers one after another.
const ENVIRONMENTS: u32 = 40;
const BUYERS_EACH: u32 = 3;
/// Fewer shares than buyers.
const ANIMALS: u32 = 11;

fn share(buyer: u32) -> Value {
    let sacrifice = json!({"shares": 1, "on_behalf_of": ["أهل البيت"], "wakala": {"accepted": true, "version": "1"}});
    json!({
        "lines": [{"opportunity": sample::camels().id, "sacrifice": sacrifice}],
        "donor": {"mobile": format!("+9665{buyer:08}")},
        "return_url": "https://give.example/thanks",
    })
}

struct Sale {
    scene: Scene,
    /// Writes on lots that a condition refused.
    refused: Arc<AtomicU64>,
}

impl Sale {
    async fn open() -> Sale {
        let scene = Scene::bare().await;
        let now = scene.stage.now();
        scene.stage.offer(&sample::camels(), &sample::offering(ANIMALS * 7, now)).await.unwrap();
        let (refused, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counter = Arc::clone(&refused);
        scene.stage.cloud.services().dynamo.watch("SEG#", move |_, write| {
            counter.fetch_add(u64::from(write.is_refused), Ordering::Relaxed);
        });
        // Give or take a millisecond or two: in step with each other they would meet less, or more.
        scene.stage.cloud.services().set_faults(move |call: &Call<'_>| match call.service {
            Service::DynamoDb => Fault::Delay(CALL + Duration::from_millis(seen.fetch_add(1, Ordering::Relaxed) * 7 % 5)),
            Service::Sqs | Service::Kms | Service::S3 => Fault::Pass,
        });
        Sale { scene, refused }
    }

    /// A buyer, until they have a share or are told that there is none; "one moment" is a moment.
    async fn buy(&self, environment: &Deps, buyer: u32) -> bool {
        let event = self.scene.gift_event(&format!("{KEY}-{buyer}"), &share(buyer));
        for _ in 0..60 {
            let reply = call(environment, event.clone()).await;
            match (reply.status, reply.body["code"].as_str()) {
                (201, _) => {
                    assert!(reply.body["checkout_url"].is_string(), "{}", reply.body);
                    return true;
                }
                (409, Some("sold_out")) => return false,
                (503, Some("try_again")) => tokio::time::sleep(Duration::from_secs(2)).await,
                other => panic!("{other:?}: {}", reply.body),
            }
        }
        panic!("two minutes are more than a moment");
    }

    /// So many environments serve their buyers; gives how many have a share.
    async fn serve(&self, first: u32, each: u32) -> usize {
        let environments: Vec<Deps> = (0..ENVIRONMENTS).map(|_| self.scene.another()).collect();
        let serving = (0u32..).zip(&environments).map(|(number, environment)| async move {
            let mut bought = 0;
            for buyer in 0..each {
                bought += usize::from(self.buy(environment, first + number * each + buyer).await);
            }
            bought
        });
        join_all(serving).await.into_iter().sum()
    }

    async fn lots(&self) -> Vec<Lot> {
        let lots = self.scene.stage.table.all_lots(&sample::camels().id).await.unwrap();
        assert!(lots.iter().all(Lot::is_whole), "{lots:?}");
        lots
    }
}

#[test]
fn the_last_shares_are_sold_once_and_few_writes_are_refused() {
    run(async {
        let (sale, shares) = (Sale::open().await, (ANIMALS * 7) as usize);
        assert_eq!(sale.serve(0, BUYERS_EACH).await, shares);
        let lots = sale.lots().await;
        assert!(lots.iter().all(|lot| lot.free == 0), "{lots:?}");
        assert_eq!(lots.iter().map(|lot| lot.claims.len()).sum::<usize>(), shares);
        let refused = sale.refused.load(Ordering::Relaxed);
        assert!(refused * 10 <= shares as u64, "{refused} refused for {shares} shares");

        // Three come free again, and everybody sees them.
        let freed: Vec<_> = lots.iter().take(3).filter_map(|lot| Some((lot.lot, *lot.claims.keys().next()?))).collect();
        for (lot, donation) in &freed {
            let is_over = |_: &Claim| true;
            sale.scene.stage.table.give_shares_back(&sample::camels().id, *lot, donation, is_over).await.unwrap();
        }
        assert_eq!(sale.serve(10_000, 1).await, freed.len());
        assert!(sale.lots().await.iter().all(|lot| lot.free == 0));
        let more = sale.refused.load(Ordering::Relaxed) - refused;
        assert!(more <= freed.len() as u64, "{more} refused for {} shares", freed.len());
    });
}

/// The same request again finds its claim by a look, and writes nothing to the lot.
#[test]
fn a_retry_writes_nothing_to_its_lot() {
    run(async {
        let sale = Sale::open().await;
        let event = sale.scene.gift_event(KEY, &share(1));
        let first = call(&sale.scene.another(), event.clone()).await;
        assert_eq!(first.status, 201, "{}", first.body);
        let lots = sale.lots().await;
        for _ in 0..3 {
            let again = call(&sale.scene.another(), event.clone()).await;
            assert_eq!((again.status, &again.body["id"]), (201, &first.body["id"]), "{}", again.body);
        }
        assert_eq!(sale.lots().await, lots);
        assert_eq!(sale.refused.load(Ordering::Relaxed), 0);
    });
}
