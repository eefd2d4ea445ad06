//! The steps of a run in words, and which of them matter.

use std::fmt;

use domain::moment::Moment;
use serde_json::Value;

/// The longest story that is told.
const LONGEST: usize = 60;
/// From this length on a word with a figure in it names something.
const SHORTEST_NAME: usize = 12;
/// The longest text of what a call is about.
const LONGEST_ABOUT: usize = 160;

/// One step: a call, or what somebody did outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    call: Option<u64>,
    at: i64,
    who: String,
    what: String,
    about: String,
    fault: Option<String>,
    body: String,
}

impl Step {
    pub(super) fn call(call: u64, at: i64, who: String, what: String, body: &[u8], fault: Option<&str>) -> Step {
        let about = about(body);
        let body = String::from_utf8_lossy(body).into_owned();
        Step { call: Some(call), at, who, what, about, fault: fault.map(str::to_owned), body }
    }

    pub(super) fn note(at: i64, who: &str, what: String) -> Step {
        Step { call: None, at, who: who.to_owned(), what, about: String::new(), fault: None, body: String::new() }
    }

    fn names(&self, name: &str) -> bool {
        self.body.contains(name) || self.what.contains(name)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = self.call.map_or("     -".to_owned(), |call| format!("{call:>6}"));
        write!(out, "{call}  {}  {:<17}  {}  {}", Moment::from_millis(self.at), self.who, self.what, self.about)?;
        match &self.fault {
            Some(fault) => write!(out, "  ** {fault} **"),
            None => Ok(()),
        }
    }
}

/// The last steps that matter to what is `wrong`: those with a fault, and those that are about what it names.
pub fn story(steps: &[Step], wrong: &[String]) -> Vec<String> {
    let names: Vec<&str> = wrong.iter().flat_map(|wrong| names(wrong)).collect();
    let matters = |step: &&Step| step.fault.is_some() || names.iter().any(|name| step.names(name));
    let mut told: Vec<String> = steps.iter().filter(matters).map(|step| step.to_string().trim_end().to_owned()).collect();
    told.drain(..told.len().saturating_sub(LONGEST));
    told
}

/// Words that look like an id.
fn names(sentence: &str) -> impl Iterator<Item = &str> {
    let words = sentence.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    words.filter(|word| word.len() >= SHORTEST_NAME && word.contains(|letter: char| letter.is_ascii_digit()))
}

/// The keys, the queue and the message that a body is about.
fn about(body: &[u8]) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let mut found = Vec::new();
    collect(&body, &mut found);
    found.dedup();
    let mut text = found.join(" ");
    if let Some((end, _)) = text.char_indices().nth(LONGEST_ABOUT) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(pk) = members.get("pk").and_then(|pk| pk["S"].as_str()) {
                let sk = members.get("sk").map(|sk| sk["S"].as_str().or(sk["N"].as_str()).unwrap_or_default());
                found.push(sk.map_or_else(|| pk.to_owned(), |sk| format!("{pk}/{sk}")));
                return;
            }
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("QueueUrl", Value::String(url)) => found.push(url.rsplit('/').next().unwrap_or_default().to_owned()),
                    ("MessageBody", Value::String(message)) => found.push(message.clone()),
                    ("ExpressionAttributeValues", Value::Object(values)) => {
                        let text = |value: &Value| value["S"].as_str().or(value["N"].as_str()).map(str::to_owned);
                        found.extend(values.values().filter_map(text).filter(|text| text.contains('#')));
                    }
                    _ => collect(member, found),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_has_what_is_named_and_what_went_wrong() {
        let step = |call, body: &str, fault| {
            Step::call(call, 0, "settlement".to_owned(), "GetItem".to_owned(), body.as_bytes(), fault)
        };
        let steps = [
            step(1, r#"{"Key": {"pk": {"S": "DON#abcabcabcab1"}, "sk": {"S": "DON"}}}"#, None),
            step(2, r#"{"Key": {"pk": {"S": "DON#abcabcabcab2"}}}"#, None),
            step(3, r#"{"QueueUrl": "http://q/1/payments"}"#, Some("throttled")),
        ];
        let told = story(&steps, &["donation abcabcabcab1 is odd".to_owned()]);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].ends_with("settlement         GetItem  DON#abcabcabcab1/DON"), "{told:?}");
        assert!(told[1].ends_with("payments  ** throttled **"), "{told:?}");
    }
}
