//! Whose an animal is, when it may be slaughtered, what is there of its evidence.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::catalogue::Bilingual;
use crate::hijri::Sighted;
use crate::money::Money;
use crate::sacrifice::lot::{Claim, Standing};
use crate::sacrifice::offering::{Remainder, Species, Stock, Wakala};
use crate::sacrifice::{Coordinates, Country, Fairness, FeastDay, Rite, Site};

fn offering(day: Option<u8>) -> Offering {
    let both = |text: &str| Bilingual { ar: text.to_owned(), en: text.to_owned() };
    let place = Site {
        slaughterhouse: Some("makkah-1".parse().unwrap()),
        coordinates: Coordinates::parse("21.4225", "39.8262"),
        ..Site::new(both("Makkah"), Country::SAUDI_ARABIA, None)
    };
    Offering {
        id: "camel-makkah".parse().unwrap(),
        rite: Rite::Adahi,
        species: Species::Camel,
        price_minor: Money::ZERO,
        place,
        day: day.map(|day| FeastDay { year: 1448, day, sighted: Sighted::AsPublished }),
        quota: 7,
        stock: Stock::Ready,
        lots: 1,
        opens_at: at("2027-05-01T00:00:00Z"),
        closes_at: at("2027-05-10T00:00:00Z"),
        wakala: Wakala { version: "1".to_owned(), wording: both("I appoint") },
        methods: [].into(),
        fairness: Fairness::default(),
        remainder: Remainder::Complete,
        stage: Stage::Listed,
        was_open: false,
        closed_as: None,
        revision: 1,
        mark: 0,
    }
}

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

fn lot(number: u32) -> Lot {
    let claims = [(DonationId::from_bytes([1; 16]), Claim { shares: 7, standing: Standing::Confirmed })];
    Lot { free: 0, claims: claims.into(), ..Lot::new(number, 7) }
}

#[test]
fn the_season_is_from_the_prayer_on_the_tenth_to_sunset_on_the_thirteenth() {
    let late = at("2027-06-01T00:00:00Z");
    for (time_of, expected) in [
        ("2027-05-15T12:00:00+03:00", Err(Refusal::OutsideSeason)),
        ("2027-05-16T05:45:00+03:00", Err(Refusal::OutsideSeason)),
        ("2027-05-16T07:00:00+03:00", Ok(())),
        ("2027-05-17T02:00:00+03:00", Ok(())),
        ("2027-05-19T18:30:00+03:00", Ok(())),
        ("2027-05-19T19:30:00+03:00", Err(Refusal::OutsideSeason)),
        ("2026-05-27T08:00:00+03:00", Err(Refusal::OutsideSeason)),
    ] {
        assert_eq!(time(&offering(Some(11)), at(time_of), late), expected, "{time_of}");
    }
}

#[test]
fn the_season_follows_the_moon_as_it_was_seen() {
    let mut seen_late = offering(Some(10));
    seen_late.day.as_mut().unwrap().sighted = Sighted::DayAfter;
    let late = at("2027-06-01T00:00:00Z");
    assert_eq!(time(&seen_late, at("2027-05-16T08:00:00+03:00"), late), Err(Refusal::OutsideSeason));
    assert_eq!(time(&seen_late, at("2027-05-20T12:00:00+03:00"), late), Ok(()));
}

#[test]
fn what_is_yet_to_come_was_not_done() {
    let slaughtered = at("2027-05-16T08:00:00+03:00");
    assert_eq!(time(&offering(Some(10)), slaughtered, slaughtered.plus_seconds(-300)), Ok(()), "clocks differ");
    assert_eq!(time(&offering(Some(10)), slaughtered, slaughtered.plus_seconds(-301)), Err(Refusal::InTheFuture));
    let outside = at("2028-01-01T00:00:00Z");
    assert_eq!(time(&offering(Some(10)), outside, slaughtered), Err(Refusal::OutsideSeason), "always a matter for a person");
}

#[test]
fn a_place_that_is_nowhere_has_no_season_and_what_has_no_day_needs_none() {
    let mut nowhere = offering(Some(10));
    nowhere.place.coordinates = None;
    let slaughtered = at("2027-05-16T08:00:00+03:00");
    assert_eq!(time(&nowhere, slaughtered, slaughtered), Err(Refusal::PlaceUnlocated));
    nowhere.day = None;
    assert_eq!(time(&nowhere, slaughtered, slaughtered), Ok(()));
    assert_eq!(time(&nowhere, at("2027-05-09T23:59:59Z"), slaughtered), Err(Refusal::OutsideSeason), "before its close");
}

#[test]
fn only_animals_of_ones_own_lists_that_are_somebodys_are_known() {
    let house: SlaughterhouseId = "makkah-1".parse().unwrap();
    let animal: AnimalName = "camel-makkah-3".parse().unwrap();
    let known =
        |offering: Option<&Offering>, lot: Option<&Lot>| owners(&animal, &house, offering, lot).map(|owners| owners.len());
    assert_eq!(known(Some(&offering(Some(10))), Some(&lot(2))), Ok(1));
    let unknown = Err(Refusal::AnimalUnknown);
    assert_eq!(known(None, Some(&lot(2))), unknown);
    assert_eq!(known(Some(&offering(Some(10))), None), unknown);
    assert_eq!(known(Some(&offering(Some(10))), Some(&lot(3))), unknown);
    assert_eq!(known(Some(&offering(Some(10))), Some(&Lot::new(2, 7))), unknown, "nobody's");
    assert_eq!(
        known(Some(&Offering { stage: Stage::Packed, ..offering(Some(10)) }), Some(&lot(2))),
        unknown,
        "no list is out"
    );
    let mut anothers = offering(Some(10));
    anothers.place.slaughterhouse = Some("makkah-2".parse().unwrap());
    assert_eq!(known(Some(&anothers), Some(&lot(2))), unknown);
}

#[test]
fn evidence_is_there_and_of_a_type_that_is_taken() {
    let id = |sign: &str| sign.repeat(32).parse::<EvidenceId>().unwrap();
    let update = |ids: &[&str]| Update {
        animal: "camel-makkah-3".parse().unwrap(),
        slaughtered: None,
        evidence: ids.iter().map(|sign| id(sign)).collect(),
        distribution: None,
    };
    let found = BTreeMap::from([
        (id("a"), Found::Is(MediaType::Png, Some("1".to_owned()))),
        (id("b"), Found::Another),
        (id("c"), Found::Missing),
    ]);
    assert_eq!(
        evidence(&update(&["a"]), &found),
        Ok(vec![Evidence { id: id("a"), media_type: MediaType::Png, etag: Some("1".to_owned()) }])
    );
    assert_eq!(evidence(&update(&["a", "b"]), &found), Err(Refusal::EvidenceTypeUnknown));
    assert_eq!(evidence(&update(&["c"]), &found), Err(Refusal::EvidenceMissing));
    assert_eq!(evidence(&update(&["d"]), &found), Err(Refusal::EvidenceMissing));
    assert_eq!(evidence(&update(&[]), &found), Ok(Vec::new()));
}

#[test]
fn meat_of_an_expiation_stays_in_makkahs_country() {
    let given =
        |country: &str| Distribution { to: "poor-1".parse().unwrap(), country: country.parse().unwrap(), portions: 9 };
    let of = |rite| Offering { rite, ..offering(None) };
    assert_eq!(meat(&of(Rite::Kaffara), &given("SA")), Ok(()));
    assert_eq!(meat(&of(Rite::Kaffara), &given("SD")), Err(Refusal::MeatElsewhere));
    for rite in [Rite::Adahi, Rite::Hady, Rite::Aqiqa, Rite::Fidya] {
        assert_eq!(meat(&of(rite), &given("SD")), Ok(()), "{rite}");
    }
}

#[test]
fn animals_are_counted_for_a_time_after_the_season() {
    let of = offering(Some(10));
    let ended = ends(&of);
    assert_eq!(ended.day().to_string(), "2027-05-19");
    for (secs, is_counted) in
        [(0, false), (6 * 3_600 - 1, false), (6 * 3_600, true), (54 * 3_600 - 1, true), (54 * 3_600, false)]
    {
        assert_eq!(is_to_be_counted(&of, ended.plus_seconds(secs)), is_counted, "{secs}");
    }
    for stage in [Stage::Sale, Stage::Closing, Stage::Packed] {
        let unlisted = Offering { stage, ..of.clone() };
        assert!(is_to_be_counted(&unlisted, ended.plus_seconds(7 * 3_600)), "{stage:?}: its shares are nobody's work yet");
    }
    let unborn = Offering { stock: Stock::Preparing, ..of.clone() };
    assert!(!is_to_be_counted(&unborn, ended.plus_seconds(7 * 3_600)));
    let mut nowhere = of.clone();
    nowhere.place.coordinates = None;
    assert!(ends(&nowhere) > ended && ends(&nowhere) < ended.plus_seconds(2 * 24 * 3_600));
    assert_eq!(ends(&offering(None)), of.closes_at.plus_seconds(30 * 24 * 3_600));
}
