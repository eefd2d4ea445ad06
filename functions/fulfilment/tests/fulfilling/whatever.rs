//! Whatever happens on the way: each share has one claim, and each paid donation its shares.

use std::time::Duration;

use domain::donation::{Donation, State};
use domain::message::Message;
use domain::money::Money;
use domain::payment::{Happening, Method, PaymentFact};
use domain::sacrifice::Standing;
use stage::{Options, event, sample};
use testkit::connector::invocation;
use testkit::dynamo::DynamoOptions;
use testkit::faults::{Call, Fault, NoFaults, RandomFaults, Rates};

use crate::scene::{Scene, paid};

/// In a thousand calls. A look asks each segment, and succeeds only as a whole: much more would let none succeed.
pub const RATES: Rates = Rates {
    throttled: 6,
    failed: 6,
    conflict: 6,
    reply_lost: 12,
    delayed: 20,
    duplicated: 6,
    crash_before: 3,
    crash_after: 3,
    longest_delay: Duration::from_secs(2),
};

pub fn late(scene: &Scene, number: u8) -> Message {
    let state = paid(number, scene.stage.now());
    let by = state.settled_by().unwrap();
    Message::SharesSought(PaymentFact {
        payment: by.payment.clone(),
        donation: Some(domain::id::DonationId::from_bytes([number; 16])),
        attempt: 1,
        amount_minor: Money::from_riyals(1_000).unwrap(),
        currency: "SAR".to_owned(),
        happening: Happening::Captured { method: Method::Mada, captured_at: by.captured_at, fee_minor: Money::ZERO },
    })
}

pub fn moved(number: u8) -> Message {
    Message::SharesMoved { donation: domain::id::DonationId::from_bytes([number; 16]) }
}

/// Delivers each message until it is let go, and all of them twice.
pub async fn drain(scene: &Scene, messages: &[Message]) {
    deliver(scene, messages).await;
    deliver(scene, messages).await;
}

/// Delivers each message until it is let go.
async fn deliver(scene: &Scene, messages: &[Message]) {
    let (mut left, mut rounds) = (messages.to_vec(), 0);
    while !left.is_empty() {
        rounds += 1;
        assert!(rounds < 200, "{left:?} come again for good");
        let again = invocation(scene.run(&event::messages(&left))).await;
        if let Ok(again) = again {
            left = again.iter().map(|place| left[place.parse::<usize>().unwrap()].clone()).collect();
        }
        scene.stage.clock.sleep(Duration::from_millis(10)).await;
    }
}

/// Two shares each, on animals of seven of which the last share is never of use to them: three find shares on each.
#[tokio::test(start_paused = true)]
async fn who_pays_late_has_other_shares_while_some_are_left_and_then_none() {
    for seed in 0..12 {
        let dynamo = DynamoOptions { seed, ..DynamoOptions::default() };
        let scene = Scene::set(Options { seed, dynamo, ..Options::default() }, 2).await;
        for number in 1..=9 {
            let state = if number % 2 == 0 { State::Cancelled } else { State::Expired };
            scene.make(number, 2, u32::from(number) % 2, state, false).await;
        }
        scene.stage.cloud.services().set_faults(RandomFaults::new(RATES, seed));
        let sought: Vec<Message> = (1..=9).map(|number| late(&scene, number)).collect();
        drain(&scene, &sought).await;
        scene.stage.cloud.services().set_faults(NoFaults);
        drain(&scene, &sought).await;
        let (mut found, mut lost) = (0, 0);
        for number in 1..=9 {
            let donation = scene.donation(number).await;
            let named = donation.reservation.clone().unwrap();
            let lots = scene.lots().await;
            let claims: Vec<u32> =
                lots.iter().filter(|lot| lot.claims.contains_key(&donation.id)).map(|lot| lot.lot).collect();
            match donation.state {
                State::Awaiting => {
                    assert!(claims.contains(&named.lot) && !named.is_lost, "seed {seed}, {number}: {claims:?} {named:?}");
                    found += 1;
                }
                _ => {
                    assert!(named.is_lost, "seed {seed}, {number}: {named:?}");
                    lost += 1;
                }
            }
        }
        assert!(found + lost == 9 && found <= 6, "seed {seed}: {found} found, {lost} lost");
        // What was claimed in vain on the way is swept at the hold's end; nothing was lost of the lots meanwhile.
        assert!(scene.lots().await.iter().all(domain::sacrifice::Lot::is_whole), "seed {seed}");
    }
}

/// Without faults nothing is claimed in vain.
#[tokio::test(start_paused = true)]
async fn all_that_is_left_is_found() {
    let scene = Scene::set(Options::default(), 2).await;
    for number in 1..=9 {
        scene.make(number, 2, 0, State::Expired, false).await;
        drain(&scene, &[late(&scene, number)]).await;
    }
    assert_eq!(scene.lots().await.iter().map(|lot| lot.free).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn every_paid_share_is_confirmed_once_whatever_happens() {
    for seed in 0..12 {
        let dynamo = DynamoOptions { seed, ..DynamoOptions::default() };
        let scene = Scene::set(Options { seed, dynamo, ..Options::default() }, 3).await;
        for number in 1..=9 {
            let state = paid(number, scene.stage.now());
            // The claim of every third was never made.
            scene.make(number, 2, u32::from(number - 1) / 3, state, number % 3 != 0).await;
        }
        scene.stage.cloud.services().set_faults(RandomFaults::new(RATES, seed));
        let messages: Vec<Message> = (1..=9).map(moved).collect();
        drain(&scene, &messages).await;
        scene.stage.cloud.services().set_faults(NoFaults);
        let lots = scene.lots().await;
        for number in 1..=9 {
            let donation = scene.donation(number).await;
            let named = donation.reservation.clone().unwrap();
            let confirmed: Vec<u32> = lots
                .iter()
                .filter(|lot| lot.claims.get(&donation.id).is_some_and(|claim| claim.standing == Standing::Confirmed))
                .map(|lot| lot.lot)
                .collect();
            assert_eq!(confirmed, [named.lot], "seed {seed}, {number}: {lots:?}");
        }
        assert!(lots.iter().all(domain::sacrifice::Lot::is_whole), "seed {seed}");
    }
}

/// The money goes back while its shares are looked for: whichever comes first at which call, no claim is left.
#[tokio::test(start_paused = true)]
async fn money_that_goes_back_meanwhile_leaves_no_claim() {
    for step in 0..60 {
        let scene = Scene::set(Options { dynamo: DynamoOptions::default(), ..Options::default() }, 1).await;
        let gift = scene.make(3, 2, 0, State::Awaiting, false).await;
        scene.stage.settle(&gift.id).await.unwrap();
        scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Delay(Duration::from_millis(300)));
        let messages = [moved(3)];
        let goes_back = async {
            scene.stage.clock.sleep(Duration::from_millis(50 * step)).await;
            scene.stage.give_back(&gift.id, gift.total()).await.unwrap();
            deliver(&scene, &messages).await;
        };
        tokio::join!(deliver(&scene, &messages), goes_back);
        assert_eq!(scene.claims().await, ["lot 0, 7 free; "], "step {step}");
    }
}

/// Its lot is full without it, and there is room on two others.
#[tokio::test(start_paused = true)]
async fn several_that_look_for_the_same_shares_leave_one_claim() {
    let rates = Rates { delayed: 800, longest_delay: Duration::from_millis(400), ..Rates::default() };
    for seed in 0..30 {
        let dynamo = DynamoOptions { seed, ..DynamoOptions::default() };
        let scene = Scene::set(Options { seed, dynamo, ..Options::default() }, 3).await;
        let now = scene.stage.now();
        scene.make(1, 7, 0, paid(1, now), true).await;
        scene.make(2, 2, 0, paid(2, now), false).await;
        scene.stage.cloud.services().set_faults(RandomFaults::new(rates, seed));
        let messages = [moved(2)];
        tokio::join!(drain(&scene, &messages), drain(&scene, &messages), drain(&scene, &messages));
        let named = scene.donation(2).await.reservation.unwrap();
        let lots = scene.lots().await;
        let claims: Vec<(u32, String)> = lots
            .iter()
            .filter_map(|lot| Some((lot.lot, lot.claims.get(&domain::id::DonationId::from_bytes([2; 16]))?.to_string())))
            .collect();
        assert_eq!(claims, [(named.lot, "2c".to_owned())], "seed {seed}");
    }
}

/// The clock by which the gift was made was ahead of the one by which other shares are held for it, and it was cancelled at once.
#[tokio::test(start_paused = true)]
async fn a_new_hold_ends_after_the_one_before() {
    let scene = Scene::set(Options::default(), 1).await;
    let ahead = scene.stage.now().plus_seconds(2);
    let gift = Donation { state: State::Cancelled, ..sample::sacrifice(8, 2, 0, ahead) };
    assert!(scene.stage.table.make_donation(&gift).await.unwrap().is_none());
    drain(&scene, &[late(&scene, 8)]).await;
    let named = scene.donation(8).await.reservation.unwrap();
    let of_the_first = |claim: &domain::sacrifice::Claim| claim.is_over(gift.expires_at);
    let freed = scene.stage.table.give_shares_back(&named.offering, named.lot, &gift.id, of_the_first).await.unwrap();
    assert_eq!((freed, scene.claims().await), (0, vec!["lot 0, 5 free; 8: 2 held".to_owned()]));
}
