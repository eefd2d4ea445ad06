//! What of a provider's event may be kept: as much as a replay may need once the code has learned to read it, and nothing of a person's.
//!
//! A provider can add a member any day, so the rule is what to leave in, not what to take out. What a member is judged by:
//!
//! | its name | what stays of its value |
//! |---|---|
//! | known to us (`kept`) | numbers, true and false, plain words; of money and times what is said below |
//! | says that it is of a person, or secret: `card`, `holder`, `mobile`, … | nothing, nor of anything below it but what is known to us |
//! | says that it is money or a time: `amount_minor`, `paid_at` | numbers, true and false, texts of digits and their signs |
//! | says that it is an id or a code: `payment_id`, `event_type` | plain words, true and false, numbers too short to call |
//! | anything else | what nobody's name, number or birthday can be: true and false, numbers too short to call, UUIDs, times of a day |
//!
//! The name itself stays, and how many members were left out with theirs. A plain word is one that is neither an address nor a number one could call. Redacted again, it is the same.

use domain::moment::{Day, Moment};
use serde_json::{Map, Value};

/// What stands for a value that was taken out, and is the name under which members that were left out are counted.
const TAKEN_OUT: &str = "[redacted]";
/// The longest text that stays: an id or a time is shorter.
const LONGEST_TEXT: usize = 80;
/// Digits of the shortest number that one could call: national numbers without their area code have seven.
const SHORTEST_NUMBER: usize = 7;
/// Digits of a mobile's number without its country.
const MOBILE: usize = 9;
/// Digits of the longest number that is written in groups: a card's has nineteen, a UUID more.
const LONGEST_NUMBER: usize = 19;
/// The deepest nesting that is looked into; documented events have three levels.
const DEEPEST: usize = 16;
/// The most members or elements of one level that stay, besides those that are known; documented events have twenty-odd.
const MOST_MEMBERS: usize = 256;
/// Digits of an amount as text: more are none.
const LONGEST_AMOUNT: usize = 12;

/// Parts of names that say that a person or a secret is meant. Those of up to three letters are whole words.
const PERSONS: &[&str] = &[
    "account",
    "address",
    "agent",
    "avatar",
    "beneficiar",
    "birth",
    "born",
    "card",
    "city",
    "civil",
    "client",
    "comment",
    "contact",
    "cookie",
    "customer",
    "description",
    "device",
    "district",
    "donor",
    "email",
    "family",
    "father",
    "finger",
    "gender",
    "holder",
    "iban",
    "identity",
    "iqama",
    "latitude",
    "location",
    "login",
    "longitude",
    "mail",
    "member",
    "message",
    "mobile",
    "month",
    "mother",
    "msisdn",
    "name",
    "national",
    "note",
    "number",
    "owner",
    "passport",
    "password",
    "payee",
    "payer",
    "person",
    "phone",
    "photo",
    "postal",
    "recipient",
    "remark",
    "secret",
    "sender",
    "session",
    "sign",
    "street",
    "surname",
    "text",
    "title",
    "token",
    "user",
    "wallet",
    "year",
    "age",
    "cvc",
    "cvv",
    "dob",
    "ip",
    "key",
    "lat",
    "lng",
    "nin",
    "otp",
    "pan",
    "pin",
    "sex",
    "ssn",
    "tel",
    "zip",
];
/// Words of names that say that money or a time is meant.
const MEASURES: &[&str] = &[
    "amount",
    "at",
    "captured",
    "fee",
    "fees",
    "gross",
    "halalas",
    "minor",
    "net",
    "refunded",
    "tax",
    "time",
    "timestamp",
    "total",
    "vat",
];
/// Words of names that say that an id or a code is meant.
const CODES: &[&str] = &[
    "action", "brand", "category", "code", "country", "currency", "event", "id", "kind", "language", "method", "mode",
    "network", "reason", "result", "scheme", "state", "status", "type", "uuid", "version",
];

/// What a name says its value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Persons,
    Known,
    Measure,
    Code,
    Nothing,
}

/// The event with only those values in it that may be kept.
pub(crate) fn redact(event: &Value, kept: &[&str]) -> Value {
    Redaction { kept }.value(Says::Nothing, event, DEEPEST)
}

struct Redaction<'a> {
    kept: &'a [&'a str],
}

impl Redaction<'_> {
    fn value(&self, says: Says, value: &Value, depth: usize) -> Value {
        match value {
            Value::Object(members) if depth > 0 => Value::Object(self.members(says, members, depth)),
            Value::Array(elements) if depth > 0 => {
                let shown = elements.iter().take(MOST_MEMBERS).map(|element| self.value(says, element, depth - 1));
                let is_cut = elements.len() > MOST_MEMBERS;
                Value::Array(shown.chain(is_cut.then(|| TAKEN_OUT.into())).collect())
            }
            Value::Null => Value::Null,
            Value::Bool(_) | Value::Number(_) | Value::String(_) if may_stay(says, value) => value.clone(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) | Value::Array(_) => TAKEN_OUT.into(),
        }
    }

    fn members(&self, of: Says, members: &Map<String, Value>, depth: usize) -> Map<String, Value> {
        let (mut shown, mut others, mut left_out) = (Map::new(), 0, 0_u64);
        for (name, value) in members {
            let is_known = self.kept.contains(&name.as_str());
            if name == TAKEN_OUT {
                left_out = left_out.saturating_add(value.as_u64().unwrap_or(1));
            } else if is_known || (is_name(name) && others < MOST_MEMBERS) {
                others += usize::from(!is_known);
                shown.insert(name.clone(), self.value(self.says(of, name), value, depth - 1));
            } else {
                left_out = left_out.saturating_add(1);
            }
        }
        if left_out > 0 {
            shown.insert(TAKEN_OUT.to_owned(), left_out.into());
        }
        shown
    }

    /// What a name says, within something of that kind.
    fn says(&self, of: Says, name: &str) -> Says {
        let words = words(name);
        let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
        let is_in = |part: &str, word: &str| if part.len() > 3 { word.contains(part) } else { word == part };
        let is_persons = |part: &&str| words.iter().any(|word| is_in(part, word));
        if self.kept.contains(&name) {
            if has(MEASURES) { Says::Measure } else { Says::Known }
        } else if of == Says::Persons || PERSONS.iter().any(is_persons) {
            Says::Persons
        } else if has(MEASURES) {
            Says::Measure
        } else if has(CODES) {
            Says::Code
        } else {
            Says::Nothing
        }
    }
}

/// Whether a value that has nothing within it stays.
fn may_stay(says: Says, value: &Value) -> bool {
    let text = value.as_str();
    match says {
        Says::Persons => false,
        Says::Known => text.is_none_or(is_plain),
        Says::Measure => text.is_none_or(|text| is_plain(text) && is_figure(text) || is_amount(text)),
        Says::Code => text.map_or_else(|| is_short(value), is_plain),
        Says::Nothing => text.map_or_else(|| is_short(value), is_nobodys),
    }
}

/// The words of a name, in lower case: parted by signs and by capitals.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && was_small) {
            words.push(String::new());
        }
        was_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        if let Some(word) = words.last_mut().filter(|_| c.is_ascii_alphanumeric()) {
            word.push(c.to_ascii_lowercase());
        }
    }
    words
}

/// One word of printable ASCII, not too long, that is neither an address nor a number one could call, and has none in it, nor a card's that is masked.
fn is_plain(text: &str) -> bool {
    let is_word = text.len() <= LONGEST_TEXT && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@');
    is_word && !is_callable(text) && (is_nobodys(text) || !holds_number(text))
}

/// As many digits in a row as a mobile has, be they in groups, or signs that stand for those of a card.
fn holds_number(text: &str) -> bool {
    let (mut digits, mut between) = (0, 0);
    let is_long = text.bytes().any(|byte| {
        (digits, between) = match byte {
            b'0'..=b'9' => (digits + 1, 0),
            b'-' | b'.' | b'/' | b'(' | b')' if between < 2 => (digits, between + 1),
            _ => (0, 0),
        };
        digits >= MOBILE
    });
    let is_masked =
        ["XX", "xx", "**"].iter().any(|mask| text.contains(mask)) && text.bytes().any(|byte| byte.is_ascii_digit());
    is_masked || is_long
}

fn is_callable(text: &str) -> bool {
    let number = text.strip_prefix('+').unwrap_or(text);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let is_parted = digits <= LONGEST_NUMBER && number.parse::<Day>().is_err();
    let is_digits = |byte: u8| byte.is_ascii_digit() || (byte == b'-' && is_parted);
    digits >= SHORTEST_NUMBER && number.bytes().all(is_digits)
}

/// Digits as an amount has them; a number one could call begins with a nought or a sign.
fn is_amount(text: &str) -> bool {
    let is_figure = (1..=LONGEST_AMOUNT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_figure && !text.starts_with('0') && !text.starts_with("966")
}

/// Digits, and the signs that stand in amounts and times.
fn is_figure(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b".,:+-TZ".contains(&byte))
}

/// True, false, or a number too short to call.
fn is_short(value: &Value) -> bool {
    let digits = |number: &serde_json::Number| number.to_string().bytes().filter(u8::is_ascii_digit).count();
    value.as_number().is_none_or(|number| digits(number) < SHORTEST_NUMBER)
}

/// A UUID, 16 or 32 bytes in hex, or a moment: a day alone may be a birthday.
fn is_nobodys(text: &str) -> bool {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let is_digit =
        |(place, byte): (usize, u8)| if HYPHENS.contains(&place) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    let is_uuid = text.len() == 36 && text.bytes().enumerate().all(is_digit);
    let is_hex = [32, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_uuid || is_hex || (text.len() <= LONGEST_TEXT && text.parse::<Moment>().is_ok())
}

/// The name of a member, as providers write them: what is not, or could be called, may be somebody's.
fn is_name(text: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$');
    text.len() <= LONGEST_TEXT && text.bytes().all(is_sign) && !is_callable(text) && !holds_number(text)
}

#[cfg(test)]
mod tests;
