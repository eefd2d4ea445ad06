//! An orphan whose donation is found: somebody has written it into the payment's metadata at the provider, and it is told again.

use domain::donation::ChargeKind;

use super::*;

/// The capture as it was told before anybody knew whose it is.
fn nameless(stage: &Stage, of: &Donation, payment: &str) -> Message {
    let Message::PaymentTold(fact) = captured(stage, of, payment) else { unreachable!("a fact") };
    Message::PaymentTold(PaymentFact { donation: None, attempt: 0, ..fact })
}

async fn state(stage: &Stage, donation: &Donation) -> &'static str {
    stage.table.donation(&donation.id).await.unwrap().unwrap().state.code()
}

#[tokio::test(start_paused = true)]
async fn it_settles_its_donation_once_wherever_it_breaks_off() {
    let calls = ["BatchGetItem", "TransactWriteItems", "SendMessageBatch"];
    let faults = [Fault::CrashBefore, Fault::CrashAfter, Fault::ReplyLost(Failure::Disconnected), Fault::Duplicate];
    for (operation, fault) in calls.into_iter().flat_map(|call| faults.map(|fault| (call, fault))) {
        let stage = Stage::new(Options::default()).await.unwrap();
        let donation = make(&stage, 1, 10).await;
        assert!(settle(&deps(&stage), &[nameless(&stage, &donation, "p-1")]).await.is_empty());
        assert_eq!(state(&stage, &donation).await, "awaiting");
        let found = captured(&stage, &donation, "p-1");
        stage.cloud.services().set_faults(once(operation, fault));
        let _ = invocation(settle(&deps(&stage), std::slice::from_ref(&found))).await;
        // It comes again, and so does what was told first.
        let again = [found, nameless(&stage, &donation, "p-1")];
        assert!(settle(&deps(&stage), &again).await.is_empty(), "{operation} {fault:?}");
        assert_eq!(state(&stage, &donation).await, "settled", "{operation} {fault:?}");
        let mut kinds = kinds(&stage).await;
        kinds.sort_by_key(|kind| *kind as u8);
        assert_eq!(kinds, [EntryKind::Settled, EntryKind::Orphan, EntryKind::Assigned], "{operation} {fault:?}");
        let reference = PaymentRef { provider: Provider::Moyasar, payment: "p-1".parse().unwrap() };
        let charge = stage.table.charges(&[reference]).await.unwrap().pop().unwrap();
        assert_eq!((charge.kind, charge.donation, charge.version), (ChargeKind::Assigned, Some(donation.id), 1));
        // From then on it is the donation's like any other.
        assert!(settle(&deps(&stage), &[refunded(&donation, "p-1", 10)]).await.is_empty());
        assert_eq!(state(&stage, &donation).await, "refunded");
    }
}

/// Its place on the page is the settlement's, which is what is proven of it.
#[tokio::test(start_paused = true)]
async fn its_place_is_that_of_the_entry_that_settles_it() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    settle(&deps(&stage), &[nameless(&stage, &donation, "p-1")]).await;
    settle(&deps(&stage), &[captured(&stage, &donation, "p-1")]).await;
    let place = stage.table.donation(&donation.id).await.unwrap().unwrap().place.unwrap();
    let pages = pages(&stage).await;
    let page = pages.iter().find(|page| page.chain.number() == place.chain && page.seq == place.seq).unwrap();
    let entry = &page.entries()[usize::from(place.index)];
    assert_eq!((entry.kind, entry.donation), (EntryKind::Settled, Some(donation.id)));
}

/// Two entries each: what is too much for one page is settled on two.
#[tokio::test(start_paused = true)]
async fn more_than_a_page_takes_are_settled_on_several() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let deps = deps(&stage);
    let (mut first, mut found) = (Vec::new(), Vec::new());
    for number in 1..=60 {
        let donation = make(&stage, number, 10).await;
        first.push(nameless(&stage, &donation, &format!("p-{number}")));
        found.push(captured(&stage, &donation, &format!("p-{number}")));
    }
    assert!(settle(&deps, &first).await.is_empty());
    assert!(settle(&deps, &found).await.is_empty());
    assert!(settle(&deps, &found).await.is_empty());
    let kinds = kinds(&stage).await;
    for kind in [EntryKind::Orphan, EntryKind::Assigned, EntryKind::Settled] {
        assert_eq!(kinds.iter().filter(|other| **other == kind).count(), 60, "{kind:?}");
    }
    assert!(pages(&stage).await.iter().all(|page| page.entries().len() <= domain::journal::page::MOST_ENTRIES));
}
