//! The description of the API, taken apart for the tests that hold it against the functions.
//!
//! An example is known by its name. What the request of an example is stands in the examples of that name in the operation's parameters and
//! body; what it is answered, in the example of that name in one of the operation's responses, whose status is the expected one. An
//! example that has an answer only (`busy`, `without_a_token`) is the operation's first request, made on another scene.

pub mod schema;

use std::collections::BTreeMap;

use serde_json::Value;

/// The methods that a path can have operations for.
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// The description as it is served.
///
/// # Panics
/// When it is no JSON.
pub fn document() -> Value {
    serde_json::from_str(catalogue::OPENAPI).expect("the description is JSON")
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its route, as the gateway names it.
    pub route: String,
    /// What is said of it.
    pub told: Value,
}

/// What an example asks for, and how it is answered.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its name.
    pub name: String,
    /// Parameters by where they stand (`path`, `query`, `header`) and name.
    pub parameters: BTreeMap<(String, String), Value>,
    /// The body.
    pub body: Option<Value>,
    /// The media type of the body, where the document tells of one.
    pub media: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// The media type and the answer, where there is one.
    pub answer: Option<(String, Value)>,
}

/// Every operation of the document.
pub fn operations(document: &Value) -> Vec<Operation> {
    let paths = members(&document["paths"]);
    let of_path = |(path, item): (&String, &Value)| {
        let methods = METHODS.into_iter().filter_map(|method| Some((method, item.get(method)?.clone())));
        let made = methods.map(|(method, told)| Operation { route: format!("{} {path}", method.to_uppercase()), told });
        made.collect::<Vec<_>>()
    };
    paths.flat_map(of_path).collect()
}

impl Operation {
    /// Its parameters, references followed.
    pub fn parameters<'a>(&'a self, document: &'a Value) -> Vec<&'a Value> {
        let list = self.told["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|parameter| resolve(document, parameter)).collect()
    }

    /// Its examples that the functions are asked, the first request first. What the gateway answers by itself is left out.
    pub fn examples(&self, document: &Value) -> Vec<Example> {
        let mut found: Vec<Example> = Vec::new();
        for (status, response) in members(&self.told["responses"]) {
            let status = status.parse().expect("a response has a status");
            for (name, answer) in answers(response) {
                let (parameters, sent) = self.request(document, &name);
                let (media, body) = sent.unzip();
                found.push(Example { name, parameters, body, media, status, answer });
            }
        }
        let first = found.first().cloned();
        for example in found.iter_mut().filter(|example| example.is_bare()) {
            let first = first.as_ref().expect("an operation has an example");
            (example.parameters, example.body) = (first.parameters.clone(), first.body.clone());
            example.media = first.media.clone();
        }
        found
    }

    /// Parameters of the example of that name, and its body with its media type.
    #[expect(clippy::type_complexity, reason = "the parts of an example")]
    fn request(&self, document: &Value, name: &str) -> (BTreeMap<(String, String), Value>, Option<(String, Value)>) {
        let mut parameters = BTreeMap::new();
        for parameter in self.parameters(document) {
            let key = (text(&parameter["in"]), text(&parameter["name"]));
            if let Some(value) = parameter["examples"].get(name).map(|example| &example["value"]) {
                parameters.insert(key, value.clone());
            } else if let Some(value) = parameter.get("example") {
                parameters.insert(key, value.clone());
            }
        }
        let kinds = members(&self.told["requestBody"]["content"]);
        let sent =
            kinds.filter_map(|(media, content)| Some((media.clone(), content["examples"].get(name)?["value"].clone())));
        (parameters, sent.last())
    }
}

impl Example {
    /// Whether nothing of a request is told.
    fn is_bare(&self) -> bool {
        self.body.is_none() && self.parameters.keys().all(|(_, name)| name == "Accept-Language")
    }
}

/// The named answers of a response: in its content, or, where it has none, in the examples of its headers.
fn answers(response: &Value) -> Vec<(String, Option<(String, Value)>)> {
    let mut found = Vec::new();
    for (media, content) in members(&response["content"]) {
        let is_gateways = content["schema"]["$ref"] == "#/components/schemas/GatewayMessage";
        for (name, example) in members(&content["examples"]).filter(|_| !is_gateways) {
            found.push((name.clone(), Some((media.clone(), example["value"].clone()))));
        }
    }
    if found.is_empty() {
        let headers = members(&response["headers"]);
        found.extend(headers.flat_map(|(_, header)| members(&header["examples"])).map(|(name, _)| (name.clone(), None)));
    }
    found
}

/// What a reference names, or the thing itself.
///
/// # Panics
/// When it names nothing.
pub fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("references stay within the document");
            document.pointer(pointer).unwrap_or_else(|| panic!("{reference} names nothing"))
        }
        None => value,
    }
}

/// The members of an object; none of anything else.
pub fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
