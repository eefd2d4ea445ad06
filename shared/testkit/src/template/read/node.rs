//! A resource of the template, read property by property.

use serde_json::Value;

use super::super::TemplateError;
use super::super::evaluate::{Evaluator, scalar_text};

type Result<T> = std::result::Result<T, TemplateError>;

/// A resource being read.
pub(super) struct Node<'a> {
    pub evaluator: &'a Evaluator<'a>,
    pub logical_id: &'a str,
    pub body: &'a Value,
}

pub(super) fn resources<'a>(evaluator: &'a Evaluator<'a>) -> Result<Vec<Node<'a>>> {
    let all = evaluator.template["Resources"].as_object();
    let all = all.ok_or_else(|| TemplateError::at("Resources", "there are none"))?;
    let mut made = Vec::new();
    for (logical_id, body) in all {
        if evaluator.is_made(body, &format!("Resources.{logical_id}"))? {
            made.push(Node { evaluator, logical_id, body });
        }
    }
    Ok(made)
}

pub(super) fn node<'a>(evaluator: &'a Evaluator<'a>, logical_id: &str) -> Option<Node<'a>> {
    let (logical_id, body) = evaluator.template["Resources"].as_object()?.get_key_value(logical_id)?;
    Some(Node { evaluator, logical_id, body })
}

impl Node<'_> {
    pub fn kind(&self) -> &str {
        self.body["Type"].as_str().unwrap_or_default()
    }

    pub fn place(&self, property: &str) -> String {
        format!("Resources.{}.Properties.{property}", self.logical_id)
    }

    pub fn problem(&self, property: &str, problem: &str) -> TemplateError {
        TemplateError::at(self.place(property).trim_end_matches('.'), problem)
    }

    pub fn optional(&self, property: &str) -> Result<Option<Value>> {
        match self.body["Properties"].get(property) {
            Some(value) => self.evaluator.resolve(value, &self.place(property)),
            None => Ok(None),
        }
    }

    pub fn required(&self, property: &str) -> Result<Value> {
        self.optional(property)?.ok_or_else(|| self.problem(property, "it is missing"))
    }

    pub fn text(&self, property: &str) -> Result<String> {
        scalar_text(&self.required(property)?).ok_or_else(|| self.problem(property, "expected a text"))
    }

    pub fn number(&self, property: &str) -> Result<Option<u32>> {
        let Some(value) = self.optional(property)? else { return Ok(None) };
        number(&value).map(Some).ok_or_else(|| self.problem(property, "expected a whole number"))
    }

    pub fn reference(&self) -> Result<String> {
        self.evaluator.text(&serde_json::json!({ "Ref": self.logical_id }), self.logical_id)
    }

    pub fn attribute(&self, name: &str) -> Result<String> {
        self.evaluator.text(&serde_json::json!({ "Fn::GetAtt": [self.logical_id, name] }), self.logical_id)
    }

    /// A property of a function, or what all functions have.
    pub fn of_function(&self, property: &str) -> Result<Option<Value>> {
        let own = self.optional(property)?;
        let Some(global) = self.evaluator.template["Globals"]["Function"].get(property) else { return Ok(own) };
        Ok(own.or(self.evaluator.resolve(global, &format!("Globals.Function.{property}"))?))
    }
}

pub(super) fn number(value: &Value) -> Option<u32> {
    scalar_text(value)?.parse().ok()
}
