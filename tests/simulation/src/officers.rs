//! The platform's own people: they give money back that a donor asks for, two at a time, and hear of disputes.

use std::sync::Arc;
use std::time::Duration;

use domain::id::DonationId;
use serde_json::{Value, json};
use stage::event;
use testkit::chance::Chance;

use crate::app;
use crate::world::World;

const ASK: &str = "POST /v1/donations/{id}/refunds";
const DISPUTE: &str = "POST /v1/donations/{id}/disputes";

/// Somebody at a desk, with one gift before them.
pub struct Desk {
    world: Arc<World>,
    chance: Chance,
    donation: DonationId,
    /// A line that is most likely to be given back, and what it is worth.
    line: Option<(usize, String)>,
}

impl Desk {
    /// Where this donor's gift ends up.
    pub fn new(world: &Arc<World>, seed: u64, donation: DonationId) -> Desk {
        let chance = Chance::seeded(seed, &format!("desk of {donation}"));
        Desk { world: Arc::clone(world), chance, donation, line: None }
    }

    /// The same with a sacrifice among its lines: who wants it back wants it whole.
    #[must_use]
    pub fn with_line(self, line: (usize, String)) -> Desk {
        Desk { line: Some(line), ..self }
    }

    /// Most gifts nobody looks at again.
    pub async fn look(self) {
        // A sacrifice is given back while its shares are still being confirmed, now and then.
        let soon = self.chance.happens(300) && self.line.is_some();
        let wait = if soon { 2 + self.chance.below(8) } else { 5 + self.chance.below(150) };
        tokio::time::sleep(Duration::from_secs(wait)).await;
        if self.chance.happens(120) {
            self.refund().await;
        }
        if self.chance.happens(60) {
            self.dispute().await;
        }
    }

    /// One asks; another agrees, or not. Both may click twice.
    async fn refund(&self) {
        let (everything, part) = (self.chance.happens(500), format!("0.{:02}", 1 + self.chance.below(99)));
        let (line, amount) = self.line.clone().filter(|_| self.chance.happens(600)).unwrap_or((0, part));
        let body = if everything {
            json!({"reason": "donor_asked"})
        } else {
            json!({"reason": "mistake", "lines": [{"line": line, "amount": amount}]})
        };
        let key = self.chance.uuid();
        let (status, refund) = self.act(("operator-1", "operator"), ASK, "", &key, &body).await;
        let Some(refund) = refund["id"].as_str().filter(|_| status == 200 || status == 201) else { return };
        tokio::time::sleep(Duration::from_millis(self.chance.below(30_000))).await;
        let act = if self.chance.happens(850) { "approve" } else { "decline" };
        let route = format!("{ASK}/{{refund}}/{act}");
        for _ in 0..=self.chance.below(2) {
            self.act(("approver-1", "approver"), &route, refund, &key, &json!({})).await;
        }
    }

    /// The provider tells of a dispute, and of most also how it ended, sometimes the end first.
    async fn dispute(&self) {
        let amount = format!("{}.00", 1 + self.chance.below(10));
        let amount = self.line.clone().filter(|_| self.chance.happens(400)).map_or(amount, |(_, price)| price);
        let mut outcomes = match self.chance.below(3) {
            0 => vec!["open"],
            1 => vec!["open", "won"],
            _ => vec!["open", "lost"],
        };
        if self.chance.happens(300) {
            outcomes.reverse();
        }
        for outcome in outcomes {
            let body = json!({"outcome": outcome, "amount": amount});
            self.world.deeds.disputed(self.donation);
            self.act(("operator-2", "operator"), DISPUTE, "", "", &body).await;
            tokio::time::sleep(Duration::from_millis(self.chance.below(20_000))).await;
        }
    }

    async fn act(&self, (subject, role): (&str, &str), route: &str, refund: &str, key: &str, body: &Value) -> (u64, Value) {
        let path = json!({"id": self.donation.to_string(), "refund": refund});
        let mut event = event::http(route, path, json!({"idempotency-key": key}), &body.to_string());
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": subject, "role": role}, "scopes": null}});
        app::call(&self.world, &self.chance, "operations", route, event).await
    }
}
