//! Taking a JSON body apart, member by member, remembering what is wrong with each.

use serde_json::{Map, Value};

use crate::fault::{Found, MOST_FAULTS, NUMBER_UNUSABLE, REQUIRED, UNKNOWN_FIELD, WRONG_TYPE};

/// The longest name of an unknown member that is repeated in its pointer: enough to find a typing error.
const LONGEST_NAME_CHARS: usize = 40;

/// The members of an object that has no others than the known ones.
pub(super) fn object<'a>(
    value: &'a Value,
    at: &str,
    known: &[&str],
    faults: &mut Vec<Found>,
) -> Option<&'a Map<String, Value>> {
    let Value::Object(members) = value else {
        faults.push(WRONG_TYPE.at(at));
        return None;
    };
    let unknown = members.keys().filter(|name| !known.contains(&name.as_str()));
    faults.extend(unknown.take(MOST_FAULTS).map(|name| UNKNOWN_FIELD.at(format!("{at}/{}", escaped(name)))));
    Some(members)
}

/// The members of a body that may have these and no others.
pub(crate) fn no_others<'a>(body: &'a Value, known: &[&str]) -> Result<&'a Map<String, Value>, Vec<Found>> {
    let mut faults = Vec::new();
    match object(body, "", known, &mut faults) {
        Some(members) if faults.is_empty() => Ok(members),
        _ => Err(faults),
    }
}

/// A member that is a whole number.
pub(crate) fn whole_number(members: &Map<String, Value>, name: &str) -> Result<u32, Vec<Found>> {
    match members.get(name) {
        None | Some(Value::Null) => Err(vec![REQUIRED.at(format!("/{name}"))]),
        Some(value) => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.ok_or_else(|| vec![NUMBER_UNUSABLE.at(format!("/{name}"))])
        }
    }
}

/// A name as a part of a JSON pointer: RFC 6901, section 3.
fn escaped(name: &str) -> String {
    // What is repeated is to be read: no control or direction characters.
    let plain = |c: char| if c.is_ascii_graphic() || c.is_alphanumeric() { c } else { '?' };
    let short: String = name.chars().map(plain).take(LONGEST_NAME_CHARS).collect();
    short.replace('~', "~0").replace('/', "~1")
}

/// A member that must be a text.
pub(super) fn text<'a>(members: &'a Map<String, Value>, at: &str, name: &str, faults: &mut Vec<Found>) -> Option<&'a str> {
    match members.get(name) {
        None | Some(Value::Null) => {
            faults.push(REQUIRED.at(format!("{at}/{name}")));
            None
        }
        Some(_) => optional_text(members, at, name, faults),
    }
}

/// A member that may be missing, and is a text otherwise.
pub(super) fn optional_text<'a>(
    members: &'a Map<String, Value>,
    at: &str,
    name: &str,
    faults: &mut Vec<Found>,
) -> Option<&'a str> {
    match members.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(_) => {
            faults.push(WRONG_TYPE.at(format!("{at}/{name}")));
            None
        }
    }
}

/// A member that may be missing, which is no, and is a yes or a no otherwise.
pub(super) fn flag(members: &Map<String, Value>, at: &str, name: &str, faults: &mut Vec<Found>) -> bool {
    match members.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => *flag,
        Some(_) => {
            faults.push(WRONG_TYPE.at(format!("{at}/{name}")));
            false
        }
    }
}
