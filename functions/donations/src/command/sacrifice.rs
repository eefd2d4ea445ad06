//! What a line asks for of an offering: how many shares, on whose behalf, and that the platform is appointed as proxy.

use domain::sacrifice::offering::{MOST_SHARES, is_version};
use serde::Serialize;
use serde_json::{Map, Value};

use super::body::{flag, object, text, whole_number};
use super::person::checked_name;
use crate::fault::{Found, NAMES_COUNT, REQUIRED, SHARES_UNUSABLE, WAKALA_REFUSED, WRONG_TYPE};

/// The members of a sacrifice.
const MEMBERS: &[&str] = &["shares", "apart", "on_behalf_of", "wakala"];
/// The members of a wakala.
const WAKALA_MEMBERS: &[&str] = &["accepted", "version"];

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedShares {
    /// How many.
    pub shares: u8,
    /// Whether they may be in several animals, where no one has so many left. What is not said leaves no trace in the command's fingerprint.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
    /// The version of the wakala that was accepted.
    pub wakala: String,
    /// On whose behalf, a name for each share: personal data.
    pub on_behalf_of: Vec<String>,
}

/// What a line asks for of an offering.
pub(super) fn shares(value: &Value, at: &str, faults: &mut Vec<Found>) -> Option<WantedShares> {
    let members = object(value, at, MEMBERS, faults)?;
    let shares = count(members, at, faults);
    let apart = flag(members, at, "apart", faults);
    let on_behalf_of = names(members, &format!("{at}/on_behalf_of"), faults);
    let wakala = wakala(members, &format!("{at}/wakala"), faults);
    let (shares, on_behalf_of, wakala) = (shares?, on_behalf_of?, wakala?);
    if on_behalf_of.len() != usize::from(shares) {
        faults.push(NAMES_COUNT.at(format!("{at}/on_behalf_of")));
        return None;
    }
    Some(WantedShares { shares, apart, wakala, on_behalf_of })
}

fn count(members: &Map<String, Value>, at: &str, faults: &mut Vec<Found>) -> Option<u8> {
    let number = whole_number(members, "shares").map_err(|found| {
        faults.extend(found.into_iter().map(|found| Found { pointer: format!("{at}{}", found.pointer), ..found }));
    });
    let shares = u8::try_from(number.ok()?).ok().filter(|shares| (1..=MOST_SHARES).contains(shares));
    if shares.is_none() {
        faults.push(SHARES_UNUSABLE.at(format!("{at}/shares")));
    }
    shares
}

fn names(members: &Map<String, Value>, at: &str, faults: &mut Vec<Found>) -> Option<Vec<String>> {
    let elements = match members.get("on_behalf_of") {
        None | Some(Value::Null) => {
            faults.push(REQUIRED.at(at));
            return None;
        }
        Some(Value::Array(elements)) if elements.len() <= usize::from(MOST_SHARES) => elements,
        Some(Value::Array(_)) => {
            faults.push(NAMES_COUNT.at(at));
            return None;
        }
        Some(_) => {
            faults.push(WRONG_TYPE.at(at));
            return None;
        }
    };
    let name = |(number, element): (usize, &Value)| {
        let at = format!("{at}/{number}");
        match element.as_str() {
            Some(name) => checked_name(name, &at, faults),
            None => {
                faults.push(WRONG_TYPE.at(at));
                None
            }
        }
    };
    let names: Vec<Option<String>> = elements.iter().enumerate().map(name).collect();
    names.into_iter().collect()
}

/// The version that was accepted. What is not accepted is refused: nobody is slaughtered for without having said so.
fn wakala(members: &Map<String, Value>, at: &str, faults: &mut Vec<Found>) -> Option<String> {
    let Some(value) = members.get("wakala").filter(|value| !value.is_null()) else {
        faults.push(REQUIRED.at(at));
        return None;
    };
    let members = object(value, at, WAKALA_MEMBERS, faults)?;
    if !flag(members, at, "accepted", faults) {
        faults.push(WAKALA_REFUSED.at(format!("{at}/accepted")));
    }
    let version = text(members, at, "version", faults)?;
    if !is_version(version) {
        faults.push(WAKALA_REFUSED.at(format!("{at}/version")));
    }
    is_version(version).then(|| version.to_owned())
}
