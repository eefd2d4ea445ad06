//! The platform's clerks: one finds out what a line of the bank's is and asks for a correction that takes it out of suspense, another agrees or does not. Both may click twice, and two
//! may answer at once. Of payments that are nobody's some are given back by bank transfer, and are taken out of suspense so, in part or whole; while others find out whose they are, or they go back at the
//! provider; and some of that is brought back, because it was another that was given back.

use std::sync::Arc;
use std::time::Duration;

use domain::case::Reason;
use domain::case::kept::Standing;
use platform::table::CaseFilter;
use serde_json::{Value, json};
use stage::event;
use testkit::chance::Chance;

use crate::app::{self, Reply};
use crate::deeds::Wish;
use crate::world::World;

const ASK: &str = "POST /v1/operations/corrections";
const APPROVE: &str = "POST /v1/operations/corrections/{id}/approve";
const DECLINE: &str = "POST /v1/operations/corrections/{id}/decline";

/// Cases that are looked at, at once: a run has some five.
const MOST: usize = 100;
/// Where payments stand that are nobody's.
const SUSPENSE: &str = "suspense";
/// The least that a correction moves, in halalas.
const LEAST: u64 = 1;

/// Sends somebody about each line that nobody explains, and each payment that is nobody's, of which nobody has heard yet.
pub async fn look(world: &Arc<World>) {
    let reasons = vec![Reason::BankUnexplained, Reason::DonationUnknown];
    let filter = CaseFilter { standing: Standing::Open, reasons, latest_first: false, after: None };
    let Ok(found) = world.stage.table.cases(&filter, MOST).await else { return };
    for kept in found.cases {
        let id = kept.case.id();
        if world.bank.is_new(&id) {
            let chance = Chance::seeded(world.plan.seed, &format!("clerk about {id}"));
            let evidence: Value = serde_json::from_str(&kept.case.evidence).unwrap_or_default();
            let is_payment = kept.case.reason == Reason::DonationUnknown;
            let halalas = kept.case.amount_minor.halalas();
            let is_in = is_payment || evidence["direction"] == "in";
            let from = if is_payment { SUSPENSE } else { "bank_suspense" };
            let clerk = Clerk { world: Arc::clone(world), chance, case: id, from, is_in, halalas };
            world.send_out(clerk.correct());
        }
    }
}

struct Clerk {
    world: Arc<World>,
    chance: Chance,
    case: String,
    /// Where it stands.
    from: &'static str,
    is_in: bool,
    halalas: u64,
}

impl Clerk {
    async fn correct(self) {
        tokio::time::sleep(Duration::from_secs(5 + self.chance.below(300))).await;
        // Most of what is nobody's waits for somebody to find out whose it is.
        let is_payment = self.from == SUSPENSE;
        let nobody = self.chance.happens(if is_payment { 700 } else { 250 });
        let astray = self.chance.happens(150);
        let (other, in_part) = (self.out_of_suspense(self.account()), self.chance.happens(300));
        let part = LEAST + self.chance.below(self.halalas);
        let amount = if in_part && part < self.halalas { part } else { self.halalas };
        if nobody || amount < LEAST {
            return;
        }
        if astray {
            // A slip of the pen: what came into the bank belongs to no fund.
            self.ask(self.out_of_suspense("zakat:opportunity-0"), amount, &self.chance.uuid()).await;
        }
        let key = self.chance.uuid();
        let twice = self.chance.happens(300);
        let (_, correction) = if twice {
            tokio::join!(self.ask(other, amount, &key), self.ask(other, amount, &key)).0
        } else {
            self.ask(other, amount, &key).await
        };
        let Some(id) = correction["id"].as_str().map(str::to_owned) else { return };
        tokio::time::sleep(Duration::from_millis(self.chance.below(60_000))).await;
        self.answer(&id).await;
        if is_payment && self.chance.happens(300) {
            // It was another that was given back.
            self.bring_back(amount).await;
        }
    }

    /// Brings back what was taken out of suspense, or more than was.
    async fn bring_back(&self, halalas: u64) {
        tokio::time::sleep(Duration::from_secs(self.chance.below(600))).await;
        let (_, correction) = self.ask((self.account(), self.from), halalas, &self.chance.uuid()).await;
        if let Some(id) = correction["id"].as_str() {
            self.answer(id).await;
        }
    }

    /// Out of suspense, into this account or from it.
    const fn out_of_suspense<'a>(&self, other: &'a str) -> (&'a str, &'a str) {
        if self.is_in { (self.from, other) } else { (other, self.from) }
    }

    /// What it is found to be.
    fn account(&self) -> &'static str {
        match self.chance.below(3) {
            _ if self.from == SUSPENSE => "bank_suspense",
            0 => "own",
            1 => "fees:moyasar",
            _ => "clearing:moyasar",
        }
    }

    /// From one account to another.
    async fn ask(&self, (debit, credit): (&str, &str), halalas: u64, key: &str) -> Reply {
        let amount = format!("{}.{:02}", halalas / 100, halalas % 100);
        let body = json!({
            "case": self.case,
            "transfers": [{"debit": debit, "credit": credit, "amount": amount}],
            "note": "What this money is",
        });
        let reply = self.act(ASK, ("operator-1", "operator"), ("", key), &body).await;
        if let (200 | 201, Some(id)) = (reply.0, reply.1["id"].as_str()) {
            let wish = Wish { debit: debit.to_owned(), credit: credit.to_owned(), halalas };
            self.world.deeds.asked_for_correction(id, wish);
        }
        reply
    }

    /// Most are agreed to; whoever asked cannot do that.
    async fn answer(&self, id: &str) {
        let (same, act, races) = (self.chance.happens(150), self.chance.below(100), self.chance.happens(150));
        if same {
            self.turn(id, APPROVE, "operator-1").await;
        }
        let route = match act {
            0..80 => APPROVE,
            80..95 => DECLINE,
            _ => return,
        };
        if races {
            let other = if route == APPROVE { DECLINE } else { APPROVE };
            tokio::join!(self.turn(id, route, "approver-1"), self.turn(id, other, "approver-2"));
            return;
        }
        for _ in 0..=self.chance.below(2) {
            self.turn(id, route, "approver-1").await;
        }
    }

    async fn turn(&self, id: &str, route: &str, subject: &str) {
        let (status, _) = self.act(route, (subject, "approver"), (id, ""), &json!({})).await;
        if status == 200 {
            self.world.deeds.answered_correction(id, (route == APPROVE, subject));
        }
    }

    async fn act(&self, route: &str, (subject, role): (&str, &str), (id, key): (&str, &str), body: &Value) -> Reply {
        let mut event = event::http(route, json!({ "id": id }), json!({"idempotency-key": key}), &body.to_string());
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": subject, "role": role}, "scopes": null}});
        app::call(&self.world, &self.chance, "operations", route, event).await
    }
}
