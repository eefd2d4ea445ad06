//! What makes a sale fair, as it is sent: a limit, a waiting room, a brake; each may be left out.

use domain::moment::Moment;
use domain::sacrifice::Fairness;
use domain::sacrifice::fairness::{Attempts, MOST_ATTEMPTS, MOST_LIMIT, MOST_RATE, WaitingRoom};
use platform::http::Faults;
use serde::Deserialize;
use serde_json::Value;

/// A waiting room as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoomDraft {
    rate: Value,
}

/// A brake as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BrakeDraft {
    source: Value,
    mobile: Value,
}

/// What is asked for, as far as it can be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wished {
    limit: Option<u8>,
    rate: Option<u32>,
    brake: Option<Attempts>,
}

impl Wished {
    /// The rules that it describes. From when on a waiting room's rate counts is decided when it is published.
    pub(super) fn fairness(self, opens_at: Moment) -> Fairness {
        let room = self.rate.map(|rate| WaitingRoom::opened(rate, opens_at, 0, opens_at));
        Fairness { limit: self.limit, room, brake: self.brake }
    }
}

/// Reads the three of them.
pub(super) fn wished(
    limit: Option<&Value>,
    room: Option<&RoomDraft>,
    brake: Option<&BrakeDraft>,
    faults: &mut Faults,
) -> Option<Wished> {
    let limit = limit.map(|limit| number("/limit", limit, MOST_LIMIT.into(), faults));
    let rate = room.map(|room| number("/waiting_room/rate", &room.rate, MOST_RATE, faults));
    let brake = brake.map(|brake| {
        let source = number("/brake/source", &brake.source, MOST_ATTEMPTS, faults);
        let mobile = number("/brake/mobile", &brake.mobile, MOST_ATTEMPTS, faults);
        source.zip(mobile).map(|(source, mobile)| Attempts { source, mobile })
    });
    // What is there and wrong was told.
    let limit = match limit {
        None => None,
        Some(limit) => Some(u8::try_from(limit?).ok()?),
    };
    let rate = match rate {
        None => None,
        Some(rate) => Some(rate?),
    };
    let brake = match brake {
        None => None,
        Some(brake) => Some(brake?),
    };
    Some(Wished { limit, rate, brake })
}

fn number(pointer: &str, value: &Value, most: u32, faults: &mut Faults) -> Option<u32> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| (1..=most).contains(number));
    if number.is_none() {
        let (arabic, english) = (format!("عدد صحيح من 1 إلى {most}"), format!("A whole number from 1 to {most}"));
        faults.add(pointer, "number_unusable", &arabic, &english);
    }
    number
}
