//! One seed, one story: ids, latencies and mischief repeat exactly.

use moyasar_sandbox::{CERTAIN, Deed, Ending, Mischief, Payer, Settings};
use proptest::prelude::*;
use serde_json::json;

use crate::play::{Play, play_with};

/// A crowd of payers with everything going wrong now and then; every message that came, in order.
async fn story(seed: u64) -> Vec<String> {
    let play = play_with(|settings| Settings { latency_ms: (20, 900), ..settings.seed(seed) });
    let odds = [Deed::Duplicate, Deed::Delay, Deed::Reorder, Deed::Lose, Deed::ForgeAmount, Deed::ForgePayment];
    let calls = [Deed::Fail, Deed::LoseReply, Deed::PayTwice];
    let asked = odds.iter().chain(&calls).fold(Mischief::default(), |asked, deed| asked.with(*deed, 1_500));
    play.sandbox.set_mischief(asked);
    let mut log = Vec::new();
    for round in 0..60_u64 {
        let body = json!({"amount": 100 + round, "description": "gift"});
        if let Ok((201, invoice)) = play.try_call("POST", "/v1/invoices", body).await {
            let ending = [Ending::Paid, Ending::Authorized, Ending::Abandoned][round as usize % 3];
            let payment = play.sandbox.pay(crate::play::id(&invoice), &Payer::default().ending(ending)).unwrap();
            if round % 7 == 0 {
                let _ = play.sandbox.refund(payment.id, Some(10));
            }
        }
        play.clock.advance(350);
        receive(&play, &mut log, round);
    }
    play.clock.advance(86_400_000);
    receive(&play, &mut log, 60);
    log
}

fn receive(play: &Play, log: &mut Vec<String>, round: u64) {
    for delivery in play.sandbox.take_due(1_000) {
        log.push(format!("{round} {} {}", delivery.attempt, String::from_utf8_lossy(&delivery.body)));
        play.sandbox.acknowledge(&delivery, if delivery.id % 3 == 0 { None } else { Some(200) });
    }
}

#[tokio::test]
async fn a_seed_repeats_and_another_differs() {
    let first = story(7).await;
    assert!(first.len() > 60, "{}", first.len());
    assert_eq!(first, story(7).await);
    assert_ne!(first, story(8).await);
}

#[tokio::test]
async fn mischief_does_not_change_the_ids() {
    let calm = play_with(|settings| settings.seed(3));
    let wild = play_with(|settings| settings.seed(3));
    wild.sandbox.set_mischief(Mischief::default().with(Deed::Duplicate, CERTAIN).with(Deed::Misspell, 5_000));
    for _ in 0..10 {
        let (one, other) = (calm.invoice(100).await, wild.invoice(100).await);
        assert_eq!(one, other);
        let paid = [(&calm, one), (&wild, other)].map(|(play, id)| play.sandbox.pay(id, &Payer::default()).unwrap().id);
        assert_eq!(paid[0], paid[1]);
        assert!(calm.taken().len() <= wild.taken().len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is asked of a payment, it gives back no more than it took, and the tally agrees.
    #[test]
    fn money_adds_up(amount in 100_u64..1_000_000, held: bool, acts in prop::collection::vec((0_u8..3, 1_u64..1_200_000), 0..12)) {
        let play = play_with(|settings| settings);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let invoice = runtime.block_on(play.invoice(amount));
        let ending = if held { Ending::Authorized } else { Ending::Paid };
        let id = play.sandbox.pay(invoice, &Payer::default().ending(ending)).unwrap().id;
        for (act, part) in acts {
            let before = play.sandbox.payment(id).unwrap();
            let done = match act {
                0 => play.sandbox.refund(id, Some(part)),
                1 => play.sandbox.capture(id, Some(part)),
                _ => play.sandbox.void(id),
            };
            let after = play.sandbox.payment(id).unwrap();
            prop_assert!(after.refunded <= after.taken && after.taken <= amount);
            prop_assert!(done.is_ok() || before == after);
        }
        let (facts, tally) = (play.sandbox.payment(id).unwrap(), play.sandbox.tally());
        prop_assert_eq!((tally.taken, tally.refunded), (facts.taken, facts.refunded));
    }
}
