//! Whether what is told of the sale is so.
//!
//! Whoever says *sold out* has looked at every lot: within the call, or at the most a second before it began, because so long an environment relies on its last look. A lot that had room enough
//! from that second on until the answer was seen with it by any look in between, so that the answer is false, and there is no other way in which this can be true: no false
//! alarm. Where the call was quick that span is the two seconds that are promised. What is counted is held between the least and the most that was free in that span. A clock
//! that is wrong changes nothing of this but for opening and closing, which are taken as loosely as clocks are.

use std::collections::BTreeMap;

use domain::id::OpportunityId;
use domain::moment::Moment;
use domain::sacrifice::{Reservation, Stock};
use donations::shares::stock::LOOK_AGE_MS;
use sacrifice::kept::FRESH_SECS;
use sacrifice::looks::FEW_SHARES;
use serde_json::Value;

use super::Shelf;
use crate::world::SKEW;

/// Within so long nothing that is told is older, where no call is held up.
const PROMISED_MS: i64 = 2_000;
/// A look at all lots and the write that follows it take no longer, where calls are held up.
const SEEKING_MS: i64 = 4_000;

/// An answer.
pub struct Heard<'a> {
    /// The route.
    pub route: &'a str,
    /// The event that was answered.
    pub event: &'a Value,
    /// The status.
    pub status: u64,
    /// The body.
    pub body: &'a Value,
    /// When the call began.
    pub began: Moment,
    /// When it was answered.
    pub ended: Moment,
}

impl Heard<'_> {
    /// From when on the answer may have been found, if a look serves for so many milliseconds.
    fn since(&self, age_ms: i64) -> Moment {
        earlier(self.began, age_ms).min(earlier(self.ended, PROMISED_MS))
    }
}

fn earlier(moment: Moment, millis: i64) -> Moment {
    Moment::from_millis(moment.millis() - millis)
}

/// What is wrong with an answer.
pub(super) fn dishonest(shelves: &BTreeMap<OpportunityId, Shelf>, heard: &Heard<'_>) -> Vec<String> {
    match heard.route {
        "POST /v1/donations" => refused(shelves, heard),
        "GET /v1/sacrifice/offerings/{id}" if heard.status == 200 => shown(shelves, heard.body, heard),
        "GET /v1/sacrifice/offerings" if heard.status == 200 => {
            heard.body["offerings"].as_array().into_iter().flatten().flat_map(|shows| shown(shelves, shows, heard)).collect()
        }
        _ => Vec::new(),
    }
}

/// Room was there all the time before somebody who paid late was told that there is none.
pub(super) fn lost_in_vain(shelf: &Shelf, named: &Reservation, at: Moment) -> Option<String> {
    let since = earlier(at, SEEKING_MS);
    let (_, offering) = shelf.past.last()?;
    let is_open = offering.opens_at <= earlier(since, skew()) && at < earlier(offering.closes_at, skew());
    let asked = (named.shares, named.may_part(offering.species));
    if is_open { shelf.room_throughout(asked, since, at) } else { None }
}

fn skew() -> i64 {
    i64::try_from(SKEW).unwrap_or(i64::MAX)
}

/// Refusals of a gift: sold out, too few in one animal, not open, closed.
fn refused(shelves: &BTreeMap<OpportunityId, Shelf>, heard: &Heard<'_>) -> Vec<String> {
    let asked: Value = serde_json::from_str(heard.event["body"].as_str().unwrap_or_default()).unwrap_or_default();
    let line = asked["lines"].as_array().into_iter().flatten().find(|line| !line["sacrifice"].is_null());
    let Some((id, shares)) =
        line.and_then(|line| Some((line["opportunity"].as_str()?, line["sacrifice"]["shares"].as_u64()?)))
    else {
        return Vec::new();
    };
    let is_apart = line.is_some_and(|line| line["sacrifice"]["apart"] == true);
    let (id, shares) = (id.parse::<OpportunityId>().ok(), u8::try_from(shares).unwrap_or(u8::MAX));
    let Some(shelf) = id.and_then(|id| shelves.get(&id)) else { return Vec::new() };
    let since = heard.since(LOOK_AGE_MS);
    let faults = heard.body["errors"].as_array().into_iter().flatten();
    faults.filter_map(|fault| shelf.untrue(fault, (shares, is_apart), (since, heard))).collect()
}

/// What is shown of an offering.
fn shown(shelves: &BTreeMap<OpportunityId, Shelf>, shows: &Value, heard: &Heard<'_>) -> Vec<String> {
    let id = shows["id"].as_str().and_then(|id| id.parse::<OpportunityId>().ok());
    let Some(shelf) = id.and_then(|id| shelves.get(&id)) else { return vec![format!("nothing is known of {shows}")] };
    let (since, until) = (heard.since(i64::from(FRESH_SECS) * 1_000), heard.ended);
    let mut wrong = Vec::new();
    if !shelf.quotas(since, until).any(|quota| shows["quota"] == quota) {
        wrong.push(format!("a quota of {} is shown that {} did not have", shows["quota"], shows["id"]));
    }
    let availability = &shows["availability"];
    if shows["sale"] == "open" && !shelf.may_have(availability, since, until) {
        wrong.push(format!("of {} is shown to be left: {availability}", shows["id"]));
    }
    wrong
}

impl Shelf {
    /// Where there was room for so many all the time: on one lot or, where they may be parted, on all together.
    fn room_throughout(&self, (shares, may_part): (u8, bool), since: Moment, until: Moment) -> Option<String> {
        let least = || self.lots.iter().map(|(lot, seen)| (lot, seen.free.least(since, until)));
        let one = least().find(|(_, least)| *least >= shares).map(|(lot, _)| format!("lot {lot}"));
        let together: u32 = least().map(|(_, least)| u32::from(least)).sum();
        one.or_else(|| (may_part && together >= u32::from(shares)).then(|| "all lots together".to_owned()))
    }

    fn quotas(&self, since: Moment, until: Moment) -> impl Iterator<Item = u32> {
        let ended = |place: usize| self.past.get(place + 1).map(|(at, _)| *at);
        let past = self.past.iter().enumerate();
        let stood = past.filter(move |(place, (at, _))| *at <= until && ended(*place).is_none_or(|end| end >= since));
        stood.map(|(_, (_, offering))| offering.quota)
    }

    fn was_preparing(&self, since: Moment, until: Moment) -> bool {
        let ended = |place: usize| self.past.get(place + 1).map(|(at, _)| *at);
        let is_preparing = |place: usize, at: Moment, stock: Stock| {
            stock == Stock::Preparing && at <= until && ended(place).is_none_or(|end| end >= since)
        };
        let mut past = self.past.iter().enumerate();
        past.any(|(place, (at, offering))| is_preparing(place, *at, offering.stock))
    }

    /// Why a refusal is not true.
    fn untrue(&self, fault: &Value, (shares, is_apart): (u8, bool), (since, heard): (Moment, &Heard<'_>)) -> Option<String> {
        let (_, offering) = self.past.last()?;
        let may_part = is_apart || offering.species.shares() == 1;
        let (id, until) = (&offering.id, heard.ended);
        match fault["code"].as_str()? {
            code @ ("sold_out" | "no_room_in_one" | "too_few_left") => {
                if let Some(place) = self.room_throughout((shares, may_part), since, until) {
                    return Some(format!("{code} is told of {shares} shares of {id} while {place} had them all the time"));
                }
                if may_part != (code == "too_few_left") && code != "sold_out" {
                    return Some(format!("{code} is told of {id}, of which shares may be apart: {may_part}"));
                }
                let remains: u32 = fault["remains"].as_str().and_then(|remains| remains.parse().ok()).unwrap_or(0);
                let most = self.lots.values().map(|seen| u32::from(seen.free.most(since, until)));
                // What whoever was refused has itself is free again before it is told.
                let most = if may_part { most.sum() } else { most.max().unwrap_or(0) };
                (most < remains).then(|| format!("{remains} shares of {id} are told to remain, and {most} did"))
            }
            "sale_not_open" => {
                let was_open = earlier(heard.began, skew()) >= offering.opens_at && !self.was_preparing(since, until);
                was_open.then(|| format!("{id} is told not to be open at {until}, and opened at {}", offering.opens_at))
            }
            "sale_closed" => {
                let was_open = until < earlier(offering.closes_at, skew());
                was_open.then(|| format!("{id} is told to be closed at {until}, and closes at {}", offering.closes_at))
            }
            _ => None,
        }
    }

    /// Whether so much may have been left.
    fn may_have(&self, availability: &Value, since: Moment, until: Moment) -> bool {
        let least = || self.lots.values().map(|seen| u32::from(seen.free.least(since, until)));
        let most = || self.lots.values().map(|seen| u32::from(seen.free.most(since, until)));
        let (fewest, highest) = (least().sum::<u32>(), most().sum::<u32>());
        let left = availability["left"].as_u64().and_then(|left| u32::try_from(left).ok());
        let is_so = match (availability["standing"].as_str(), left) {
            (Some("sold_out"), None) => fewest == 0,
            (Some("few"), Some(left)) => (fewest..=highest).contains(&left),
            (Some("plenty"), None) => highest > FEW_SHARES,
            _ => false,
        };
        let largest = availability["largest"].as_u64().and_then(|largest| u32::try_from(largest).ok());
        let bounds = least().max().unwrap_or(0)..=most().max().unwrap_or(0);
        is_so && largest.is_none_or(|largest| bounds.contains(&largest))
    }
}
