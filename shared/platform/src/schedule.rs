//! What a schedule sends: the time that it was for, or from an operator's hand a day.

use domain::moment::{Day, Moment};
use serde::Deserialize;
use serde_json::Value;

/// An event does not say which day it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it names neither a day nor a time: {0}")]
pub struct EventError(String);

#[derive(Deserialize)]
struct Asked {
    day: Option<Day>,
    time: Option<String>,
}

/// The day that an event is about: `{"time": "2026-11-23T21:00:00Z"}` is about the last day in Riyadh that was over then,
/// `{"day": "2026-11-23"}` about that day.
///
/// # Errors
/// When it names none.
pub fn day(event: Value) -> Result<Day, EventError> {
    let is_object = event.is_object();
    let asked: Asked = serde_json::from_value(event).map_err(|error| EventError(error.to_string()))?;
    // A list of the two would be read as well.
    if !is_object {
        return Err(EventError("no object".to_owned()));
    }
    match (asked.day, asked.time) {
        (Some(day), _) => Ok(day),
        (None, Some(time)) => {
            let time: Moment = time.parse().map_err(|_| EventError("the time is not RFC 3339".to_owned()))?;
            Ok(time.day().previous())
        }
        (None, None) => Err(EventError("both are missing".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn the_event_names_the_day_that_ended() {
        let day = |event: Value| day(event).map(|day| day.to_string()).map_err(|error| error.to_string());
        assert_eq!(day(json!({"time": "2026-11-23T21:00:00Z"})).unwrap(), "2026-11-23");
        assert_eq!(day(json!({"time": "2026-11-23T20:59:59Z"})).unwrap(), "2026-11-22");
        assert_eq!(day(json!({"day": "2026-11-01"})).unwrap(), "2026-11-01");
        for bad in [json!({}), json!(["2026-11-01", null]), json!({"time": "yesterday"}), json!({"day": 3}), json!([])] {
            assert!(day(bad.clone()).is_err(), "{bad}");
        }
    }
}
