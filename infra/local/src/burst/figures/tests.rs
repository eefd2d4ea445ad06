//! The figures' arithmetic, and that each bar can break.
#![allow(clippy::unwrap_used)]
use super::super::buyers::Kind;
use super::super::payers::{Held, Payers};
use super::super::shop::Tally;
use super::*;
use crate::proof::Proof;

fn stand(free: u32, held: u32, sold: u32) -> Stand {
    Stand { free, held, sold }
}

fn write(at_millis: i64, before: Stand, now: Stand) -> LotWrite {
    LotWrite { at_millis, kind: Kind::Sheep, lot: 1, now, before, units: 1 }
}

/// Sixteen sheep: ten are claimed in the opening, one of them comes free again and is claimed later.
fn outcome() -> Outcome {
    let mut notes = Notes::default();
    notes.writes = vec![
        write(0, stand(0, 0, 0), stand(16, 0, 0)),
        write(1_000, stand(16, 0, 0), stand(12, 4, 0)),
        write(1_500, stand(12, 4, 0), stand(6, 10, 0)),
        write(2_000, stand(6, 10, 0), stand(6, 1, 9)),
        write(903_000, stand(6, 1, 9), stand(7, 0, 9)),
        write(903_500, stand(7, 0, 9), stand(6, 1, 9)),
        write(904_000, stand(6, 1, 9), stand(6, 0, 10)),
    ];
    notes.refused = vec![Cost { at_millis: 1_200, units: 1 }, Cost { at_millis: 903_400, units: 1 }];
    notes.renamed = vec![Cost { at_millis: 1_300, units: 2 }];
    Outcome {
        opening: Opening { began_millis: 500, ended_millis: 2_500, key_writes: Vec::new(), calls: BTreeMap::new() },
        notes,
        tally: Tally { answer_micros: vec![30_000, 10_000, 20_000], ..Tally::default() },
        refusals: Vec::new(),
        waves: 2,
        rested: true,
        held: Held { sold: 10, ..Held::default() },
        payers: Payers { paid: 10, with_shares: 10, ..Payers::default() },
        proof: Proof::default(),
        partial_animals: None,
        failed_invocations: 0,
        beside: Vec::new(),
        skips: vec![Skip { at_millis: 2_500, by: Duration::from_secs(900) }],
    }
}

fn figures(outcome: Outcome) -> Figures {
    Figures::new(&Order::default(), outcome)
}

#[test]
fn units_are_of_the_opening_and_refused_writes_of_the_whole_sale() {
    let json = figures(outcome()).json();
    let of = |name: &str| json[name].to_string();
    // Two claims, a refused one and a name of two units, for ten shares.
    assert_eq!(
        (of("claim_units_per_share"), of("opening_claims"), of("opening_shares")),
        ("0.5".into(), "2".into(), "10".into())
    );
    assert_eq!((of("conditional_failures"), of("conditional_failures_per_share")), ("2".into(), "0.2".into()));
    assert_eq!((of("shares_claimed_in_all"), of("renamed")), ("11".into(), "1".into()));
    assert_eq!((of("claims_per_second"), of("p50_ms"), of("p99_ms")), ("4.0".into(), "20".into(), "30".into()));
    assert_eq!(of("partial_animals"), "null");
}

#[test]
fn the_line_leaves_out_what_the_clock_went_forward_by() {
    let json = figures(outcome()).json();
    let last = json["time_line"].as_array().unwrap().last().unwrap();
    assert_eq!(last, &json!({"ms": 4_000, "sold": 10, "held": 0, "free": 6}));
    assert_eq!(json["clock_forward_ms"], json!([2_500]));
    let times: Vec<i64> = json["time_line"].as_array().unwrap().iter().map(|point| point["ms"].as_i64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn each_bar_can_break() {
    assert!(figures(outcome()).is_sound());
    type Change = fn(&mut Outcome);
    let changes: [(&str, Change); 9] = [
        ("oversold", |outcome| outcome.held.oversold = 1),
        ("false_sold_out", |outcome| {
            outcome.refusals = vec![Refusal { at_millis: 4_000, kind: Kind::Sheep, shares: 6 }];
        }),
        ("stranded", |outcome| outcome.held.stranded = 1),
        ("unsold", |outcome| outcome.held.free = 1),
        ("neither_or_both", |outcome| outcome.payers.wrong.push("both".to_owned())),
        ("partial_animals", |outcome| outcome.partial_animals = Some(1)),
        ("the books", |outcome| outcome.proof.wrong.push("not proven".to_owned())),
        ("coming to rest", |outcome| outcome.rested = false),
        ("what buyers were answered", |outcome| {
            outcome.tally.counts.insert("failed", 1);
        }),
    ];
    for (name, change) in changes {
        let mut outcome = outcome();
        change(&mut outcome);
        let figures = figures(outcome);
        assert!(!figures.is_sound() && figures.to_string().contains(&format!("DOES NOT HOLD: {name}")), "{name}: {figures}");
    }
}

#[test]
fn what_is_aimed_at_is_told_and_breaks_nothing() {
    let figures = figures(outcome());
    let text = figures.to_string();
    let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(line("claim_units_per_share").contains("as aimed at"), "{text}");
    assert!(line("conditional_failures_per_share").contains("BEYOND THE AIM"), "{text}");
    assert!(figures.is_sound());
}
