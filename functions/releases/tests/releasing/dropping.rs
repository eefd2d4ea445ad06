//! What a gift held is given back when a payment of it failed, and nothing that is claimed for it afterwards.

use domain::donation::Attempt;
use platform::table::Guarded;

use super::*;

fn dropped(donation: &Donation) -> Value {
    event::messages(&[Message::HoldDropped { donation: donation.id }])
}

/// Another attempt to pay, as the donations function makes it of what it has read; `false` when somebody was faster.
async fn try_again(stage: &Stage, read: &Donation) -> bool {
    let attempt = Attempt { number: 2, provider: Provider::Moyasar, reference: format!("{}-2", read.id) };
    let until =
        if read.dropped { stage.now().plus_seconds(900).max(read.expires_at.plus_seconds(1)) } else { read.expires_at };
    stage.table.add_attempt(read, &attempt, until).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_failed_gives_back_what_it_held() {
    let stage = stage().await;
    stage.offer(&sample::camels(), &sample::offering(7, stage.now())).await.unwrap();
    let failed = State::Failed { reason: "declined".to_owned() };
    let gift = donation(1, failed.clone(), stage.now().plus_seconds(600));
    make(&stage, &gift).await;
    let shares = Donation { state: failed, ..sample::sacrifice(9, 2, 0, stage.now()) };
    assert!(stage.table.make_donation(&shares).await.unwrap().is_none());
    let offering = sample::camels().id;
    let free = async || stage.table.lots(&offering, &[0]).await.unwrap()[0].free;
    assert_eq!(stage.table.take_shares(&offering, 0, &shares.id, (2, shares.expires_at)).await.unwrap(), Taking::Held(5));
    let deps = deps(&stage);
    for _ in 0..2 {
        for gift in [&gift, &shares] {
            assert!(release(&deps, &dropped(gift)).await.is_empty());
            let now = stage.table.donation(&gift.id).await.unwrap().unwrap();
            assert!(now.dropped && !now.may_claim() && now.version == gift.version + 1, "{now:?}");
        }
        assert_eq!((escrow(&stage).await, free().await), ((TARGET, 0), 7));
    }
    // Who tries again claims anew, and an old message takes nothing of it.
    let read = stage.table.donation(&shares.id).await.unwrap().unwrap();
    assert!(try_again(&stage, &read).await);
    let read = stage.table.donation(&shares.id).await.unwrap().unwrap();
    assert!(read.may_claim() && read.dropped && read.expires_at > shares.expires_at);
    assert_eq!(stage.table.take_shares(&offering, 0, &read.id, (2, read.expires_at)).await.unwrap(), Taking::Held(5));
    assert!(release(&deps, &dropped(&shares)).await.is_empty());
    assert_eq!(free().await, 5);
}

/// The donor tries again between the moment in which the donation has given up what it held and that in which it is given back.
#[tokio::test(start_paused = true)]
async fn who_tries_again_meanwhile_keeps_what_is_claimed_for_them() {
    let stage = stage().await;
    stage.offer(&sample::camels(), &sample::offering(7, stage.now())).await.unwrap();
    let failed = State::Failed { reason: "declined".to_owned() };
    let held = vec![part(1)];
    let gift = Donation { state: failed, hold: held.clone(), ..sample::sacrifice(9, 2, 0, stage.now()) };
    make(&stage, &gift).await;
    let offering = sample::camels().id;
    stage.table.take_shares(&offering, 0, &gift.id, (2, gift.expires_at)).await.unwrap();
    // Whatever gives back comes late.
    stage.cloud.services().set_faults(|call: &Call<'_>| {
        let body = String::from_utf8_lossy(call.body).into_owned();
        let gives_back = call.operation != "BatchGetItem" && body.contains("REMOVE claims.#donation");
        if gives_back { Fault::Delay(Duration::from_secs(2)) } else { Fault::Pass }
    });
    let again = async {
        stage.clock.sleep(Duration::from_secs(1)).await;
        let read = stage.table.donation(&gift.id).await.unwrap().unwrap();
        assert!(read.dropped && try_again(&stage, &read).await);
        let read = stage.table.donation(&gift.id).await.unwrap().unwrap();
        assert_eq!(stage.table.claim_while(&read, &held[0], "again").await.unwrap(), Guarded::Done);
        stage.table.take_shares(&offering, 0, &read.id, (2, read.expires_at)).await.unwrap();
    };
    let (deps, message) = (deps(&stage), dropped(&gift));
    let (come_again, ()) = tokio::join!(release(&deps, &message), again);
    assert!(come_again.is_empty());
    assert_eq!(escrow(&stage).await, (TARGET - GIFT, 1));
    let lot = stage.table.lots(&offering, &[0]).await.unwrap().remove(0);
    assert!(lot.is_whole() && lot.claims.len() == 1, "{lot:?}");
}

/// Payments fail, donors try again, old payments succeed after all, and everything else happens: whoever waits has what it names, and whoever has given up has nothing.
#[tokio::test(start_paused = true)]
async fn what_failed_is_given_back_and_nothing_else_whatever_happens() {
    for seed in 0..12 {
        let dynamo = DynamoOptions { seed, ..DynamoOptions::default() };
        let stage = stage_with(Options { seed, dynamo, ..Options::default() }).await;
        let failed = State::Failed { reason: "declined".to_owned() };
        let ends = stage.now().plus_seconds(600);
        let gifts: Vec<Donation> = (1..=20).map(|number| donation(number, failed.clone(), ends)).collect();
        for gift in &gifts {
            make(&stage, gift).await;
        }
        stage.cloud.services().set_faults(RandomFaults::new(RATES, seed));
        let donors = async {
            for (number, gift) in gifts.iter().enumerate() {
                stage.clock.sleep(Duration::from_millis(15)).await;
                let Ok(Some(read)) = stage.table.donation(&gift.id).await else { continue };
                // What is lost on the way is lost for good here: what stands is looked at in the end.
                match number % 3 {
                    0 if !read.dropped => drop(stage.table.move_donation(&read, &settled(stage.now())).await),
                    1 => {
                        let attempt = Attempt { number: 2, provider: Provider::Moyasar, reference: "again".to_owned() };
                        let until = ends.plus_seconds(i64::from(read.dropped));
                        drop(stage.table.add_attempt(&read, &attempt, until).await);
                    }
                    _ => {}
                }
            }
        };
        let messages = |gifts: &[&Donation]| gifts.iter().map(|gift| Message::HoldDropped { donation: gift.id }).collect();
        tokio::join!(drain_all(&stage, &gifts, messages), donors);
        stage.cloud.services().set_faults(NoFaults);
        let (mut kept, mut claims) = (0, 0);
        for gift in &gifts {
            let read = stage.table.donation(&gift.id).await.unwrap().unwrap();
            match &read.state {
                State::Settled { .. } => kept += 1,
                State::Failed { .. } => assert!(read.dropped, "seed {seed}: {read:?}"),
                _ => {
                    for part in &read.hold {
                        assert_eq!(stage.table.claim_while(&read, part, &read.id.to_string()).await.unwrap(), Guarded::Done);
                    }
                    (kept, claims) = (kept + 1, claims + 1);
                }
            }
        }
        let spent: Vec<Message> = gifts.iter().map(|gift| Message::HoldSpent { donation: gift.id }).collect();
        release(&deps(&stage), &event::messages(&spent)).await;
        assert_eq!(escrow(&stage).await, (TARGET - GIFT * kept, claims), "seed {seed}");
    }
}
