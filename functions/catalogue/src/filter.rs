//! What of the catalogue a listing shows.

use domain::catalogue::Standing;
use domain::id::CharityId;
use domain::money::Money;
use domain::purpose::{Fund, Programme, Region, Track};
use platform::http::{Faults, Parameters, unusable};

use crate::snapshot::Listed;

/// The parameters that a filter of opportunities reads.
pub const NAMES: [&str; 8] = ["track", "region", "programme", "charity", "fund", "remaining", "min_remaining", "standing"];

/// A filter of opportunities; what is not set lets everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    track: Option<Track>,
    region: Option<Region>,
    programme: Option<Programme>,
    charity: Option<CharityId>,
    fund: Option<Fund>,
    remaining: Option<bool>,
    min_remaining: Option<Money>,
    standing: Option<Standing>,
}

impl Filter {
    /// Reads it from the query. Only open opportunities are shown where `standing` says nothing else.
    pub fn read(parameters: &Parameters<'_>, faults: &mut Faults) -> Filter {
        let mut filter = Filter { standing: standing(parameters, faults), ..Filter::default() };
        filter.track = parameters.get("track").and_then(|text| faults.code("?track", text));
        filter.region = parameters.get("region").and_then(|text| faults.code("?region", text));
        filter.programme = parameters.get("programme").and_then(|text| faults.code("?programme", text));
        filter.charity = parameters.get("charity").and_then(|text| faults.id("?charity", text));
        filter.fund = parameters.get("fund").and_then(|text| faults.code("?fund", text));
        filter.remaining = parameters.get("remaining").and_then(|text| faults.code("?remaining", text));
        filter.min_remaining = parameters.get("min_remaining").and_then(|text| amount(text, faults));
        filter
    }

    /// Whether the opportunity is shown. One without a target always has room.
    pub fn lets_through(&self, listed: &Listed) -> bool {
        let opportunity = &listed.revised.value;
        let remains = listed.remains();
        let has_room = remains.is_none_or(|remains| !remains.is_zero());
        self.track.is_none_or(|track| opportunity.track == track)
            && self.region.is_none_or(|region| opportunity.region == region)
            && self.programme.is_none_or(|programme| opportunity.programme == programme)
            && self.charity.as_ref().is_none_or(|charity| opportunity.charity == *charity)
            && self.fund.is_none_or(|fund| opportunity.fund == fund)
            && self.remaining.is_none_or(|wanted| has_room == wanted)
            && self.min_remaining.is_none_or(|least| remains.is_none_or(|remains| remains >= least))
            && self.standing.is_none_or(|standing| opportunity.standing == standing)
    }

    /// The filter as a text that is the same for the same filter: cursors are bound to it.
    pub fn text(&self) -> String {
        let code = |code: Option<&str>| code.unwrap_or("-").to_owned();
        [
            code(self.track.map(Track::code)),
            code(self.region.map(Region::code)),
            code(self.programme.map(Programme::code)),
            code(self.charity.as_ref().map(CharityId::as_str)),
            code(self.fund.map(Fund::code)),
            code(self.remaining.map(|wanted| if wanted { "some" } else { "none" })),
            self.min_remaining.map_or_else(|| "-".to_owned(), |least| least.to_string()),
            code(self.standing.map(crate::view::standing)),
        ]
        .join("/")
    }
}

fn amount(text: &str, faults: &mut Faults) -> Option<Money> {
    let read = text.parse().map_err(unusable);
    read.map_err(|(code, arabic, english)| faults.add("?min_remaining", code, arabic, english)).ok()
}

fn standing(parameters: &Parameters<'_>, faults: &mut Faults) -> Option<Standing> {
    match parameters.get("standing") {
        None | Some("open") => Some(Standing::Open),
        Some("closed") => Some(Standing::Closed),
        Some("any") => None,
        Some(_) => {
            faults.add("?standing", "unknown_code", "open أو closed أو any", "One of open, closed and any");
            None
        }
    }
}
