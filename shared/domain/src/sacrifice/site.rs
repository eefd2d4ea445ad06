//! Where animals are slaughtered.
//!
//! Degrees are integers of millionths, and distances from UTC minutes: nothing of a place is a float.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::catalogue::Bilingual;
use crate::id::SlaughterhouseId;
use crate::moment::Moment;
use crate::purpose::Region;

/// A country by the two letters of ISO 3166-1, such as `SA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// A text is no code of a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not two capital letters")]
pub struct NotACountry;

impl Country {
    /// The Kingdom.
    pub const SAUDI_ARABIA: Country = Country(*b"SA");
}

impl FromStr for Country {
    type Err = NotACountry;

    fn from_str(text: &str) -> Result<Country, NotACountry> {
        let letters: [u8; 2] = text.as_bytes().try_into().map_err(|_| NotACountry)?;
        if letters.iter().all(u8::is_ascii_uppercase) { Ok(Country(letters)) } else { Err(NotACountry) }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl TryFrom<String> for Country {
    type Error = NotACountry;
    fn try_from(text: String) -> Result<Country, NotACountry> {
        text.parse()
    }
}

impl From<Country> for String {
    fn from(country: Country) -> String {
        country.to_string()
    }
}

/// Degrees are kept in millionths: a tenth of a metre.
const DEGREE: i32 = 1_000_000;
/// The northernmost and southernmost place, in degrees: nearer to the poles there are days without sunrise.
pub const MOST_LATITUDE: i32 = 65;

/// A point on the earth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    latitude_e6: i32,
    longitude_e6: i32,
}

impl Coordinates {
    /// The point of these decimal degrees, with up to six places; none where one of them is none, or the sun does not rise there on each day of the year.
    ///
    /// ```
    /// use domain::sacrifice::site::Coordinates;
    /// let makkah = Coordinates::parse("21.4225", "39.826200").unwrap();
    /// assert_eq!((makkah.latitude(), makkah.longitude()), ("21.422500".to_owned(), "39.826200".to_owned()));
    /// assert_eq!(Coordinates::parse("78.22", "15.65"), None);
    /// ```
    pub fn parse(latitude: &str, longitude: &str) -> Option<Coordinates> {
        let within = |degrees: i32, most: i32| (-most * DEGREE..=most * DEGREE).contains(&degrees).then_some(degrees);
        let latitude_e6 = within(degrees(latitude)?, MOST_LATITUDE)?;
        Some(Coordinates { latitude_e6, longitude_e6: within(degrees(longitude)?, 180)? })
    }

    /// North of the equator, in millionths of a degree.
    pub const fn latitude_e6(self) -> i32 {
        self.latitude_e6
    }

    /// East of Greenwich, in millionths of a degree.
    pub const fn longitude_e6(self) -> i32 {
        self.longitude_e6
    }

    /// North of the equator, in decimal degrees.
    pub fn latitude(self) -> String {
        decimal(self.latitude_e6)
    }

    /// East of Greenwich, in decimal degrees.
    pub fn longitude(self) -> String {
        decimal(self.longitude_e6)
    }
}

fn decimal(degrees: i32) -> String {
    let (sign, size) = (if degrees < 0 { "-" } else { "" }, degrees.unsigned_abs());
    let whole = DEGREE.unsigned_abs();
    format!("{sign}{}.{:06}", size / whole, size % whole)
}

fn degrees(text: &str) -> Option<i32> {
    let (is_negative, size) = match text.strip_prefix('-') {
        Some(size) => (true, size),
        None => (false, text),
    };
    let (whole, fraction) = size.split_once('.').unwrap_or((size, "0"));
    let is_digits =
        |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole, 3) || !is_digits(fraction, 6) {
        return None;
    }
    let millionths: i32 = format!("{fraction:0<6}").parse().ok()?;
    let size = whole.parse::<i32>().ok()? * DEGREE + millionths;
    Some(if is_negative { -size } else { size })
}

/// How far a place's clocks are from UTC, in minutes: `+03:00`. Not a time zone: an offering is for a day, on which the distance is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UtcOffset(i16);

/// A text is no distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a distance from UTC such as +03:00")]
pub struct NotAnOffset;

impl UtcOffset {
    /// The distances there are, from Baker Island to Kiribati.
    const RANGE: std::ops::RangeInclusive<i16> = -12 * 60..=14 * 60;

    /// Day and time on the place's clocks: `2027-05-16 06:25`.
    ///
    /// ```
    /// use domain::sacrifice::site::UtcOffset;
    /// let khartoum: UtcOffset = "+02:00".parse().unwrap();
    /// assert_eq!(khartoum.local("2027-05-16T03:25:59Z".parse().unwrap()), "2027-05-16 05:25");
    /// ```
    pub fn local(self, at: Moment) -> String {
        let timestamp = Timestamp::from_millisecond(at.millis()).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = Offset::from_seconds(i32::from(self.0) * 60).unwrap_or(Offset::UTC).to_datetime(timestamp);
        format!("{} {:02}:{:02}", local.date(), local.hour(), local.minute())
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, minutes) = (if self.0 < 0 { '-' } else { '+' }, self.0.unsigned_abs());
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl FromStr for UtcOffset {
    type Err = NotAnOffset;

    fn from_str(text: &str) -> Result<UtcOffset, NotAnOffset> {
        let (is_west, rest) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(NotAnOffset),
        };
        let (hours, minutes) = rest.split_once(':').ok_or(NotAnOffset)?;
        let two = |text: &str| {
            (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<i16>().ok())
        };
        let (hours, minutes) = (two(hours).flatten().ok_or(NotAnOffset)?, two(minutes).flatten().ok_or(NotAnOffset)?);
        let distance = hours * 60 + minutes;
        let distance = if is_west { -distance } else { distance };
        let is_one = minutes < 60 && UtcOffset::RANGE.contains(&distance);
        is_one.then_some(UtcOffset(distance)).ok_or(NotAnOffset)
    }
}

impl TryFrom<String> for UtcOffset {
    type Error = NotAnOffset;
    fn try_from(text: String) -> Result<UtcOffset, NotAnOffset> {
        text.parse()
    }
}

impl From<UtcOffset> for String {
    fn from(offset: UtcOffset) -> String {
        offset.to_string()
    }
}

/// A slaughterhouse, a region or a country.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// What it is called.
    pub name: Bilingual,
    /// The country it lies in.
    pub country: Country,
    /// The region, within the Kingdom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The slaughterhouse's account, to which the list of animals goes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slaughterhouse: Option<SlaughterhouseId>,
    /// Where it lies, for sunrise and sunset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
    /// How far its clocks are from UTC on the days of the slaughter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<UtcOffset>,
    /// How long after sunrise the prayer of the Eid is over there, in minutes; [`super::season::PRAYER_MINUTES`] where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prayer_minutes: Option<u8>,
}

impl Site {
    /// A place of which nothing more is known.
    pub const fn new(name: Bilingual, country: Country, region: Option<Region>) -> Site {
        Site { name, country, region, slaughterhouse: None, coordinates: None, utc_offset: None, prayer_minutes: None }
    }

    /// Whether it lies in the same country and region, whatever it is called.
    pub fn is_same_place(&self, other: &Site) -> bool {
        self.country == other.country && self.region == other.region
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_country_is_two_capital_letters() {
        assert_eq!("SA".parse(), Ok(Country::SAUDI_ARABIA));
        assert_eq!(serde_json::to_string(&Country::SAUDI_ARABIA).unwrap(), "\"SA\"");
        for text in ["", "S", "sa", "SAU", "S1", "س"] {
            assert_eq!(text.parse::<Country>(), Err(NotACountry), "{text}");
        }
    }

    #[test]
    fn a_place_is_the_same_under_another_name() {
        let both = |name: &str| Bilingual { ar: name.to_owned(), en: name.to_owned() };
        let site = |name: &str, region| Site::new(both(name), Country::SAUDI_ARABIA, region);
        let makkah = site("Makkah", Some(Region::Makkah));
        assert!(makkah.is_same_place(&site("Makkah slaughterhouse", Some(Region::Makkah))));
        assert!(!makkah.is_same_place(&site("Makkah", Some(Region::Jazan))));
        assert!(!makkah.is_same_place(&Site { country: "SD".parse().unwrap(), ..makkah.clone() }));
    }

    #[test]
    fn degrees_are_decimal_and_bounded() {
        for (text, degrees) in
            [("21.4225", 21_422_500), ("-0.5", -500_000), ("65", 65_000_000), ("-65.000000", -65_000_000), ("0", 0)]
        {
            assert_eq!(Coordinates::parse(text, "0").map(Coordinates::latitude_e6), Some(degrees), "{text}");
        }
        for text in
            ["", "65.000001", "-66", "1e1", "+21", "21.", ".5", "21.1234567", "٢١", "21,4", "NaN", "0x1", " 21", "--1"]
        {
            assert_eq!(Coordinates::parse(text, "0"), None, "{text}");
        }
        assert_eq!(Coordinates::parse("0", "180").map(Coordinates::longitude), Some("180.000000".to_owned()));
        assert_eq!(Coordinates::parse("0", "-180.000001"), None);
        for (text, written) in [("-0.25", "-0.250000"), ("0", "0.000000"), ("-0", "0.000000"), ("0.000001", "0.000001")] {
            let point = Coordinates::parse(text, text).unwrap();
            assert_eq!((point.latitude(), point.longitude()), (written.to_owned(), written.to_owned()), "{text}");
        }
    }

    #[test]
    fn distances_from_utc_are_read_as_they_are_written() {
        for text in ["+03:00", "+05:30", "-12:00", "+14:00", "+00:00", "-03:30"] {
            assert_eq!(text.parse::<UtcOffset>().map(|offset| offset.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "3", "+3:00", "03:00", "+03:60", "+14:01", "-12:01", "+0300", "+03:00:00", "Asia/Riyadh", "+٠٣:٠٠"]
        {
            assert_eq!(text.parse::<UtcOffset>(), Err(NotAnOffset), "{text}");
        }
        let at = "2027-05-16T22:30:00Z".parse().unwrap();
        let local = |offset: &str| offset.parse::<UtcOffset>().unwrap().local(at);
        assert_eq!([local("+03:00"), local("-03:30")], ["2027-05-17 01:30", "2027-05-16 19:00"]);
    }

    #[test]
    fn what_places_were_before_is_still_read() {
        let old = r#"{"name":{"ar":"a","en":"b"},"country":"SA","region":"SA-02"}"#;
        let site: Site = serde_json::from_str(old).unwrap();
        assert_eq!(serde_json::to_string(&site).unwrap(), old);
        let known = Site {
            slaughterhouse: Some("makkah-1".parse().unwrap()),
            coordinates: Coordinates::parse("21.4", "39.8"),
            utc_offset: Some("+03:00".parse().unwrap()),
            prayer_minutes: Some(60),
            ..site
        };
        assert_eq!(serde_json::from_str::<Site>(&serde_json::to_string(&known).unwrap()).unwrap(), known);
    }
}
