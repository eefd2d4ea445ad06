//! Payments that succeed on the page where one has failed: what the gift held was given up meanwhile.

use std::time::Duration;

use domain::cap::MOST_SHARDS;
use domain::catalogue::Opportunity;
use domain::donation::{Donation, HoldPart, State};
use domain::message::Message;
use domain::money::Money;
use stage::{Options, sample};
use testkit::dynamo::DynamoOptions;
use testkit::faults::{Call, Fault, NoFaults, RandomFaults};

use crate::scene::Scene;
use crate::whatever::{RATES, drain, late};

/// What each gives to the wells.
const GIFT: u64 = 50;

fn riyals(amount: u64) -> Money {
    Money::from_riyals(amount).unwrap()
}

/// A scene in which the wells may take so much.
async fn scene(options: Options, animals: u32, target: u64) -> Scene {
    let scene = Scene::set(options, animals).await;
    let wells = Opportunity { target_minor: Some(riyals(target)), ..sample::wells() };
    scene.stage.publish(&wells).await.unwrap();
    scene
}

fn failed() -> State {
    State::Failed { reason: "declined".to_owned() }
}

/// A gift that has given up so many shares, and the amount that it held for the wells where it did.
fn given_up(scene: &Scene, number: u8, shares: u8, holds: bool) -> Donation {
    let now = scene.stage.now();
    let made = if shares == 0 { sample::gift(number, now) } else { sample::sacrifice(number, shares, 0, now) };
    let mut lines = made.lines.clone();
    let wells = sample::gift(number, now).lines.remove(0);
    if holds && shares > 0 {
        lines.push(wells);
    }
    let part = HoldPart { opportunity: sample::wells().id, shard: 0, amount_minor: riyals(GIFT) };
    let hold = if holds { vec![part] } else { Vec::new() };
    Donation { state: failed(), dropped: true, lines, hold, expires_at: now.plus_seconds(600), ..made }
}

impl Scene {
    async fn put(&self, donation: Donation) {
        assert!(self.stage.table.make_donation(&donation).await.unwrap().is_none());
    }

    /// What is free of the wells, and who has claims on them.
    async fn wells(&self) -> (Money, Vec<u8>) {
        let shards = self.stage.table.escrow(&sample::wells().id, MOST_SHARDS).await.unwrap();
        let mut claims: Vec<u8> = shards.iter().flat_map(|shard| shard.claims.keys().map(|id| id.bytes()[0])).collect();
        claims.sort_unstable();
        (Money::sum(shards.iter().map(|shard| shard.free_minor)).unwrap(), claims)
    }

    async fn stands(&self, number: u8) -> (&'static str, bool) {
        let donation = self.donation(number).await;
        (donation.state.code(), donation.dropped)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_claimed_again_and_the_payment_told_again() {
    let scene = scene(Options::default(), 1, 1_000).await;
    for (number, shares, holds) in [(1, 2, false), (2, 0, true), (3, 3, true)] {
        let was = given_up(&scene, number, shares, holds);
        scene.put(was.clone()).await;
        drain(&scene, &[late(&scene, number)]).await;
        assert_eq!(scene.stands(number).await, ("awaiting", false), "{number}");
        let now = scene.donation(number).await;
        assert!(now.expires_at > was.expires_at && now.sought);
    }
    assert_eq!(scene.wells().await, (riyals(1_000 - 2 * GIFT), vec![2, 3]));
    assert_eq!(scene.claims().await, ["lot 0, 2 free; 1: 2 held, 3: 3 held"]);
    assert_eq!(scene.told().await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn where_too_little_is_left_the_gift_is_over() {
    let scene = scene(Options::default(), 1, 40).await;
    scene.put(given_up(&scene, 1, 0, true)).await;
    scene.put(given_up(&scene, 2, 2, true)).await;
    scene.put(given_up(&scene, 3, 7, false)).await;
    scene.put(given_up(&scene, 4, 1, false)).await;
    drain(&scene, &[late(&scene, 3), late(&scene, 1), late(&scene, 2), late(&scene, 4)]).await;
    let mut stands = Vec::new();
    for number in 1..=4 {
        let donation = scene.donation(number).await;
        stands.push((donation.state.code(), donation.reservation.is_some_and(|named| named.is_lost)));
    }
    assert_eq!(stands, [("expired", false), ("expired", true), ("awaiting", false), ("expired", true)]);
    assert_eq!(scene.wells().await, (riyals(40), vec![]));
    assert_eq!(scene.told().await.len(), 8, "each payment is told again, and is owed back where the gift is over");
}

/// What it held has not been given back yet when its payment comes: it counts as free for it, and for nobody else.
#[tokio::test(start_paused = true)]
async fn what_it_still_has_is_its_own() {
    let scene = scene(Options::default(), 1, GIFT).await;
    let gift = given_up(&scene, 1, 0, true);
    scene.put(gift.clone()).await;
    scene.stage.table.claim((&gift).into(), &gift.hold[0]).await.unwrap();
    scene.put(given_up(&scene, 2, 0, true)).await;
    drain(&scene, &[late(&scene, 2), late(&scene, 1)]).await;
    assert_eq!((scene.stands(1).await, scene.stands(2).await), (("awaiting", false), ("expired", true)));
    assert_eq!(scene.wells().await, (Money::ZERO, vec![1]));
}

/// It waits again and is not held yet, because the call that let it wait died: no payment settles it before it is.
#[tokio::test(start_paused = true)]
async fn what_is_being_claimed_anew_is_claimed_first() {
    let scene = scene(Options::default(), 1, 1_000).await;
    for (number, shares, holds) in [(1, 2, false), (2, 0, true)] {
        scene.put(Donation { state: State::Awaiting, ..given_up(&scene, number, shares, holds) }).await;
        drain(&scene, &[late(&scene, number)]).await;
        assert_eq!(scene.stands(number).await, ("awaiting", false), "{number}");
    }
    assert_eq!(
        (scene.wells().await, scene.claims().await),
        ((riyals(950), vec![2]), vec!["lot 0, 5 free; 1: 2 held".to_owned()])
    );
}

/// The payment is told twice. The first try finds the amount gone, because somebody else has it for a moment, and takes back what the second one has claimed meanwhile; then the second one says that all is held.
#[tokio::test(start_paused = true)]
async fn what_one_try_takes_back_another_does_not_take_for_held() {
    let scene = scene(Options::default(), 1, 2 * GIFT).await;
    scene.put(Donation { state: State::Awaiting, sought: true, ..given_up(&scene, 1, 0, true) }).await;
    let other = sample::gift(2, scene.stage.now());
    let part = HoldPart { opportunity: sample::wells().id, shard: 0, amount_minor: riyals(60) };
    scene.stage.table.claim((&other).into(), &part).await.unwrap();
    let clock = scene.stage.clock.clone();
    let began = clock.now_millis();
    scene.stage.cloud.services().set_faults(move |call: &Call<'_>| {
        let body = String::from_utf8_lossy(call.body).into_owned();
        let is_first = clock.now_millis() - began < 15;
        match call.operation {
            "BatchGetItem" if is_first && body.contains("CAP#") => Fault::Delay(Duration::from_secs(1)),
            "UpdateItem" if body.contains("REMOVE dropped") => Fault::Delay(Duration::from_secs(2)),
            "UpdateItem" if body.contains("#hold = :hold") => Fault::Delay(Duration::from_secs(3)),
            _ => Fault::Pass,
        }
    });
    let told = [late(&scene, 1)];
    let give_back = async {
        scene.stage.clock.sleep(Duration::from_millis(10)).await;
        scene.stage.table.release_claim(&other.id, &part).await.unwrap();
    };
    let again = async {
        scene.stage.clock.sleep(Duration::from_millis(20)).await;
        drain(&scene, &told).await;
    };
    tokio::join!(drain(&scene, &told), give_back, again);
    assert_eq!(scene.stands(1).await, ("awaiting", false));
    assert_eq!(scene.wells().await, (riyals(GIFT), vec![1]));
}

/// Twelve gifts want what is left for five, of wells and camels each: whoever waits in the end has what it names, and nothing is given twice.
#[tokio::test(start_paused = true)]
async fn no_more_is_claimed_again_than_is_left_whatever_happens() {
    for seed in 0..12 {
        let dynamo = DynamoOptions { seed, ..DynamoOptions::default() };
        let scene = scene(Options { seed, dynamo, ..Options::default() }, 2, 5 * GIFT).await;
        for number in 1..=12 {
            let shares = [2, 0, 3, 0][usize::from(number) % 4];
            scene.put(given_up(&scene, number, shares, number % 3 > 0 || shares == 0)).await;
        }
        scene.stage.cloud.services().set_faults(RandomFaults::new(RATES, seed));
        let sought: Vec<Message> = (1..=12).map(|number| late(&scene, number)).collect();
        drain(&scene, &sought).await;
        scene.stage.cloud.services().set_faults(NoFaults);
        drain(&scene, &sought).await;
        let (free, claims) = scene.wells().await;
        let lots = scene.lots().await;
        assert!(lots.iter().all(domain::sacrifice::Lot::is_whole), "seed {seed}: {lots:?}");
        let mut waiting = 0;
        for number in 1..=12 {
            let donation = scene.donation(number).await;
            if !donation.state.is_payable() {
                continue;
            }
            assert!(!donation.dropped, "seed {seed}: {donation:?}");
            assert_eq!(claims.contains(&number), !donation.hold.is_empty(), "seed {seed}: {donation:?} {claims:?}");
            if let Some(named) = &donation.reservation {
                let claim = lots.iter().find(|lot| lot.lot == named.lot).unwrap().claims.get(&donation.id);
                assert!(claim.is_some_and(|claim| claim.holds(named.shares, donation.expires_at)), "seed {seed}: {lots:?}");
            }
            waiting += 1;
        }
        assert!(waiting >= 3, "seed {seed}: only {waiting} found what was left");
        // A claim that was made in vain on the way is swept at the hold's end; what is claimed and free is what there was.
        assert_eq!(free.plus(riyals(GIFT * claims.len() as u64)), Some(riyals(5 * GIFT)), "seed {seed}");
    }
}
