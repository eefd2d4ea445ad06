//! What a schedule sends: its input with the context attributes filled in, or EventBridge Scheduler's default event.
//!
//! | attribute | becomes |
//! |---|---|
//! | `<aws.scheduler.schedule-arn>` | the schedule's ARN |
//! | `<aws.scheduler.scheduled-time>` | the time it was to fire at, `2022-03-22T18:59:43Z` |
//! | `<aws.scheduler.execution-id>` | a number for this attempt |
//! | `<aws.scheduler.attempt-number>` | which attempt it is, from 1 |

use jiff::Timestamp;
use serde_json::json;

/// One attempt at one time of one schedule.
#[derive(Debug, Clone)]
pub struct Occasion {
    arn: String,
    time: Timestamp,
    execution: String,
    attempt: u32,
}

impl Occasion {
    /// An attempt with an execution id of its own.
    pub fn new(arn: &str, time: Timestamp, attempt: u32) -> Self {
        let mut bytes = [0_u8; 8];
        if let Err(error) = getrandom::fill(&mut bytes) {
            tracing::warn!(%error, "no random execution id");
        }
        let execution = format!("{:016x}", u64::from_be_bytes(bytes));
        Self { arn: arn.to_owned(), time, execution, attempt }
    }

    /// The input to send.
    pub fn input(&self, template: Option<&str>) -> String {
        let Some(template) = template else { return self.default_event() };
        template
            .replace("<aws.scheduler.schedule-arn>", &self.arn)
            .replace("<aws.scheduler.scheduled-time>", &self.time.to_string())
            .replace("<aws.scheduler.execution-id>", &self.execution)
            .replace("<aws.scheduler.attempt-number>", &self.attempt.to_string())
    }

    fn default_event(&self) -> String {
        let mut arn = self.arn.split(':').skip(3);
        let event = json!({
            "version": "0",
            "id": self.execution,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "region": arn.next().unwrap_or_default(),
            "account": arn.next().unwrap_or_default(),
            "time": self.time.to_string(),
            "resources": [self.arn],
            "detail": "{}",
        });
        event.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn occasion() -> Occasion {
        let arn = "arn:aws:scheduler:me-south-1:123456789012:schedule/default/closing";
        Occasion::new(arn, "2026-03-18T21:00:00Z".parse().unwrap(), 2)
    }

    #[test]
    fn context_attributes_are_filled_in() {
        let occasion = occasion();
        let input = r#"{"time":"<aws.scheduler.scheduled-time>","n":<aws.scheduler.attempt-number>,
            "of":"<aws.scheduler.schedule-arn>","id":"<aws.scheduler.execution-id>"}"#;
        let sent: serde_json::Value = serde_json::from_str(&occasion.input(Some(input))).unwrap();
        assert_eq!(sent["time"], "2026-03-18T21:00:00Z");
        assert_eq!(sent["n"], 2);
        assert_eq!(sent["of"], occasion.arn);
        assert_eq!(sent["id"], occasion.execution);
    }

    #[test]
    fn without_an_input_the_default_event_goes_out() {
        let sent: serde_json::Value = serde_json::from_str(&occasion().input(None)).unwrap();
        assert_eq!(sent["time"], "2026-03-18T21:00:00Z");
        assert_eq!((sent["region"].as_str(), sent["account"].as_str()), (Some("me-south-1"), Some("123456789012")));
        assert_eq!(sent["source"], "aws.scheduler");
    }
}
