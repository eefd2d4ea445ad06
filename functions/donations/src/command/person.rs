//! Name and mobile: personal data. Never logged, never in a queue; sealed before they are kept.

use domain::money::to_latin;
use domain::person::Person;
use serde_json::{Map, Value};

use super::body::{object, optional_text};
use crate::fault::{Found, MOBILE_UNUSABLE, NAME_CHARACTERS, NAME_LENGTH};

/// The longest name, in characters: five names of a lineage and a title fit, and the gift stays within DynamoDB's unit of 1 KB.
pub const LONGEST_NAME_CHARS: usize = 80;
/// The longest text that is read as a mobile number: fifteen digits and what people put between them.
const LONGEST_MOBILE_CHARS: usize = 32;
/// The members of a person.
const MEMBERS: &[&str] = &["name", "mobile"];

/// A person, if one tells anything of themselves.
pub(super) fn person(value: Option<&Value>, faults: &mut Vec<Found>) -> Option<Person> {
    let value = value.filter(|value| !value.is_null())?;
    let members = object(value, "/donor", MEMBERS, faults)?;
    let person = Person { name: name(members, faults), mobile: read_mobile(members, faults) };
    (person.name.is_some() || person.mobile.is_some()).then_some(person)
}

fn name(members: &Map<String, Value>, faults: &mut Vec<Found>) -> Option<String> {
    let name = optional_text(members, "/donor", "name", faults)?.trim();
    if !(1..=LONGEST_NAME_CHARS).contains(&name.chars().count()) {
        faults.push(NAME_LENGTH.at("/donor/name"));
        return None;
    }
    if name.chars().any(is_deceptive) {
        faults.push(NAME_CHARACTERS.at("/donor/name"));
        return None;
    }
    Some(name.to_owned())
}

/// Characters that are not seen, or change the order of what is: they have no place in a name, and could make a receipt or an operator's list
/// show another. The joiners U+200C and U+200D are left: names are written with them.
const fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{0000}'..='\u{001F}' | '\u{007F}'..='\u{009F}' | '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'
        | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

fn read_mobile(members: &Map<String, Value>, faults: &mut Vec<Found>) -> Option<String> {
    let text = optional_text(members, "/donor", "mobile", faults)?;
    let number = mobile(text);
    if number.is_none() {
        faults.push(MOBILE_UNUSABLE.at("/donor/mobile"));
    }
    number
}

/// A Saudi mobile number in E.164, from any form in which people write it.
///
/// ```
/// use donations::command::mobile;
/// assert_eq!(mobile("٠٥٥ ١٢٣ ٤٥٦٧").as_deref(), Some("+966551234567"));
/// assert_eq!(mobile("+966 11 123 4567"), None, "a landline takes no messages");
/// ```
pub fn mobile(text: &str) -> Option<String> {
    if text.chars().count() > LONGEST_MOBILE_CHARS {
        return None;
    }
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).map(to_latin).collect();
    let national = ["+966", "00966", "966", "0"].into_iter().find_map(|prefix| plain.strip_prefix(prefix)).unwrap_or(&plain);
    let is_mobile = national.len() == 9 && national.starts_with('5') && national.bytes().all(|byte| byte.is_ascii_digit());
    is_mobile.then(|| format!("+966{national}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saudi_mobiles_in_every_form() {
        for text in
            ["0551234567", "551234567", "+966551234567", "00966551234567", "966 55 123 4567", "٠٥٥١٢٣٤٥٦٧", "۰۵۵-۱۲۳-۴۵۶۷"]
        {
            assert_eq!(mobile(text).as_deref(), Some("+966551234567"), "{text}");
        }
        for text in [
            "",
            "05512345678",
            "0451234567",
            "+971501234567",
            "+96605512345",
            "055123456a",
            "0551234567;0551234568",
            &"0".repeat(99),
        ] {
            assert_eq!(mobile(text), None, "{text}");
        }
    }

    #[test]
    fn names_that_deceive_are_refused() {
        for name in ["a\u{202E}b", "\u{2066}أحمد\u{2069}", "a\u{200B}b", "a\nb", "a\u{0}b"] {
            assert!(name.chars().any(is_deceptive), "{name:?}");
        }
        for name in ["أحمد بن محمد", "O'Neil-Smith", "می\u{200C}خواهم"] {
            assert!(!name.chars().any(is_deceptive), "{name:?}");
        }
    }
}
