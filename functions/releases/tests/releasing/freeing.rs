//! What has gone back of a paid gift takes no room in a capped opportunity any more.

use super::*;

fn spent(gifts: &[&Donation]) -> Vec<Message> {
    gifts.iter().map(|gift| Message::HoldSpent { donation: gift.id }).collect()
}

/// So much of a gift has gone back, as settlement writes it.
async fn give_back(stage: &Stage, gift: &Donation, refunded: u64) {
    let read = stage.table.donation(&gift.id).await.unwrap().unwrap();
    let (settled_by, refunded_minor) = (read.state.settled_by().unwrap().clone(), riyals(refunded));
    let state = if refunded == GIFT {
        State::Refunded { settled_by, refunded_minor }
    } else {
        State::PartlyRefunded { settled_by, refunded_minor }
    };
    assert!(stage.table.turn_donation(&read, &state, &read.back).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_went_back_can_be_given_by_others_once() {
    let stage = stage().await;
    let gift = donation(1, settled(stage.now()), stage.now().plus_seconds(600));
    make(&stage, &gift).await;
    let deps = deps(&stage);
    for (refunded, free) in [(0, TARGET - GIFT), (30, TARGET - GIFT + 30), (30, TARGET - GIFT + 30), (GIFT, TARGET)] {
        if refunded > 0 {
            give_back(&stage, &gift, refunded).await;
        }
        for _ in 0..3 {
            assert!(release(&deps, &event::messages(&spent(&[&gift, &gift]))).await.is_empty());
            assert_eq!(escrow(&stage).await, (free, 0), "{refunded} gone back");
        }
    }
    let read = stage.table.donation(&gift.id).await.unwrap().unwrap();
    assert_eq!((read.freeing(), read.back.freed[0].amount_minor), (None, riyals(GIFT)));
}

/// The message was lost: the hold's end looks for it too.
#[tokio::test(start_paused = true)]
async fn what_went_back_is_found_at_the_holds_end() {
    let stage = stage().await;
    let gift = donation(1, settled(stage.now()), stage.now().plus_seconds(-GRACE_SECS));
    make(&stage, &gift).await;
    give_back(&stage, &gift, 40).await;
    assert!(release(&deps(&stage), &due(&gift)).await.is_empty());
    assert_eq!(escrow(&stage).await, (TARGET - GIFT + 40, 0));
}

/// Two environments are told of refunds, of all of them twice and more, and anything may fail.
#[tokio::test(start_paused = true)]
async fn what_went_back_is_free_once_whatever_happens() {
    for seed in 0..12 {
        let dynamo = DynamoOptions { seed, ..DynamoOptions::default() };
        let stage = stage_with(Options { seed, dynamo, ..Options::default() }).await;
        let gifts: Vec<Donation> =
            (1..=20).map(|number| donation(number, settled(stage.now()), stage.now().plus_seconds(600))).collect();
        for gift in &gifts {
            make(&stage, gift).await;
        }
        let mut gone = 0;
        for round in [1, 2] {
            for (number, gift) in (0..).zip(&gifts).filter(|(number, _)| number % 3 == 0) {
                let refunded = if number % 2 == 0 { 20 * round } else { GIFT / 2 * round };
                give_back(&stage, gift, refunded).await;
                gone += if number % 2 == 0 { 20 } else { GIFT / 2 };
            }
            stage.cloud.services().set_faults(RandomFaults::new(RATES, seed));
            tokio::join!(drain_all(&stage, &gifts, spent), drain_all(&stage, &gifts, spent));
            stage.cloud.services().set_faults(NoFaults);
            assert_eq!(escrow(&stage).await, (TARGET - 20 * GIFT + gone, 0), "seed {seed}, round {round}");
        }
    }
}
