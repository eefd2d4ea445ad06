//! People who come for a sacrifice: they wait for the hour, take what is left, ask for the rest apart, come back when others have given up, and pay late.

use std::time::Duration;

use domain::moment::Moment;
use serde_json::{Value, json};

use super::{Donor, invoice};
use crate::erasing;
use crate::offerings::Offered;
use crate::officers::Desk;
use crate::sellers;
use crate::trace::PERSONAL;
use crate::world::SKEW;

/// How often one donor asks at the most.
const MOST_ASKED: usize = 6;
/// Of a thousand donors so many come when the first holds are over, for what others have given up.
const AFTERWARDS: u32 = 100;
/// When that is, in milliseconds after the beginning.
const AFTERWARDS_MS: u64 = 970_000;

/// Of a thousand who ask for shares of an animal of seven so many let them be apart.
const APART: u32 = 250;

/// What came of asking.
enum Asked {
    /// A gift to pay for.
    Made(Gift),
    /// So many are left in one animal, or in all of them.
    Left(u64),
    /// Nothing is left.
    SoldOut,
    /// The sale has not opened.
    NotYet,
    /// Anything else.
    Refused,
}

/// A gift of shares.
struct Gift {
    donation: Value,
    /// The sacrifice's line and its price.
    line: (usize, String),
}

impl Donor {
    /// A visit for a sacrifice.
    pub(super) async fn visit_for_shares(&self) {
        let Some(offered) = self.world.sales.chosen(&self.chance).cloned() else { return };
        self.come(&offered).await;
        let Some(guest) = self.greet().await else { return };
        if self.chance.happens(100) {
            sellers::look(&self.world, &self.chance, &offered.offering.id).await;
        }
        let (mut gifts, mut wanted) = (Vec::new(), vec![1 + self.chance.below(offered.most)]);
        for _ in 0..MOST_ASKED {
            let Some(shares) = wanted.pop() else { break };
            match self.ask(&guest, &offered, shares).await {
                Asked::Made(gift) => gifts.push(gift),
                Asked::Left(left) => {
                    // The rest apart, or not at all.
                    let rest = shares.saturating_sub(left);
                    wanted.extend((self.chance.happens(600) && rest > 0).then_some(rest));
                    wanted.push(left.max(1));
                }
                Asked::SoldOut if self.chance.happens(400) => {
                    tokio::time::sleep(Duration::from_millis(self.chance.below(90_000))).await;
                    wanted.push(shares);
                }
                Asked::NotYet => {
                    let opens = offered.offering.opens_at.millis_since(self.world.stage.now());
                    let wait = u64::try_from(opens).unwrap_or(0) + 100 + self.chance.below(1_500);
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    wanted.push(shares);
                }
                Asked::SoldOut | Asked::Refused => {}
            }
        }
        for gift in gifts {
            self.decide_about(gift).await;
        }
    }

    /// Most come within the first minutes; who wants what opens comes for the hour, and some come afterwards.
    async fn come(&self, offered: &Offered) {
        let afterwards = self.chance.happens(AFTERWARDS);
        let at_the_hour = offered.opens && self.chance.happens(750);
        let some_time = self.chance.below(240_000);
        let wait = match (afterwards, at_the_hour) {
            (true, _) => AFTERWARDS_MS + some_time,
            (false, true) => {
                let opens = offered.offering.opens_at.millis_since(self.world.stage.now());
                let opens = u64::try_from(opens).unwrap_or(0);
                match (self.world.sales.rush.is_some(), self.chance.happens(600)) {
                    // All at once, when it is open by every clock.
                    (true, true) => opens + SKEW + some_time % 60,
                    (true, false) => opens.saturating_sub(200) + some_time % 900,
                    (false, _) => opens.saturating_sub(2_000) + some_time % 4_000,
                }
            }
            (false, false) => some_time,
        };
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }

    async fn ask(&self, guest: &str, offered: &Offered, shares: u64) -> Asked {
        let (command, line) = self.command_for_shares(offered, shares);
        let headers = self.headers(guest);
        // A double click is more to be feared here than elsewhere.
        let twice = self.chance.happens(300);
        let (status, answer) = self.post(headers, &command.to_string(), twice).await;
        let fault = |code: &str| answer["errors"].as_array().into_iter().flatten().find(|fault| fault["code"] == code);
        match (status, answer["code"].as_str()) {
            (200 | 201, _) => Asked::Made(Gift { donation: answer, line }),
            (409, Some("sale_not_open")) => Asked::NotYet,
            (409, Some("sold_out")) => Asked::SoldOut,
            (409, Some(code @ ("no_room_in_one" | "too_few_left"))) => {
                let remains = fault(code).and_then(|fault| fault["remains"].as_str()?.parse().ok());
                remains.map_or(Asked::Refused, Asked::Left)
            }
            (_, _) => Asked::Refused,
        }
    }

    /// The command, and the sacrifice's line and price in it. Some give to something else besides, before or after.
    fn command_for_shares(&self, offered: &Offered, shares: u64) -> (Value, (usize, String)) {
        let offering = &offered.offering;
        let price = u8::try_from(shares).ok().and_then(|shares| offering.price(shares)).unwrap_or_default().to_string();
        let names: Vec<String> = (0..shares).map(|number| format!("{} {} {number}", PERSONAL[0], self.number)).collect();
        let wakala = json!({"accepted": true, "version": offering.wakala.version});
        let mut sacrifice =
            json!({"opportunity": offering.id, "sacrifice": {"shares": shares, "on_behalf_of": names, "wakala": wakala}});
        if self.chance.happens(300) {
            sacrifice["amount"] = json!(price);
        }
        if offering.species.shares() > 1 && self.chance.happens(APART) {
            sacrifice["sacrifice"]["apart"] = json!(true);
        }
        let mut lines = vec![sacrifice];
        let besides = &self.world.opportunities[usize::try_from(self.chance.below(8)).unwrap_or(0)];
        let (is_mixed, is_first, amount) = (self.chance.happens(200), self.chance.happens(500), self.amount());
        if is_mixed {
            lines.insert(usize::from(is_first), json!({"opportunity": besides.id, "amount": amount}));
        }
        let line = usize::from(is_mixed && !is_first);
        let donor = json!({"name": format!("{} {}", PERSONAL[0], self.number), "mobile": "0555000111"});
        (json!({"lines": lines, "donor": donor, "return_url": "https://give.example/thanks"}), (line, price))
    }

    async fn decide_about(&self, Gift { donation, line }: Gift) {
        let Some(id) = donation["id"].as_str().map(str::to_owned) else { return };
        if let Ok(id) = id.parse() {
            self.world.told_of(id);
            erasing::may_want(&self.world, self.seed, id, donation["access_token"].clone());
            self.world.send_out(Desk::new(&self.world, self.seed, id).with_line(line).look());
        }
        let Some(invoice) = invoice(&donation) else { return };
        let headers = json!({"access-token": donation["access_token"], "content-type": "application/json"});
        let deed = self.chance.below(100);
        let at_once = self.chance.happens(300);
        tokio::time::sleep(Duration::from_millis(self.chance.below(if at_once { 500 } else { 20_000 }))).await;
        match deed {
            0..46 => self.pay(invoice, 1),
            46..51 => self.pay(invoice, 2),
            51..63 => self.decline_and_try_again(&id, invoice, headers).await,
            63..75 => {
                self.call("POST /v1/donations/{id}/cancel", &id, headers, "").await;
                if self.chance.happens(500) {
                    // The checkout page was open elsewhere.
                    tokio::time::sleep(Duration::from_millis(self.chance.below(4_000))).await;
                    self.pay(invoice, 1);
                }
            }
            75..90 => {
                // About when the hold ends, or after that.
                let made: Option<Moment> = donation["made_at"].as_str().and_then(|made| made.parse().ok());
                let ends = made.map_or(0, |made| made.plus_seconds(880).millis_since(self.world.stage.now()));
                let wait = u64::try_from(ends).unwrap_or(0) + self.chance.below(600_000);
                tokio::time::sleep(Duration::from_millis(wait)).await;
                self.pay(invoice, 1);
            }
            _ => {}
        }
    }
}
