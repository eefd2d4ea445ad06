//! Bodies as the documents' `curl` examples send them: `amount=5000&source[type]=creditcard`.
//!
//! The content type decides, as at the real one: a client that sends JSON without saying so is read as a
//! form, and told that everything is missing.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// A body as JSON, whichever way it came. Of a type that is not understood, nothing is read.
pub(crate) fn as_json<'a>(content_type: Option<&str>, body: &'a [u8]) -> Cow<'a, [u8]> {
    let kind = content_type.map_or("application/x-www-form-urlencoded", |text| text.split(';').next().unwrap_or("").trim());
    match kind {
        "application/json" => Cow::Borrowed(body),
        "application/x-www-form-urlencoded" => Cow::Owned(Value::Object(fields(body)).to_string().into_bytes()),
        _ => Cow::Borrowed(b""),
    }
}

fn fields(body: &[u8]) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, text) in url::form_urlencoded::parse(body) {
        let nested = name.strip_suffix(']').and_then(|name| name.split_once('['));
        match nested {
            None => {
                let value = value(&name, &text);
                map.insert(name.into_owned(), value);
            }
            Some((outer, inner)) => {
                let inside = map.entry(outer).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(inside) = inside {
                    inside.insert(inner.to_owned(), value(inner, &text));
                }
            }
        }
    }
    map
}

/// Everything is text but what cannot be.
fn value(name: &str, text: &str) -> Value {
    match (name, text) {
        ("amount", digits) => digits.parse::<u64>().map_or_else(|_| Value::from(digits), Value::from),
        ("manual" | "3ds", "true") => Value::Bool(true),
        ("manual" | "3ds", "false") => Value::Bool(false),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms_are_read_as_in_the_documents() {
        let form = b"amount=5000&description=Order%20%231&source[type]=creditcard&source[manual]=true&metadata[a]=1";
        let expected = json!({"amount": 5000, "description": "Order #1", "source": {"type": "creditcard", "manual": true},
            "metadata": {"a": "1"}});
        for kind in
            [None, Some("application/x-www-form-urlencoded"), Some("application/x-www-form-urlencoded; charset=utf-8")]
        {
            let read: Value = serde_json::from_slice(&as_json(kind, form)).unwrap();
            assert_eq!(read, expected, "{kind:?}");
        }
    }

    #[test]
    fn the_content_type_decides() {
        let body = br#"{"amount": 5000}"#;
        assert_eq!(&*as_json(Some("application/json; charset=utf-8"), body), body);
        assert!(as_json(Some("text/plain"), body).is_empty());
        let as_form: Value = serde_json::from_slice(&as_json(None, body)).unwrap();
        assert_eq!(as_form.get("amount"), None);
    }
}
