//! What donors tell of themselves: personal data, never logged, never in a queue, sealed before it is kept; and how they want to be told of their gift.

use std::collections::BTreeSet;

use domain::money::to_latin;
use domain::notice::{Kind, Telling};
use domain::person::{Device, Person, PushNetwork};
use serde_json::{Map, Value};

use super::body::{flag, object, optional_text};
use crate::fault::{
    DEVICE_UNUSABLE, EMAIL_UNUSABLE, Found, MOBILE_UNUSABLE, MUTE_UNKNOWN, NAME_CHARACTERS, NAME_LENGTH, WRONG_TYPE,
};

/// The longest name, in characters: five names of a lineage and a title fit, and the gift stays within DynamoDB's unit of 1 KB.
pub const LONGEST_NAME_CHARS: usize = 80;
/// The longest text that is read as a mobile number: fifteen digits and what people put between them.
const LONGEST_MOBILE_CHARS: usize = 32;
/// The longest e-mail address, by RFC 5321.
const LONGEST_EMAIL_BYTES: usize = 254;
/// The longest device token: Firebase's have some 160 characters and Apple's 64; more may come.
const LONGEST_TOKEN_BYTES: usize = 512;
/// The members of a person.
const MEMBERS: &[&str] = &["name", "mobile", "email", "device", "discreet", "mute"];
/// The members of a device.
const DEVICE_MEMBERS: &[&str] = &["service", "token"];

/// A person, if one tells anything of themselves, and how they want to be told.
pub(super) fn person(value: Option<&Value>, faults: &mut Vec<Found>) -> (Option<Person>, Telling) {
    let members = value.filter(|value| !value.is_null()).and_then(|value| object(value, "/donor", MEMBERS, faults));
    let Some(members) = members else { return (None, Telling::default()) };
    let person = Person {
        name: name(members, faults),
        mobile: read_mobile(members, faults),
        email: read_email(members, faults),
        device: device(members, faults),
        on_behalf_of: Vec::new(),
    };
    let telling = telling(members, "/donor", faults);
    ((person.name.is_some() || person.can_be_told()).then_some(person), telling)
}

fn read_email(members: &Map<String, Value>, faults: &mut Vec<Found>) -> Option<String> {
    let text = optional_text(members, "/donor", "email", faults)?.trim();
    let address = email(text);
    if address.is_none() {
        faults.push(EMAIL_UNUSABLE.at("/donor/email"));
    }
    address
}

/// An address that a letter can be sent to, as far as its form tells: letters, digits and the signs that mail systems allow without quotes, at a domain.
fn email(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let local_fits = !local.is_empty() && local.len() <= 64 && local.bytes().all(is_local) && !has_stray_dot(local);
    let domain_fits = domain.contains('.') && domain.split('.').all(is_label);
    (text.len() <= LONGEST_EMAIL_BYTES && local_fits && domain_fits).then(|| text.to_owned())
}

fn has_stray_dot(local: &str) -> bool {
    local.starts_with('.') || local.ends_with('.') || local.contains("..")
}

fn device(members: &Map<String, Value>, faults: &mut Vec<Found>) -> Option<Device> {
    let value = members.get("device").filter(|value| !value.is_null())?;
    let members = object(value, "/donor/device", DEVICE_MEMBERS, faults)?;
    let service = match optional_text(members, "/donor/device", "service", faults) {
        Some("fcm") => Some(PushNetwork::Fcm),
        Some("apns") => Some(PushNetwork::Apns),
        Some(_) | None => None,
    };
    let is_token =
        |token: &&str| (1..=LONGEST_TOKEN_BYTES).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    let token = optional_text(members, "/donor/device", "token", faults).filter(is_token);
    let device = service.zip(token).map(|(service, token)| Device { service, token: token.to_owned() });
    if device.is_none() {
        faults.push(DEVICE_UNUSABLE.at("/donor/device"));
    }
    device
}

/// How a donor wants to be told, by two members that may be missing.
pub(super) fn telling(members: &Map<String, Value>, at: &str, faults: &mut Vec<Found>) -> Telling {
    Telling { discreet: flag(members, at, "discreet", faults), mute: mute(members, at, faults) }
}

fn mute(members: &Map<String, Value>, at: &str, faults: &mut Vec<Found>) -> BTreeSet<Kind> {
    let list = match members.get("mute") {
        None | Some(Value::Null) => return BTreeSet::new(),
        Some(Value::Array(list)) => list,
        Some(_) => {
            faults.push(WRONG_TYPE.at(format!("{at}/mute")));
            return BTreeSet::new();
        }
    };
    let kind = |code: &Value| Kind::ALL.into_iter().find(|kind| code.as_str() == Some(kind.code()));
    let mute: BTreeSet<Kind> = list.iter().filter_map(kind).collect();
    if list.iter().any(|code| kind(code).is_none()) {
        faults.push(MUTE_UNKNOWN.at(format!("{at}/mute")));
    }
    mute
}

fn name(members: &Map<String, Value>, faults: &mut Vec<Found>) -> Option<String> {
    let name = optional_text(members, "/donor", "name", faults)?;
    checked_name(name, "/donor/name", faults)
}

/// A name as it is kept, if it can be one.
pub(super) fn checked_name(name: &str, at: &str, faults: &mut Vec<Found>) -> Option<String> {
    let name = name.trim();
    if !(1..=LONGEST_NAME_CHARS).contains(&name.chars().count()) {
        faults.push(NAME_LENGTH.at(at));
        return None;
    }
    if name.chars().any(is_deceptive) {
        faults.push(NAME_CHARACTERS.at(at));
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
    fn addresses_that_a_letter_can_be_sent_to() {
        for text in ["a@example.org", "first.last+gift@mail.example.sa", "o'neil@xn--mgberp4a5d4ar.example"] {
            assert_eq!(email(text).as_deref(), Some(text));
        }
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "",
            "@",
            "a@b",
            "a@.org",
            "@example.org",
            "a b@example.org",
            "a@example.org,b@example.org",
            ".a@example.org",
            "a..b@example.org",
            "a@exa mple.org",
            "a@-example.org",
            "\"a\"@example.org",
            "أحمد@example.org",
            &long,
            "a@example.org\r\nBcc: b@example.org",
        ] {
            assert_eq!(email(text), None, "{text}");
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
