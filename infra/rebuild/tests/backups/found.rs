//! Payments that were orphans, or of two gifts: what each has by the pages, from any backup.

use domain::correction::{Correction, CorrectionStage, transfer};
use platform::table::Correcting;

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

/// People took a part of an orphan out of suspense, and some of the rest went back after that; of more than is left nothing is booked.
#[tokio::test(start_paused = true)]
async fn what_people_took_out_of_suspense_is_brought_to_what_the_pages_say() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let gift = make(&stage, 1, vec![line("wells", 50)]).await;
    let orphans = |happening| nameless(told(&gift, "p-1", happening));
    let platform = stage.platform("operations").unwrap();
    let mut backups = vec![backup(&stage).await];
    settle(&stage, &orphans(captured(&stage, 10))).await;
    backups.push(backup(&stage).await);
    let payment = stage.items("PAY#").await.unwrap().pop().unwrap();
    let payment = PaymentRef { provider: Provider::Moyasar, payment: payment["payment"].as_str().unwrap().parse().unwrap() };
    let asked = Correction {
        id: "0a".repeat(16).parse().unwrap(),
        case: "0b".repeat(16),
        payment: Some(payment.clone()),
        transfers: vec![transfer(Account::Suspense, Account::BankSuspense, riyals(20), None).unwrap()],
        note: "Repaid by bank transfer.".to_owned(),
        asked_by: "operator-1".to_owned(),
        asked_at: stage.now(),
        version: 1,
        stage: CorrectionStage::Asked,
    };
    assert_eq!(stage.table.ask_correction(&asked).await.unwrap(), None);
    let agree = async || {
        let (by, at) = ("approver-1", stage.now());
        stage.table.book_correction(&asked, (by, at), &platform.clock, &platform.random).await.unwrap()
    };
    assert!(matches!(agree().await, Correcting::Done(_)));
    for sum in [30, 31] {
        backups.push(backup(&stage).await);
        settle(&stage, &orphans(Happening::Refunded { refunded_minor: riyals(sum) })).await;
    }
    let (after, written) = (backup(&stage).await, pages(&stage.table).await);
    assert_eq!(compare(&stage.table, |_| {}).await.unwrap().findings, []);
    let charge = stage.table.charges(std::slice::from_ref(&payment)).await.unwrap().pop().unwrap();
    assert_eq!((charge.taken_out_minor, charge.refunded_minor), (riyals(20), riyals(30)));
    for (number, before) in backups.iter().enumerate() {
        restore(&stage, before).await;
        let found = said(&compare(&stage.table, |_| {}).await.unwrap());
        let taken_out = "taken out 0.00 was kept, the pages give 20.00";
        assert_eq!(found.iter().any(|line| line.contains(taken_out)), number == 1, "{number}: {found:?}");
        assert_eq!(mend_donations(&stage.table, |_| {}).await.unwrap().wrong().count(), 0, "{number}");
        assert_eq!(without_versions(backup(&stage).await), without_versions(after.clone()), "{number}");
        // Agreed to once more, as one that was brought back and waits still: it stands.
        let key = json!({"pk": {"S": format!("CORR#{}", asked.id.as_str())}, "sk": {"S": "CORR"}});
        call(&stage, "DeleteItem", json!({ "Key": key })).await;
        assert_eq!(stage.table.ask_correction(&asked).await.unwrap(), None, "{number}");
        assert!(matches!(agree().await, Correcting::Stood(_)), "{number}");
        assert_eq!(pages(&stage.table).await, written, "{number}");
    }
}
