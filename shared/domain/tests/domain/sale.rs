//! A sale of camels at Makkah to start from, and what is claimed of it.

use domain::catalogue::Bilingual;
use domain::donation::{Donation, Line, State};
use domain::hijri::Sighted;
use domain::id::DonationId;
use domain::moment::Moment;
use domain::purpose::Fund;
use domain::sacrifice::offering::{Offering, Remainder, Species, Stage, Stock, Wakala};
use domain::sacrifice::{Coordinates, Country, Fairness, FeastDay, Lot, Reservation, Rite, Shares, Site};

use crate::given::{NOON, line, riyals};

/// The moment that a text tells.
pub fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

/// One millisecond before.
pub fn just_before(moment: Moment) -> Moment {
    Moment::from_millis(moment.millis() - 1)
}

/// The same in both languages.
pub fn both(text: &str) -> Bilingual {
    Bilingual { ar: text.to_owned(), en: text.to_owned() }
}

/// A donation's id that is told from others by a number.
pub fn giver(number: u8) -> DonationId {
    DonationId::from_bytes([number; 16])
}

/// The camels of this day of the feast, or of none; their sale was open from 1 to 10 May 2027.
pub fn camels(day: Option<u8>) -> Offering {
    let place = Site {
        slaughterhouse: Some("makkah-1".parse().unwrap()),
        coordinates: Coordinates::parse("21.4225", "39.8262"),
        ..Site::new(both("Makkah"), Country::SAUDI_ARABIA, None)
    };
    Offering {
        id: "camel-makkah".parse().unwrap(),
        rite: Rite::Adahi,
        species: Species::Camel,
        price_minor: riyals(500),
        place,
        day: day.map(|day| FeastDay { year: 1448, day, sighted: Sighted::AsPublished }),
        quota: 21,
        stock: Stock::Ready,
        lots: 3,
        was_open: false,
        opens_at: at("2027-05-01T00:00:00Z"),
        closes_at: at("2027-05-10T00:00:00Z"),
        wakala: Wakala { version: "1".to_owned(), wording: both("I appoint") },
        methods: [].into(),
        fairness: Fairness::default(),
        remainder: Remainder::Complete,
        stage: Stage::Sale,
        closed_as: None,
        revision: 1,
        mark: 0,
    }
}

/// A full lot of these claims, as texts, with what they are of.
pub fn lot(number: u32, claims: &[(u8, &str)]) -> Lot {
    let claims = claims.iter().map(|(of, claim)| (giver(*of), claim.parse().unwrap()));
    Lot { free: 0, claims: claims.collect(), ..Lot::new(number, 7) }
}

/// A gift in this state that names so many shares of the camels.
pub fn gift(number: u8, state: State, lot: u32, shares: u8) -> Donation {
    let asks = Shares { shares, wakala: "1".to_owned(), accepted_at: NOON };
    let of_camels = Line { sacrifice: Some(asks), ..line(Fund::Adahi, "camel-makkah", riyals(500 * u64::from(shares))) };
    let reservation = Some(Reservation::new("camel-makkah".parse().unwrap(), lot, shares));
    Donation { id: giver(number), reservation, ..crate::given::donation(state, vec![of_camels]) }
}
