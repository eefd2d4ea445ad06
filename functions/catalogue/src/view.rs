//! What the API shows of charities and opportunities: both languages, amounts as decimal SAR.

use domain::catalogue::{Bilingual, Charity, Opportunity, Standing};
use domain::id::{CharityId, OpportunityId};
use domain::money::Money;
use domain::purpose::{Fund, Programme, Region, Track};
use serde::Serialize;

use crate::snapshot::Sums;

/// A region with its names.
#[derive(Debug, Serialize)]
pub struct RegionView {
    code: Region,
    ar: &'static str,
    en: &'static str,
}

/// A charity.
#[derive(Debug, Serialize)]
pub struct CharityView<'a> {
    id: &'a CharityId,
    name: &'a Bilingual,
    licence: &'a str,
    region: RegionView,
}

/// An opportunity with the licensed body that carries it out and what is collected for it.
#[derive(Debug, Serialize)]
pub struct OpportunityView<'a> {
    id: &'a OpportunityId,
    charity: CharityView<'a>,
    title: &'a Bilingual,
    description: &'a Bilingual,
    licence: &'a str,
    fund: Fund,
    programme: Programme,
    track: Track,
    region: RegionView,
    standing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Money>,
    collected: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    remains: Option<Money>,
    gifts: u64,
}

/// A view as JSON.
pub fn written(view: &impl Serialize) -> String {
    serde_json::to_string(view).expect("a view can be written as JSON")
}

/// A region as it is shown.
pub const fn region(region: Region) -> RegionView {
    let (ar, en) = region.names();
    RegionView { code: region, ar, en }
}

/// A standing's code.
pub const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "open",
        Standing::Closed => "closed",
    }
}

/// A charity as it is shown.
pub fn charity(charity: &Charity) -> CharityView<'_> {
    CharityView { id: &charity.id, name: &charity.name, licence: &charity.licence, region: region(charity.region) }
}

/// An opportunity as it is shown.
pub fn opportunity<'a>(opportunity: &'a Opportunity, carried_out_by: &'a Charity, sums: &Sums) -> OpportunityView<'a> {
    OpportunityView {
        id: &opportunity.id,
        charity: charity(carried_out_by),
        title: &opportunity.title,
        description: &opportunity.description,
        licence: &opportunity.licence,
        fund: opportunity.fund,
        programme: opportunity.programme,
        track: opportunity.track,
        region: region(opportunity.region),
        standing: standing(opportunity.standing),
        target: opportunity.target_minor,
        collected: sums.collected,
        remains: sums.remains(opportunity.target_minor),
        gifts: sums.gifts,
    }
}
