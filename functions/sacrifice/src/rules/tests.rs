#![allow(clippy::unwrap_used)]
use super::*;
use domain::catalogue::Bilingual;
use domain::hijri::Sighted;
use domain::money::Money;
use domain::payment::Method;
use domain::purpose::{Language, Region};
use domain::sacrifice::reservation::HOLD_SECS;
use domain::sacrifice::{Country, Fairness, Remainder, Rite, Site, Species, Wakala};

const CLOSES: Moment = Moment::from_millis(9_000_000);

fn text(en: &str) -> Bilingual {
    Bilingual { ar: "نص".to_owned(), en: en.to_owned() }
}

fn offering(species: Species, quota: u32) -> Offering {
    Offering {
        id: "animals-makkah".parse().unwrap(),
        rite: Rite::Adahi,
        species,
        price_minor: Money::from_riyals(700).unwrap(),
        place: Site::new(text("Makkah"), Country::SAUDI_ARABIA, Some(Region::Makkah)),
        day: Some(FeastDay { year: 1448, day: 10, sighted: Sighted::AsPublished }),
        quota,
        stock: Stock::Ready,
        lots: lots_for(species, quota, 0),
        opens_at: Moment::from_millis(1_000_000),
        closes_at: CLOSES,
        wakala: Wakala { version: "1".to_owned(), wording: text("I appoint") },
        methods: [Method::Mada].into(),
        fairness: Fairness::default(),
        remainder: Remainder::Complete,
        stage: Stage::Sale,
        was_open: false,
        closed_as: None,
        revision: 4,
        mark: 0,
    }
}

#[test]
fn what_may_change_and_what_may_not() {
    let before = offering(Species::Sheep, 100);
    let with = |change: fn(&mut Offering)| {
        let mut after = before.clone();
        change(&mut after);
        after
    };
    let table: [(Offering, u32, Option<&str>); 17] = [
        (with(|after| after.price_minor = Money::from_riyals(800).unwrap()), 50, None),
        (with(|after| after.place.name = text("Makkah slaughterhouse")), 50, None),
        (with(|after| after.day.as_mut().unwrap().sighted = Sighted::DayAfter), 50, None),
        (with(|after| after.wakala = Wakala { version: "2".to_owned(), wording: text("I agree") }), 50, None),
        (with(|after| after.wakala.wording = text("I agree")), 0, Some("wakala_fixed")),
        (with(|after| after.rite = Rite::Hady), 0, None),
        (with(|after| after.rite = Rite::Hady), 1, Some("rite_fixed")),
        (with(|after| after.species = Species::Goat), 0, None),
        (with(|after| after.species = Species::Goat), 1, Some("species_fixed")),
        (with(|after| after.species = Species::Cow), 0, Some("animal_fixed")),
        (with(|after| after.day.as_mut().unwrap().day = 11), 0, None),
        (with(|after| after.day.as_mut().unwrap().day = 11), 1, Some("day_fixed")),
        (with(|after| after.day = None), 1, Some("day_fixed")),
        (with(|after| after.place.region = None), 1, Some("place_fixed")),
        (with(|after| after.quota = 50), 50, None),
        (with(|after| after.quota = 49), 50, Some("quota_below_taken")),
        (with(|after| after.closes_at = after.opens_at.plus_seconds(60)), 50, None),
    ];
    for (after, taken, expected) in table {
        let refused = allow(&before, &after, taken, before.opens_at, Faults::new(Language::English)).err();
        assert_eq!(refused.as_ref().map(Problem::code), expected, "{after:?} with {taken}");
        assert!(refused.is_none_or(|problem| problem.status() == 409));
    }
}

#[test]
fn what_a_close_has_made_stays() {
    let closed = Offering { stage: Stage::Closing, closed_as: Some(3), ..offering(Species::Camel, 70) };
    let allowed = |before: &Offering, after: &Offering| {
        allow(before, after, 63, before.opens_at, Faults::new(Language::English)).map_err(|problem| problem.code())
    };
    let more = Offering { quota: 140, ..closed.clone() };
    assert_eq!(allowed(&closed, &more), Err("sale_over"), "whatever the clock says");
    let wished = Offering { stage: Stage::Sale, closed_as: None, remainder: Remainder::Refund, ..closed.clone() };
    assert_eq!(allowed(&closed, &wished), Ok(()));
    let stands = interim(Some(&Offering { stock: Stock::Changing, lots: 99, ..closed.clone() }), &wished);
    assert_eq!((stands.stage, stands.closed_as, stands.stock, stands.lots), (Stage::Closing, Some(3), Stock::Ready, 99));
    assert_eq!(stands.remainder, Remainder::Refund);
    let at = |stage: Stage, house: Option<&str>| {
        let slaughterhouse = house.map(|house| house.parse().unwrap());
        Offering { stage, place: Site { slaughterhouse, ..closed.place.clone() }, ..closed.clone() }
    };
    for stage in [Stage::Packed, Stage::Listed] {
        let (none, one, other) = (at(stage, None), at(stage, Some("makkah-1")), at(stage, Some("makkah-2")));
        assert_eq!(allowed(&one, &other), Err("slaughterhouse_fixed"));
        assert_eq!(allowed(&one, &none), Err("slaughterhouse_fixed"));
        assert_eq!((allowed(&none, &one), allowed(&one, &one)), (Ok(()), Ok(())));
    }
    assert_eq!(allowed(&at(Stage::Closing, Some("makkah-1")), &at(Stage::Closing, Some("makkah-2"))), Ok(()));
}

#[test]
fn a_sale_that_is_over_stays_so() {
    let before = offering(Species::Camel, 70);
    let later = Offering { closes_at: CLOSES.plus_seconds(3_600), ..before.clone() };
    let more = Offering { quota: 140, ..before.clone() };
    let other_price = Offering { price_minor: Money::from_riyals(1).unwrap(), ..before.clone() };
    let code = |before: &Offering, after: &Offering, now| {
        allow(before, after, 9, now, Faults::new(Language::English)).err().map(|problem| problem.code())
    };
    let last_hold = CLOSES.plus_seconds(HOLD_SECS);
    for changed in [&later, &more] {
        assert_eq!(code(&before, changed, CLOSES), None, "while something may still be held");
        assert_eq!(code(&before, changed, last_hold), Some("sale_over"));
        let unsold = Offering { stock: Stock::Preparing, ..before.clone() };
        assert_eq!(code(&unsold, changed, last_hold), None, "nothing of it was ever sold");
    }
    assert_eq!(code(&before, &other_price, last_hold), None);
}

#[test]
fn what_is_shown_is_never_less_than_the_lots_may_hold() {
    let (low, high) = (offering(Species::Sheep, 50), offering(Species::Sheep, 100));
    let raising = interim(Some(&low), &high);
    assert_eq!((raising.stock, raising.quota, raising.lots), (Stock::Changing, 100, 7), "raising: shown first");
    let lowering = interim(Some(&high), &low);
    assert_eq!(lowering, Offering { stock: Stock::Changing, ..high.clone() }, "lowering: the old one until then");
    let new = interim(None, &high);
    assert_eq!((new.stock, new.lots), (Stock::Preparing, 7), "new: nothing is sold before the lots stand");
    let wished = Offering { lots: 0, revision: 0, ..high.clone() };
    let same = interim(Some(&high), &wished);
    assert_eq!((same.stock, same.lots), (Stock::Ready, 7), "the lots hold it already");
    let broken = Offering { stock: Stock::Changing, ..high.clone() };
    assert_eq!(interim(Some(&broken), &high).stock, Stock::Changing, "what broke off is finished");
    let unborn = Offering { stock: Stock::Preparing, ..high.clone() };
    assert_eq!(interim(Some(&unborn), &low), Offering { stock: Stock::Preparing, lots: 7, ..low.clone() });
    let done = finished(&low, &Offering { revision: 9, ..lowering });
    assert_eq!((done.stock, done.quota, done.lots, done.revision), (Stock::Ready, 50, 7, 10));
}

#[test]
fn a_sale_closes_early_enough_for_its_list() {
    let late = |before: Option<&Offering>, wished: &Offering, now: &str| {
        let mut faults = Faults::new(Language::English);
        in_time(before, wished, now.parse().unwrap(), &mut faults);
        faults.codes()
    };
    let closing = |at: &str| Offering { closes_at: at.parse().unwrap(), ..offering(Species::Sheep, 100) };
    // The 10th begins at 21:00 UTC, and where the place lies is not known.
    let (latest, later) = (closing("2027-05-15T18:00:00Z"), closing("2027-05-15T18:00:01Z"));
    let before = "2027-05-01T00:00:00Z";
    assert_eq!(late(None, &latest, before), Vec::<String>::new());
    assert_eq!(late(None, &later, before), ["/closes_at closes_too_late"]);
    let refunding = |of: &Offering| Offering { remainder: Remainder::Refund, ..of.clone() };
    assert_eq!(late(None, &refunding(&latest), before), ["/closes_at closes_too_late"], "gifts are to go back first");
    assert_eq!(late(None, &refunding(&closing("2027-05-13T20:00:00Z")), before), Vec::<String>::new());
    assert_eq!(late(None, &refunding(&closing("2027-05-13T20:00:01Z")), before), ["/closes_at closes_too_late"]);
    let undated = Offering { day: None, rite: Rite::Aqiqa, ..later.clone() };
    assert_eq!(late(None, &undated, before), Vec::<String>::new(), "it is slaughtered once it is closed");
    // The moon is seen a day earlier: the sale is shortened, unless it is over already.
    let mut earlier = latest.clone();
    earlier.day.as_mut().unwrap().sighted = Sighted::DayBefore;
    assert_eq!(late(Some(&latest), &earlier, "2027-05-14T12:00:00Z"), ["/closes_at closes_too_late"]);
    assert_eq!(late(Some(&latest), &earlier, "2027-05-15T18:15:00Z"), Vec::<String>::new());
    let closed = Offering { stage: Stage::Closing, ..latest.clone() };
    assert_eq!(late(Some(&closed), &earlier, before), Vec::<String>::new(), "whatever the clock says");
    let mut seen_late = later;
    seen_late.day.as_mut().unwrap().sighted = Sighted::DayAfter;
    assert_eq!(late(None, &seen_late, before), Vec::<String>::new());
}
