//! What a client asks for when it gives: parsed and checked, purely.
//!
//! The body is taken apart by hand instead of by derive, so that all that is wrong is told at once, each with its place, and nothing that was
//! sent is repeated. What depends on the table (whether an opportunity is open, what remains) is not decided here.

mod body;
mod person;
mod returns;
mod sacrifice;

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use domain::donation::{LEAST_LINE, MOST_DONATION, MOST_LINES};
use domain::hash::Hash;
use domain::id::OpportunityId;
use domain::money::Money;
use domain::notice::Telling;
use domain::person::Person;
use domain::purpose::Language;
use serde::Serialize;
use serde_json::{Map, Value};

pub use person::{LONGEST_NAME_CHARS, mobile};
pub use returns::{LONGEST_RETURN_URL_BYTES, ReturnUrls};
pub use sacrifice::WantedShares;

use crate::fault::{
    AMOUNT_A_FRACTION, AMOUNT_NEGATIVE, AMOUNT_TOO_LARGE, AMOUNT_TOO_SMALL, Found, LANGUAGE_UNKNOWN, LINES_MISSING,
    OFFERINGS_TWO, OPPORTUNITY_TWICE, OPPORTUNITY_UNKNOWN, REQUIRED, RETURN_URL_REFUSED, TOO_MANY_LINES, WRONG_TYPE,
    of_money,
};
use body::{flag, object, text};
pub(crate) use body::{no_others, whole_number};

/// The members of the body.
const MEMBERS: &[&str] = &["lines", "anonymous", "donor", "language", "return_url"];
/// The members of a line.
const LINE_MEMBERS: &[&str] = &["opportunity", "amount", "sacrifice"];

/// A line that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// How much. For a sacrifice it may be left out, because its price follows from the offering; where it is there, it must be that price.
    pub amount: Option<Money>,
    /// What is asked for of an offering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sacrifice: Option<WantedShares>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The lines.
    pub lines: Vec<Wanted>,
    /// Whether the donor's name stays hidden.
    pub anonymous: bool,
    /// What the donor tells of themselves, if anything.
    pub donor: Option<Person>,
    /// How the donor wants to be told of the gift.
    pub telling: Telling,
    /// The language to answer in; the request's, without one.
    pub language: Option<Language>,
    /// Where the donor's browser goes after paying.
    pub return_url: String,
}

/// The command in a body, or all that is wrong with it.
///
/// # Errors
/// What is wrong, each with its place.
pub fn parse(body: &Value, returns: &ReturnUrls) -> Result<Command, Vec<Found>> {
    let mut faults = Vec::new();
    let nothing = Map::new();
    let members = object(body, "", MEMBERS, &mut faults).unwrap_or(&nothing);
    let lines = lines(members.get("lines"), &mut faults);
    let anonymous = flag(members, "", "anonymous", &mut faults);
    let (donor, telling) = person::person(members.get("donor"), &mut faults);
    let donor = on_behalf_of(&lines, donor, &mut faults);
    let command = Command {
        lines,
        anonymous,
        donor,
        telling,
        language: language(members, &mut faults),
        return_url: return_url(members, returns, &mut faults),
    };
    if faults.is_empty() { Ok(command) } else { Err(faults) }
}

/// The donor with the names on whose behalf an animal is slaughtered. They wait for the news of it, so there must be a mobile to send it to.
fn on_behalf_of(lines: &[Wanted], donor: Option<Person>, faults: &mut Vec<Found>) -> Option<Person> {
    let Some(wanted) = lines.iter().find_map(|line| line.sacrifice.as_ref()) else { return donor };
    let has_mobile = donor.as_ref().is_some_and(|donor| donor.mobile.is_some());
    if !has_mobile && !faults.iter().any(|found| found.pointer == "/donor/mobile") {
        faults.push(REQUIRED.at("/donor/mobile"));
    }
    donor.map(|donor| Person { on_behalf_of: wanted.on_behalf_of.clone(), ..donor })
}

/// How a donor wants to be told of all their gifts, in a body, or all that is wrong with it. What is not said is as if it had never been.
///
/// # Errors
/// What is wrong, each with its place.
pub fn telling(body: &Value) -> Result<Telling, Vec<Found>> {
    let mut faults = Vec::new();
    let nothing = Map::new();
    let members = object(body, "", &["discreet", "mute"], &mut faults).unwrap_or(&nothing);
    let telling = person::telling(members, "", &mut faults);
    if faults.is_empty() { Ok(telling) } else { Err(faults) }
}

fn lines(value: Option<&Value>, faults: &mut Vec<Found>) -> Vec<Wanted> {
    let elements = match value {
        None | Some(Value::Null) => {
            faults.push(REQUIRED.at("/lines"));
            return Vec::new();
        }
        Some(Value::Array(elements)) => elements,
        Some(_) => {
            faults.push(WRONG_TYPE.at("/lines"));
            return Vec::new();
        }
    };
    match elements.len() {
        0 => faults.push(LINES_MISSING.at("/lines")),
        1..=MOST_LINES => {}
        _ => {
            faults.push(TOO_MANY_LINES.at("/lines"));
            return Vec::new();
        }
    }
    let lines: Vec<Wanted> = elements.iter().enumerate().filter_map(|(n, element)| line(n, element, faults)).collect();
    check_together(&lines, faults);
    lines
}

fn line(number: usize, value: &Value, faults: &mut Vec<Found>) -> Option<Wanted> {
    let at = format!("/lines/{number}");
    let members = object(value, &at, LINE_MEMBERS, faults)?;
    let opportunity = text(members, &at, "opportunity", faults).and_then(|id| {
        let known = id.parse().ok();
        if known.is_none() {
            faults.push(OPPORTUNITY_UNKNOWN.at(format!("{at}/opportunity")));
        }
        known
    });
    let asks = members.get("sacrifice").filter(|value| !value.is_null());
    let is_given = members.get("amount").is_some_and(|amount| !amount.is_null());
    let amount = if asks.is_some() && !is_given {
        None
    } else {
        Some(amount(members.get("amount"), &format!("{at}/amount"), faults))
    };
    let sacrifice = asks.map(|asks| sacrifice::shares(asks, &format!("{at}/sacrifice"), faults));
    Some(Wanted { opportunity: opportunity?, amount: transpose(amount)?, sacrifice: transpose(sacrifice)? })
}

/// What is asked for and cannot be read is nothing to go on with; what is not asked for is.
fn transpose<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(None) => None,
        Some(read) => Some(read),
    }
}

/// What no line is wrong by itself: the same opportunity twice, and the sum. Only when each line could be read, so that numbers fit.
fn check_together(lines: &[Wanted], faults: &mut Vec<Found>) {
    if !faults.is_empty() {
        return;
    }
    let mut seen = BTreeSet::new();
    for (number, line) in lines.iter().enumerate() {
        if !seen.insert(&line.opportunity) {
            faults.push(OPPORTUNITY_TWICE.at(format!("/lines/{number}/opportunity")));
        }
    }
    let of_offerings = lines.iter().enumerate().filter(|(_, line)| line.sacrifice.is_some());
    faults.extend(of_offerings.skip(1).map(|(number, _)| OFFERINGS_TWO.at(format!("/lines/{number}/sacrifice"))));
    let total = Money::sum(lines.iter().filter_map(|line| line.amount));
    if total.is_none_or(|total| total > MOST_DONATION) {
        faults.push(AMOUNT_TOO_LARGE.at("/lines"));
    }
}

/// A decimal text, or a whole number of riyals. A JSON number with a fraction has been through a float on its way.
fn amount(value: Option<&Value>, at: &str, faults: &mut Vec<Found>) -> Option<Money> {
    let read = match value {
        None | Some(Value::Null) => Err(&REQUIRED),
        Some(Value::String(text)) => text.parse().map_err(of_money),
        Some(Value::Number(number)) => match (number.as_u64(), number.as_i64()) {
            (Some(riyals), _) => Money::from_riyals(riyals).ok_or(&AMOUNT_TOO_LARGE),
            (None, Some(_)) => Err(&AMOUNT_NEGATIVE),
            (None, None) => Err(&AMOUNT_A_FRACTION),
        },
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(&WRONG_TYPE),
    };
    let bounded = read.and_then(|amount: Money| match amount {
        amount if amount < LEAST_LINE => Err(&AMOUNT_TOO_SMALL),
        amount if amount > MOST_DONATION => Err(&AMOUNT_TOO_LARGE),
        amount => Ok(amount),
    });
    bounded.map_err(|wrong| faults.push(wrong.at(at))).ok()
}

fn language(members: &Map<String, Value>, faults: &mut Vec<Found>) -> Option<Language> {
    let code = body::optional_text(members, "", "language", faults)?;
    let language = code.parse().ok();
    if language.is_none() {
        faults.push(LANGUAGE_UNKNOWN.at("/language"));
    }
    language
}

fn return_url(members: &Map<String, Value>, returns: &ReturnUrls, faults: &mut Vec<Found>) -> String {
    let Some(wanted) = text(members, "", "return_url", faults) else { return String::new() };
    returns.allowed(wanted).unwrap_or_else(|| {
        faults.push(RETURN_URL_REFUSED.at("/return_url"));
        String::new()
    })
}

/// Bytes of the hash kept of each field: enough that two commands of one caller under one key do not look alike by accident.
const FIELD_HASH_BYTES: usize = 8;

impl Command {
    /// Whether a line asks for shares of an offering.
    pub fn asks_for_shares(&self) -> bool {
        self.lines.iter().any(|line| line.sacrifice.is_some())
    }

    /// A hash of each field, in the order of [`FIELDS`], parted by points: what the same key must ask for again.
    ///
    /// The key, which is long, random and kept nowhere, goes into each hash: who reads the table cannot find a name or a mobile by trying,
    /// not even knowing our secrets, and an erasure leaves nothing behind.
    pub fn fingerprint(&self, key: &str) -> String {
        let hashes = self.fields().map(|field| {
            let hash = Hash::of(&[key.as_bytes(), &[0], field.as_bytes()]);
            HEXLOWER.encode(&hash.bytes()[..FIELD_HASH_BYTES])
        });
        hashes.join(".")
    }

    fn fields(&self) -> [String; FIELDS.len()] {
        let donor = if self.telling.is_ordinary() { json(&self.donor) } else { json(&(&self.donor, &self.telling)) };
        [json(&self.lines), json(&self.anonymous), donor, json(&self.language), json(&self.return_url)]
    }
}

fn json(field: &impl Serialize) -> String {
    serde_json::to_string(field).expect("a field of ours can be written as JSON")
}

/// The fields that a command is compared by.
pub const FIELDS: [&str; 5] = ["lines", "anonymous", "donor", "language", "return_url"];

/// The fields in which two commands differ, by their fingerprints.
pub fn differing(one: &str, other: &str) -> Vec<&'static str> {
    let pairs = FIELDS.into_iter().zip(one.split('.').zip(other.split('.')));
    pairs.filter(|(_, (one, other))| one != other).map(|(field, _)| field).collect()
}

#[cfg(test)]
mod tests;
