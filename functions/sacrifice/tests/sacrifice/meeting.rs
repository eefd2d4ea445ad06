//! Operators who meet each other, and buyers between them.

use std::time::Duration;

use platform::table::{Confirming, Taking};
use sacrifice::Deps;
use serde_json::json;
use testkit::chance::Chance;
use testkit::faults::{Call, Fault};

use crate::publishing::{holds_always, holds_at_rest};
use crate::scene::{Scene, answer, donation_of, offering, operators};

const ID: &str = "camel-riyadh";

/// Gives every call a delay of its own, so that callers meet in another order for each seed.
fn shuffled(scene: &Scene, seed: u64) {
    let chance = Chance::seeded(seed, "delays");
    let delay = move |_: &Call<'_>| Fault::Delay(Duration::from_millis(1 + chance.below(9)));
    scene.stage.cloud.services().set_faults(delay);
}

/// Looks at what holds always, every few milliseconds, until the others are done.
async fn while_watched<T>(scene: &Scene, others: impl Future<Output = T>) -> T {
    let watch = async {
        loop {
            holds_always(scene, ID).await;
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    };
    tokio::select! {
        done = others => done,
        () = watch => unreachable!("the watch never ends"),
    }
}

#[tokio::test(start_paused = true)]
async fn operators_who_meet_leave_one_quota_and_its_lots() {
    let mut outcomes = std::collections::BTreeSet::new();
    for (seed, species) in (0..12).zip(["sheep", "camel"].into_iter().cycle()) {
        let scene = Scene::empty().await;
        if seed % 3 > 0 {
            assert_eq!(scene.put(ID, &offering(species, 70)).await["statusCode"], 201);
            assert!(scene.claim(ID, 2, 1, 5).await);
        }
        shuffled(&scene, seed);
        let quotas = [140, 35, 70];
        let environments: Vec<Deps> = quotas.iter().map(|_| scene.another()).collect();
        let puts = quotas.iter().zip(&environments).enumerate().map(|(order, (quota, deps))| async move {
            tokio::time::sleep(Duration::from_millis(order as u64 * (seed % 20) * 3)).await;
            answer(deps, operators(ID, &offering(species, *quota), json!({}))).await
        });
        let answers = while_watched(&scene, futures_util::future::join_all(puts)).await;
        for answer in &answers {
            let overtaken = answer["statusCode"] == 409 && answer["body"]["code"] == "changed_meanwhile";
            assert!(answer["statusCode"] == 200 || answer["statusCode"] == 201 || overtaken, "seed {seed}: {answer}");
        }
        let standing = scene.standing(ID).await.unwrap();
        holds_at_rest(&scene, ID, standing.quota).await;
        outcomes.insert(answers.iter().map(|answer| answer["statusCode"].as_i64().unwrap()).collect::<Vec<_>>());
    }
    assert!(outcomes.len() > 2, "the operators hardly met: {outcomes:?}");
}

/// A buyer: claims shares where there is room, and pays, or does not, or gives up. How many shares the buyer has in the end.
async fn buyer(scene: &Scene, seed: u64, number: u16) -> u8 {
    let chance = Chance::seeded(seed, &format!("buyer {number}"));
    tokio::time::sleep(Duration::from_millis(chance.below(120))).await;
    let (table, id, donation) = (&scene.stage.table, ID.parse().unwrap(), donation_of(number));
    let shares = 1 + u8::try_from(chance.below(3)).unwrap();
    let until = scene.stage.now().plus_seconds(900);
    for _ in 0..6 {
        let rooms = table.rooms(&id).await.unwrap();
        let species = scene.standing(ID).await.unwrap().species;
        let Some(room) = domain::sacrifice::lot::choose(&rooms, shares, species, chance.below(1_000)) else { return 0 };
        tokio::time::sleep(Duration::from_millis(chance.below(5))).await;
        if let Taking::Gone(_) = table.take_shares(&id, room.lot, &donation, (shares, until)).await.unwrap() {
            continue;
        }
        tokio::time::sleep(Duration::from_millis(chance.below(40))).await;
        if chance.below(5) == 0 {
            assert_eq!(table.give_shares_back(&id, room.lot, &donation, |_| true).await.unwrap(), shares);
            return 0;
        }
        let confirming = table.confirm_shares(&id, room.lot, &donation, shares).await.unwrap();
        assert_eq!(confirming, Confirming::Confirmed, "a claim is never taken away");
        return shares;
    }
    0
}

/// Quotas that are raised and lowered while a hundred buyers come: none is sold beyond the quota, none loses a share, and in the end everything adds up.
#[tokio::test(start_paused = true)]
async fn quotas_change_while_a_hundred_buyers_come() {
    let mut told = std::collections::BTreeMap::new();
    for (seed, species) in (0..4).zip(["sheep", "camel"].into_iter().cycle()) {
        let scene = Scene::empty().await;
        assert_eq!(scene.put(ID, &offering(species, 140)).await["statusCode"], 201);
        shuffled(&scene, seed);
        let operator = async {
            for quota in [210, 70, 175, 35, 105] {
                let answer = answer(&scene.deps, operators(ID, &offering(species, quota), json!({}))).await;
                let code = answer["body"]["code"].as_str().unwrap_or("done").to_owned();
                assert!(
                    ["done", "quota_below_taken", "taken_meanwhile"].contains(&code.as_str()),
                    "seed {seed}, {quota}: {answer}"
                );
                *told.entry(code).or_insert(0) += 1;
            }
        };
        let buyers = futures_util::future::join_all((0..100).map(|number| buyer(&scene, seed, number)));
        let both = async { tokio::join!(operator, buyers) };
        let ((), bought) = while_watched(&scene, both).await;
        let standing = scene.standing(ID).await.unwrap();
        holds_at_rest(&scene, ID, standing.quota).await;
        let lots = scene.lots(ID).await;
        let taken: u32 = lots.iter().map(|lot| u32::from(lot.shares - lot.free)).sum();
        assert_eq!(taken, bought.iter().map(|shares| u32::from(*shares)).sum::<u32>(), "seed {seed}");
        assert!(taken <= standing.quota && taken > 0);
    }
    assert!(told["done"] > 5 && told.len() > 1, "buyers and operators hardly met: {told:?}");
}

/// Buyers who take the last shares again and again while the quota is being lowered to what they leave: in the end it is lowered, or refused with what is taken.
#[tokio::test(start_paused = true)]
async fn a_lowering_against_buyers_ends() {
    let mut codes = std::collections::BTreeSet::new();
    for seed in 0..8 {
        let scene = Scene::empty().await;
        assert_eq!(scene.put(ID, &offering("sheep", 96)).await["statusCode"], 201);
        shuffled(&scene, seed);
        let lowering = async {
            tokio::time::sleep(Duration::from_millis(seed * 9)).await;
            answer(&scene.deps, operators(ID, &offering("sheep", 48), json!({"accept-language": "en"}))).await
        };
        let buyers = futures_util::future::join_all((0..24 + seed as u16 * 5).map(|number| buyer(&scene, seed, number)));
        let both = async { tokio::join!(lowering, buyers) };
        let (told, bought) = while_watched(&scene, both).await;
        let bought: u32 = bought.iter().map(|shares| u32::from(*shares)).sum();
        let code = told["body"]["code"].as_str().unwrap_or("done").to_owned();
        let quota = if code == "done" { 48 } else { 96 };
        if code != "done" {
            let taken: u32 = told["body"]["detail"].as_str().unwrap().parse().unwrap();
            assert!(told["statusCode"] == 409 && (code != "quota_below_taken" || taken > 48), "{told}");
        }
        holds_at_rest(&scene, ID, quota).await;
        assert!(bought <= quota, "seed {seed}: {bought} of {quota}");
        codes.insert(code);
    }
    assert!(codes.contains("done") && codes.len() > 1, "the race is not a race: {codes:?}");
}
