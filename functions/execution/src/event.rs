//! What the schedule sends: the time that it was for; or from an operator's hand the offering that is to be looked at.

use domain::id::OpportunityId;
use domain::moment::Moment;
use serde::Deserialize;
use serde_json::Value;

/// An event says nothing that can be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither a time nor an offering: {0}")]
pub struct EventError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    offering: Option<OpportunityId>,
}

/// The one offering that an event is about; none where it is about all of them. What time it is, is the function's own business: an event that comes late is as good as one that does not.
///
/// # Errors
/// When it cannot be read.
pub fn offering(event: Value) -> Result<Option<OpportunityId>, EventError> {
    let is_object = event.is_object();
    let asked: Asked = serde_json::from_value(event).map_err(|error| EventError(error.to_string()))?;
    // A list of the two would be read as well.
    if !is_object {
        return Err(EventError("no object".to_owned()));
    }
    let is_time = asked.time.as_ref().is_none_or(|time| time.parse::<Moment>().is_ok());
    match (asked.offering, asked.time) {
        (_, _) if !is_time => Err(EventError("the time is not RFC 3339".to_owned())),
        (None, None) => Err(EventError("both are missing".to_owned())),
        (offering, _) => Ok(offering),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn the_clock_asks_for_all_and_a_person_for_one() {
        assert_eq!(offering(json!({"time": "2027-05-16T00:15:00Z"})), Ok(None));
        assert_eq!(offering(json!({"offering": "camel-makkah"})), Ok(Some("camel-makkah".parse().unwrap())));
        for bad in [
            json!({}),
            json!([]),
            json!([null, "camel-makkah"]),
            json!(null),
            json!({"time": "now"}),
            json!({"offering": "../x"}),
            json!({"day": "1448"}),
        ] {
            assert!(offering(bad.clone()).is_err(), "{bad}");
        }
    }
}
