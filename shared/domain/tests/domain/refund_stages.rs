//! The stages of a refund × what may happen to them, every cell of it: the table stands in a snapshot, to be read.

use std::fmt::Write as _;

use domain::donation::{Asked, Back, Decision, Donation, Part, RefundFault, RefundReason, RefundStage, State, decide};
use domain::id::RefundId;
use domain::journal::{Account, Entry};
use domain::money::Money;
use domain::payment::Happening;
use domain::purpose::Fund;

use crate::given::{NOON, captured, donation, fact, line, riyals, settled_by};

const STAGES: [&str; 6] = ["none", "asked", "approved", "done", "declined", "refused"];

/// What may happen: acts of people, the provider's refusal, and what the provider tells.
#[derive(Debug, Clone, Copy)]
enum Event {
    Ask,
    AskerAgrees,
    AnotherAgrees,
    Decline,
    ProviderRefuses,
    Refunded(u64),
    Disputed,
    Won,
    Lost,
    CapturedAgain,
    Voided,
}

const EVENTS: [Event; 14] = [
    Event::Ask,
    Event::AskerAgrees,
    Event::AnotherAgrees,
    Event::Decline,
    Event::ProviderRefuses,
    Event::Refunded(10),
    Event::Refunded(30),
    Event::Refunded(50),
    Event::Refunded(100),
    Event::Disputed,
    Event::Won,
    Event::Lost,
    Event::CapturedAgain,
    Event::Voided,
];

impl Event {
    fn words(self) -> String {
        match self {
            Event::Ask => "another is asked for, 20 of the first line".to_owned(),
            Event::AskerAgrees => "whoever asked agrees".to_owned(),
            Event::AnotherAgrees => "another person agrees".to_owned(),
            Event::Decline => "somebody declines".to_owned(),
            Event::ProviderRefuses => "the provider refuses".to_owned(),
            Event::Refunded(sum) => format!("told: refunded {sum} in all"),
            Event::Disputed => "told: 80 disputed".to_owned(),
            Event::Won => "told: dispute of 80 won".to_owned(),
            Event::Lost => "told: dispute of 80 lost".to_owned(),
            Event::CapturedAgain => "told: captured, once more".to_owned(),
            Event::Voided => "told: voided".to_owned(),
        }
    }
}

fn id(number: u8) -> RefundId {
    format!("{number:032x}").parse().unwrap()
}

fn asked(number: u8, line: u8, amount: u64) -> Asked {
    let parts = vec![Part { line, amount_minor: riyals(amount) }];
    Asked { id: id(number), parts, reason: RefundReason::DonorAsked, by: "operator-1".to_owned(), at: NOON }
}

/// Sixty riyals of zakat and forty of an endowment, paid; a refund of thirty of the second line has come so far.
fn gift(stage: &str) -> Donation {
    let lines = vec![line(Fund::Zakat, "first", riyals(60)), line(Fund::Waqf, "second", riyals(40))];
    let mut gift = donation(State::Settled { settled_by: settled_by("own") }, lines);
    if stage == "none" {
        return gift;
    }
    gift.back = gift.ask_refund(asked(1, 1, 30)).unwrap();
    match stage {
        "asked" => {}
        "declined" => gift.back = gift.decline_refund(&id(1), "approver-1", NOON).unwrap(),
        _ => gift.back = gift.approve_refund(&id(1), "approver-1", NOON).unwrap(),
    }
    match stage {
        "done" => drop(told(&mut gift, Happening::Refunded { refunded_minor: riyals(30) })),
        "refused" => gift.back = gift.refuse_refund(NOON).unwrap(),
        _ => {}
    }
    gift
}

fn told(gift: &mut Donation, happening: Happening) -> String {
    match decide(Some(gift), None, &fact("own", gift.total(), happening), NOON).unwrap() {
        Decision::Book { state, back, entry, case } => {
            let case = case.map(|case| format!("; case: {case}")).unwrap_or_default();
            (gift.state, gift.back) = (state, back);
            format!("{}{case}", books(&entry))
        }
        Decision::Change { state, back } => {
            (gift.state, gift.back) = (state, back);
            "no money moves".to_owned()
        }
        Decision::SetAside(reason) => format!("case: {reason}"),
        Decision::Repeat => "repeat".to_owned(),
        Decision::Nothing => "nothing".to_owned(),
        Decision::Wait => "waits".to_owned(),
        Decision::Seek => "looks for shares".to_owned(),
        Decision::Keep { .. } => "kept apart".to_owned(),
        Decision::Assign { .. } => "found to be its".to_owned(),
    }
}

fn books(entry: &Entry) -> String {
    let name = |account: &Account| match account {
        Account::Opportunity(_, id) => id.to_string(),
        Account::Clearing(_) => "clearing".to_owned(),
        Account::Disputes(_) => "disputes".to_owned(),
        other => other.to_string(),
    };
    let transfers =
        entry.transfers.iter().map(|t| format!("Dr {}, Cr {} {}", name(t.debit()), name(t.credit()), t.amount()));
    transfers.collect::<Vec<_>>().join("; ")
}

fn act(gift: &mut Donation, back: Result<Back, RefundFault>) -> String {
    match back {
        Ok(back) => {
            gift.back = back;
            "done".to_owned()
        }
        Err(fault) => format!("refused: {fault}"),
    }
}

fn happens(gift: &mut Donation, event: Event) -> String {
    let disputed_minor = riyals(80);
    match event {
        Event::Ask => {
            let back = gift.ask_refund(asked(2, 0, 20));
            act(gift, back)
        }
        Event::AskerAgrees => {
            let back = gift.approve_refund(&id(1), "operator-1", NOON);
            act(gift, back)
        }
        Event::AnotherAgrees => {
            let back = gift.approve_refund(&id(1), "approver-2", NOON);
            act(gift, back)
        }
        Event::Decline => {
            let back = gift.decline_refund(&id(1), "approver-2", NOON);
            act(gift, back)
        }
        Event::ProviderRefuses => match gift.refuse_refund(NOON) {
            Some(back) => act(gift, Ok(back)),
            None => "nothing was agreed to".to_owned(),
        },
        Event::Refunded(sum) => told(gift, Happening::Refunded { refunded_minor: riyals(sum) }),
        Event::Disputed => told(gift, Happening::Disputed { disputed_minor }),
        Event::Won => told(gift, Happening::DisputeWon { disputed_minor }),
        Event::Lost => told(gift, Happening::DisputeLost { disputed_minor }),
        Event::CapturedAgain => told(gift, captured()),
        Event::Voided => told(gift, Happening::Voided),
    }
}

fn stage(gift: &Donation) -> String {
    let stages: Vec<&str> = gift.back.refunds.iter().map(|refund| refund.stage.code()).collect();
    if stages.is_empty() { "none".to_owned() } else { stages.join(" + ") }
}

#[test]
fn every_stage_meets_everything_that_may_happen() {
    let mut table =
        String::from("| refund | what happens | and then | refund | gift | stands |\n|---|---|---|---|---|---|\n");
    for stage_before in STAGES {
        for event in EVENTS {
            let mut gift = gift(stage_before);
            assert_eq!(stage(&gift), stage_before);
            let result = happens(&mut gift, event);
            let row = [stage_before, &event.words(), &result, &stage(&gift), gift.state.code(), &gift.stands().to_string()];
            writeln!(table, "| {} |", row.join(" | ")).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

/// Whatever happens first and then, in any stage: nothing is agreed to that does not stand, and what is done was told as given back.
#[test]
fn every_two_things_that_may_happen_keep_the_rules() {
    for stage_before in STAGES {
        for first in EVENTS {
            for second in EVENTS {
                let mut gift = gift(stage_before);
                happens(&mut gift, first);
                let (stood, was_agreed) = (gift.stands(), gift.back.approved().is_some());
                happens(&mut gift, second);
                let context = format!("{stage_before}: {first:?}, then {second:?}");
                if let Some((refund, target)) = gift.back.approved() {
                    let is_new = !was_agreed;
                    assert!(!is_new || refund.amount() <= stood, "{context}");
                    assert!(target > gift.refunded(), "what was given back is not still agreed to: {context}");
                }
                let done = gift.back.refunds.iter().filter(|refund| matches!(refund.stage, RefundStage::Done { .. }));
                let done = Money::sum(done.map(domain::donation::Refund::amount)).unwrap();
                assert!(done <= gift.refunded(), "{context}");
                assert!(gift.back.refunds.iter().filter(|refund| refund.is_open()).count() <= 1, "{context}");
            }
        }
    }
}
