//! The first word stands, in whatever order and however often rows come.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::sacrifice::carrying::evidence::MediaType;

fn house() -> SlaughterhouseId {
    "makkah-1".parse().unwrap()
}

fn animal() -> AnimalName {
    "camel-makkah-7".parse().unwrap()
}

fn nothing() -> Carried {
    Carried::nothing(&animal(), &house())
}

fn update(at: Option<i64>, portions: Option<u32>) -> Update {
    Update {
        animal: animal(),
        slaughtered: at.map(|at| (Moment::from_millis(at), "LIC-7".parse().unwrap())),
        evidence: Vec::new(),
        distribution: portions.map(|portions| Distribution {
            to: "birr-jazan".parse().unwrap(),
            country: "SA".parse().unwrap(),
            portions,
        }),
    }
}

fn photo(number: u8) -> Evidence {
    Evidence { id: format!("{number:032x}").parse().unwrap(), media_type: MediaType::Jpeg, etag: Some("1".to_owned()) }
}

fn add(to: &Carried, update: &Update, evidence: &[Evidence], row: u32) -> Result<Carried, Refusal> {
    let batch = "a".repeat(32).parse().unwrap();
    to.with(update, evidence, Source { slaughterhouse: &house(), batch: &batch, row, received_at: Moment::from_millis(9) })
}

#[test]
fn the_first_word_stands_and_the_same_again_changes_nothing() {
    let first = add(&nothing(), &update(Some(1), None), &[photo(1)], 3).unwrap();
    assert_eq!((first.version, first.slaughter.as_ref().unwrap().row), (1, 3));
    assert_eq!(add(&first, &update(Some(1), None), &[photo(1)], 4), Ok(first.clone()));
    assert_eq!(add(&first, &update(Some(2), None), &[], 4), Err(Refusal::Differs));
    let other = Update { slaughtered: Some((Moment::from_millis(1), "LIC-8".parse().unwrap())), ..update(None, None) };
    assert_eq!(add(&first, &other, &[], 4), Err(Refusal::Differs), "by whom is a word as well");
}

#[test]
fn evidence_and_distribution_come_later_or_before() {
    let later = add(&nothing(), &update(Some(1), None), &[], 1).unwrap();
    let later = add(&later, &update(None, Some(120)), &[photo(1)], 2).unwrap();
    let before = add(&nothing(), &update(None, Some(120)), &[photo(1)], 2).unwrap();
    assert!(!before.is_distributed() && !before.is_slaughtered());
    let before = add(&before, &update(Some(1), None), &[], 1).unwrap();
    assert_eq!(later, before);
    assert!(later.is_distributed());
    assert_eq!(add(&later, &update(None, Some(121)), &[], 3), Err(Refusal::Differs));
    let mut abroad = update(None, Some(50));
    abroad.distribution.as_mut().unwrap().country = "SD".parse().unwrap();
    assert_eq!(add(&later, &abroad, &[], 3).unwrap().distributed.len(), 2, "to several");
}

#[test]
fn of_a_refused_row_nothing_is_taken() {
    let first = add(&nothing(), &update(Some(1), Some(120)), &[], 1).unwrap();
    assert_eq!(add(&first, &update(Some(2), Some(120)), &[photo(1)], 2), Err(Refusal::Differs));
    let photos: Vec<Evidence> = (0..13).map(photo).collect();
    assert_eq!(add(&first, &update(None, None), &photos, 2), Err(Refusal::TooMuchTold));
    assert_eq!(add(&first, &update(None, None), &photos[..12], 2).unwrap().evidence.len(), 12);
}

/// One row tells one receiver; an animal's meat goes to several.
#[test]
fn an_animals_meat_goes_to_eight_receivers_at_the_most() {
    let to = |number: usize| {
        let mut row = update(None, Some(20));
        row.distribution.as_mut().unwrap().to = format!("poor-{number}").parse().unwrap();
        row
    };
    let mut known = nothing();
    for number in 1..=8 {
        known = add(&known, &to(number), &[], 1).unwrap();
        assert_eq!(known.distributed.len(), number);
    }
    assert_eq!(add(&known, &to(9), &[], 1), Err(Refusal::TooMuchTold));
    assert_eq!(add(&known, &to(8), &[], 1), Ok(known.clone()), "what is known is told again");
    assert_eq!(add(&known, &update(Some(1), None), &[photo(1)], 1).unwrap().distributed.len(), 8, "other things are told");
}

proptest! {
    /// Rows that do not contradict each other give the same animal in any order, however often they come.
    #[test]
    fn order_and_repetition_make_no_difference(order in prop::collection::vec(0..4_usize, 4..30)) {
        let rows = [(update(Some(1), None), vec![]), (update(None, Some(120)), vec![]), (update(None, None), vec![photo(1)]), (update(Some(1), Some(120)), vec![photo(2)])];
        let mut known = nothing();
        for place in order.iter().copied().chain(0..4) {
            let (update, evidence) = &rows[place];
            let next = add(&known, update, evidence, 1).unwrap();
            prop_assert!(next.version == known.version || next.version == known.version + 1);
            prop_assert_eq!(add(&next, update, evidence, 1), Ok(next.clone()));
            known = next;
        }
        let mut evidence = known.evidence.clone();
        evidence.sort();
        prop_assert_eq!(evidence, [photo(1), photo(2)]);
        prop_assert!(known.is_distributed() && known.distributed.len() == 1);
        prop_assert_eq!(known.slaughter.unwrap().at, Moment::from_millis(1));
    }
}

#[test]
fn what_is_known_is_said_again_by_each_part_of_it() {
    let known = add(&nothing(), &update(Some(1), Some(90)), &[photo(1)], 1).unwrap();
    let again = Update { evidence: vec![photo(1).id], ..update(Some(1), Some(90)) };
    assert!(known.says(&again) && known.says(&update(None, None)) && known.says(&update(Some(1), None)));
    assert!(!nothing().says(&again) && !known.says(&Update { evidence: vec![photo(2).id], ..again }));
    assert!(!known.says(&update(Some(2), None)) && !known.says(&update(Some(1), Some(91))));
}

#[test]
fn other_bytes_in_the_place_of_evidence_are_another_word() {
    let replaced = Evidence { etag: Some("2".to_owned()), ..photo(1) };
    let known = add(&nothing(), &update(Some(1), None), &[photo(1)], 1).unwrap();
    assert_eq!(add(&known, &update(Some(1), None), std::slice::from_ref(&replaced), 2), Err(Refusal::EvidenceDiffers));
    assert!(photo(1).is_still(Some("1")) && !photo(1).is_still(Some("2")) && !photo(1).is_still(None));
    let of_before = Evidence { etag: None, ..photo(1) };
    assert!(of_before.is_still(Some("2")), "of what was told before tags were kept nothing is known");
    let known = add(&nothing(), &update(Some(1), None), &[of_before], 1).unwrap();
    assert_eq!(add(&known, &update(Some(1), None), &[replaced], 2), Ok(known));
}

#[test]
fn what_two_people_take_back_stands_in_the_history_and_may_be_told_again() {
    let known = add(&nothing(), &update(Some(1), Some(90)), &[photo(1), photo(2)], 1).unwrap();
    let id = |sign: &str| sign.repeat(32).parse::<CorrectionId>().unwrap();
    let slaughter = known.slaughter.clone();
    let words =
        Words { slaughter: slaughter.clone().map(|told| (told.at, told.by)), evidence: vec![photo(1)], ..Words::default() };
    let without = known.without(&words, &id("a"), Moment::from_millis(100)).unwrap();
    assert_eq!((without.version, without.is_slaughtered(), &without.evidence), (2, false, &vec![photo(2)]));
    assert_eq!(without.distributed, known.distributed);
    let earlier = Earlier {
        retraction: id("a"),
        taken_back_at: Moment::from_millis(100),
        slaughter,
        evidence: vec![photo(1)],
        distributed: vec![],
    };
    assert_eq!((without.earlier.clone(), without.slaughters_taken_back()), (vec![earlier], 1));
    assert_eq!(serde_json::from_str::<Carried>(&serde_json::to_string(&without).unwrap()).unwrap(), without);
    // Once more is nothing: the words do not stand.
    assert_eq!(without.without(&words, &id("b"), Moment::from_millis(101)), None);
    assert_eq!(known.without(&Words::default(), &id("b"), Moment::from_millis(101)), None);
    let other = Words { slaughter: Some((Moment::from_millis(2), "LIC-7".parse().unwrap())), ..Words::default() };
    assert_eq!(known.without(&other, &id("b"), Moment::from_millis(101)), None);
    // What was sent before does not bring it back; what is told afterwards counts, the same or not.
    assert_eq!(add(&without, &update(Some(1), None), &[], 9), Err(Refusal::TakenBack), "received at 9");
    let photo_again = Update { evidence: vec![photo(1).id], ..update(None, None) };
    assert_eq!(add(&without, &photo_again, &[photo(1)], 9), Err(Refusal::TakenBack));
    assert!(
        add(&without, &update(None, Some(90)), &[photo(3)], 9).is_ok(),
        "of what was not taken back nothing is kept out"
    );
    let batch = "b".repeat(32).parse().unwrap();
    for at in [1, 2] {
        let house = house();
        let source = Source { slaughterhouse: &house, batch: &batch, row: 1, received_at: Moment::from_millis(101) };
        let again = without.with(&update(Some(at), None), &[], source).unwrap();
        assert_eq!((again.version, again.slaughter.unwrap().at), (3, Moment::from_millis(at)));
    }
}

/// Each slaughter that is taken back counts; evidence alone does not. Once as much is taken back as is kept, no more is.
#[test]
fn so_much_is_taken_back_of_an_animal_and_no_more() {
    let mut known = add(&nothing(), &update(Some(1), None), &[photo(1)], 1).unwrap();
    let photo = Words { evidence: vec![photo(1)], ..Words::default() };
    let id = "a".repeat(32).parse::<CorrectionId>().unwrap();
    assert_eq!((known.slaughters_taken_back(), known.is_taken_back_too_often()), (0, false));
    known = known.without(&photo, &id, Moment::from_millis(100)).unwrap();
    assert_eq!((known.slaughters_taken_back(), known.earlier.len()), (0, 1), "a photo is no slaughter");
    for number in 2..=MOST_TAKEN_BACK {
        assert!(!known.is_taken_back_too_often());
        let (house, batch) = (house(), "b".repeat(32).parse().unwrap());
        let received_at = Moment::from_millis(200 + number as i64);
        let source = Source { slaughterhouse: &house, batch: &batch, row: 1, received_at };
        known = if known.is_slaughtered() { known } else { known.with(&update(Some(1), None), &[], source).unwrap() };
        let words = Words { slaughter: known.slaughter.clone().map(|told| (told.at, told.by)), ..Words::default() };
        known = known.without(&words, &id, received_at).unwrap();
        assert_eq!(known.slaughters_taken_back() as usize, number - 1);
    }
    assert!(known.is_taken_back_too_often());
    let (house, batch) = (house(), "b".repeat(32).parse().unwrap());
    let source = Source { slaughterhouse: &house, batch: &batch, row: 1, received_at: Moment::from_millis(900) };
    let again = known.with(&update(Some(1), None), &[], source).unwrap();
    let words = Words { slaughter: again.slaughter.clone().map(|told| (told.at, told.by)), ..Words::default() };
    assert_eq!(again.without(&words, &id, Moment::from_millis(901)), None);
}

/// What was given to one is taken back: told of before, it is kept out; what was given to another, or elsewhere, is not.
#[test]
fn meat_that_was_taken_back_is_kept_out_by_whom_and_where_it_was_given() {
    let known = add(&nothing(), &update(Some(1), Some(90)), &[], 1).unwrap();
    let words = Words { distributed: known.distributed.clone(), ..Words::default() };
    let without = known.without(&words, &"a".repeat(32).parse().unwrap(), Moment::from_millis(100)).unwrap();
    assert_eq!(add(&without, &update(None, Some(90)), &[], 2), Err(Refusal::TakenBack));
    assert_eq!(add(&without, &update(None, Some(80)), &[], 2), Err(Refusal::TakenBack), "however much");
    let (mut abroad, mut anothers) = (update(None, Some(90)), update(None, Some(90)));
    abroad.distribution.as_mut().unwrap().country = "SD".parse().unwrap();
    anothers.distribution.as_mut().unwrap().to = "birr-asir".parse().unwrap();
    for other in [abroad, anothers] {
        assert_eq!(add(&without, &other, &[], 2).unwrap().distributed.len(), 1, "{other:?}");
    }
}
