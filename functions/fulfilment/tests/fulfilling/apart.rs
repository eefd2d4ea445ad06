//! Shares on several lots, because no lot had room for all: confirmed each where it is, looked for each where it is not, found again when they are paid late.

use domain::donation::{Donation, State};
use domain::id::DonationId;
use domain::message::Message;
use domain::sacrifice::reservation::MOST_LOTS;
use domain::sacrifice::{Lot, Part, Reservation, Standing};
use stage::{Options, sample};
use testkit::dynamo::DynamoOptions;
use testkit::faults::{NoFaults, RandomFaults};

use crate::scene::{Scene, paid};
use crate::whatever::{RATES, drain, late, moved};

/// Leaves so many free on each lot.
async fn left(scene: &Scene, free: &[u8]) {
    for (lot, free) in (0..).zip(free) {
        let rival = 100 + u8::try_from(lot).unwrap();
        if *free < 7 {
            scene.make(rival, 7 - free, lot, State::Awaiting, true).await;
        }
    }
}

/// What the donation has, by lots, and whether all of it is confirmed: just what it names.
async fn has(scene: &Scene, number: u8) -> (Vec<(u32, u8)>, bool) {
    let (donation, lots) = (scene.donation(number).await, scene.lots().await);
    assert!(lots.iter().all(Lot::is_whole), "{lots:?}");
    let claims: Vec<_> = lots.iter().filter_map(|lot| Some((lot.lot, *lot.claims.get(&donation.id)?))).collect();
    let has: Vec<(u32, u8)> = claims.iter().map(|(lot, claim)| (*lot, claim.shares)).collect();
    let named: Vec<(u32, u8)> = donation.reservation.unwrap().places().iter().map(|part| (part.lot, part.shares)).collect();
    assert_eq!(has, named, "{number}");
    (has, claims.iter().all(|(_, claim)| claim.standing == Standing::Confirmed))
}

async fn cases(scene: &Scene) -> usize {
    scene.stage.items("CASE#").await.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_part_without_its_claim_is_looked_for_and_the_others_stay() {
    // What is free, how many of the parts on lots 0, 1 and 2 have their claim, and where they are in the end.
    type Row<'a> = (&'a [u8], usize, &'a [(u32, u8)]);
    let table: [Row<'_>; 5] = [
        (&[7, 7, 7, 7], 3, &[(0, 2), (1, 1), (2, 2)]),
        (&[7, 7, 0, 7], 2, &[(0, 2), (1, 1), (3, 2)]),
        (&[7, 7, 1, 1], 2, &[(0, 2), (1, 1), (2, 1), (3, 1)]),
        (&[7, 1, 0, 0], 2, &[(0, 5)]),
        (&[7, 0, 0, 0], 1, &[(0, 5)]),
    ];
    for (free, claims, expected) in table {
        let scene = Scene::set(Options::default(), 4).await;
        left(&scene, free).await;
        scene.make_apart(1, &[(0, 2), (1, 1), (2, 2)], paid(1, scene.stage.now()), claims).await;
        drain(&scene, &[moved(1)]).await;
        assert_eq!(has(&scene, 1).await, (expected.to_vec(), true), "{free:?}");
        assert_eq!(cases(&scene).await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_for_which_nothing_is_left_is_a_case() {
    let scene = Scene::set(Options::default(), 2).await;
    left(&scene, &[2, 0]).await;
    scene.make_apart(1, &[(0, 2), (1, 1)], paid(1, scene.stage.now()), 1).await;
    drain(&scene, &[moved(1)]).await;
    assert_eq!(cases(&scene).await, 1);
}

/// Parts on lots that it named before, and a claim of another number.
#[tokio::test(start_paused = true)]
async fn what_it_has_elsewhere_or_of_another_number_is_its_own() {
    let scene = Scene::set(Options::default(), 4).await;
    left(&scene, &[3, 2, 2, 0]).await;
    let gift = scene.make_apart(1, &[(0, 2), (1, 2)], paid(1, scene.stage.now()), 2).await;
    let places = [Part { lot: 0, shares: 3 }, Part { lot: 2, shares: 1 }];
    let other = gift.reservation.as_ref().unwrap().parted(&places).unwrap();
    assert!(scene.stage.table.name_lot(&gift, &other).await.unwrap());
    scene.make(50, 2, 2, State::Awaiting, true).await;
    drain(&scene, &[moved(1)]).await;
    let donation = scene.donation(1).await;
    let lots = scene.lots().await;
    let confirmed: Vec<(u32, u8)> = lots
        .iter()
        .filter_map(|lot| Some((lot.lot, *lot.claims.get(&donation.id)?)))
        .filter(|(_, claim)| claim.standing == Standing::Confirmed)
        .map(|(lot, claim)| (lot, claim.shares))
        .collect();
    let named: Vec<(u32, u8)> = donation.reservation.unwrap().places().iter().map(|part| (part.lot, part.shares)).collect();
    assert_eq!((confirmed.iter().map(|(_, shares)| shares).sum::<u8>(), &confirmed), (4, &named), "{lots:?}");
    assert!(lots.iter().all(Lot::is_whole) && cases(&scene).await == 0);
}

#[tokio::test(start_paused = true)]
async fn every_part_is_confirmed_once_whatever_happens() {
    for seed in 0..12 {
        let dynamo = DynamoOptions { seed, ..DynamoOptions::default() };
        let scene = Scene::set(Options { seed, dynamo, ..Options::default() }, 4).await;
        for number in 1..=6 {
            let places = [(0, 1), (1, 1), (2, 2)];
            let state = paid(number, scene.stage.now());
            scene.make_apart(number, &places, state, usize::from(number % 4)).await;
        }
        scene.stage.cloud.services().set_faults(RandomFaults::new(RATES, seed));
        let messages: Vec<Message> = (1..=6).map(moved).collect();
        tokio::join!(drain(&scene, &messages), drain(&scene, &messages));
        scene.stage.cloud.services().set_faults(NoFaults);
        for number in 1..=6 {
            let (has, is_confirmed) = has(&scene, number).await;
            assert!(is_confirmed && has.iter().map(|(_, shares)| shares).sum::<u8>() == 4, "seed {seed}, {number}: {has:?}");
        }
        assert_eq!(cases(&scene).await, 0, "seed {seed}");
    }
}

/// Of six who pay late for four shares each, with room for four of them in parts, none is lost while there is room, and each has what it names.
#[tokio::test(start_paused = true)]
async fn who_pays_late_for_shares_apart_has_others_apart() {
    for seed in 0..12 {
        let dynamo = DynamoOptions { seed, ..DynamoOptions::default() };
        let scene = Scene::set(Options { seed, dynamo, ..Options::default() }, 6).await;
        left(&scene, &[3, 3, 3, 3, 2, 2]).await;
        for number in 1..=6 {
            // Of some the claims of the first hold were not swept yet.
            let claims = if number == 1 { 2 } else { 0 };
            scene.make_apart(number, &[(0, 2), (1, 2)], State::Expired, claims).await;
        }
        let sought: Vec<Message> = (1..=6).map(|number| late(&scene, number)).collect();
        scene.stage.cloud.services().set_faults(RandomFaults::new(RATES, seed));
        drain(&scene, &sought).await;
        scene.stage.cloud.services().set_faults(NoFaults);
        drain(&scene, &sought).await;
        let lots = scene.lots().await;
        assert!(lots.iter().all(Lot::is_whole), "seed {seed}: {lots:?}");
        let mut found = 0;
        for number in 1..=6 {
            let donation = scene.donation(number).await;
            let named = donation.reservation.clone().unwrap();
            if named.is_lost {
                assert_eq!(donation.state, State::Expired, "seed {seed}, {number}");
                continue;
            }
            found += 1;
            for part in named.places() {
                let claim = lots[part.lot as usize].claims.get(&donation.id);
                assert!(
                    claim.is_some_and(|claim| claim.holds(part.shares, donation.expires_at)),
                    "seed {seed}, {number}: {lots:?}"
                );
            }
        }
        assert!((2..=4).contains(&found), "seed {seed}: {found} found");
    }
}

#[tokio::test(start_paused = true)]
async fn without_faults_all_that_is_left_is_found() {
    let scene = Scene::set(Options::default(), 4).await;
    left(&scene, &[3, 2, 2, 1]).await;
    for number in 1..=3 {
        scene.make_apart(number, &[(0, 2), (1, 2)], State::Expired, 0).await;
        drain(&scene, &[late(&scene, number)]).await;
    }
    assert_eq!((has(&scene, 1).await.0, has(&scene, 2).await.0), (vec![(0, 3), (3, 1)], vec![(1, 2), (2, 2)]));
    assert!(scene.donation(3).await.reservation.unwrap().is_lost);
}

/// A gift that has named as many lots as it may, of which none has room.
async fn many(scene: &Scene, number: u8, state: State) -> Donation {
    let mut gift = Donation { state, ..sample::sacrifice(number, 2, 0, scene.stage.now()) };
    let before = (1..u32::try_from(MOST_LOTS).unwrap()).collect();
    gift.reservation = gift.reservation.map(|named| Reservation { before, ..named });
    assert!(scene.stage.table.make_donation(&gift).await.unwrap().is_none());
    gift
}

#[tokio::test(start_paused = true)]
async fn whoever_has_named_too_many_lots_has_their_money_back_or_a_person_is_told() {
    let lots = MOST_LOTS + 1;
    let scene = Scene::set(Options::default(), u32::try_from(lots).unwrap()).await;
    let full: Vec<u8> = (0..lots).map(|lot| if lot == MOST_LOTS { 7 } else { 1 }).collect();
    left(&scene, &full).await;
    many(&scene, 1, State::Expired).await;
    drain(&scene, &[late(&scene, 1)]).await;
    assert!(scene.donation(1).await.reservation.unwrap().is_lost && scene.told().await.len() == 2, "it is owed back");
    many(&scene, 2, paid(2, scene.stage.now())).await;
    drain(&scene, &[moved(2)]).await;
    assert_eq!(cases(&scene).await, 1, "a person is told");
    // A lot that it has named has room again.
    let rival = DonationId::from_bytes([105; 16]);
    scene.stage.table.give_shares_back(&sample::camels().id, 5, &rival, |_| true).await.unwrap();
    drain(&scene, &[late(&scene, 1), moved(2)]).await;
    assert_eq!(has(&scene, 2).await, (vec![(5, 2)], true));
    let lost = DonationId::from_bytes([1; 16]);
    assert!(scene.lots().await.iter().all(|lot| !lot.claims.contains_key(&lost)));
}
