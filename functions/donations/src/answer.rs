//! What is answered.

use domain::donation::{Donation, Line};
use domain::moment::Moment;
use domain::money::Money;
use domain::notice::Telling;
use domain::payment::CURRENCY;
use domain::person::Person;
use http::HeaderName;
use serde::Serialize;

/// Says that an earlier request has made what is answered.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A guest token.
#[derive(Serialize)]
pub struct Guest {
    /// The token.
    pub guest_token: String,
    /// When it ends.
    pub expires_at: String,
}

/// A line of a donation.
#[derive(Serialize)]
pub struct LineView<'a> {
    opportunity: &'a str,
    charity: &'a str,
    fund: &'static str,
    programme: &'static str,
    amount: Money,
}

/// How a donation was paid.
#[derive(Serialize)]
pub struct Paid {
    method: &'static str,
    at: String,
    /// What went back of it so far, by refunds or a dispute that was lost.
    refunded: Money,
}

/// A donation, without anything of a person's.
#[derive(Serialize)]
pub struct View<'a> {
    id: String,
    state: &'static str,
    lines: Vec<LineView<'a>>,
    total: Money,
    currency: &'static str,
    anonymous: bool,
    language: &'static str,
    /// The number of the latest attempt to pay.
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid: Option<Paid>,
    made_at: String,
    expires_at: String,
}

impl<'a> View<'a> {
    /// The donation as it stands at `now`.
    pub fn of(donation: &'a Donation, now: Moment) -> View<'a> {
        let state = donation.state_at(now);
        View {
            id: donation.id.to_string(),
            state: state.code(),
            lines: donation.lines.iter().map(line).collect(),
            total: donation.total(),
            currency: CURRENCY,
            anonymous: donation.anonymous,
            language: donation.language.code(),
            attempt: donation.attempt().map_or(0, |attempt| attempt.number),
            paid: paid(donation),
            made_at: donation.made_at.to_string(),
            expires_at: donation.expires_at.to_string(),
        }
    }
}

fn line(line: &Line) -> LineView<'_> {
    LineView {
        opportunity: line.opportunity.as_str(),
        charity: line.purpose.charity.as_str(),
        fund: line.fund.code(),
        programme: line.purpose.programme.code(),
        amount: line.amount_minor,
    }
}

fn paid(donation: &Donation) -> Option<Paid> {
    let by = donation.state.settled_by()?;
    Some(Paid { method: by.method.code(), at: by.captured_at.to_string(), refunded: donation.gone() })
}

/// A donation that was made, or found.
#[derive(Serialize)]
pub struct Made<'a> {
    /// The donation.
    #[serde(flatten)]
    pub donation: View<'a>,
    /// Where to pay, while it can be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkout_url: Option<String>,
    /// What opens the donation, for a guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
}

/// An animal of which a donation has shares.
#[derive(Serialize)]
pub struct AnimalView {
    /// What it is called: its offering and its number.
    pub name: String,
    /// Its number within the offering.
    pub number: u32,
    /// How many of its shares are the donation's.
    pub shares: u8,
    /// When it was slaughtered, once that was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slaughtered_at: Option<String>,
    /// Photos and videos of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceView>,
    /// To whom its meat was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub distributed: Vec<DistributionView>,
}

/// A photo or video of an animal.
#[derive(Serialize)]
pub struct EvidenceView {
    /// `photo` or `video`.
    pub kind: &'static str,
    /// Its type.
    pub content_type: &'static str,
    /// Where it is fetched.
    pub url: String,
    /// Until when the URL serves.
    pub expires_at: String,
}

/// To whom meat of an animal was given.
#[derive(Serialize)]
pub struct DistributionView {
    /// The charity or organisation.
    pub to: String,
    /// The country in which.
    pub country: String,
    /// In how many portions.
    pub portions: u32,
}

/// A donation as its holder sees it.
#[derive(Serialize)]
pub struct Held<'a> {
    /// The donation.
    #[serde(flatten)]
    pub donation: View<'a>,
    /// Its animals, once every share of their sale has one: several where its shares had to be parted, or are heads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub animals: Vec<AnimalView>,
    /// What the donor told of themselves; nothing when nothing was told, and nothing after an erasure.
    pub donor: Option<Person>,
}

/// A page of a donor's donations.
#[derive(Serialize)]
pub struct Mine<'a> {
    /// The latest first.
    pub donations: Vec<View<'a>>,
    /// What to ask for the next page with; none after the last.
    pub next: Option<String>,
}

/// How a donor is told of their gifts.
#[derive(Serialize)]
pub struct Preferences {
    discreet: bool,
    mute: Vec<&'static str>,
}

impl Preferences {
    /// In words.
    pub fn of(telling: &Telling) -> Preferences {
        Preferences { discreet: telling.discreet, mute: telling.mute.iter().map(|kind| kind.code()).collect() }
    }
}
