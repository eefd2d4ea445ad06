//! What the clock has to do about a sale once it is closed: when, until when, and when there is nothing left to do.

use domain::sacrifice::close::{self, DECIDED_BEFORE_SECS, Due, ListDay, UNDATED_DECIDED_SECS, UNDATED_SECS};
use domain::sacrifice::deadline::{list_due, slaughter_begins};
use domain::sacrifice::offering::{Offering, Remainder, Species, Stage, Stock};
use domain::sacrifice::{Lot, animal};

use crate::sale::{at, camels, giver, just_before, lot};

const DAY_SECS: i64 = 86_400;

/// Each stage, and what is due in it while an offering is looked after.
const STAGES: [(Stage, Due); 4] =
    [(Stage::Sale, Due::Close), (Stage::Closing, Due::Close), (Stage::Packed, Due::Watch), (Stage::Listed, Due::Watch)];

#[test]
fn what_is_waited_for_is_waited_for_in_days() {
    assert_eq!(DECIDED_BEFORE_SECS, DAY_SECS, "a day before its own");
    assert_eq!(UNDATED_DECIDED_SECS, 7 * DAY_SECS, "a week from the close on");
    assert_eq!(UNDATED_SECS, 30 * DAY_SECS, "a month from the close on");
}

#[test]
fn a_sale_is_closed_when_its_last_hold_has_ended_and_watched_as_long_as_it_is_looked_after() {
    for day in [Some(10), Some(13), None] {
        let ends = close::watched_until(&camels(day));
        let last_hold = at("2027-05-10T00:15:00Z");
        for (stage, due) in STAGES {
            let of = Offering { stage, ..camels(day) };
            for (now, expected) in [
                (of.opens_at, Due::Nothing),
                (of.closes_at, Due::Nothing),
                (just_before(last_hold), Due::Nothing),
                (last_hold, due),
                (just_before(ends), due),
                (ends, Due::Nothing),
                (ends.plus_seconds(DAY_SECS), Due::Nothing),
            ] {
                assert_eq!(close::due(&of, now), expected, "{stage:?}, day {day:?}, at {now}");
            }
        }
    }
}

#[test]
fn of_a_sale_whose_lots_never_stood_nothing_is_due() {
    for (stage, _) in STAGES {
        let of = Offering { stage, stock: Stock::Preparing, ..camels(Some(10)) };
        for now in ["2027-05-05T00:00:00Z", "2027-05-11T00:00:00Z", "2027-05-16T09:00:00Z", "2027-07-01T00:00:00Z"] {
            assert_eq!(close::due(&of, at(now)), Due::Nothing, "{stage:?} at {now}");
        }
    }
    let changing = Offering { stock: Stock::Changing, ..camels(Some(10)) };
    assert_eq!(close::due(&changing, at("2027-05-11T00:00:00Z")), Due::Close, "what is brought to another quota was sold");
}

#[test]
fn an_offering_is_looked_after_beyond_its_day_and_no_longer_than_its_season_and_without_a_day_for_a_month() {
    for (day, least) in [(10, "2027-05-17T21:00:00Z"), (11, "2027-05-18T21:00:00Z"), (13, "2027-05-19T15:00:00Z")] {
        let until = close::watched_until(&camels(Some(day)));
        assert!(until >= at(least) && until <= at("2027-05-21T21:00:00Z"), "the day {day}: until {until}");
    }
    assert_eq!(close::watched_until(&camels(None)), at("2027-06-09T00:00:00Z"));
}

/// The 10th is 16 May 2027, and begins at nine in the evening before, UTC.
#[test]
fn donors_have_their_money_back_only_while_there_is_time_for_another_animal() {
    let refunding = |day| Offering { remainder: Remainder::Refund, ..camels(day) };
    for (day, decided) in
        [(Some(10), "2027-05-14T21:00:00Z"), (Some(12), "2027-05-16T21:00:00Z"), (None, "2027-05-17T00:00:00Z")]
    {
        let (of, decided) = (refunding(day), at(decided));
        for (now, expected) in [
            (of.closes_at, Remainder::Refund),
            (just_before(decided), Remainder::Refund),
            (decided, Remainder::Complete),
            (decided.plus_seconds(1), Remainder::Complete),
        ] {
            assert_eq!(close::remainder(&of, false, now), expected, "the day {day:?}, at {now}");
            assert_eq!(
                close::remainder(&of, true, now),
                Remainder::Complete,
                "a gift that was split goes back whole or not at all"
            );
            assert_eq!(close::remainder(&camels(day), false, now), Remainder::Complete, "the offering says so");
        }
    }
}

/// The sale of these camels closes at midnight of 10 May 2027, UTC, and its last hold ends a quarter of an hour later.
#[test]
fn a_list_is_due_before_the_slaughter_or_soon_after_its_sale() {
    let due = |day, remainder| list_due(&Offering { remainder, ..camels(day) });
    let begins = |day: u8| slaughter_begins(&camels(None).place, camels(Some(day)).day.as_ref().unwrap()).unwrap();
    for remainder in [Remainder::Complete, Remainder::Refund] {
        for day in [10, 11, 13] {
            assert_eq!(due(Some(day), remainder), begins(day).plus_seconds(-7_200), "two hours before");
        }
    }
    assert_eq!(due(None, Remainder::Complete), at("2027-05-10T01:00:00Z"), "three runs of the clock after the last hold");
    assert_eq!(due(None, Remainder::Refund), at("2027-05-17T00:45:00Z"), "and after a week in which gifts may go back");
}

#[test]
fn a_sale_is_packed_when_each_of_its_lots_is_settled() {
    let (full, empty, taken) =
        (lot(0, &[(1, "4c"), (2, "3c")]), Lot { free: 0, shares: 0, ..Lot::new(1, 7) }, lot(2, &[(3, "5c")]));
    let filled = Lot { own: 2, ..taken.clone() };
    let is_packed =
        |lots: &[&Lot]| close::is_packed(&lots.iter().map(|lot| (*lot).clone()).collect::<Vec<_>>(), Species::Camel);
    assert!(is_packed(&[]) && is_packed(&[&full]) && is_packed(&[&full, &empty, &filled]));
    assert!(!is_packed(&[&full, &taken, &empty]), "an animal of five shares");
    assert!(!is_packed(&[&full, &Lot::new(4, 7)]), "shares are still on sale");
    assert!(!is_packed(&[&lot(3, &[(1, "7h1795500000")]), &full]), "an animal is held");
}

#[test]
fn the_platform_fills_an_animal_with_just_what_is_missing() {
    let of = |claims: &[(u8, &str)], own: u8| close::is_settled(&Lot { own, ..lot(0, claims) }, Species::Camel);
    let settled: Vec<u8> = (0..=7).filter(|own| of(&[(1, "3c"), (2, "2c")], *own)).collect();
    assert_eq!(settled, [2], "neither more nor fewer than are missing of five");
    let of_none: Vec<u8> = (0..=7).filter(|own| of(&[], *own)).collect();
    assert_eq!(of_none, [0, 7], "an animal is nobody's or whole, be it the platform's alone");
    let of_full: Vec<u8> = (0..=7).filter(|own| of(&[(1, "7c")], *own)).collect();
    assert_eq!(of_full, [0], "to a full one nothing is added");
}

#[test]
fn heads_are_settled_when_everybody_has_theirs() {
    let flock = Lot { shares: 16, ..lot(0, &[(1, "2c"), (2, "1c")]) };
    let told = Lot { heads: animal::heads(&flock), ..flock.clone() };
    let is_settled = |lot: &Lot| close::is_settled(lot, Species::Sheep);
    assert!(is_settled(&told) && !is_settled(&flock));
    let mut gone = told.clone();
    gone.claims.remove(&giver(2));
    assert!(!is_settled(&gone), "whose gift has gone back is still told to have a head");
}

#[test]
fn an_offering_is_on_the_list_of_its_day_or_of_the_day_on_which_its_sale_was_closed() {
    for (day, expected) in [(Some(10), "1448-12-10"), (Some(13), "1448-12-13"), (None, "2027-05-10")] {
        assert_eq!(ListDay::of(&camels(day)).to_string(), expected);
    }
    // The day is Riyadh's, where it begins three hours sooner.
    let late = Offering { closes_at: at("2027-05-10T21:00:00Z"), ..camels(None) };
    assert_eq!(ListDay::of(&late).to_string(), "2027-05-11");
    let sooner = Offering { closes_at: just_before(late.closes_at), ..late };
    assert_eq!(ListDay::of(&sooner).to_string(), "2027-05-10");
}

#[test]
fn a_lists_day_is_a_text_wherever_it_is_kept() {
    for (day, text) in [(ListDay::Feast(1448, 13), "\"1448-12-13\""), (ListDay::of(&camels(None)), "\"2027-05-10\"")] {
        assert_eq!(serde_json::to_string(&day).unwrap(), text);
        assert_eq!(serde_json::from_str::<ListDay>(text).unwrap(), day);
    }
    assert!(serde_json::from_str::<ListDay>("\"1448-12-14\"").is_err(), "the feast has four days");
}

/// A year is a Hijri one up to 1699, so that both calendars can be told apart by it.
#[test]
fn years_of_both_calendars_are_told_apart() {
    for (text, is_feast) in [("1699-12-10", true), ("1700-12-10", false), ("0001-12-10", true), ("2026-12-10", false)] {
        let day: ListDay = text.parse().unwrap();
        assert_eq!(matches!(day, ListDay::Feast(..)), is_feast, "{text}");
    }
    assert!("1699-01-01".parse::<ListDay>().is_err(), "no day of a feast");
    assert!("1700-01-01".parse::<ListDay>().is_ok());
}
