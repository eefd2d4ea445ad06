//! Where animals are slaughtered, as it is sent.

use domain::catalogue::{Bilingual, LONGEST_TITLE_CHARS};
use domain::id::SlaughterhouseId;
use domain::purpose::Region;
use domain::sacrifice::season::PRAYER_RANGE;
use domain::sacrifice::site::MOST_LATITUDE;
use domain::sacrifice::{Coordinates, Country, Rite, Site, UtcOffset};
use platform::http::Faults;
use serde::Deserialize;
use serde_json::Value;

/// A place as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceDraft {
    name: Bilingual,
    country: String,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    slaughterhouse: Option<String>,
    #[serde(default)]
    coordinates: Option<CoordinatesDraft>,
    #[serde(default)]
    utc_offset: Option<String>,
    #[serde(default)]
    prayer_minutes: Option<Value>,
}

/// Decimal degrees as texts: a JSON number has been through a float on its way.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CoordinatesDraft {
    latitude: String,
    longitude: String,
}

/// The place; nothing where something of it is wrong.
pub(super) fn place(place: PlaceDraft, rite: Option<Rite>, faults: &mut Faults) -> Option<Site> {
    let name = faults.bilingual("/place/name", place.name, LONGEST_TITLE_CHARS);
    let country: Option<Country> = faults.code("/place/country", &place.country);
    let region: Option<Option<Region>> = match &place.region {
        None => Some(None),
        Some(text) => faults.code("/place/region", text).map(Some),
    };
    let slaughterhouse: Option<Option<SlaughterhouseId>> = match &place.slaughterhouse {
        None => Some(None),
        Some(text) => faults.id("/place/slaughterhouse", text).map(Some),
    };
    let (coordinates, utc_offset) = (coordinates(place.coordinates, faults), utc_offset(place.utc_offset, faults));
    let prayer_minutes = prayer_minutes(place.prayer_minutes, faults);
    let (country, region, slaughterhouse) = (country?, region?, slaughterhouse?);
    let (coordinates, utc_offset, prayer_minutes) = (coordinates?, utc_offset?, prayer_minutes?);
    if region.is_some() && country != Country::SAUDI_ARABIA {
        let english = "Only places in Saudi Arabia have a region";
        faults.add("/place/region", "region_elsewhere", "المنطقة لأماكن المملكة وحدها", english);
    }
    if coordinates.is_some() != utc_offset.is_some() {
        let missing = if utc_offset.is_none() { "/place/utc_offset" } else { "/place/coordinates" };
        let english =
            "Coordinates and the distance from UTC come together: slaughtering times are told on the place's clocks";
        faults.add(
            missing,
            "coordinates_and_offset",
            "الإحداثيات وفرق التوقيت متلازمان لبيان وقت الذبح بتوقيت المكان",
            english,
        );
    }
    let site = Site { slaughterhouse, coordinates, utc_offset, prayer_minutes, ..Site::new(name, country, region) };
    if rite.is_some_and(|rite| !rite.rules().allows(&site)) {
        let english = "This rite is slaughtered in Makkah: the region SA-02";
        faults.add("/place/region", "place_not_of_rite", "يُذبح هذا النسك في مكة: المنطقة SA-02", english);
    }
    Some(site)
}

fn coordinates(draft: Option<CoordinatesDraft>, faults: &mut Faults) -> Option<Option<Coordinates>> {
    let Some(draft) = draft else { return Some(None) };
    let read = Coordinates::parse(&draft.latitude, &draft.longitude);
    if read.is_none() {
        let arabic = format!("درجات عشرية نصًا بست منازل على الأكثر، وخط العرض بين -{MOST_LATITUDE} و{MOST_LATITUDE}");
        let english =
            format!("Decimal degrees as texts, at most six places; latitude from -{MOST_LATITUDE} to {MOST_LATITUDE}");
        faults.add("/place/coordinates", "coordinates_unusable", &arabic, &english);
    }
    read.map(Some)
}

fn utc_offset(text: Option<String>, faults: &mut Faults) -> Option<Option<UtcOffset>> {
    let Some(text) = text else { return Some(None) };
    let read = text.parse().ok();
    if read.is_none() {
        faults.add("/place/utc_offset", "offset_unusable", "فرق التوقيت مثل +03:00", "A distance from UTC such as +03:00");
    }
    read.map(Some)
}

fn prayer_minutes(value: Option<Value>, faults: &mut Faults) -> Option<Option<u8>> {
    let Some(value) = value else { return Some(None) };
    let minutes =
        value.as_u64().and_then(|minutes| u8::try_from(minutes).ok()).filter(|minutes| PRAYER_RANGE.contains(minutes));
    if minutes.is_none() {
        let (least, most) = (PRAYER_RANGE.start(), PRAYER_RANGE.end());
        let (arabic, english) =
            (format!("من {least} إلى {most} دقيقة"), format!("A whole number of minutes from {least} to {most}"));
        faults.add("/place/prayer_minutes", "number_unusable", &arabic, &english);
    }
    minutes.map(Some)
}
