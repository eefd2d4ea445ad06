//! What the API shows of offerings: both languages, amounts as decimal SAR, times in UTC, days by both calendars.

use domain::catalogue::Bilingual;
use domain::hijri::Sighted;
use domain::id::{OpportunityId, SlaughterhouseId};
use domain::moment::{Day, Moment};
use domain::money::Money;
use domain::payment::Method;
use domain::purpose::Region;
use domain::sacrifice::{FeastDay, Offering, Remainder, Selling, Site, UtcOffset, Wakala};
use serde::Serialize;

use crate::looks::{Availability, Left};
use crate::tickets::tickets_from;

/// A code with its names.
#[derive(Debug, Serialize)]
struct Named {
    code: &'static str,
    ar: &'static str,
    en: &'static str,
}

impl Named {
    const fn new(code: &'static str, (ar, en): (&'static str, &'static str)) -> Named {
        Named { code, ar, en }
    }
}

#[derive(Debug, Serialize)]
struct AnimalView {
    shares: u8,
    least_age_months: u8,
    /// Whether a part of it can be had.
    is_shared: bool,
}

#[derive(Debug, Serialize)]
struct PlaceView<'a> {
    name: &'a Bilingual,
    country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slaughterhouse: Option<&'a SlaughterhouseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coordinates: Option<CoordinatesView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    utc_offset: Option<UtcOffset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prayer_minutes: Option<u8>,
}

#[derive(Debug, Serialize)]
struct CoordinatesView {
    latitude: String,
    longitude: String,
}

#[derive(Debug, Serialize)]
struct DayView {
    hijri: String,
    gregorian: Day,
    sighted: Sighted,
}

#[derive(Debug, Serialize)]
struct AvailabilityView {
    standing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    largest: Option<u8>,
}

#[derive(Debug, Serialize)]
struct RoomView {
    rate: u32,
    tickets_from: String,
}

/// An offering as anyone sees it.
#[derive(Debug, Serialize)]
pub struct OfferingView<'a> {
    id: &'a OpportunityId,
    rite: Named,
    /// Who has the meat.
    meat: Named,
    species: Named,
    animal: AnimalView,
    price: Money,
    place: PlaceView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<DayView>,
    quota: u32,
    opens_at: String,
    closes_at: String,
    sale: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<AvailabilityView>,
    /// The most shares that one giver may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_room: Option<RoomView>,
    wakala: &'a Wakala,
    methods: Vec<Method>,
    /// What becomes of the animal that is not full, where it is not completed by the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    remainder: Option<Remainder>,
}

/// One offering, and the server's time.
#[derive(Debug, Serialize)]
pub struct OneView<'a> {
    #[serde(flatten)]
    offering: OfferingView<'a>,
    now: String,
}

/// One offering at a moment, with the moment.
pub fn one(what: &Offering, left: Option<Left>, now: Moment) -> OneView<'_> {
    OneView { offering: offering(what, left, now), now: now.to_string() }
}

/// An offering at a moment, with what is left of it, where that is known.
pub fn offering(offering: &Offering, left: Option<Left>, now: Moment) -> OfferingView<'_> {
    let (species, rules) = (offering.species, offering.rite.rules());
    OfferingView {
        id: &offering.id,
        rite: Named::new(offering.rite.code(), offering.rite.names()),
        meat: Named::new(rules.meat.code(), rules.meat.names()),
        species: Named::new(species.code(), species.names()),
        animal: AnimalView {
            shares: species.shares(),
            least_age_months: species.least_age_months(),
            is_shared: rules.takes(species, 1) && species.shares() > 1,
        },
        price: offering.price_minor,
        place: place(&offering.place),
        day: offering.day.as_ref().and_then(day),
        quota: offering.quota,
        opens_at: offering.opens_at.to_string(),
        closes_at: offering.closes_at.to_string(),
        sale: match offering.selling(now) {
            Selling::Opens(_) => "opens",
            Selling::Open => "open",
            Selling::Closed(_) => "closed",
        },
        availability: left.map(|left| availability(left, species.shares())),
        limit: offering.fairness.limit,
        waiting_room: waiting_room(offering),
        wakala: &offering.wakala,
        methods: offering.methods.iter().copied().collect(),
        remainder: (!offering.remainder.is_usual()).then_some(offering.remainder),
    }
}

fn waiting_room(offering: &Offering) -> Option<RoomView> {
    let rate = offering.fairness.room.as_ref()?.rate();
    Some(RoomView { rate, tickets_from: tickets_from(offering).to_string() })
}

fn place(site: &Site) -> PlaceView<'_> {
    let named = |region: Region| Named::new(region.code(), region.names());
    let coordinates =
        site.coordinates.map(|point| CoordinatesView { latitude: point.latitude(), longitude: point.longitude() });
    PlaceView {
        name: &site.name,
        country: site.country.to_string(),
        region: site.region.map(named),
        slaughterhouse: site.slaughterhouse.as_ref(),
        coordinates,
        utc_offset: site.utc_offset,
        prayer_minutes: site.prayer_minutes,
    }
}

fn day(day: &FeastDay) -> Option<DayView> {
    Some(DayView { hijri: day.hijri()?.to_string(), gregorian: day.gregorian()?, sighted: day.sighted })
}

/// The largest part that can be had in one animal is told of animals of several shares.
fn availability(left: Left, shares_per_animal: u8) -> AvailabilityView {
    let (standing, counted) = match left.availability() {
        Availability::Plenty => ("plenty", None),
        Availability::Few(shares) => ("few", Some(shares)),
        Availability::SoldOut => ("sold_out", None),
    };
    AvailabilityView { standing, left: counted, largest: (shares_per_animal > 1 && left.shares > 0).then_some(left.largest) }
}
