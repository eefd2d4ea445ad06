//! What is told of what was booked: to donors, and to whoever keeps shares.

use domain::notice::Notice;
use domain::sacrifice::Reservation;
use settlement::consequences::Consequences;
use settlement::plan::{Indexes, Plan, Turn};

use super::*;

/// What donors are told who left a way: thanks by the page, failures after a while, refunds by their sum; and again when the facts come again.
#[tokio::test(start_paused = true)]
async fn donors_are_told_what_became_of_their_gifts_and_again_when_it_may_have_been_lost() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let sealed = || domain::donation::Sealed { key: "donation#1".to_owned(), text: String::new() };
    for (number, personal) in [(1, Some(sealed())), (2, None), (3, Some(sealed()))] {
        let gift = Donation { personal, ..donation(&stage, number, vec![line("wells", Fund::Sadaqa, 10)]) };
        assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
    }
    let [one, two, three] = [1, 2, 3].map(|number| donation(&stage, number, vec![line("wells", Fund::Sadaqa, 10)]));
    let failed = |of: &Donation| fact(of, "p-3", Happening::Failed { reason: "05".to_owned() });
    let facts = [captured(&stage, &one, "p-1"), captured(&stage, &two, "p-2"), failed(&three)];
    let page = Message::page_committed(ChainId::new(pages_chain(&stage, &facts).await).unwrap(), 0);
    let failure = Message::NoticeDue(Notice::Failure { donation: three.id, attempt: 1 });
    assert_eq!(stage.take_messages("notices").await.unwrap(), std::slice::from_ref(&page), "the failure waits");
    tokio::time::advance(settlement::consequences::FAILURE_WAIT).await;
    assert_eq!(stage.take_messages("notices").await.unwrap(), std::slice::from_ref(&failure));
    // The same facts again: what may not have been told is told again, of those who can be told.
    assert!(settle(&deps(&stage), &facts).await.is_empty());
    tokio::time::advance(settlement::consequences::FAILURE_WAIT).await;
    assert_eq!(stage.take_messages("notices").await.unwrap(), [page.clone(), failure]);
    let back = [refunded(&one, "p-1", 4), refunded(&two, "p-2", 4)];
    let refund = Message::NoticeDue(Notice::Refund { donation: one.id, refunded_minor: riyals(4) });
    assert!(settle(&deps(&stage), &back).await.is_empty());
    assert_eq!(stage.take_messages("notices").await.unwrap(), std::slice::from_ref(&refund));
    assert!(settle(&deps(&stage), &back).await.is_empty());
    assert_eq!(stage.take_messages("notices").await.unwrap(), [page, refund]);
}

/// A gift whose donor left a way to be told.
async fn make_with_contact(stage: &Stage, number: u8) -> Donation {
    let personal = Some(domain::donation::Sealed { key: format!("donation#{number}"), text: String::new() });
    let gift = Donation { personal, ..donation(stage, number, vec![line("wells", Fund::Sadaqa, 10)]) };
    assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
    gift
}

#[tokio::test(start_paused = true)]
async fn a_page_is_told_once_for_all_who_can_be_thanked() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let (one, two) = (make_with_contact(&stage, 1).await, make_with_contact(&stage, 2).await);
    let chain = pages_chain(&stage, &[captured(&stage, &one, "p-1"), captured(&stage, &two, "p-2")]).await;
    let page = Message::page_committed(ChainId::new(chain).unwrap(), 0);
    assert_eq!(stage.take_messages("notices").await.unwrap(), [page]);
}

#[tokio::test(start_paused = true)]
async fn whoever_keeps_shares_is_told_when_they_are_paid_and_when_money_goes_back() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let deps = deps(&stage);
    let reservation = Some(Reservation::new("wells".parse().unwrap(), 3, 1));
    let gift = Donation { reservation, ..donation(&stage, 1, vec![line("wells", Fund::Sadaqa, 10)]) };
    assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
    let moved = Message::SharesMoved { donation: gift.id };
    for told in [captured(&stage, &gift, "p-1"), refunded(&gift, "p-1", 10)] {
        assert!(settle(&deps, &[told]).await.is_empty());
        assert_eq!(stage.take_messages("shares").await.unwrap(), std::slice::from_ref(&moved));
    }
}

/// Of shares at once, of an amount after a while; again when the fact comes again, and not once another attempt was made. What holds nothing gives nothing up.
#[tokio::test(start_paused = true)]
async fn whoever_keeps_holds_is_told_when_a_payment_has_failed() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let (deps, lines) = (deps(&stage), || vec![line("wells", Fund::Sadaqa, 10)]);
    let reservation = Some(Reservation::new("wells".parse().unwrap(), 3, 1));
    let shares = Donation { reservation, ..donation(&stage, 1, lines()) };
    let part = HoldPart { opportunity: "wells".parse().unwrap(), shard: 0, amount_minor: riyals(10) };
    let amount = Donation { hold: vec![part], ..donation(&stage, 2, lines()) };
    let nothing = donation(&stage, 3, lines());
    for gift in [&shares, &amount, &nothing] {
        assert!(stage.table.make_donation(gift).await.unwrap().is_none());
    }
    let facts = [&shares, &amount, &nothing].map(|gift| fact(gift, "p-1", Happening::Failed { reason: "05".to_owned() }));
    let dropped = |gift: &Donation| Message::HoldDropped { donation: gift.id };
    for _ in 0..2 {
        assert!(settle(&deps, &facts).await.is_empty());
        assert_eq!(stage.take_messages("holds").await.unwrap(), [dropped(&shares)]);
        tokio::time::advance(settlement::consequences::DROP_WAIT).await;
        assert_eq!(stage.take_messages("holds").await.unwrap(), [dropped(&amount)]);
    }
    let read = stage.table.donation(&shares.id).await.unwrap().unwrap();
    let second = Attempt { number: 2, ..read.attempts[0].clone() };
    assert!(stage.table.add_attempt(&read, &second, read.expires_at).await.unwrap());
    assert!(settle(&deps, &facts[..1]).await.is_empty());
    assert_eq!(stage.take_messages("holds").await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_is_looked_for_before_its_payment_is_booked() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let part = HoldPart { opportunity: "wells".parse().unwrap(), shard: 0, amount_minor: riyals(10) };
    let state = State::Failed { reason: "05".to_owned() };
    let gift = donation(&stage, 1, vec![line("wells", Fund::Sadaqa, 10)]);
    let gift = Donation { hold: vec![part], state, dropped: true, ..gift };
    assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
    assert!(settle(&deps(&stage), &[captured(&stage, &gift, "p-1")]).await.is_empty());
    let sought = stage.take_messages("shares").await.unwrap();
    assert!(matches!(sought.as_slice(), [Message::SharesSought(_)]), "{sought:?}");
    assert_eq!(stage.table.donation(&gift.id).await.unwrap().unwrap(), gift);
}

#[tokio::test(start_paused = true)]
async fn a_donor_is_told_of_a_second_charge_when_it_has_gone_back() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let (deps, gift) = (deps(&stage), make_with_contact(&stage, 1).await);
    assert!(settle(&deps, &[captured(&stage, &gift, "p-1")]).await.is_empty());
    assert_eq!(stage.take_messages("notices").await.unwrap().len(), 1, "thanks");
    assert!(settle(&deps, &[captured(&stage, &gift, "p-2")]).await.is_empty());
    assert!(stage.take_messages("notices").await.unwrap().is_empty(), "nothing has gone back yet");
    assert!(settle(&deps, &[refunded(&gift, "p-2", 10)]).await.is_empty());
    let payment = PaymentRef { provider: Provider::Moyasar, payment: "p-2".parse().unwrap() };
    let returned = Notice::ChargeReturned { donation: gift.id, payment, refunded_minor: riyals(10) };
    assert_eq!(stage.take_messages("notices").await.unwrap(), [Message::NoticeDue(returned)]);
}

#[tokio::test(start_paused = true)]
async fn gifts_that_are_settled_are_counted_and_those_that_go_back_are_not() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let booked = |number, settles| {
        let read = donation(&stage, number, vec![line("wells", Fund::Sadaqa, 10)]);
        (Turn { state: State::Awaiting, back: Back::default(), read }, Indexes { settles, others: Vec::new() })
    };
    let plan = Plan { booked: vec![booked(1, Some(0)), booked(2, None), booked(3, Some(2))], ..Plan::default() };
    assert_eq!(Consequences::of(&plan, None).settled, 2);
}

#[tokio::test(start_paused = true)]
async fn a_dispute_is_no_news_of_the_refund_before_it() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let (deps, gift) = (deps(&stage), make_with_contact(&stage, 1).await);
    assert!(settle(&deps, &[captured(&stage, &gift, "p-1"), refunded(&gift, "p-1", 4)]).await.is_empty());
    assert_eq!(stage.take_messages("notices").await.unwrap().len(), 2, "thanks, and the refund");
    let disputed = fact(&gift, "p-1", Happening::Disputed { disputed_minor: riyals(6) });
    assert!(settle(&deps, &[disputed]).await.is_empty());
    assert_eq!(kinds(&stage).await.last(), Some(&EntryKind::Disputed));
    assert!(stage.take_messages("notices").await.unwrap().is_empty());
}

/// The provider's page shows every method that its account has. Money that was taken is booked, whatever the offering names, and its shares are confirmed.
#[tokio::test(start_paused = true)]
async fn a_sacrifice_that_is_paid_by_a_method_its_offering_does_not_name_is_booked_like_any_other() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let offering = stage::sample::offering(7, stage.now());
    stage.offer(&stage::sample::camels(), &offering).await.unwrap();
    for (number, method) in [(1, Method::StcPay), (2, Method::Other)] {
        assert!(!offering.methods.contains(&method));
        let gift = stage::sample::sacrifice(number, 2, 0, stage.now());
        assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
        let happening = Happening::Captured { method, captured_at: stage.now(), fee_minor: Money::ZERO };
        assert!(settle(&deps(&stage), &[fact(&gift, &format!("p-{number}"), happening)]).await.is_empty());
        let standing = stage.table.donation(&gift.id).await.unwrap().unwrap();
        assert!(matches!(&standing.state, State::Settled { settled_by } if settled_by.method == method), "{standing:?}");
        let shares = stage.take_messages("shares").await.unwrap();
        assert!(matches!(shares.as_slice(), [Message::SharesMoved { .. }]), "{shares:?}");
    }
}

/// What goes back takes no room any more: the keeper of holds is told, by whoever books it and by a repetition after a crash.
#[tokio::test(start_paused = true)]
async fn what_goes_back_is_told_to_the_keeper_of_holds() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let mut held = donation(&stage, 1, vec![line("wells", Fund::Sadaqa, 10)]);
    held.hold = vec![HoldPart { opportunity: "wells".parse().unwrap(), shard: 0, amount_minor: riyals(10) }];
    stage.table.make_donation(&held).await.unwrap();
    assert!(settle(&deps(&stage), &[captured(&stage, &held, "p-1")]).await.is_empty());
    assert_eq!(stage.take_messages("holds").await.unwrap().len(), 1);
    let told = [Message::HoldSpent { donation: held.id }];
    for amount in [4, 10] {
        let message = refunded(&held, "p-1", amount);
        stage.cloud.services().set_faults(once("TransactWriteItems", Fault::CrashAfter));
        assert!(invocation(settle(&deps(&stage), std::slice::from_ref(&message))).await.is_err());
        assert!(settle(&deps(&stage), std::slice::from_ref(&message)).await.is_empty());
        assert_eq!(stage.take_messages("holds").await.unwrap(), told, "{amount}");
    }
}
