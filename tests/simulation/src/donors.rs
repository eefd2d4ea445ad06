//! People who give: they click twice, try again, change their minds, use another card, pay late, and go away. Some of them come for a sacrifice.

mod shares;

use std::sync::Arc;
use std::time::Duration;

use moyasar_sandbox::{Decline, Ending, Method, Payer, Status};
use serde_json::{Value, json};
use stage::event;
use testkit::chance::Chance;
use uuid::Uuid;

use crate::app::{self, Reply};
use crate::dashboard;
use crate::erasing;
use crate::found::{Forgotten, LOST};
use crate::held::{self, HELD};
use crate::officers::Desk;
use crate::trace::PERSONAL;
use crate::world::World;

/// A payment of another amount than was asked for.
const OTHER_AMOUNT: &str = "provider: takes another amount";
/// A payment in another currency.
const OTHER_CURRENCY: &str = "provider: takes another currency";

/// One donor: everything that they do comes from their own chance.
pub struct Donor {
    world: Arc<World>,
    chance: Chance,
    seed: u64,
    number: u64,
}

impl Donor {
    /// The donor of this number.
    pub fn new(world: &Arc<World>, seed: u64, number: u64) -> Donor {
        Donor { world: Arc::clone(world), chance: Chance::seeded(seed, &format!("donor {number}")), seed, number }
    }

    /// A visit from beginning to end.
    pub async fn visit(self) {
        if self.chance.below(100) < self.world.sales.of_hundred {
            return self.visit_for_shares().await;
        }
        tokio::time::sleep(Duration::from_millis(self.chance.below(240_000))).await;
        let Some(guest) = self.greet().await else { return };
        let (headers, command) = (self.headers(&guest), self.command().to_string());
        let twice = self.chance.happens(150);
        let (status, donation) = self.post(headers, &command, twice).await;
        if status != 201 && status != 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(self.chance.below(20_000))).await;
        self.decide(donation).await;
    }

    /// A guest's token.
    async fn greet(&self) -> Option<String> {
        let (_, guest) = self.call("POST /v1/guests", "", json!({}), "").await;
        guest["guest_token"].as_str().map(str::to_owned)
    }

    /// Those of a new gift.
    fn headers(&self, guest: &str) -> Value {
        json!({"content-type": "application/json", "guest-token": guest, "idempotency-key": self.chance.uuid()})
    }

    /// Makes a gift; by a double click both at once, and the app waits for both, or forgets the second.
    async fn post(&self, headers: Value, command: &str, twice: bool) -> Reply {
        const POST: &str = "POST /v1/donations";
        let one = self.call(POST, "", headers.clone(), command);
        if !twice {
            return one.await;
        }
        if self.chance.happens(500) {
            let event = event::http(POST, json!({"id": ""}), headers, command);
            let forgotten = async { drop(app::tap(&self.world, &self.chance, "donations", POST, &event).await) };
            tokio::join!(one, forgotten).0
        } else {
            tokio::join!(one, self.call(POST, "", headers, command)).0
        }
    }

    fn command(&self) -> Value {
        let lines = 1 + self.chance.below(10) / 8;
        let first = self.chance.below(8);
        let lines: Vec<Value> = (0..lines)
            .map(|line| {
                let opportunity = &self.world.opportunities[((first + line) % 8) as usize];
                json!({"opportunity": opportunity.id.as_str(), "amount": self.amount()})
            })
            .collect();
        let mut command = json!({"lines": lines, "return_url": "https://give.example/thanks"});
        if self.chance.happens(300) {
            command["donor"] = json!({"name": format!("{} {}", PERSONAL[0], self.number), "mobile": "0555000111"});
        }
        command
    }

    fn amount(&self) -> String {
        match self.chance.below(4) {
            0 => "10".to_owned(),
            1 => "50.00".to_owned(),
            2 => "١٠٠".to_owned(),
            _ => format!("{}.{:02}", 1 + self.chance.below(90), self.chance.below(100)),
        }
    }

    async fn decide(&self, donation: Value) {
        let Some(id) = donation["id"].as_str().map(str::to_owned) else { return };
        if let Ok(id) = id.parse() {
            self.world.told_of(id);
            erasing::may_want(&self.world, self.seed, id, donation["access_token"].clone());
            self.world.send_out(Desk::new(&self.world, self.seed, id).look());
        }
        let Some(invoice) = invoice(&donation) else { return };
        let headers = json!({"access-token": donation["access_token"], "content-type": "application/json"});
        match self.chance.below(100) {
            0..60 => self.pay(invoice, 1),
            60..65 => self.pay(invoice, 2),
            65..80 => self.decline_and_try_again(&id, invoice, headers).await,
            80..86 => {
                // Cancels, and one in two has the checkout page open elsewhere and pays all the same.
                self.call("POST /v1/donations/{id}/cancel", &id, headers, "").await;
                if self.chance.happens(500) {
                    self.pay(invoice, 1);
                }
            }
            86..92 => {
                // Comes back to the checkout page long after.
                tokio::time::sleep(Duration::from_secs(300 + self.chance.below(1_200))).await;
                self.pay(invoice, 1);
            }
            _ => {}
        }
    }

    async fn decline_and_try_again(&self, id: &str, invoice: Uuid, headers: Value) {
        let payer = Payer::with(Method::Visa).declined(Decline::InsufficientFunds);
        let _closed_is_fine = self.world.stage.sandbox.pay(invoice, &payer);
        if self.chance.happens(250) {
            // Stays on the page and uses another card later, when what was held may have been given up.
            tokio::time::sleep(Duration::from_secs(1 + self.chance.below(400))).await;
            return self.pay(invoice, 1);
        }
        tokio::time::sleep(Duration::from_millis(1_000 + self.chance.below(20_000))).await;
        let (status, attempt) = self.call("POST /v1/donations/{id}/attempts", id, headers, r#"{"after":1}"#).await;
        let again = if status == 200 || status == 201 { self::invoice(&attempt) } else { None };
        self.pay(again.unwrap_or(invoice), 1);
        if self.chance.happens(200) {
            // The first page is still open, and the card works after all.
            self.pay(invoice, 1);
        }
    }

    fn pay(&self, invoice: Uuid, times: u32) {
        let payer = self.payer(times);
        let loses = self.chance.happens(60) && payer.amount.is_none() && payer.currency.is_none();
        let is_lost = loses && self.world.trace.storms(LOST);
        let forgotten = is_lost.then(|| Forgotten::at(&self.world, invoice)).flatten();
        let Ok(payment) = self.world.stage.sandbox.pay(invoice, &payer) else { return };
        if let Some(forgotten) = forgotten {
            let chance = Chance::seeded(self.seed, &format!("finder of {}", payment.id));
            self.world.send_out(forgotten.find(Arc::clone(&self.world), chance));
        }
        self.world.trace.note("donor", || {
            let what = if payment.status == Status::Authorized { "authorises" } else { "pays" };
            format!("{what} {} {} as payment {}", payment.amount, payment.currency, payment.id)
        });
        let chance = Chance::seeded(self.seed, &format!("payment {} of donor {}", payment.id, self.number));
        let world = Arc::clone(&self.world);
        if payment.status == Status::Authorized {
            self.world.send_out(held::decide(world, chance, payment));
        } else {
            self.world.send_out(dashboard::follow(world, chance, payment));
        }
    }

    /// Most pay what was asked for, at once.
    fn payer(&self, times: u32) -> Payer {
        let trace = &self.world.trace;
        let mut payer = Payer::with(Method::Mada).times(times).insisting();
        let (amount, currency, is_held) = (self.chance.happens(12), self.chance.happens(8), self.chance.happens(80));
        if amount && trace.storms(OTHER_AMOUNT) {
            trace.count(OTHER_AMOUNT);
            payer.amount = Some(100 + self.chance.below(50_000));
        } else if currency && trace.storms(OTHER_CURRENCY) {
            trace.count(OTHER_CURRENCY);
            payer.currency = Some("USD".to_owned());
        }
        if is_held && trace.storms(HELD) {
            trace.count(HELD);
            payer.ending = Ending::Authorized;
        }
        payer
    }

    async fn call(&self, route: &str, id: &str, headers: Value, body: &str) -> Reply {
        let event = event::http(route, json!({"id": id}), headers, body);
        app::call(&self.world, &self.chance, "donations", route, event).await
    }
}

/// The invoice behind a checkout URL: its last part.
fn invoice(answer: &Value) -> Option<Uuid> {
    let url = answer["checkout_url"].as_str()?;
    url.split('?').next()?.rsplit('/').next()?.parse().ok()
}
