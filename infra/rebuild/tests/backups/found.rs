//! Payments that were orphans, or of two gifts: what each has by the pages, from any backup.

use super::*;

fn nameless(fact: Message) -> Message {
    let Message::PaymentTold(fact) = fact else { return fact };
    Message::PaymentTold(PaymentFact { donation: None, attempt: 0, ..fact })
}

/// Takes each message, with a backup before each; from every one of them the pages make what stands at the end. After so many of them a payment stands in the books twice; of these backups the gift is behind, of those the charge.
async fn brought_to_the_end(
    stage: &Stage,
    gift: &Donation,
    messages: &[Message],
    (twice, behind): (&[usize], [&[usize]; 2]),
) {
    let mut backups = vec![backup(stage).await];
    for (message, number) in messages.iter().zip(1..) {
        stage.clock.skip(std::time::Duration::from_secs(60));
        settle(stage, message).await;
        backups.push(backup(stage).await);
        let found = compare(&stage.table, |_| {}).await.unwrap();
        let again = usize::from(twice.contains(&number));
        assert_eq!(found.findings.len(), again, "{number}: {:?}", said(&found));
        assert!(found.findings.iter().all(|finding| finding.what == What::Again), "{number}: {:?}", said(&found));
    }
    let (after, written) = (backups.pop().unwrap(), pages(&stage.table).await);
    for (number, before) in backups.iter().enumerate() {
        restore(stage, before).await;
        let found = compare(&stage.table, |_| {}).await.unwrap();
        let charges = found.findings.iter().filter(|finding| matches!(finding.about, About::Charge(_))).count();
        let counts = [found.findings.len() - charges, charges];
        let expected = behind.map(|of| usize::from(of.contains(&number)));
        assert_eq!(counts, expected, "{number}: {:?}", said(&found));
        assert_eq!(mend_donations(&stage.table, |_| {}).await.unwrap().wrong().count(), 0, "{number}");
        assert_eq!(without_versions(backup(stage).await), without_versions(after.clone()), "{number}");
        let again = told(gift, "p-1", captured(stage, 25));
        for message in [nameless(again.clone()), again] {
            settle(stage, &message).await;
        }
        assert_eq!(pages(&stage.table).await, written, "{number}");
    }
}

/// Backups from before it came, from when it was an orphan, and from when its fee was told.
#[tokio::test(start_paused = true)]
async fn an_orphan_whose_donation_was_found_is_brought_to_what_the_pages_say() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let gift = make(&stage, 1, vec![line("wells", 30), line("roofs", 20)]).await;
    let named = |happening| told(&gift, "p-1", happening);
    let messages = [
        nameless(named(captured(&stage, 10))),
        nameless(named(captured(&stage, 15))),
        named(captured(&stage, 20)),
        named(captured(&stage, 25)),
        named(Happening::Refunded { refunded_minor: riyals(50) }),
    ];
    brought_to_the_end(&stage, &gift, &messages, (&[], [&[0, 1, 2, 3, 4], &[0, 1, 2]])).await;
}

/// It was booked beside its own gift, with a fee and a part that went back, and left the books again.
#[tokio::test(start_paused = true)]
async fn an_orphan_beside_its_gift_is_brought_to_what_the_pages_say() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let gift = make(&stage, 1, vec![line("wells", 30), line("roofs", 20)]).await;
    let named = |happening| told(&gift, "p-1", happening);
    let messages = [
        named(captured(&stage, 10)),
        nameless(named(captured(&stage, 15))),
        named(Happening::Refunded { refunded_minor: riyals(20) }),
        nameless(named(Happening::Refunded { refunded_minor: riyals(20) })),
        named(captured(&stage, 15)),
        named(captured(&stage, 25)),
        named(Happening::Refunded { refunded_minor: riyals(50) }),
    ];
    brought_to_the_end(&stage, &gift, &messages, (&[2, 3, 4], [&[0, 1, 2, 3, 4, 5, 6], &[0, 1, 2, 3, 4]])).await;
}

/// Somebody changed its metadata: each of the two gifts has what was told of it, and the orphan that it was in between has what was kept of that.
#[tokio::test(start_paused = true)]
async fn two_gifts_of_one_payment_are_brought_to_what_was_told_of_each() {
    for was_orphan in [true, false] {
        let stage = Stage::new(Options::default()).await.unwrap();
        let gifts = [make(&stage, 1, vec![line("wells", 50)]).await, make(&stage, 2, vec![line("roofs", 50)]).await];
        let named = |number: usize, happening| told(&gifts[number], "p-1", happening);
        let mut messages = vec![named(0, captured(&stage, 10)), named(1, captured(&stage, 20))];
        if was_orphan {
            messages.insert(1, nameless(named(0, captured(&stage, 15))));
        }
        messages.push(named(1, Happening::Refunded { refunded_minor: riyals(30) }));
        messages.push(named(0, captured(&stage, 25)));
        let mut backups = Vec::new();
        for message in &messages {
            backups.push(backup(&stage).await);
            stage.clock.skip(std::time::Duration::from_secs(60));
            settle(&stage, message).await;
        }
        let after = backup(&stage).await;
        for (number, before) in backups.iter().enumerate() {
            restore(&stage, before).await;
            let mended = mend_donations(&stage.table, |_| {}).await.unwrap();
            let wrong: Vec<_> = mended.wrong().map(|finding| finding.what.clone()).collect();
            assert!(wrong == [What::Again], "{number}: {:?}", said(&mended));
            assert_eq!(without_versions(backup(&stage).await), without_versions(after.clone()), "{was_orphan} {number}");
        }
    }
}
