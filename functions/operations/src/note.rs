//! What a person writes about a case or a correction. It is kept, and it is in the log, so it has no personal data in it: what looks like it is refused.

use platform::http::Faults;

/// The longest note, in characters: a paragraph.
pub const LONGEST: usize = 1_000;
/// Digits of a Saudi mobile number after its prefixes: `5` and eight more.
const MOBILE_DIGITS: usize = 9;
/// Digits of a Saudi IBAN, after its letters.
const IBAN_DIGITS: usize = 22;

/// What a closing without a word is told, in Arabic and in English.
pub const CLOSING: (&str, &str) = ("اكتب ما عُمل بشأن الحالة", "Say what was done about it");

/// The note without blanks around it, or `None` and a fault; `empty` is what is told when there is none.
pub fn check(text: &str, empty: (&str, &str), faults: &mut Faults) -> Option<String> {
    const AT: &str = "/note";
    let note = text.trim();
    if note.is_empty() {
        faults.add(AT, "empty", empty.0, empty.1);
    } else if note.chars().count() > LONGEST {
        faults.add(AT, "too_long", "1000 حرف على الأكثر", "At most 1000 characters");
    } else if note.chars().any(is_hidden) {
        let english = "No control characters and no direction overrides";
        faults.add(AT, "control_characters", "لا تُقبل محارف التحكم ولا قلب الاتجاه", english);
    } else if note.split_whitespace().any(is_personal) {
        let english = "No e-mail address, mobile number or IBAN: the note is kept and shown in the log";
        faults.add(AT, "personal_data", "بلا بريد أو جوال أو آيبان؛ فالملاحظة تُحفظ وتظهر في السجل", english);
    } else {
        return Some(note.to_owned());
    }
    None
}

fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn is_personal(word: &str) -> bool {
    let is_address = word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    is_address || is_mobile(word) || is_iban(word)
}

fn is_mobile(word: &str) -> bool {
    let plain = word.trim_matches(|c: char| c.is_ascii_punctuation() || c == '،' || c == '؛').replace('-', "");
    let digits: Option<String> = plain.chars().map(digit).collect();
    let Some(digits) = digits else { return false };
    let rest = digits.trim_start_matches('0');
    let rest = rest.strip_prefix("966").unwrap_or(rest).trim_start_matches('0');
    rest.len() == MOBILE_DIGITS && rest.starts_with('5')
}

/// A Latin, Arabic or Persian digit as a Latin one.
fn digit(c: char) -> Option<char> {
    let value = match c {
        '٠'..='٩' => u32::from(c) - u32::from('٠'),
        '۰'..='۹' => u32::from(c) - u32::from('۰'),
        _ => c.to_digit(10)?,
    };
    char::from_digit(value, 10)
}

fn is_iban(word: &str) -> bool {
    let plain: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    let digits = plain.strip_prefix("SA").or(plain.strip_prefix("sa"));
    digits.is_some_and(|digits| digits.len() == IBAN_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use domain::purpose::Language;

    use super::*;

    #[test]
    fn notes_that_are_and_are_not_taken() {
        let long = "x".repeat(LONGEST + 1);
        let table = [
            ("Given back by transfer, see the bank's file of the day.", None),
            ("  رُد المبلغ\nمن اللوحة  ", None),
            ("payment 760878ec-d1d3-5f72-9056-191683f55872, reference 602718843021", None),
            ("twice 5000.00 @ the dashboard", None),
            ("", Some("/note empty")),
            (" \n ", Some("/note empty")),
            (long.as_str(), Some("/note too_long")),
            ("a\u{202E}b", Some("/note control_characters")),
            ("a\u{0}b", Some("/note control_characters")),
            ("asked someone@example.org", Some("/note personal_data")),
            ("called 0551234567.", Some("/note personal_data")),
            ("called +966-55-123-4567", Some("/note personal_data")),
            ("اتصلنا بالرقم ٠٥٥١٢٣٤٥٦٧،", Some("/note personal_data")),
            ("to SA0380000000608010167519", Some("/note personal_data")),
        ];
        for (text, fault) in table {
            let mut faults = Faults::new(Language::English);
            let note = check(text, CLOSING, &mut faults);
            assert_eq!(faults.codes(), fault.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{text:?}");
            assert_eq!(note.as_deref(), fault.is_none().then_some(text.trim()), "{text:?}");
        }
    }
}
