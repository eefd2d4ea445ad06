//! What is found: by id and by what differs, without anything of the donor's.

use std::collections::BTreeMap;
use std::fmt;

use domain::donation::{Charge, Contradiction, Donation, Place};
use domain::hash::Hash;
use domain::id::{DonationId, OpportunityId};
use domain::journal::{Account, Entry};
use domain::payment::PaymentRef;
use domain::purpose::Fund;
use platform::table::Table;

use super::beyond::Beyond;
use crate::RebuildError;

/// What was held against the pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Gifts in the pages.
    pub gifts: u64,
    /// Payments in the pages that are kept apart.
    pub charges: u64,
    /// Movements in the pages.
    pub movements: u64,
    /// What was booked while this ran, and so let be.
    pub newer: u64,
    /// What is wrong, or was.
    pub findings: Vec<Finding>,
    /// Gifts of which the table has nothing.
    pub anew: Anew,
}

/// Gifts in the pages of which the table has nothing: made after the backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anew {
    /// How many.
    pub gifts: u64,
    /// Those with money of a fund for sacrifices: what was ordered, on whose behalf and at which lot, is in no page.
    pub sacrifices: Vec<DonationId>,
    /// By opportunity, what they gave in halalas: in a capped one it takes room that nobody has claimed.
    pub given_minor: BTreeMap<OpportunityId, i64>,
}

impl Anew {
    pub(super) fn add(&mut self, id: DonationId, first: &Entry) {
        self.gifts += 1;
        let credits = first.transfers.iter().map(|transfer| (transfer.credit(), transfer.amount().signed_halalas()));
        let mut is_sacrifice = false;
        for (account, amount) in credits {
            let Account::Opportunity(fund, opportunity) = account else { continue };
            is_sacrifice |= *fund == Fund::Adahi;
            *self.given_minor.entry(opportunity.clone()).or_default() += amount;
        }
        self.sacrifices.extend(is_sacrifice.then_some(id));
    }
}

/// Whom a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A donation.
    Donation(DonationId),
    /// A payment that is kept apart.
    Charge(PaymentRef),
    /// A movement, by its reference.
    Movement(Hash),
    /// An entry.
    Entry(Place),
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The pages have it, and the table has not.
    Absent,
    /// It says less than the pages, or something else.
    Differs(Vec<Field>),
    /// It cannot be brought to what the pages say.
    Contradicts(Contradiction),
    /// It says that it is in the books, and is not, or not there.
    Unfounded(Option<Place>),
    /// The note says that the movement stands there.
    NotedElsewhere(Place),
    /// No entry is the first of its payment.
    Alone,
    /// Its payment came in by another entry already: the provider has the money once. Pages never change, so it is right once its case is closed.
    Again,
}

impl What {
    pub(super) fn of(fields: Vec<Field>) -> Option<What> {
        (!fields.is_empty()).then_some(What::Differs(fields))
    }
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What.
    pub name: &'static str,
    /// As it is kept.
    pub kept: String,
    /// As the pages give it.
    pub pages: String,
}

/// Something that is wrong, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// With what.
    pub about: About,
    /// What it is.
    pub what: What,
    /// Whether it was put right.
    pub is_mended: bool,
    /// The payment that it is about, if one is known.
    pub(super) payment: Option<PaymentRef>,
}

impl Finding {
    pub(super) const fn of(about: About, what: What) -> Finding {
        Finding { about, what, is_mended: false, payment: None }
    }

    pub(super) fn about(about: About, what: What, is_mending: bool, first: &Entry) -> Finding {
        let is_mended = is_mending && matches!(what, What::Absent | What::Differs(_));
        Finding { about, what, is_mended, payment: Some(first.payment.clone()) }
    }
}

impl Compared {
    /// What is still wrong.
    pub fn wrong(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.is_mended)
    }

    /// Leaves out what only says more than the pages that were read, because more was booked since.
    pub(super) async fn without_newer(&mut self, table: &Table, beyond: &mut Beyond) -> Result<(), RebuildError> {
        let mut left = Vec::with_capacity(self.findings.len());
        for finding in std::mem::take(&mut self.findings) {
            let may_be_newer = match &finding.what {
                What::Contradicts(Contradiction::Ahead) | What::Unfounded(_) => true,
                What::Contradicts(_)
                | What::Absent
                | What::Differs(_)
                | What::NotedElsewhere(_)
                | What::Alone
                | What::Again => false,
            };
            if may_be_newer && beyond.has(table, &finding).await? {
                self.newer += 1;
            } else {
                left.push(finding);
            }
        }
        self.findings = left;
        Ok(())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.about {
            About::Donation(id) => write!(f, "donation {id}"),
            About::Charge(payment) => write!(f, "charge {} of {}", payment.payment, payment.provider),
            About::Movement(reference) => write!(f, "movement {reference}"),
            About::Entry(place) => write!(f, "entry {}", at(*place)),
        }?;
        match &self.what {
            What::Absent => f.write_str(" was not in the table"),
            What::Differs(fields) => {
                let told = |field: &Field| format!("{} {} was kept, the pages give {}", field.name, field.kept, field.pages);
                write!(f, ": {}", fields.iter().map(told).collect::<Vec<_>>().join("; "))
            }
            What::Contradicts(why) => write!(f, ": {why}"),
            What::Unfounded(Some(place)) => write!(f, " says that it stands at {}, where it does not", at(*place)),
            What::Unfounded(None) => f.write_str(" says that it is paid, and no page does"),
            What::NotedElsewhere(place) => write!(f, " is noted to stand at {}", at(*place)),
            What::Alone => f.write_str(" is about a payment that has no first entry"),
            What::Again => f.write_str(" has a payment come in again: the provider has the money once"),
        }
    }
}

fn at(place: Place) -> String {
    format!("{:02}/{}/{}", place.chain, place.seq, place.index)
}

fn places<'p>(places: impl IntoIterator<Item = &'p Place>) -> String {
    let places: Vec<String> = places.into_iter().map(|place| at(*place)).collect();
    if places.is_empty() { "none".to_owned() } else { places.join(" ") }
}

fn field(name: &'static str, kept: impl ToString, pages: impl ToString) -> Option<Field> {
    let (kept, pages) = (kept.to_string(), pages.to_string());
    (kept != pages).then_some(Field { name, kept, pages })
}

/// In what a donation differs from what the pages make of it.
pub(super) fn differing(kept: &Donation, pages: &Donation) -> Vec<Field> {
    let paid = |donation: &Donation| {
        let by = donation.state.settled_by();
        by.map_or("none".to_owned(), |by| format!("{} by {} at {}", by.payment.payment, by.method, by.captured_at))
    };
    let fee = |donation: &Donation| donation.state.settled_by().map(|by| by.fee_minor).unwrap_or_default();
    let dispute = |donation: &Donation| {
        let told = donation.back.dispute.map(|dispute| format!("{} {:?}", dispute.disputed_minor, dispute.outcome));
        told.map_or("none".to_owned(), |told| told.to_lowercase())
    };
    let refunds = |donation: &Donation| {
        let stages = donation.back.refunds.iter().map(|refund| refund.stage.code());
        let traced = donation.back.traced.iter().map(|part| format!("line {}: {}", part.line, part.amount_minor));
        let all: Vec<String> = stages.map(str::to_owned).chain(traced).collect();
        if all.is_empty() { "none".to_owned() } else { all.join(" ") }
    };
    let fields = [
        field("state", kept.state.code(), pages.state.code()),
        field("payment", paid(kept), paid(pages)),
        field("place", places(&kept.place), places(&pages.place)),
        field("refunded", kept.refunded(), pages.refunded()),
        field("dispute", dispute(kept), dispute(pages)),
        field("fee", fee(kept), fee(pages)),
        field("booked", places(&kept.back.booked), places(&pages.back.booked)),
        field("refunds", refunds(kept), refunds(pages)),
    ];
    fields.into_iter().flatten().collect()
}

/// The same of a charge.
pub(super) fn differing_charge(kept: &Charge, pages: &Charge) -> Vec<Field> {
    let donation = |charge: &Charge| charge.donation.map_or("none".to_owned(), |id| id.to_string());
    let fields = [
        field("donation", donation(kept), donation(pages)),
        field("refunded", kept.refunded_minor, pages.refunded_minor),
        field("taken out", kept.taken_out_minor, pages.taken_out_minor),
        field("brought back", kept.brought_back_minor, pages.brought_back_minor),
        field("fee", kept.fee_minor, pages.fee_minor),
    ];
    fields.into_iter().flatten().collect()
}
