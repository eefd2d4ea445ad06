//! The beginning of an event whose end was lost on its way.

use serde_json::Value;

/// The deepest nesting that is followed; documented events have three levels.
const DEEPEST: usize = 32;

/// What stands whole in the beginning of something like JSON: cut back to the end of the last member or element, and closed. None where that is no JSON either.
pub(super) fn beginning(body: &[u8]) -> Option<Value> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(body.get(..error.valid_up_to())?).ok()?,
    };
    let (end, closers) = last_whole(text)?;
    serde_json::from_str(&format!("{}{closers}", text.get(..end)?)).ok()
}

/// Where the last member or element that is whole ends, and what closes everything that is open there.
fn last_whole(text: &str) -> Option<(usize, String)> {
    let (mut open, mut whole) = (String::new(), None);
    let (mut in_text, mut is_escaped) = (false, false);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' if open.len() == DEEPEST => break,
            b'{' => open.push('}'),
            b'[' => open.push(']'),
            b',' => whole = Some((place, open.clone())),
            b'}' | b']' => {
                open.pop();
                whole = Some((place + 1, open.clone()));
            }
            _ => {}
        }
    }
    whole.map(|(end, open)| (end, open.chars().rev().collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_whole_is_read_and_nothing_else() {
        let table = [
            (r#"{"a": 1, "b": 2"#, Some(json!({"a": 1}))),
            (r#"{"a": 1, "b": {"c": [1, {"d": "x,}", "e": "y"#, Some(json!({"a": 1, "b": {"c": [1, {"d": "x,}"}]}}))),
            (r#"{"a": {"b": 1}"#, Some(json!({"a": {"b": 1}}))),
            (r#"{"a": [1, 2]"#, Some(json!({"a": [1, 2]}))),
            (r#"{"a": "\"", "b""#, Some(json!({"a": "\""}))),
            (r#"{"a": 1}"#, Some(json!({"a": 1}))),
            (r#"{"a": 1"#, None),
            (r#"{"a": 1]], "b": 2"#, None),
            ("", None),
            ("]", None),
        ];
        for (text, expected) in table {
            assert_eq!(beginning(text.as_bytes()), expected, "{text}");
        }
        let event = r#"{"name": "أحمد", "id": 1, "end": 2}"#.as_bytes();
        assert_eq!(beginning(&event[..12]), None);
        assert_eq!(beginning(&event[..28]), Some(json!({"name": "أحمد"})));
        assert_eq!(beginning(&[event, b"\xff"].concat()), Some(json!({"name": "أحمد", "id": 1, "end": 2})));
    }

    #[test]
    fn what_is_nested_without_end_is_followed_to_the_deepest() {
        let deep = format!("{{\"a\": 1, \"b\": {}", "[".repeat(200_000));
        assert_eq!(beginning(deep.as_bytes()), Some(json!({"a": 1})));
    }
}
