//! `infra/template.yaml` as it stands, without evaluating anything: references are compared, not resolved.

use serde_json::{Map, Value};

/// The template.
#[derive(Debug)]
pub struct Template {
    /// The whole document.
    pub document: Value,
}

/// One resource.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    /// Its logical id.
    pub id: &'a str,
    /// Its type, e.g. `AWS::SQS::Queue`.
    pub kind: &'a str,
    /// Its properties.
    pub properties: &'a Value,
}

/// Reads the template.
pub fn template() -> Template {
    let text = crate::read("infra/template.yaml");
    Template { document: serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("infra/template.yaml: {error}")) }
}

impl Template {
    /// All resources of a type.
    pub fn of_kind<'a>(&'a self, kind: &str) -> Vec<Resource<'a>> {
        self.resources().into_iter().filter(|resource| resource.kind == kind).collect()
    }

    /// All resources.
    pub fn resources<'a>(&'a self) -> Vec<Resource<'a>> {
        let resources = self.document["Resources"].as_object().expect("a template has resources");
        let made = |(id, value): (&'a String, &'a Value)| Resource {
            id,
            kind: value["Type"].as_str().expect("a resource has a type"),
            properties: &value["Properties"],
        };
        resources.iter().map(made).collect()
    }

    /// The resource with this logical id.
    pub fn get(&self, id: &str) -> Option<Resource<'_>> {
        self.resources().into_iter().find(|resource| resource.id == id)
    }

    /// The functions.
    pub fn functions(&self) -> Vec<Resource<'_>> {
        self.of_kind("AWS::Serverless::Function")
    }

    /// The function whose code lies in this folder of `functions/`.
    pub fn function(&self, folder: &str) -> Option<Resource<'_>> {
        self.functions().into_iter().find(|function| function.folder() == folder)
    }
}

impl<'a> Resource<'a> {
    /// A property by its path: `at("/RedrivePolicy/maxReceiveCount")`; null when it is not there.
    pub fn at(&self, path: &str) -> &'a Value {
        self.properties.pointer(path).unwrap_or(&Value::Null)
    }

    /// A whole number by its path.
    pub fn number(&self, path: &str) -> Option<u64> {
        self.at(path).as_u64()
    }

    /// A function's folder in `functions/`, as its package is named.
    pub fn folder(&self) -> &'a str {
        let file = self.at("/CodeUri").as_str().and_then(|path| path.rsplit('/').next());
        file.and_then(|file| file.strip_suffix(".zip")).unwrap_or_default()
    }

    /// A function's environment.
    pub fn environment(&self) -> Option<&'a Map<String, Value>> {
        self.at("/Environment/Variables").as_object()
    }
}

/// The logical id that a `Ref`, `Fn::GetAtt` or one-name `Fn::Sub` names.
pub fn target(value: &Value) -> Option<&str> {
    let object = value.as_object()?;
    if let Some(name) = object.get("Ref") {
        return name.as_str();
    }
    if let Some(path) = object.get("Fn::GetAtt") {
        return path[0].as_str();
    }
    let text = object.get("Fn::Sub")?.as_str()?;
    let name = text.split_once("${")?.1.split_once('}')?.0;
    name.split('.').next()
}

/// A value that may be one or a list, as a list.
pub fn as_list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => Vec::new(),
        value => vec![value],
    }
}
