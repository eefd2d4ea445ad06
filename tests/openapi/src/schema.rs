//! Holds a value against one of the document's schemas.
//!
//! The document uses a small part of JSON Schema 2020-12, and this knows that part and no more: a keyword that is not known is an error of
//! the schema, so that nothing in the document is left unchecked. A library that knows all of it would bring thirty crates along.

use std::fmt::Write as _;

use domain::moment::{Day, Moment};
use regex_lite::Regex;
use serde_json::{Map, Value};
use url::Url;

use crate::{members, resolve};

/// All that the value does wrong by the schema, each with its place.
pub fn errors(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut check = Check { document, errors: Vec::new(), open: true };
    check.value(schema, value, "");
    check.errors
}

/// The same, and members that the schema does not name are wrong too: what is answered is told.
pub fn errors_and_surprises(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut check = Check { document, errors: Vec::new(), open: false };
    check.value(schema, value, "");
    check.errors
}

struct Check<'a> {
    document: &'a Value,
    errors: Vec<String>,
    /// Whether an object may have members that its schema does not name.
    open: bool,
}

impl Check<'_> {
    fn wrong(&mut self, at: &str, why: impl std::fmt::Display) {
        self.errors.push(format!("{why} at {at:?}"));
    }

    fn value(&mut self, schema: &Value, value: &Value, at: &str) {
        for (keyword, expected) in members(schema) {
            match keyword.as_str() {
                "description" | "examples" | "default" | "required" | "additionalProperties" => {}
                "$ref" => self.value(resolve(self.document, schema), value, at),
                "oneOf" => self.one_of(expected, value, at),
                "type" => self.kind(expected, value, at),
                "const" if value != expected => self.wrong(at, format!("{value} is not {expected}")),
                "enum" if !list(expected).contains(value) => self.wrong(at, format!("{value} is none of {expected}")),
                "const" | "enum" => {}
                "pattern" | "format" | "minLength" | "maxLength" => self.text(keyword, expected, value, at),
                "minimum" | "maximum" => self.number(keyword, expected, value, at),
                "items" | "minItems" | "maxItems" => self.array(keyword, expected, value, at),
                "properties" => self.object(schema, value, at),
                unknown => self.wrong(at, format!("the schema has a keyword that is not known, {unknown},")),
            }
        }
    }

    fn one_of(&mut self, schemas: &Value, value: &Value, at: &str) {
        let fitting = list(schemas).iter().filter(|schema| errors(self.document, schema, value).is_empty()).count();
        if fitting != 1 {
            self.wrong(at, format!("{value} fits {fitting} schemas of {schemas}"));
        }
    }

    fn kind(&mut self, expected: &Value, value: &Value, at: &str) {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if expected != kind && !list(expected).iter().any(|expected| expected == kind) {
            self.wrong(at, format!("{value} is no {expected}"));
        }
    }

    fn text(&mut self, keyword: &str, expected: &Value, value: &Value, at: &str) {
        let Value::String(text) = value else { return };
        let chars = text.chars().count() as u64;
        let fits = match (keyword, expected.as_str(), expected.as_u64()) {
            ("pattern", Some(pattern), _) => Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text)),
            ("format", Some("date-time"), _) => text.parse::<Moment>().is_ok(),
            ("format", Some("date"), _) => text.parse::<Day>().is_ok(),
            ("format", Some("uri"), _) => Url::parse(text).is_ok(),
            ("minLength", _, Some(least)) => chars >= least,
            ("maxLength", _, Some(most)) => chars <= most,
            _ => false,
        };
        if !fits {
            self.wrong(at, format!("{text:?} is not of {keyword} {expected}"));
        }
    }

    fn number(&mut self, keyword: &str, expected: &Value, value: &Value, at: &str) {
        let (Some(number), Some(bound)) = (value.as_i64(), expected.as_i64()) else { return };
        if (keyword == "minimum" && number < bound) || (keyword == "maximum" && number > bound) {
            self.wrong(at, format!("{number} is beyond the {keyword} {bound}"));
        }
    }

    fn array(&mut self, keyword: &str, expected: &Value, value: &Value, at: &str) {
        let Value::Array(elements) = value else { return };
        match (keyword, expected.as_u64()) {
            ("minItems", Some(least)) if (elements.len() as u64) < least => self.wrong(at, "too few"),
            ("maxItems", Some(most)) if elements.len() as u64 > most => self.wrong(at, "too many"),
            ("items", None) => {
                for (place, element) in elements.iter().enumerate() {
                    self.value(expected, element, &format!("{at}/{place}"));
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, schema: &Value, value: &Value, at: &str) {
        let Value::Object(object) = value else { return };
        for name in list(&schema["required"]).iter().filter_map(Value::as_str).filter(|name| !object.contains_key(*name)) {
            self.wrong(at, format!("{name} is missing"));
        }
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        let closed = schema["additionalProperties"] == false || !self.open;
        for (name, member) in object {
            match properties.get(name) {
                Some(schema) => self.value(schema, member, &format!("{at}/{name}")),
                None if closed => self.wrong(at, format!("{name} is not described")),
                None => {}
            }
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The form of a value: the names of its members and the types of what they hold, in one text; lists by the forms of what is in them.
pub fn form(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "text".to_owned(),
        Value::Array(elements) => {
            let mut forms: Vec<String> = elements.iter().map(form).collect();
            forms.sort();
            forms.dedup();
            format!("[{}]", forms.join("|"))
        }
        Value::Object(members) => form_of_object(members),
    }
}

fn form_of_object(members: &Map<String, Value>) -> String {
    let mut text = String::from("{");
    for (name, member) in members {
        let _ = write!(text, "{name}:{},", form(member));
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_keyword_refuses_what_it_should() {
        let document = json!({"components": {"schemas": {"Code": {"type": "string", "enum": ["a", "b"]}}}});
        let code = json!({"$ref": "#/components/schemas/Code"});
        let object = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}});
        let closed = json!({"type": "object", "properties": {"a": code}, "additionalProperties": false});
        let table = [
            (code.clone(), json!("a"), json!("c")),
            (json!({"type": ["string", "null"]}), json!(null), json!(1)),
            (json!({"type": "integer", "minimum": 1, "maximum": 3}), json!(3), json!(4)),
            (json!({"type": "integer"}), json!(3), json!(3.5)),
            (json!({"type": "string", "pattern": "^[0-9]+$"}), json!("12"), json!("1x")),
            (json!({"type": "string", "format": "date"}), json!("2026-11-24"), json!("2026-02-30")),
            (json!({"type": "string", "format": "date-time"}), json!("2026-11-24T00:00:00Z"), json!("2026-11-24")),
            (json!({"type": "string", "format": "uri"}), json!("urn:a:b"), json!("a b")),
            (json!({"type": "string", "minLength": 2, "maxLength": 3}), json!("abc"), json!("a")),
            (json!({"type": "array", "items": code, "minItems": 1}), json!(["a"]), json!(["a", "c"])),
            (json!({"type": "array", "maxItems": 1}), json!([1]), json!([1, 2])),
            (object.clone(), json!({"a": 1, "b": 2}), json!({"b": 2})),
            (closed, json!({"a": "a"}), json!({"b": 1})),
            (json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}), json!(1), json!(true)),
            (json!({"const": "SAR"}), json!("SAR"), json!("USD")),
        ];
        for (schema, right, wrong) in table {
            assert_eq!(errors(&document, &schema, &right), Vec::<String>::new(), "{schema}");
            assert_ne!(errors(&document, &schema, &wrong), Vec::<String>::new(), "{schema}");
        }
        assert_ne!(errors(&document, &json!({"if": {}}), &json!(1)), Vec::<String>::new(), "an unknown keyword");
        assert_ne!(errors_and_surprises(&document, &object, &json!({"a": 1, "b": 2})), Vec::<String>::new());
    }

    #[test]
    fn forms_tell_members_and_types_and_not_values() {
        assert_eq!(form(&json!({"a": [1, 2], "b": "x"})), form(&json!({"b": "y", "a": [3]})));
        assert_ne!(form(&json!({"a": null})), form(&json!({"a": 1})));
    }
}
