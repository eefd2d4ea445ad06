//! What stands before the feast: two offerings whose list is out, lots that are sold, donors who have paid and left a mobile number, and the slaughterhouse's key.

use std::collections::BTreeMap;

use domain::catalogue::{Bilingual, Charity, Opportunity, Standing};
use domain::donation::{Attempt, Back, Donation, Giver, Line, SettledBy, State};
use domain::hash::Hash;
use domain::hijri::Sighted;
use domain::id::{DonationId, OpportunityId};
use domain::moment::Moment;
use domain::money::Money;
use domain::notice::Telling;
use domain::payment::{Method, PaymentRef, Provider};
use domain::person::Person;
use domain::proof::note::{NoteError, Signer};
use domain::purpose::{Fund, Language, Programme, Region, Track};
use domain::sacrifice::carrying::HouseKeys;
use domain::sacrifice::list::IssuedList;
use domain::sacrifice::lot::{Claim, Standing as Claimed};
use domain::sacrifice::{
    Carried, Coordinates, Country, Fairness, FeastDay, ListDay, Lot, Offering, Remainder, Reservation, Rite, Shares, Site,
    Species, Stage, Stock, Wakala, animal,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use platform::privacy::Privacy;

use super::FeastError;
use crate::stack::{Inside, Local};

/// The slaughterhouse.
pub(super) const HOUSE: &str = "makkah-1";
/// Donors who are put there at the same time.
const AT_ONCE: usize = 64;
/// Shares of the three donors of a camel.
const OF_CAMEL: [u8; 3] = [3, 2, 2];

/// The key by which the slaughterhouse signs: on this machine everyone may know it.
pub(super) fn key() -> Result<Signer, NoteError> {
    Signer::new(HOUSE, &[7; 32])
}

/// What stands.
pub(super) struct Stand {
    /// Donations by the animal of which they have shares.
    owners: BTreeMap<(OpportunityId, u32), Vec<DonationId>>,
}

fn both(ar: &str, en: &str) -> Bilingual {
    Bilingual { ar: ar.to_owned(), en: en.to_owned() }
}

fn wrong(error: impl std::fmt::Display) -> FeastError {
    FeastError::Stand(error.to_string())
}

impl Stand {
    /// Puts so many animals there, half of them sheep of one donor, half camels of three.
    pub(super) async fn set(local: &Local, animals: u32, done: impl Fn(u64)) -> Result<Stand, FeastError> {
        let (inside, now) = (local.inside(), Moment::from_millis(local.inside().now().as_millisecond()));
        let platform = local.platform("donations").ok_or_else(|| wrong("the template has no function donations"))?;
        let privacy = Privacy::new(&platform).map_err(wrong)?;
        let charity = Charity {
            id: "birr-jazan".parse().map_err(wrong)?,
            name: both("جمعية البر بجازان", "Birr Society of Jazan"),
            licence: "1093".to_owned(),
            region: Region::Jazan,
        };
        inside.table().put_charity(&charity).await?;
        let (sheep, camels) = (animals / 2, animals - animals / 2);
        let mut owners = BTreeMap::new();
        let mut listed = Vec::new();
        for (id, species, count) in [("sheep-makkah", Species::Sheep, sheep), ("camel-makkah", Species::Camel, camels)] {
            let offering = offering(id, species, count, now).map_err(wrong)?;
            let opportunity = opportunity(&offering, &charity);
            inside.table().put_opportunity(&opportunity).await?;
            if !inside.table().put_offering(&offering).await? {
                return Err(wrong("there is such an offering already"));
            }
            let lots = lots(species, count);
            let mut work = Vec::new();
            for lot in &lots {
                work.push(put_lot(inside, &privacy, &offering, &opportunity, lot, now));
            }
            let mut working = stream::iter(work).buffer_unordered(AT_ONCE);
            while let Some(heads) = working.try_next().await? {
                done(heads);
            }
            drop(working);
            for number in animal::numbers(species, &lots) {
                let place = animal::place(species, number);
                let lot = place.and_then(|(place, head)| Some((lots.iter().find(|lot| lot.lot == place)?, head)));
                let of = lot.map(|(lot, head)| animal::owners(species, lot, head)).unwrap_or_default();
                owners.insert((offering.id.clone(), number), of);
            }
            listed.push(offering);
        }
        issue(inside, &listed, now).await?;
        Ok(Stand { owners })
    }

    /// The names of all animals.
    pub(super) fn animals(&self) -> Vec<String> {
        self.owners.keys().map(|(offering, number)| animal::name(offering, *number)).collect()
    }

    /// How many messages there must be at the least: one to each donor of each animal.
    pub(super) fn donors(&self) -> usize {
        self.owners.values().map(Vec::len).sum()
    }

    /// Each donor of each animal, as the note that they were told is called, with the animal's name.
    pub(super) fn expected(&self) -> impl Iterator<Item = ((String, String), String)> {
        self.owners.iter().flat_map(|((offering, number), owners)| {
            let note = format!("sacrifice#{offering}#{number}");
            owners.iter().map(move |donation| ((donation.to_string(), note.clone()), animal::name(offering, *number)))
        })
    }

    /// What is known of the animals in the end.
    pub(super) async fn carried(&self, inside: &Inside) -> Result<Vec<Carried>, FeastError> {
        Ok(inside.table().carried(&self.owners.keys().cloned().collect::<Vec<_>>()).await?)
    }
}

/// Sold lots of so many animals.
fn lots(species: Species, animals: u32) -> Vec<Lot> {
    let heads = if species.shares() == 1 { u32::from(species.lot_shares()) } else { 1 };
    let lot = |number: u32| {
        let shares: Vec<u8> = match species.shares() {
            1 => vec![1; usize::try_from((animals - number * heads).min(heads)).unwrap_or_default()],
            _ => OF_CAMEL.into(),
        };
        let claim = |(place, shares): (u8, u8)| {
            let id = DonationId::from_bytes(
                *Hash::of(&[species.code().as_bytes(), &number.to_be_bytes(), &[place]])
                    .bytes()
                    .first_chunk()
                    .unwrap_or(&[0; 16]),
            );
            (id, Claim { shares, standing: Claimed::Confirmed })
        };
        let claims: BTreeMap<DonationId, Claim> = (0..).zip(shares).map(claim).collect();
        let shares = claims.values().map(|claim| claim.shares).sum();
        let lot = Lot { free: 0, claims, ..Lot::new(number, shares) };
        if species.shares() == 1 { Lot { heads: animal::heads(&lot), ..lot } } else { lot }
    };
    (0..animals.div_ceil(heads)).map(lot).collect()
}

/// Puts a lot there, and the donations on it; how many animals are on it.
async fn put_lot(
    inside: &Inside,
    privacy: &Privacy,
    offering: &Offering,
    opportunity: &Opportunity,
    lot: &Lot,
    now: Moment,
) -> Result<u64, FeastError> {
    inside.table().make_lot(&offering.id, lot).await?;
    for (id, claim) in &lot.claims {
        let mut donation = donation(*id, (offering, lot.lot, claim.shares), opportunity, now)?;
        let mobile = format!("+9665{:08}", u32::from_be_bytes(*id.bytes().first_chunk().unwrap_or(&[0; 4])) % 100_000_000);
        let person = Person { name: None, mobile: Some(mobile), email: None, device: None, on_behalf_of: Vec::new() };
        donation.personal = Some(privacy.seal(donation.owner(), &person).await.map_err(wrong)?);
        inside.table().make_donation(&donation).await?;
    }
    Ok(animal::numbers(offering.species, std::slice::from_ref(lot)).len() as u64)
}

fn offering(id: &str, species: Species, animals: u32, now: Moment) -> Result<Offering, domain::id::IdError> {
    let place = Site {
        slaughterhouse: Some(HOUSE.parse()?),
        coordinates: Coordinates::parse("21.4225", "39.8262"),
        utc_offset: "+03:00".parse().ok(),
        ..Site::new(both("مسلخ مكة", "Makkah slaughterhouse"), Country::SAUDI_ARABIA, Some(Region::Makkah))
    };
    Ok(Offering {
        id: id.parse()?,
        rite: Rite::Adahi,
        species,
        price_minor: Money::from_riyals(500).unwrap_or(Money::ZERO),
        place,
        day: Some(FeastDay { year: 1448, day: 10, sighted: Sighted::AsPublished }),
        quota: animals * u32::from(species.shares()),
        stock: Stock::Ready,
        lots: u32::try_from(lots(species, animals).len()).unwrap_or(u32::MAX),
        opens_at: now.plus_seconds(-9 * 24 * 3_600),
        closes_at: now.plus_seconds(-8 * 24 * 3_600),
        wakala: Wakala {
            version: "1".to_owned(), wording: both("وكلتكم بذبح أضحيتي", "I appoint you to slaughter")
        },
        methods: [Method::Mada].into(),
        fairness: Fairness::default(),
        remainder: Remainder::Complete,
        stage: Stage::Listed,
        was_open: false,
        closed_as: None,
        revision: 1,
        mark: 0,
    })
}

fn opportunity(offering: &Offering, charity: &Charity) -> Opportunity {
    Opportunity {
        id: offering.id.clone(),
        charity: charity.id.clone(),
        title: both("الأضاحي بمكة", "Sacrifice in Makkah"),
        description: both("تُذبح في مكة", "Slaughtered in Makkah"),
        licence: "FR-2026-0118".to_owned(),
        fund: Fund::Adahi,
        programme: Programme::Adahi,
        track: Track::Care,
        region: Region::Makkah,
        target_minor: None,
        standing: Standing::Open,
    }
}

/// A guest's gift of shares, paid.
fn donation(
    id: DonationId,
    (offering, lot, shares): (&Offering, u32, u8),
    opportunity: &Opportunity,
    now: Moment,
) -> Result<Donation, FeastError> {
    let payment = PaymentRef { provider: Provider::Moyasar, payment: format!("feast-{id}").parse().map_err(wrong)? };
    let made_at = offering.opens_at;
    let line = Line {
        opportunity: offering.id.clone(),
        fund: opportunity.fund,
        purpose: opportunity.purpose(),
        amount_minor: offering.price(shares).unwrap_or(Money::ZERO),
        sacrifice: Some(Shares { shares, wakala: offering.wakala.version.clone(), accepted_at: made_at }),
    };
    Ok(Donation {
        id,
        version: 0,
        state: State::Settled {
            settled_by: SettledBy { payment, method: Method::Mada, captured_at: now, fee_minor: Money::ZERO },
        },
        giver: Giver::Guest,
        anonymous: false,
        language: Language::Arabic,
        lines: vec![line],
        attempts: vec![Attempt { number: 1, provider: Provider::Moyasar, reference: format!("feast-{id}") }],
        hold: Vec::new(),
        reservation: Some(Reservation::new(offering.id.clone(), lot, shares)),
        dropped: false,
        sought: false,
        command: String::new(),
        return_url: "https://give.example/thanks".to_owned(),
        made_at,
        expires_at: made_at.plus_seconds(900),
        forgotten: false,
        leaf_key: None,
        personal: None,
        telling: Telling::default(),
        place: None,
        back: Back::default(),
    })
}

/// The list goes out, and the slaughterhouse's key is registered.
async fn issue(inside: &Inside, offerings: &[Offering], now: Moment) -> Result<(), FeastError> {
    let list = IssuedList {
        slaughterhouse: HOUSE.parse().map_err(wrong)?,
        day: ListDay::Feast(1448, 10),
        version: 1,
        fingerprint: Hash::NONE,
        offerings: offerings.iter().map(|offering| offering.id.clone()).collect(),
        animals: 0,
        shares: 0,
        files: Vec::new(),
        made_at: now,
        ttl: now.plus_seconds(60 * 24 * 3_600).seconds(),
    };
    inside.table().issue_list(&list, &[], 1).await?;
    let verifier = key().map_err(wrong)?.verifier().to_string();
    let keys = HouseKeys::new(list.slaughterhouse, vec![verifier], now).map_err(|_| wrong("the key is none"))?;
    Ok(inside.table().keep_house_keys(&keys).await?)
}
