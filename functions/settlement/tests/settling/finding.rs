//! An orphan whose donation is found: somebody has written it into the payment's metadata at the provider, and it is told again. And what waits for a capture that never comes.

use domain::donation::ChargeKind;
use domain::journal::{Account, Transfer};

use super::*;

/// The capture as it was told before anybody knew whose it is.
fn nameless(stage: &Stage, of: &Donation, payment: &str) -> Message {
    let Message::PaymentTold(fact) = captured(stage, of, payment) else { unreachable!("a fact") };
    Message::PaymentTold(PaymentFact { donation: None, attempt: 0, ..fact })
}

async fn state(stage: &Stage, donation: &Donation) -> &'static str {
    stage.table.donation(&donation.id).await.unwrap().unwrap().state.code()
}

/// The payment `p-1` is this donation's and in the books once, though it was an orphan too; what follows from the gift is told.
async fn is_found_once(stage: &Stage, donation: &Donation, what: &str) {
    let place = stage.table.donation(&donation.id).await.unwrap().unwrap().place.unwrap();
    let page = Message::page_committed(place.chain_id().unwrap(), place.seq);
    assert!(stage.take_messages("journal").await.unwrap().contains(&page), "{what}");
    let mut kinds = kinds(stage).await;
    kinds.sort_by_key(|kind| *kind as u8);
    assert_eq!(kinds, [EntryKind::Settled, EntryKind::Orphan, EntryKind::Assigned], "{what}");
    let reference = PaymentRef { provider: Provider::Moyasar, payment: "p-1".parse().unwrap() };
    let charge = stage.table.charges(&[reference]).await.unwrap().pop().unwrap();
    let kept = (charge.kind, charge.donation, charge.version);
    assert_eq!(kept, (ChargeKind::Assigned, Some(donation.id), 1), "{what}");
}

/// Debits less credits of an account.
async fn net(stage: &Stage, account: &Account) -> i64 {
    let pages = pages(stage).await;
    let side = |is: bool, amount: i64| if is { amount } else { 0 };
    let of = |transfer: &Transfer| {
        let amount = transfer.amount().signed_halalas();
        side(transfer.debit() == account, amount) - side(transfer.credit() == account, amount)
    };
    pages.iter().flat_map(Page::transfers).map(of).sum()
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
        stage.take_messages("journal").await.unwrap();
        let found = captured(&stage, &donation, "p-1");
        stage.cloud.services().set_faults(once(operation, fault));
        let _ = invocation(settle(&deps(&stage), std::slice::from_ref(&found))).await;
        // It comes again, and so does what was told first.
        let again = [found, nameless(&stage, &donation, "p-1")];
        assert!(settle(&deps(&stage), &again).await.is_empty(), "{operation} {fault:?}");
        assert_eq!(state(&stage, &donation).await, "settled", "{operation} {fault:?}");
        is_found_once(&stage, &donation, &format!("{operation} {fault:?}")).await;
        // From then on it is the donation's like any other.
        assert!(settle(&deps(&stage), &[refunded(&donation, "p-1", 10)]).await.is_empty());
        assert_eq!(state(&stage, &donation).await, "refunded");
    }
}

/// Whatever is nobody's is looked at once more by itself, as if somebody had its case replayed; not again because of what that look finds.
#[tokio::test(start_paused = true)]
async fn it_is_looked_at_once_more() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    let told = nameless(&stage, &donation, "p-1");
    assert!(settle(&deps(&stage), std::slice::from_ref(&told)).await.is_empty());
    let case = stage.items("CASE#").await.unwrap().pop().unwrap();
    let id = case["pk"].as_str().unwrap().trim_start_matches("CASE#").to_owned();
    let payment = PaymentRef { provider: Provider::Moyasar, payment: "p-1".parse().unwrap() };
    assert!(stage.take_messages("verification").await.unwrap().is_empty(), "not at once");
    stage.clock.skip(settlement::group::LOOK_WAIT);
    let looks = stage.take_messages("verification").await.unwrap();
    assert_eq!(looks, [Message::LookRequested { payment, case: id }]);
    assert!(settle(&deps(&stage), &[told.clone(), told]).await.is_empty());
    stage.clock.skip(settlement::group::LOOK_WAIT);
    assert!(stage.take_messages("verification").await.unwrap().is_empty());
}

/// A look that found no donation comes after the gift is settled: the payment is booked twice, until its capture is told again. Then it leaves the books once, and what followed from the gift is told again.
#[tokio::test(start_paused = true)]
async fn beside_its_own_gift_it_leaves_the_books_once_wherever_it_breaks_off() {
    let calls = ["BatchGetItem", "TransactWriteItems", "SendMessageBatch"];
    let faults = [Fault::CrashBefore, Fault::CrashAfter, Fault::ReplyLost(Failure::Disconnected), Fault::Duplicate];
    for (operation, fault) in calls.into_iter().flat_map(|call| faults.map(|fault| (call, fault))) {
        for is_in_one_batch in [true, false] {
            let stage = Stage::new(Options::default()).await.unwrap();
            let donation = make(&stage, 1, 10).await;
            let (told, late) = (captured(&stage, &donation, "p-1"), nameless(&stage, &donation, "p-1"));
            if is_in_one_batch {
                assert!(settle(&deps(&stage), &[told.clone(), late.clone()]).await.is_empty());
            } else {
                assert!(settle(&deps(&stage), std::slice::from_ref(&told)).await.is_empty());
                assert!(settle(&deps(&stage), std::slice::from_ref(&late)).await.is_empty());
            }
            let (clearing, suspense) = (Account::Clearing(Provider::Moyasar), Account::Suspense);
            assert_eq!((net(&stage, &clearing).await, net(&stage, &suspense).await), (2_000, -1_000), "it is there twice");
            stage.take_messages("journal").await.unwrap();
            stage.cloud.services().set_faults(once(operation, fault));
            let _ = invocation(settle(&deps(&stage), std::slice::from_ref(&told))).await;
            assert!(settle(&deps(&stage), &[late, told.clone(), told]).await.is_empty(), "{operation} {fault:?}");
            assert_eq!((net(&stage, &clearing).await, net(&stage, &suspense).await), (1_000, 0), "{operation} {fault:?}");
            is_found_once(&stage, &donation, &format!("{operation} {fault:?}")).await;
        }
    }
}

/// People gave it back by hand, in part or whole, before it was told for its gift: what they left leaves the books, and it is the matter that the comparison of the books has of it, too. What followed from the gift
/// is told again.
#[tokio::test(start_paused = true)]
async fn what_people_gave_back_beside_its_gift_is_for_a_person() {
    for taken in [400, 1_000] {
        let stage = Stage::new(Options::default()).await.unwrap();
        let donation = make(&stage, 1, 10).await;
        let (named, late) = (captured(&stage, &donation, "p-1"), nameless(&stage, &donation, "p-1"));
        assert!(settle(&deps(&stage), &[named.clone(), late]).await.is_empty());
        let reference = PaymentRef { provider: Provider::Moyasar, payment: "p-1".parse().unwrap() };
        let orphan = stage.table.charges(&[reference]).await.unwrap().pop().unwrap();
        assert!(stage.table.restore_charge(&orphan.taken_out(taken).unwrap()).await.unwrap());
        stage.take_messages("journal").await.unwrap();
        assert!(settle(&deps(&stage), &[named]).await.is_empty());
        assert_eq!(net(&stage, &Account::Suspense).await, -taken, "what people took is on no page here");
        let of_gift = stage.table.donation(&donation.id).await.unwrap().unwrap().place.unwrap();
        let page = Message::page_committed(of_gift.chain_id().unwrap(), of_gift.seq);
        assert!(stage.take_messages("journal").await.unwrap().contains(&page), "{taken}");
        let pages = pages(&stage).await;
        let entry = pages.iter().flat_map(Page::entries).find(|entry| entry.kind == EntryKind::Orphan).unwrap();
        let id = domain::case::Case::booked_twice(entry, String::new(), stage.now()).id();
        assert!(stage.table.case(&id).await.unwrap().is_some(), "{taken}");
    }
}

/// Its metadata were lost once more, or a look is older still: what names no donation is of the one that it was found to be.
#[tokio::test(start_paused = true)]
async fn once_found_what_names_no_donation_is_its_donations() {
    for is_beside in [true, false] {
        let stage = Stage::new(Options::default()).await.unwrap();
        let donation = make(&stage, 1, 10).await;
        let (named, late) = (captured(&stage, &donation, "p-1"), nameless(&stage, &donation, "p-1"));
        let told = if is_beside { [named.clone(), late, named] } else { [late, named.clone(), named] };
        for message in told {
            assert!(settle(&deps(&stage), &[message]).await.is_empty());
        }
        let Message::PaymentTold(refund) = refunded(&donation, "p-1", 10) else { unreachable!("a fact") };
        let nameless = Message::PaymentTold(PaymentFact { donation: None, attempt: 0, ..refund });
        let cases = stage.items("CASE#").await.unwrap().len();
        assert!(settle(&deps(&stage), &[nameless.clone(), nameless]).await.is_empty());
        assert_eq!((state(&stage, &donation).await, stage.items("CASE#").await.unwrap().len()), ("refunded", cases));
        assert_eq!(net(&stage, &Account::Clearing(Provider::Moyasar)).await, 0);
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

/// Half an hour in the queue: then a person is told, and its message is let go. The provider is asked again when they say so.
#[tokio::test(start_paused = true)]
async fn a_refund_whose_capture_never_comes_is_a_case() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let donation = make(&stage, 1, 10).await;
    let disputed = fact(&donation, "p-2", Happening::Disputed { disputed_minor: riyals(4) });
    let mut event = event::messages(&[refunded(&donation, "p-1", 10), disputed]);
    for receives in [1, 8, 9, 9] {
        for record in event["Records"].as_array_mut().unwrap() {
            record["attributes"]["ApproximateReceiveCount"] = receives.to_string().into();
        }
        let answer = handle(&deps(&stage), serde_json::from_value(event.clone()).unwrap()).await;
        assert_eq!(answer.batch_item_failures.len(), if receives < 9 { 2 } else { 0 }, "{receives}");
        let mut cases: Vec<(String, u64)> = stage
            .items("CASE#")
            .await
            .unwrap()
            .iter()
            .map(|case| (case["reason"].as_str().unwrap().to_owned(), case["amount_minor"].as_u64().unwrap()))
            .collect();
        cases.sort();
        let expected = [400, 1_000].map(|amount| ("refund_without_capture".to_owned(), amount));
        assert_eq!(cases, if receives < 9 { Vec::new() } else { expected.to_vec() });
    }
    assert!(pages(&stage).await.is_empty());
}
