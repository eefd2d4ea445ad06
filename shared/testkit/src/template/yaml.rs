//! YAML to JSON, with CloudFormation's short tags in their long form: `!Ref x` is `{"Ref": "x"}`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};
use serde_saphyr::Tagged;

use super::TemplateError;

/// Reads a template.
pub(super) fn parse(text: &str) -> Result<Value, TemplateError> {
    // Else the attribute type `N` would read as "no".
    let options = serde_saphyr::options! { strict_booleans: true };
    let node: Node =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| TemplateError::Yaml(error.to_string()))?;
    Ok(node.0)
}

/// A value with its tag resolved.
struct Node(Value);

/// A value without regard to its own tag.
struct Body(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(Body(value), tag) = Tagged::deserialize(deserializer)?;
        Ok(Self(match tag.as_deref().and_then(|tag| tag.strip_prefix('!')) {
            None | Some("") => value,
            Some(name @ ("Ref" | "Condition")) => json!({ name: value }),
            Some("GetAtt") => json!({ "Fn::GetAtt": attribute_path(value) }),
            Some(name) => json!({ format!("Fn::{name}"): value }),
        }))
    }
}

/// `!GetAtt A.b` in the form of a list.
fn attribute_path(value: Value) -> Value {
    match value.as_str().and_then(|path| path.split_once('.')) {
        Some((resource, attribute)) => json!([resource, attribute]),
        None => value,
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor).map(Body)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Node::deserialize(deserializer).map(|node| node.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Node(value)) = sequence.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some((name, Node(value))) = map.next_entry::<String, Node>()? {
            values.insert(name, value);
        }
        Ok(values.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn short_tags_become_long() {
        let text =
            "a: !Ref Table\nb: !GetAtt Queue.Arn\nc: !Sub \"${A}-x\"\nd: !If [Yes, [1], !Ref AWS::NoValue]\ne: {Ref: T}\n";
        let expected = json!({
            "a": {"Ref": "Table"},
            "b": {"Fn::GetAtt": ["Queue", "Arn"]},
            "c": {"Fn::Sub": "${A}-x"},
            "d": {"Fn::If": ["Yes", [1], {"Ref": "AWS::NoValue"}]},
            "e": {"Ref": "T"},
        });
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn scalars_keep_their_kind() {
        let text = "a: 10\nb: \"10\"\nc: true\nd:\ne: text\nf: !!str 5\n";
        let expected = json!({ "a": 10, "b": "10", "c": true, "d": null, "e": "text", "f": "5" });
        assert_eq!(parse(text).unwrap(), expected);
    }
}
