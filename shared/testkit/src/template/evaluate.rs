//! Intrinsic functions, resolved where a property is read.

mod resource;

use serde_json::{Map, Value};

use super::{Inputs, TemplateError};
use crate::cloud::REGION;
use crate::sqs::ACCOUNT;
use resource::Resource;

type Result<T> = std::result::Result<T, TemplateError>;

/// A template and what it leaves open.
pub(super) struct Evaluator<'a> {
    pub template: &'a Value,
    pub inputs: &'a Inputs,
}

impl Evaluator<'_> {
    /// Resolves a value and all in it. `None` is `AWS::NoValue`: the property is to be taken as absent.
    pub fn resolve(&self, value: &Value, place: &str) -> Result<Option<Value>> {
        match value {
            Value::Object(map) => match intrinsic(map) {
                Some((name, argument)) => self.call(name, argument, &format!("{place}.{name}")),
                None => self.resolve_map(map, place).map(Some),
            },
            Value::Array(values) => {
                let each = values.iter().enumerate();
                let resolved = each.map(|(index, value)| self.resolve(value, &format!("{place}[{index}]")));
                let resolved: Vec<Option<Value>> = resolved.collect::<Result<_>>()?;
                Ok(Some(resolved.into_iter().flatten().collect()))
            }
            scalar => Ok(Some(scalar.clone())),
        }
    }

    fn resolve_map(&self, map: &Map<String, Value>, place: &str) -> Result<Value> {
        let mut resolved = Map::new();
        for (name, value) in map {
            if let Some(value) = self.resolve(value, &format!("{place}.{name}"))? {
                resolved.insert(name.clone(), value);
            }
        }
        Ok(resolved.into())
    }

    fn call(&self, name: &str, argument: &Value, place: &str) -> Result<Option<Value>> {
        match name {
            "Ref" => self.reference(string(argument, place)?, place),
            "Fn::GetAtt" => self.attribute(argument, place).map(|text| Some(text.into())),
            "Fn::Sub" => self.substitute(argument, place).map(|text| Some(text.into())),
            "Fn::Join" => self.join(argument, place).map(|text| Some(text.into())),
            "Fn::If" => {
                let [condition, then, otherwise] = list(argument, place)?;
                let holds = self.condition(string(condition, place)?, place)?;
                self.resolve(if holds { then } else { otherwise }, place)
            }
            _ => Err(TemplateError::at(place, "this intrinsic function is not supported")),
        }
    }

    fn reference(&self, name: &str, place: &str) -> Result<Option<Value>> {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        self.name(name, place).map(|text| Some(text.into()))
    }

    /// What `Ref` gives for a pseudo parameter, a parameter or a resource.
    fn name(&self, name: &str, place: &str) -> Result<String> {
        match name {
            "AWS::StackName" => return Ok(self.inputs.stack_name.clone()),
            "AWS::Region" => return Ok(REGION.to_owned()),
            "AWS::AccountId" => return Ok(ACCOUNT.to_owned()),
            "AWS::Partition" => return Ok("aws".to_owned()),
            "AWS::URLSuffix" => return Ok("amazonaws.com".to_owned()),
            _ => {}
        }
        if let Some(parameter) = self.template["Parameters"].get(name) {
            return self.parameter(name, parameter, place);
        }
        self.resource(name, place)?.reference(self)
    }

    fn parameter(&self, name: &str, parameter: &Value, place: &str) -> Result<String> {
        let given = self.inputs.parameters.get(name).cloned();
        let value = given.or_else(|| scalar_text(&parameter["Default"]));
        value.ok_or_else(|| TemplateError::at(place, format!("the parameter {name} has no value and no default")))
    }

    fn attribute(&self, argument: &Value, place: &str) -> Result<String> {
        let (resource, attribute) = match argument {
            Value::String(path) => path.split_once('.').unwrap_or((path, "")),
            argument => {
                let [resource, attribute] = list(argument, place)?;
                (string(resource, place)?, string(attribute, place)?)
            }
        };
        self.resource(resource, place)?.attribute(self, attribute, place)
    }

    fn substitute(&self, argument: &Value, place: &str) -> Result<String> {
        let (text, values) = match argument {
            Value::String(text) => (text.as_str(), None),
            argument => {
                let [text, values] = list(argument, place)?;
                (string(text, place)?, values.as_object())
            }
        };
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                return Err(TemplateError::at(place, "a ${ is not closed"));
            };
            result.push_str(before);
            result.push_str(&self.placeholder(name, values, place)?);
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn placeholder(&self, name: &str, values: Option<&Map<String, Value>>, place: &str) -> Result<String> {
        if let Some(literal) = name.strip_prefix('!') {
            return Ok(format!("${{{literal}}}"));
        }
        if let Some(value) = values.and_then(|values| values.get(name)) {
            return self.text(value, place);
        }
        match name.split_once('.') {
            Some((resource, attribute)) => self.resource(resource, place)?.attribute(self, attribute, place),
            None => self.name(name, place),
        }
    }

    fn join(&self, argument: &Value, place: &str) -> Result<String> {
        let [separator, parts] = list(argument, place)?;
        let resolved = self.resolve(parts, place)?;
        let parts = resolved.as_ref().and_then(Value::as_array);
        let parts = parts.ok_or_else(|| TemplateError::at(place, "expected a list of texts"))?;
        let texts: Vec<String> = parts.iter().map(|part| self.text(part, place)).collect::<Result<_>>()?;
        Ok(texts.join(string(separator, place)?))
    }

    /// Resolves to a text; numbers and booleans are written out.
    pub fn text(&self, value: &Value, place: &str) -> Result<String> {
        let resolved = self.resolve(value, place)?;
        let text = resolved.as_ref().and_then(scalar_text);
        text.ok_or_else(|| TemplateError::at(place, "expected a text"))
    }

    /// Whether a named condition holds.
    fn condition(&self, name: &str, place: &str) -> Result<bool> {
        match self.template["Conditions"].get(name) {
            Some(condition) => self.holds(condition, &format!("Conditions.{name}")),
            None => Err(TemplateError::at(place, format!("there is no condition {name}"))),
        }
    }

    fn holds(&self, condition: &Value, place: &str) -> Result<bool> {
        let unsupported = || TemplateError::at(place, "this condition is not supported");
        let (name, argument) = condition.as_object().and_then(intrinsic).ok_or_else(unsupported)?;
        let all = || argument.as_array().ok_or_else(unsupported);
        match name {
            "Condition" => self.condition(string(argument, place)?, place),
            "Fn::Equals" => {
                let [one, other] = list(argument, place)?;
                Ok(self.text(one, place)? == self.text(other, place)?)
            }
            "Fn::Not" => {
                let [condition] = list(argument, place)?;
                Ok(!self.holds(condition, place)?)
            }
            "Fn::And" => all()?.iter().try_fold(true, |sofar, each| Ok(sofar && self.holds(each, place)?)),
            "Fn::Or" => all()?.iter().try_fold(false, |sofar, each| Ok(sofar || self.holds(each, place)?)),
            _ => Err(unsupported()),
        }
    }

    /// Whether a resource is to be made, by its `Condition`.
    pub fn is_made(&self, resource: &Value, place: &str) -> Result<bool> {
        match resource["Condition"].as_str() {
            Some(name) => self.condition(name, place),
            None => Ok(true),
        }
    }

    fn resource<'b>(&'b self, name: &'b str, place: &str) -> Result<Resource<'b>> {
        match self.template["Resources"].get(name) {
            Some(body) => Ok(Resource { logical_id: name, body }),
            None => Err(TemplateError::at(place, format!("there is no parameter or resource {name}"))),
        }
    }
}

/// The one member of a map, if it is an intrinsic function.
fn intrinsic(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut members = map.iter();
    let (Some((name, argument)), None) = (members.next(), members.next()) else { return None };
    (name == "Ref" || name == "Condition" && argument.is_string() || name.starts_with("Fn::"))
        .then_some((name.as_str(), argument))
}

fn string<'a>(value: &'a Value, place: &str) -> Result<&'a str> {
    value.as_str().ok_or_else(|| TemplateError::at(place, "expected a text"))
}

fn list<'a, const N: usize>(value: &'a Value, place: &str) -> Result<&'a [Value; N]> {
    let values = value.as_array().and_then(|values| values.as_array());
    values.ok_or_else(|| TemplateError::at(place, format!("expected a list of {N}")))
}

/// A scalar as CloudFormation passes it on: as text.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
