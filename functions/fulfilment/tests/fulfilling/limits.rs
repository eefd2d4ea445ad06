//! Offerings of which one giver may have only so many shares.

use domain::donation::{Donation, State};
use domain::sacrifice::fairness::{Allowance, GiverHash};
use domain::sacrifice::{Fairness, Offering, Reservation};
use platform::table::{Allowing, Limit};
use stage::{Options, sample};
use testkit::dynamo::DynamoOptions;
use testkit::faults::{NoFaults, RandomFaults};

use crate::scene::{Scene, paid};
use crate::whatever::{RATES, drain, late, moved};

const GIVER: GiverHash = GiverHash::from_bytes([0xAB; 16]);

async fn limited(options: Options, limit: u8) -> Scene {
    let scene = Scene::set(options, 6).await;
    let fairness = Fairness { limit: Some(limit), ..Fairness::default() };
    let offering = sample::offering(42, scene.stage.now());
    assert!(scene.stage.table.put_offering(&Offering { fairness, revision: 2, ..offering }).await.unwrap());
    scene
}

impl Scene {
    /// A donation of two shares of one giver, with or without what it has.
    async fn of_giver(&self, number: u8, state: State, is_counted: bool) -> Donation {
        let made = sample::sacrifice(number, 2, u32::from(number) % 6, self.stage.now());
        let named = Reservation { givers: vec![GIVER], ..made.reservation.clone().unwrap() };
        let donation = Donation { state, reservation: Some(named.clone()), ..made };
        assert!(self.stage.table.make_donation(&donation).await.unwrap().is_none());
        if is_counted {
            let limit = Limit { shares: 100, closes_at: self.stage.now() };
            let held = (2, donation.expires_at);
            let counted = self.stage.table.count_shares(&GIVER, &donation.id, held, limit).await.unwrap();
            assert_eq!(counted, Allowing::Counted);
            self.stage.table.take_shares(&named.offering, named.lot, &donation.id, held).await.unwrap();
        }
        donation
    }

    async fn used(&self) -> u32 {
        let allowances = self.stage.table.allowances(&[GIVER]).await.unwrap();
        assert!(allowances.iter().all(Allowance::is_whole), "{allowances:?}");
        allowances.first().map_or(0, |allowance| allowance.taken)
    }
}

/// Of five who pay late, of one giver who may have six shares and has two, two have theirs; the others' are lost, and their money is owed back.
#[tokio::test(start_paused = true)]
async fn who_pays_late_is_counted_again_and_has_no_more_than_the_limit() {
    for seed in 0..12 {
        let dynamo = DynamoOptions { seed, ..DynamoOptions::default() };
        let scene = limited(Options { seed, dynamo, ..Options::default() }, 6).await;
        scene.of_giver(1, State::Awaiting, true).await;
        // What the second was counted for before was not given back.
        for number in 2..=6 {
            let state = if number % 2 == 0 { State::Expired } else { State::Cancelled };
            scene.of_giver(number, state, number == 2).await;
        }
        let sought: Vec<_> = (2..=6).map(|number| late(&scene, number)).collect();
        scene.stage.cloud.services().set_faults(RandomFaults::new(RATES, seed));
        drain(&scene, &sought).await;
        scene.stage.cloud.services().set_faults(NoFaults);
        drain(&scene, &sought).await;
        let (mut found, mut lost) = (0, 0);
        for number in 2..=6 {
            let donation = scene.donation(number).await;
            match (&donation.state, donation.reservation.as_ref().unwrap().is_lost) {
                (State::Awaiting, false) => found += 1,
                (State::Expired | State::Cancelled, true) => lost += 1,
                other => panic!("seed {seed}, {number}: {other:?}"),
            }
        }
        assert!(found <= 2 && found + lost == 5, "seed {seed}: {found} found, {lost} lost");
        assert!(found >= 1, "seed {seed}: room was left, and nobody had it");
        let allowances = scene.stage.table.allowances(&[GIVER]).await.unwrap();
        for number in (1..=6).filter(|number| *number != 1) {
            let donation = scene.donation(number).await;
            let counted = allowances[0].gifts.get(&donation.id).map(|claim| claim.holds(2, donation.expires_at));
            let expected = if donation.state == State::Awaiting { Some(true) } else { None };
            assert_eq!(counted.filter(|_| expected.is_some()), expected, "seed {seed}, {number}: {allowances:?}");
        }
        assert!(scene.used().await <= 6, "seed {seed}: {allowances:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_faults_the_limit_is_used_to_the_last() {
    let scene = limited(Options::default(), 6).await;
    scene.of_giver(1, State::Awaiting, true).await;
    for number in 2..=4 {
        scene.of_giver(number, State::Expired, number == 2).await;
        drain(&scene, &[late(&scene, number)]).await;
    }
    let mut states = Vec::new();
    for number in 2..=4 {
        let donation = scene.donation(number).await;
        states.push((donation.state, donation.reservation.unwrap().is_lost));
    }
    assert_eq!(states, [(State::Awaiting, false), (State::Awaiting, false), (State::Expired, true)]);
    assert_eq!(scene.used().await, 6);
    assert_eq!(scene.told().await.len(), 6, "each payment is told again, whatever became of it");
}

#[tokio::test(start_paused = true)]
async fn what_goes_back_whole_is_counted_no_more_and_what_goes_back_in_part_is() {
    let scene = limited(Options::default(), 6).await;
    let by = paid(1, scene.stage.now()).settled_by().unwrap().clone();
    let whole = State::Refunded { settled_by: by.clone(), refunded_minor: "1000".parse().unwrap() };
    let in_part = State::PartlyRefunded { settled_by: by, refunded_minor: "500".parse().unwrap() };
    for (number, state) in [(1, whole), (2, in_part), (3, paid(3, scene.stage.now()))] {
        scene.of_giver(number, state, true).await;
    }
    drain(&scene, &[moved(1), moved(2), moved(3)]).await;
    let allowances = scene.stage.table.allowances(&[GIVER]).await.unwrap();
    let counted: Vec<u8> = allowances[0].gifts.keys().map(|id| id.bytes()[0]).collect();
    assert_eq!((counted, scene.used().await), (vec![2, 3], 4));
}
