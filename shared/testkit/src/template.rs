//! `infra/template.yaml`, read into what the local cloud runs.
//!
//! Promise: the deployment's template is the only description of tables, queues, schedules, routes and functions'
//! environments; nothing of it is repeated for the local cloud. [`Stack::parse`] reads it, [`create`] makes it.
//!
//! Shape: the YAML becomes JSON with short tags (`!Ref`) in their long form; a small evaluator resolves `Ref`, `Fn::GetAtt`,
//! `Fn::Sub`, `Fn::Join`, `Fn::If` and conditions where a property is read; then names of resources are matched up.
//! A `Ref` gives the local thing: a queue's URL, a table's name, a key's alias.
//!
//! Bounds: the resource types that [`Stack`] has fields for; others are skipped, and can only be referred to. SAM's `Events`
//! are not read: the template spells mappings and routes out. Failure: anything unsupported or missing that is met is an
//! [`TemplateError`] naming the place, such as `Resources.Table.Properties.KeySchema`.

mod create;
mod evaluate;
mod read;
mod stack;
mod yaml;

pub use create::{CreateError, create};
pub use stack::{
    Attribute, Authorization, Bucket, Function, Index, Key, KeySchema, Mapping, Projection, Queue, Route, Schedule,
    ScheduleTarget, Stack, Table,
};

use std::collections::BTreeMap;

/// What the template leaves open.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// `AWS::StackName`, with which names of resources begin.
    pub stack_name: String,
    /// What queue URLs begin with, without a slash at the end.
    pub endpoint: String,
    /// Parameters, in place of their defaults.
    pub parameters: BTreeMap<String, String>,
}

/// The template says something that the local cloud cannot do, or lacks something.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is not YAML.
    #[error("the template is not valid YAML: {0}")]
    Yaml(String),
    /// Something at a place in it.
    #[error("the template's {place}: {problem}")]
    At {
        /// The place, as a path of names.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

impl TemplateError {
    fn at(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::At { place: place.into(), problem: problem.into() }
    }
}
