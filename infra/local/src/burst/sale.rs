//! The sale itself: the opening, the waves after it, and the rest between them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::donation::Donation;
use domain::id::DonationId;
use domain::sacrifice::Lot;
use domain::sacrifice::reservation::HOLD_SECS;
use testkit::Clock;
use tokio::time::Instant;

use super::buyers::{Buyers, Kind};
use super::payers::Money;
use super::record::Record;
use super::shop::{Door, Shop};
use super::{BurstError, Opening, Skip, Told};
use crate::stack::Inside;

/// A hold, and the minute in which what was under way may still arrive, and as long again as a poller gathers.
const HOLD: Duration = Duration::from_secs(HOLD_SECS.unsigned_abs() + 60 + 10);
/// Longer than any queue hides what an invocation that died had in hand.
const HIDDEN: Duration = Duration::from_secs(370);
/// How many waves there are at most. A fifth of each comes back: of ten thousand shares one is left after six.
pub(super) const MOST_WAVES: u64 = 15;
/// How long a wave may take to come to rest.
const REST: Duration = Duration::from_secs(900);
/// How long nothing may run until what is in hand is known to be in a dead one's: longer than a poller gathers a batch.
const GATHERED: Duration = Duration::from_secs(7);
/// How long nothing may come free or be held until a wave is over, in looks.
const LOOKS: u32 = 8;
const LOOK: Duration = Duration::from_millis(250);
/// How many come in each wave whatever comes free: somebody among them wants what the last ones did not.
const WHO_COME_ANYWAY: u64 = 200;
/// Gifts that are read at once.
const AT_ONCE: usize = 100;

/// A sale under way.
pub(super) struct Sale<'a, T> {
    pub inside: &'a Inside,
    pub clock: Clock,
    pub told: &'a T,
    pub record: Record,
    pub shop: Arc<Shop>,
    pub buyers: Arc<Buyers>,
    pub skips: Vec<Skip>,
}

impl<T: Told> Sale<'_, T> {
    /// The opening, and then wave after wave of those who come back, until nothing is free and nothing held. Gives what the opening took, how many waves there were, and whether
    /// each came to rest.
    pub async fn sell(&mut self) -> (Opening, u64, bool) {
        let dynamo = &self.inside.services().dynamo;
        let all: Vec<u64> = (0..self.buyers.count()).collect();
        self.told.phase("opening", all.len() as u64);
        dynamo.record_keys(true);
        let (began_millis, before) = (self.clock.now_millis(), dynamo.usage());
        let mut outcome = self.shop.wave(0, all, &Door::open(), std::future::pending(), |more| self.told.done(more)).await;
        let ended_millis = self.clock.now_millis();
        dynamo.record_keys(false);
        let calls = dynamo.usage().since(&before).calls;
        let opening = Opening { began_millis, ended_millis, key_writes: dynamo.take_key_writes(), calls };
        let (mut waves, mut rested) = (1, true);
        loop {
            rested &= self.rest().await;
            let now = self.record.now();
            if (now.free == 0 && now.held == 0 && outcome.late.is_empty()) || waves == MOST_WAVES {
                return (opening, waves, rested);
            }
            self.skip(HOLD);
            let come = self.buyers.shuffled(std::mem::take(&mut outcome.back), waves);
            self.told.phase(wave_name(waves), come.len() as u64);
            let late = tokio::spawn(Arc::clone(&self.shop).pay_late(std::mem::take(&mut outcome.late)));
            let door = Door::closed();
            let is_over = self.sold_out(&door);
            outcome = self.shop.wave(waves, come, &door, is_over, |more| self.told.done(more)).await;
            // A payer who panicked is found among the payers.
            let _ = late.await;
            waves += 1;
        }
    }

    /// Until everything has been given back that was to be, and is sold again or nobody is there who wants it. What died with an invocation comes with the next wave. For each share
    /// that comes free as many are let in as came for each when the sale opened.
    async fn sold_out(&self, door: &Door) {
        let (freed, mut looks) = (self.record.freed(), 0);
        let begun_with = u64::from(self.record.now().free);
        while looks < LOOKS {
            let free = begun_with + self.record.freed() - freed;
            door.allow(free * self.buyers.for_each_share() + WHO_COME_ANYWAY);
            tokio::time::sleep(LOOK).await;
            let is_giving_back =
                self.inside.functions().any(|function| function.name().ends_with("-releases") && function.running() > 0);
            let depths = self.inside.services().sqs.depths();
            let waits = depths.iter().any(|(name, depth)| name.ends_with("-holds") && depth.ready > 0);
            let is_wanted = self.shop.visiting() > 0;
            let is_sold = self.record.now().free == 0 || !is_wanted;
            looks = if is_sold && !is_giving_back && !waits { looks + 1 } else { 0 };
        }
    }

    /// Until no function runs and nothing waits; what is out of sight by then is in a dead one's hand. `false` when that took too long.
    async fn rest(&self) -> bool {
        let until = Instant::now() + REST;
        let (mut seen, mut since) = (self.invocations(), Instant::now());
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = self.invocations();
            let posts = self
                .inside
                .sandbox()
                .next_due()
                .is_some_and(|due| i64::try_from(due).unwrap_or(i64::MAX) < self.clock.now_millis() + 5_000);
            if !self.inside.is_still() || now != seen || posts {
                (seen, since) = (now, Instant::now());
            }
            let has_in_hand = self.inside.services().sqs.depths().values().any(|depth| depth.in_flight > 0);
            let long = if has_in_hand { GATHERED } else { LOOK };
            if since.elapsed() >= long {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
        }
    }

    fn invocations(&self) -> u64 {
        self.inside.gauges().iter().map(|gauge| gauge.mapping().function.counts().invocations).sum()
    }

    fn skip(&mut self, by: Duration) {
        self.skips.push(Skip { at_millis: self.clock.now_millis(), by });
        self.clock.skip(by);
    }

    /// Until every hold has ended, and everything that died with an invocation has come again and is done.
    pub async fn rest_for_good(&mut self) -> bool {
        self.told.phase("rest", 0);
        let mut rested = self.rest().await;
        self.skip(HOLD);
        for _ in 0..8 {
            rested &= self.rest().await;
            if self.inside.is_quiet() && !self.waits_long() {
                return rested;
            }
            self.skip(HIDDEN);
        }
        false
    }

    /// Whether something was put off that moves money: what asked a provider in vain begins anew a quarter of an hour later.
    fn waits_long(&self) -> bool {
        let depths = self.inside.services().sqs.depths();
        let is_about_money =
            |name: &str| ["-verification", "-payments", "-refunds", "-shares"].iter().any(|end| name.ends_with(end));
        depths.iter().any(|(name, depth)| is_about_money(name) && depth.delayed > 0)
    }

    pub async fn lots(&self) -> Result<Vec<(Kind, Lot)>, BurstError> {
        let mut lots = Vec::new();
        for kind in Kind::ALL {
            // The ids are written by this crate, and are ids.
            let Ok(id) = kind.id().parse() else { continue };
            lots.extend(self.inside.table().all_lots(&id).await?.into_iter().map(|lot| (kind, lot)));
        }
        Ok(lots)
    }

    /// The gifts for which money was taken.
    pub async fn gifts(&self, money: &BTreeMap<String, Money>) -> Result<BTreeMap<DonationId, Donation>, BurstError> {
        let ids: Vec<DonationId> = money.keys().filter_map(|id| id.parse().ok()).collect();
        let mut gifts = BTreeMap::new();
        for some in ids.chunks(AT_ONCE) {
            let read = self.inside.table().donations(some).await?;
            gifts.extend(read.into_iter().map(|gift| (gift.id, gift)));
        }
        Ok(gifts)
    }
}

const fn wave_name(wave: u64) -> &'static str {
    match wave {
        1 => "wave 1",
        2 => "wave 2",
        3 => "wave 3",
        4 => "wave 4",
        5 => "wave 5",
        _ => "last waves",
    }
}
