//! Samples: a charity, something to give to, and a gift to it.

use domain::catalogue::{Bilingual, Charity, Opportunity, Standing};
use domain::donation::{Attempt, Back, Donation, Giver, Line, State};
use domain::hijri::Sighted;
use domain::id::DonationId;
use domain::moment::Moment;
use domain::money::Money;
use domain::notice::Telling;
use domain::payment::{Method, Provider};
use domain::purpose::{Fund, Language, Programme, Region, Track};
use domain::sacrifice::quota::lots_for;
use domain::sacrifice::{
    Country, Fairness, FeastDay, Offering, Remainder, Reservation, Rite, Shares, Site, Species, Stage, Stock, Wakala,
};

fn both(ar: &str, en: &str) -> Bilingual {
    Bilingual { ar: ar.to_owned(), en: en.to_owned() }
}

/// A charity.
///
/// # Panics
/// Never: its id is one.
pub fn charity() -> Charity {
    Charity {
        id: "birr-jazan".parse().expect("an id"),
        name: both("جمعية البر بجازان", "Birr Society of Jazan"),
        licence: "1093".to_owned(),
        region: Region::Jazan,
    }
}

/// Something open to give to, without a target.
///
/// # Panics
/// Never: its id is one.
pub fn wells() -> Opportunity {
    Opportunity {
        id: "wells-jazan".parse().expect("an id"),
        charity: charity().id,
        title: both("حفر آبار في جازان", "Wells in Jazan"),
        description: both("حفر ثلاث آبار لقرى بلا ماء", "Three wells for villages without water"),
        licence: "FR-2026-0117".to_owned(),
        fund: Fund::Sadaqa,
        programme: Programme::Projects,
        track: Track::Development,
        region: Region::Jazan,
        target_minor: None,
        standing: Standing::Open,
    }
}

/// A camel's sacrifice, given to by the share.
///
/// # Panics
/// Never: its id is one.
pub fn camels() -> Opportunity {
    Opportunity {
        id: "camels-makkah".parse().expect("an id"),
        title: both("أضاحي الإبل بمكة", "Camels in Makkah"),
        description: both("تُذبح في مكة وتوزع على فقراء الحرم", "Slaughtered in Makkah and given to the poor of the Haram"),
        fund: Fund::Adahi,
        programme: Programme::Adahi,
        track: Track::Care,
        region: Region::Makkah,
        ..wells()
    }
}

/// What is sold of [`camels`]: so many shares of five hundred riyals, for a day from now on.
pub fn offering(quota: u32, now: Moment) -> Offering {
    Offering {
        id: camels().id,
        rite: Rite::Adahi,
        species: Species::Camel,
        price_minor: Money::from_riyals(500).unwrap_or(Money::ZERO),
        place: Site::new(both("مسلخ مكة", "Makkah slaughterhouse"), Country::SAUDI_ARABIA, Some(Region::Makkah)),
        day: Some(FeastDay { year: 1448, day: 10, sighted: Sighted::AsPublished }),
        quota,
        stock: Stock::Ready,
        lots: lots_for(Species::Camel, quota, 0),
        opens_at: now,
        closes_at: now.plus_seconds(24 * 3_600),
        wakala: Wakala {
            version: "1".to_owned(),
            wording: both("وكلتكم بذبح أضحيتي", "I appoint you to slaughter my sacrifice"),
        },
        methods: [Method::Mada, Method::ApplePay].into(),
        fairness: Fairness::default(),
        remainder: Remainder::Complete,
        stage: Stage::Sale,
        was_open: false,
        closed_as: None,
        revision: 1,
        mark: 0,
    }
}

/// A guest's gift of so many shares of [`camels`], named on this lot, made at this time, that waits to be paid.
pub fn sacrifice(number: u8, shares: u8, lot: u32, made_at: Moment) -> Donation {
    let camels = camels();
    let amount_minor = offering(0, made_at).price(shares).unwrap_or(Money::ZERO);
    let asks = Shares { shares, wakala: "1".to_owned(), accepted_at: made_at };
    let line = Line {
        opportunity: camels.id.clone(),
        fund: camels.fund,
        purpose: camels.purpose(),
        amount_minor,
        sacrifice: Some(asks),
    };
    let reservation = Some(Reservation::new(camels.id, lot, shares));
    Donation { lines: vec![line], reservation, expires_at: made_at.plus_seconds(900), ..gift(number, made_at) }
}

/// A guest's gift of fifty riyals to the wells, made at this time, that waits to be paid.
pub fn gift(number: u8, made_at: Moment) -> Donation {
    let wells = wells();
    let amount_minor = Money::from_riyals(50).unwrap_or(Money::ZERO);
    let reference = format!("{number:02x}000000-0000-8000-8000-000000000001");
    Donation {
        id: DonationId::from_bytes([number; 16]),
        version: 0,
        state: State::Awaiting,
        giver: Giver::Guest,
        anonymous: false,
        language: Language::Arabic,
        lines: vec![Line {
            opportunity: wells.id.clone(),
            fund: wells.fund,
            purpose: wells.purpose(),
            amount_minor,
            sacrifice: None,
        }],
        attempts: vec![Attempt { number: 1, provider: Provider::Moyasar, reference }],
        hold: Vec::new(),
        reservation: None,
        dropped: false,
        sought: false,
        command: String::new(),
        return_url: "https://give.example/thanks".to_owned(),
        made_at,
        expires_at: made_at.plus_seconds(24 * 3_600),
        forgotten: false,
        leaf_key: None,
        personal: None,
        telling: Telling::default(),
        place: None,
        back: Back::default(),
    }
}
