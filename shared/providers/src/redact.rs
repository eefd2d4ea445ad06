//! What of a provider's event may be kept.
//!
//! Not a list of what to take out, which a provider can make incomplete any day, but of what to leave in: names that are known to hold ids,
//! codes, amounts and times. Of everything else only the name stays. What stays is checked too: a text that is not a plain word is taken out.

use serde_json::{Map, Value};

/// What stands for a value that was taken out.
const TAKEN_OUT: &str = "[redacted]";
/// The longest text that stays: an id or a time is shorter.
const LONGEST_TEXT: usize = 80;
/// Digits of the shortest number that one could call: national numbers without their area code have seven.
const SHORTEST_NUMBER: usize = 7;
/// The deepest nesting that is looked into; documented events have three levels.
const DEEPEST: usize = 8;
/// The most members or elements of one level that stay; documented events have twenty-odd.
const MOST_MEMBERS: usize = 64;

/// The event with only the values of the `kept` names in it.
pub(crate) fn redact(event: &Value, kept: &[&str]) -> Value {
    inner(event, kept, DEEPEST)
}

fn inner(value: &Value, kept: &[&str], depth: usize) -> Value {
    match value {
        Value::Object(members) if depth > 0 => {
            let shown = members.iter().take(MOST_MEMBERS).filter(|(name, _)| is_name(name));
            Value::Object(shown.map(|(name, value)| (name.clone(), member(name, value, kept, depth))).collect::<Map<_, _>>())
        }
        Value::Array(elements) if depth > 0 => {
            Value::Array(elements.iter().take(MOST_MEMBERS).map(|element| inner(element, kept, depth - 1)).collect())
        }
        Value::Null => Value::Null,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) | Value::Array(_) => TAKEN_OUT.into(),
    }
}

fn member(name: &str, value: &Value, kept: &[&str], depth: usize) -> Value {
    match value {
        Value::String(text) if kept.contains(&name) && is_plain(text) => value.clone(),
        Value::Number(_) | Value::Bool(_) if kept.contains(&name) => value.clone(),
        _ => inner(value, kept, depth - 1),
    }
}

/// One word of printable ASCII, not too long, that is neither an address nor a number one could call.
fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let callable = digits.len() >= SHORTEST_NUMBER && digits.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= LONGEST_TEXT && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@') && !callable
}

/// The name of a member, as providers write them: what is not, may be somebody's.
fn is_name(text: &str) -> bool {
    text.len() <= LONGEST_TEXT && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_known_to_be_harmless_stays() {
        let event = json!({
            "id": "e-1", "secret_token": "s", "status": "Ahmad Al-Harbi", "amount": 100,
            "data": {"source": {"type": "creditcard", "name": "A B", "number": "4111", "mobile": 966500000000u64}},
            "list": [{"id": "e-2", "name": "x"}, "0500000000"],
            "اسم": "x",
        });
        let expected = json!({
            "id": "e-1", "secret_token": "[redacted]", "status": "[redacted]", "amount": 100,
            "data": {"source": {"type": "creditcard", "name": "[redacted]", "number": "[redacted]", "mobile": "[redacted]"}},
            "list": [{"id": "e-2", "name": "[redacted]"}, "[redacted]"],
        });
        assert_eq!(redact(&event, &["id", "status", "amount", "type"]), expected);
    }

    #[test]
    fn what_is_nested_too_deep_is_taken_out_whole() {
        let mut event = json!({"id": "x"});
        for _ in 0..100 {
            event = json!({"deeper": event});
        }
        assert!(redact(&event, &["id"]).to_string().len() < 200);
    }
}
