//! A matter with what became of it.
//!
//! | it is | told again | closed | replayed |
//! |---|---|---|---|
//! | open | noted, at most once a minute | closed | noted |
//! | closed | open again, the note kept | as it is: whoever asks is told by whom | noted |
//!
//! Nothing that a person wrote is lost: a closing that a matter outlived stands among those of before. How often a message comes twice is nobody's news, so nothing is
//! counted but how often it was opened again.

use serde::{Deserialize, Serialize};

use super::{Case, Reason};
use crate::moment::Moment;

/// The most closings, and the most replays, that a matter keeps; the log of operators' acts has them all.
pub const MOST_KEPT: usize = 20;
/// How far apart two tellings are noted. A matter that is told in a loop must not be written in a loop.
pub const APART_SECS: i64 = 60;

/// A matter, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The matter as it was met first.
    #[serde(flatten)]
    pub case: Case,
    /// Grows with each change.
    #[serde(default)]
    pub version: u64,
    /// How it stands.
    #[serde(default)]
    pub state: State,
    /// When it was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Moment>,
    /// When it was opened again last, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_at: Option<Moment>,
    /// How often it was opened again.
    #[serde(default)]
    pub reopened: u32,
    /// Closings that it outlived, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_before: Vec<Closing>,
    /// When it was sent on its way again, and by whom, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replays: Vec<Replay>,
}

/// How a matter stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It waits for a person.
    #[default]
    Open,
    /// A person has dealt with it.
    Closed(Closing),
}

/// Open or closed, without what was written: what listings are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It waits for a person.
    Open,
    /// A person has dealt with it.
    Closed,
}

impl Standing {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Closed => "closed",
        }
    }
}

/// What a person wrote when they closed a matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The act's id, by which a repeat is known.
    pub id: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
    /// What was done about it.
    pub note: String,
}

/// A matter was sent on its way again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The act's id, by which a repeat is known.
    pub id: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
}

impl Kept {
    /// A matter that is met for the first time.
    pub fn new(case: Case) -> Kept {
        Kept {
            case,
            version: 1,
            state: State::Open,
            told_at: None,
            reopened_at: None,
            reopened: 0,
            closed_before: Vec::new(),
            replays: Vec::new(),
        }
    }

    /// Open or closed.
    pub const fn standing(&self) -> Standing {
        match self.state {
            State::Open => Standing::Open,
            State::Closed(_) => Standing::Closed,
        }
    }

    /// Since when it stands so: listings are in this order.
    pub fn since(&self) -> Moment {
        match &self.state {
            State::Open => self.reopened_at.unwrap_or(self.case.opened_at),
            State::Closed(closing) => closing.at,
        }
    }

    /// Why it was set aside.
    pub const fn reason(&self) -> Reason {
        self.case.reason
    }

    /// When it was told last.
    pub fn last_told(&self) -> Moment {
        self.told_at.unwrap_or(self.case.opened_at)
    }

    /// The matter told again: what changes by it, if anything does.
    pub fn told_again(&self, now: Moment) -> Option<Kept> {
        let told = Kept { told_at: Some(now.max(self.last_told())), version: self.version + 1, ..self.clone() };
        match &self.state {
            State::Closed(closing) => {
                let mut told = Kept { state: State::Open, reopened_at: told.told_at, reopened: self.reopened + 1, ..told };
                push(&mut told.closed_before, closing.clone());
                Some(told)
            }
            State::Open => {
                let is_news = now >= self.last_told().plus_seconds(APART_SECS);
                let answers = self.replays.last().is_some_and(|replay| replay.at >= self.last_told() && now >= replay.at);
                (is_news || answers).then_some(told)
            }
        }
    }

    /// Closed by a person; `None` when somebody closed it before.
    pub fn close(&self, closing: Closing) -> Option<Kept> {
        match self.state {
            State::Open => Some(Kept { state: State::Closed(closing), version: self.version + 1, ..self.clone() }),
            State::Closed(_) => None,
        }
    }

    /// Sent on its way again. However it stands: it was sent.
    pub fn replayed(&self, replay: Replay) -> Kept {
        let mut kept = Kept { version: self.version + 1, ..self.clone() };
        push(&mut kept.replays, replay);
        kept
    }

    /// The closing with this id, whether it stands or was outlived.
    pub fn closing(&self, id: &str) -> Option<&Closing> {
        let stands = match &self.state {
            State::Closed(closing) => Some(closing),
            State::Open => None,
        };
        stands.into_iter().chain(&self.closed_before).find(|closing| closing.id == id)
    }

    /// The replay with this id.
    pub fn replay(&self, id: &str) -> Option<&Replay> {
        self.replays.iter().find(|replay| replay.id == id)
    }
}

/// Adds one at the end; the earliest goes when there are too many.
fn push<T>(list: &mut Vec<T>, one: T) {
    if list.len() >= MOST_KEPT {
        list.remove(0);
    }
    list.push(one);
}
