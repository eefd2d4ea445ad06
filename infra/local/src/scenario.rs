//! The opening scenario: `events/scenario/opening.json`, played by clients, payers and the clock over HTTP.
//!
//! Each step says what must come of it, and is told with what came. Gifts are made and paid one after the other; then all of them
//! are waited for together, as they are settled in groups.

use std::time::Duration;

use domain::moment::Moment;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::giving::{Gift, Giver, Givers, GivingError};
use crate::stack::Inside;

const OPENING: &str = include_str!("../../../events/scenario/opening.json");
/// The schedule that closes days, by its name in the template.
const CLOSING: &str = "ClosingSchedule";
/// How long a gift may take to come to its end: windows of one and five seconds, and room for a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a gift.
const LOOK: Duration = Duration::from_millis(200);

/// A scenario.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is for.
    pub about: String,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Debug, Deserialize)]
pub struct Step {
    /// What it shows, for people.
    pub title: String,
    #[serde(flatten)]
    act: Act,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    /// Midnight has been: the day before is sealed.
    SealYesterday {},
    /// Somebody gives.
    Give(Box<Give>),
    /// Many guests give small amounts, all over the catalogue.
    Crowd { gifts: u64 },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Give {
    /// The signed-in donor's subject; a guest without.
    donor: Option<String>,
    /// What is posted, without the return URL.
    body: Value,
    /// The same request is posted twice.
    #[serde(default)]
    twice: bool,
    /// What the provider is to do wrong.
    mischief: Option<Value>,
    /// What the payer does on the checkout page; `attempt_after` asks for a new one first.
    #[serde(default)]
    pay: Vec<Map<String, Value>>,
    /// The code of the problem that must be answered.
    refused: Option<String>,
    /// The state in which the gift must end.
    ends: Option<String>,
}

/// What happened.
#[derive(Debug, Default)]
pub struct Played {
    /// Gifts that were taken.
    pub taken: usize,
    /// Payments that took money.
    pub paid: usize,
    /// Gifts that came to be settled.
    pub settled: usize,
    /// The first gift that came to be settled.
    pub first: Option<Gift>,
    /// What did not go as it must, a sentence each.
    pub wrong: Vec<String>,
}

/// A gift whose end is waited for.
struct Waiting {
    title: String,
    gift: Gift,
    ends: String,
}

/// Where to tell of progress.
pub trait Told {
    /// One step has been done.
    fn step(&self, title: &str, outcome: Result<(), &str>);
    /// A gift has come to its end.
    fn ended(&self);
}

impl Scenario {
    /// The opening scenario.
    ///
    /// # Errors
    /// When its file is not of its form.
    pub fn opening() -> Result<Self, serde_json::Error> {
        serde_json::from_str(OPENING)
    }

    /// How many gifts it makes: for a progress bar.
    pub fn gifts(&self) -> u64 {
        let of = |step: &Step| match &step.act {
            Act::Crowd { gifts } => *gifts,
            Act::Give(_) => 1,
            Act::SealYesterday {} => 0,
        };
        self.steps.iter().map(of).sum()
    }

    /// Plays it to its end. What goes wrong is in the answer; the play goes on.
    pub async fn play(&self, inside: &Inside, told: &impl Told) -> Played {
        let mut play = Play { inside, givers: Givers::new(inside), waiting: Vec::new(), played: Played::default() };
        for step in &self.steps {
            let outcome = play.act(step).await;
            told.step(&step.title, outcome.as_ref().copied().map_err(String::as_str));
            play.played.wrong.extend(outcome.err().map(|wrong| format!("{}: {wrong}", step.title)));
        }
        play.wait_for_ends(told).await;
        play.played
    }
}

struct Play<'p> {
    inside: &'p Inside,
    givers: Givers,
    waiting: Vec<Waiting>,
    played: Played,
}

impl Play<'_> {
    async fn act(&mut self, step: &Step) -> Result<(), String> {
        let done = match &step.act {
            Act::SealYesterday {} => return self.seal().await,
            Act::Give(give) => self.give(&step.title, give).await,
            Act::Crowd { gifts } => self.crowd(&step.title, *gifts).await,
        };
        done.map_err(|error| error.to_string())?
    }

    async fn seal(&self) -> Result<(), String> {
        let midnight = last_midnight(self.inside.now());
        match self.inside.fire(CLOSING, midnight).await {
            Some(fired) => fired.map_err(|error| error.to_string()),
            None => Err(format!("the template has no {CLOSING}")),
        }
    }

    async fn give(&mut self, title: &str, give: &Give) -> Result<Result<(), String>, GivingError> {
        let giver = match &give.donor {
            Some(subject) => self.givers.donor(self.inside, subject)?,
            None => self.givers.guest().await?,
        };
        let key = self.givers.key();
        if let Some(code) = &give.refused {
            return self.refused(&giver, &key, give, code).await;
        }
        let mut gift = self.givers.give(&giver, &key, give.body.clone()).await?;
        self.played.taken += 1;
        if give.twice {
            let again = self.givers.give(&giver, &key, give.body.clone()).await?;
            if again.id != gift.id || !again.replayed {
                return Ok(Err("the second click made another gift".to_owned()));
            }
        }
        if let Some(mischief) = &give.mischief {
            self.givers.arm(mischief).await?;
        }
        for payer in &give.pay {
            self.pay(&mut gift, payer.clone()).await?;
        }
        let ends = give.ends.clone().unwrap_or_else(|| "settled".to_owned());
        self.waiting.push(Waiting { title: title.to_owned(), gift, ends });
        Ok(Ok(()))
    }

    async fn refused(&self, giver: &Giver, key: &str, give: &Give, code: &str) -> Result<Result<(), String>, GivingError> {
        let reply = self.givers.ask(giver, key, give.body.clone()).await?;
        let got = reply.body["code"].as_str().unwrap_or_default();
        Ok(if got == code { Ok(()) } else { Err(format!("refused with {} {got}, not {code}", reply.status)) })
    }

    async fn pay(&mut self, gift: &mut Gift, mut payer: Map<String, Value>) -> Result<(), GivingError> {
        if let Some(after) = payer.remove("attempt_after") {
            self.givers.try_again(gift, after.as_u64().unwrap_or(1)).await?;
        }
        let payment = self.givers.pay(gift, &Value::Object(payer)).await?;
        self.played.paid += usize::from(payment["taken"].as_u64() > Some(0));
        Ok(())
    }

    /// Guests, one after the other, over the open opportunities; whole riyals, as is the habit.
    async fn crowd(&mut self, title: &str, gifts: u64) -> Result<Result<(), String>, GivingError> {
        let open: Vec<String> = crate::seed::catalogue()
            .unwrap_or_default()
            .into_iter()
            .filter(|(path, body)| path.starts_with("/v1/opportunities/") && body.get("target").is_none())
            .filter_map(|(path, _)| Some(path.rsplit('/').next()?.to_owned()))
            .collect();
        let amounts = ["10", "20", "50", "100", "30"];
        for ((_, opportunity), amount) in (0..gifts).zip(open.iter().cycle()).zip(amounts.iter().cycle()) {
            let giver = self.givers.guest().await?;
            let body = json!({"lines": [{"opportunity": opportunity, "amount": amount}]});
            let mut gift = self.givers.give(&giver, &self.givers.key(), body).await?;
            self.played.taken += 1;
            self.pay(&mut gift, Map::from_iter([("method".to_owned(), json!("mada"))])).await?;
            self.waiting.push(Waiting { title: title.to_owned(), gift, ends: "settled".to_owned() });
        }
        Ok(Ok(()))
    }

    async fn wait_for_ends(&mut self, told: &impl Told) {
        let until = Instant::now() + PATIENCE;
        for waiting in std::mem::take(&mut self.waiting) {
            match self.end_of(&waiting, until).await {
                Ok(()) if waiting.ends == "settled" => {
                    self.played.settled += 1;
                    self.played.first.get_or_insert(waiting.gift);
                }
                Ok(()) => {}
                Err(wrong) => self.played.wrong.push(format!("{}: {wrong}", waiting.title)),
            }
            told.ended();
        }
    }

    async fn end_of(&self, waiting: &Waiting, until: Instant) -> Result<(), String> {
        loop {
            let state = self.givers.state(&waiting.gift).await.map_err(|error| error.to_string())?;
            if state == waiting.ends {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(format!("it is {state} after {} s, not {}", PATIENCE.as_secs(), waiting.ends));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// The last midnight in Riyadh.
fn last_midnight(now: Timestamp) -> Timestamp {
    let start = Moment::from_millis(now.as_millisecond()).day().start();
    Timestamp::from_millisecond(start.millis()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_opening_scenario_can_be_read() {
        let opening = Scenario::opening().unwrap();
        assert!(opening.gifts() > 40 && opening.steps.len() > 10);
    }

    #[test]
    fn midnight_is_riyadhs() {
        let now = "2026-03-18T20:59:59Z".parse().unwrap();
        assert_eq!(last_midnight(now).to_string(), "2026-03-17T21:00:00Z");
        let now = "2026-03-18T21:00:00Z".parse().unwrap();
        assert_eq!(last_midnight(now).to_string(), "2026-03-18T21:00:00Z");
    }
}
