//! A batch, in phases, so that its messages share their reads.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use data_encoding::HEXLOWER;
use domain::cap::MOST_SHARDS;
use domain::donation::{Donation, HoldPart, State};
use domain::id::{DonationId, OpportunityId};
use domain::message::Message;
use domain::sacrifice::Claim;
use futures_util::future::try_join_all;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use platform::batch::{Delivery, Failure};
use platform::http::chain;
use platform::table::{Guarded, TableError};
use platform::telemetry;

use crate::Deps;
use crate::claims::{self, Claimed, Counted, Shards, Strays};
use crate::decide::{Ending, Step, step, subject};

/// Writes in flight at once: a batch is done in a second or two, and a hot shard still serves those who give.
const AT_ONCE: usize = 16;
/// How often the expiry of one donation may lose to others. Each loss is somebody's progress; who loses more comes again.
const ROUNDS: u32 = 4;

/// Why a donation did not expire, or give up what it held or took, this time.
#[derive(Debug, thiserror::Error)]
enum ExpiryError {
    #[error("the table")]
    Table(#[from] TableError),
    #[error("the donation is gone")]
    Gone,
    #[error("others wrote to it {ROUNDS} times meanwhile")]
    Crowded,
}

/// What a batch asks for, each thing with the message that asks.
#[derive(Default)]
struct Plan<'a> {
    again: Vec<(&'a Delivery, Duration)>,
    drop: Vec<(&'a Delivery, Donation)>,
    expire: Vec<(&'a Delivery, Donation)>,
    sweep: Vec<(&'a Delivery, Donation)>,
    end: Vec<(&'a Delivery, Donation, HoldPart, Ending)>,
    counted: Vec<(&'a Delivery, Counted)>,
    shares: Vec<(&'a Delivery, Claimed)>,
    freeing: Vec<(&'a Delivery, Donation)>,
    failed: Vec<Failure>,
}

impl<'a> Plan<'a> {
    fn take(&mut self, delivery: &'a Delivery, donation: Option<&Donation>, step: Step) {
        match (step, donation) {
            (Step::Again(wait), _) => self.again.push((delivery, wait)),
            (Step::Expire, Some(donation)) => self.expire.push((delivery, donation.clone())),
            (Step::Sweep, Some(donation)) => self.sweep.push((delivery, donation.clone())),
            (Step::Drop, Some(donation)) => self.drop.push((delivery, donation.clone())),
            (Step::End(ending), Some(donation)) => self.end(delivery, donation, ending),
            (Step::Fail(why), _) => self.fail(delivery, why),
            (Step::Nothing, _) | (Step::Expire | Step::Sweep | Step::Drop | Step::End(_), None) => {}
        }
    }

    /// What it names is to end.
    fn end(&mut self, delivery: &'a Delivery, donation: &Donation, ending: Ending) {
        self.end.extend(donation.hold.iter().map(|part| (delivery, donation.clone(), part.clone(), ending)));
        self.shares.extend(claims::lots(donation).into_iter().map(|lot| (delivery, lot)));
        self.uncount(delivery, donation);
        self.free(delivery, donation);
    }

    /// What of it has gone back can be given by others.
    fn free(&mut self, delivery: &'a Delivery, donation: &Donation) {
        self.freeing.extend(donation.freeing().map(|_| (delivery, donation.clone())));
    }

    /// In whose allowances it is not to be counted any more.
    fn uncount(&mut self, delivery: &'a Delivery, donation: &Donation) {
        self.counted.extend(claims::counted(donation).into_iter().map(|counted| (delivery, counted)));
    }

    fn fail(&mut self, delivery: &Delivery, why: &str) {
        let donation = subject(&delivery.message).map(|id| id.to_string()).unwrap_or_default();
        tracing::warn!(message_id = delivery.id, donation, why, "a message comes again");
        self.failed.push(delivery.failure());
    }
}

/// Ends the holds that the messages tell of; gives back those that have to come again.
pub(crate) async fn run(deps: &Deps, deliveries: &[Delivery]) -> Vec<Failure> {
    let mut plan = Plan::default();
    match donations(deps, deliveries).await {
        Ok(donations) => {
            let now = deps.clock.now();
            for delivery in deliveries {
                let donation = subject(&delivery.message).and_then(|id| donations.get(&id));
                plan.take(delivery, donation, step(&delivery.message, donation, now));
            }
        }
        Err(error) => deliveries.iter().for_each(|delivery| plan.fail(delivery, &chain(&error))),
    }
    drop_holds(deps, &mut plan).await;
    expire(deps, &mut plan).await;
    sweep(deps, &mut plan).await;
    end(deps, &mut plan).await;
    free(deps, &mut plan).await;
    free_again(deps, &mut plan).await;
    uncount(deps, &mut plan).await;
    send_again(deps, &mut plan).await;
    plan.failed
}

async fn donations(deps: &Deps, deliveries: &[Delivery]) -> Result<BTreeMap<DonationId, Donation>, TableError> {
    let ids: BTreeSet<DonationId> = deliveries.iter().filter_map(|delivery| subject(&delivery.message)).collect();
    let found = deps.table.donations(&ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(found.into_iter().map(|donation| (donation.id, donation)).collect())
}

/// First the donation, then its claims, as when it expires.
async fn drop_holds(deps: &Deps, plan: &mut Plan<'_>) {
    let mut moves = Vec::new();
    for (delivery, donation) in std::mem::take(&mut plan.drop) {
        moves.push(async move { (delivery, dropped(deps, donation).await) }.boxed());
    }
    let moved: Vec<_> = stream::iter(moves).buffer_unordered(AT_ONCE).collect().await;
    for (delivery, moved) in moved {
        match moved {
            Ok(donation) => {
                let step = step(&delivery.message, Some(&donation), deps.clock.now());
                plan.take(delivery, Some(&donation), step);
            }
            Err(error) => plan.fail(delivery, &chain(&error)),
        }
    }
}

/// The donation as it has given up what it held, or as whoever was faster has left it.
async fn dropped(deps: &Deps, mut donation: Donation) -> Result<Donation, ExpiryError> {
    for _ in 0..ROUNDS {
        match step(&Message::HoldDropped { donation: donation.id }, Some(&donation), deps.clock.now()) {
            Step::Drop if deps.table.drop_hold(&donation).await? => {
                return Ok(Donation { dropped: true, version: donation.version + 1, ..donation });
            }
            Step::Drop => donation = deps.table.donation(&donation.id).await?.ok_or(ExpiryError::Gone)?,
            Step::Nothing | Step::Again(_) | Step::Expire | Step::Sweep | Step::End(_) | Step::Fail(_) => {
                return Ok(donation);
            }
        }
    }
    Err(ExpiryError::Crowded)
}

/// First the donation, then its claims: a payment that wins the race for the donation keeps what is claimed for it.
async fn expire(deps: &Deps, plan: &mut Plan<'_>) {
    let wanted = std::mem::take(&mut plan.expire);
    let mut moves = Vec::new();
    for (delivery, donation) in wanted {
        moves.push(async move { (delivery, expired(deps, donation).await) }.boxed());
    }
    let moved: Vec<_> = stream::iter(moves).buffer_unordered(AT_ONCE).collect().await;
    for (delivery, moved) in moved {
        match moved {
            Ok(donation) => plan.sweep.push((delivery, donation)),
            Err(error) => plan.fail(delivery, &chain(&error)),
        }
    }
}

/// The donation as expired, or as whoever was faster has left it.
async fn expired(deps: &Deps, mut donation: Donation) -> Result<Donation, ExpiryError> {
    for _ in 0..ROUNDS {
        if !donation.state.is_payable() {
            return Ok(donation);
        }
        if deps.table.move_donation(&donation, &State::Expired).await? {
            return Ok(Donation { state: State::Expired, version: donation.version + 1, ..donation });
        }
        donation = deps.table.donation(&donation.id).await?.ok_or(ExpiryError::Gone)?;
    }
    Err(ExpiryError::Crowded)
}

/// Looks for claims where any could be. All the donations stand as they will stay before a shard is read.
async fn sweep(deps: &Deps, plan: &mut Plan<'_>) {
    let swept = std::mem::take(&mut plan.sweep);
    match shards(deps, swept.iter().map(|(_, donation)| donation)).await {
        Ok(shards) => {
            for (delivery, donation) in swept {
                plan.uncount(delivery, &donation);
                plan.free(delivery, &donation);
                match left_on_lots(deps, &donation).await {
                    Ok(Strays::Free(left)) => plan.shares.extend(left.into_iter().map(|lot| (delivery, lot))),
                    Ok(Strays::Wanted) => plan.fail(delivery, "what it paid for is not confirmed yet"),
                    Err(error) => plan.fail(delivery, &chain(&error)),
                }
                let standing = claims::standing(&donation, &shards);
                plan.end.extend(standing.into_iter().map(|(part, ending)| (delivery, donation.clone(), part, ending)));
            }
        }
        Err(error) => swept.iter().for_each(|(delivery, _)| plan.fail(delivery, &chain(&error))),
    }
}

/// The shares that a donation has and are not its own. Lots are read for the few paid ones alone that had named others before.
async fn left_on_lots(deps: &Deps, donation: &Donation) -> Result<Strays, TableError> {
    let Some(named) = donation.reservation.as_ref().filter(|_| claims::may_have_strays(donation)) else {
        return Ok(Strays::Free(claims::lots(donation)));
    };
    let lots = deps.table.lots(&named.offering, &named.lots().collect::<Vec<_>>()).await?;
    Ok(claims::strays(donation, &lots))
}

/// All shards that an opportunity can have: its target may have been another when the claim was made.
async fn shards<'a>(deps: &Deps, donations: impl Iterator<Item = &'a Donation>) -> Result<Shards, TableError> {
    let opportunities: BTreeSet<&OpportunityId> = donations.flat_map(claims::opportunities).collect();
    let reads = opportunities.into_iter().map(|opportunity| async move {
        deps.table.escrow(opportunity, MOST_SHARDS).await.map(|escrows| (opportunity.clone(), escrows))
    });
    Ok(try_join_all(reads).await?.into_iter().collect())
}

async fn ended(deps: &Deps, donation: &Donation, part: &HoldPart, ending: Ending) -> Result<(), TableError> {
    match ending {
        Ending::Release => deps.table.release_claim(&donation.id, part).await,
        Ending::Spend => deps.table.spend_claim(donation.into(), part).await,
        Ending::ReleaseDropped => {
            let token = HEXLOWER.encode(&deps.random.bytes::<16>());
            match deps.table.release_while(donation, part, &token).await? {
                // Whoever claims anew has what is there.
                Guarded::Done | Guarded::Gone | Guarded::Moved => Ok(()),
            }
        }
    }
}

async fn end(deps: &Deps, plan: &mut Plan<'_>) {
    let wanted = std::mem::take(&mut plan.end);
    let mut writes = Vec::new();
    for (delivery, donation, part, ending) in wanted {
        writes.push(async move { (delivery, ended(deps, &donation, &part, ending).await) }.boxed());
    }
    let ended: Vec<_> = stream::iter(writes).buffer_unordered(AT_ONCE).collect().await;
    let mut failed = BTreeMap::new();
    for (delivery, ended) in ended {
        if let Err(error) = ended {
            failed.insert(delivery.id.as_str(), (delivery, error));
        }
    }
    failed.into_values().for_each(|(delivery, error)| plan.fail(delivery, &chain(&error)));
}

/// Shares on lots: so few for each donation that each lot is read by itself.
async fn free(deps: &Deps, plan: &mut Plan<'_>) {
    let mut writes = Vec::new();
    for (delivery, claimed) in std::mem::take(&mut plan.shares) {
        let given_back = async move {
            let Claimed { donation, offering, lot, .. } = &claimed;
            (delivery, deps.table.give_shares_back(offering, *lot, donation, |claim| claimed.is_meant(claim)).await)
        };
        writes.push(given_back.boxed());
    }
    let freed: Vec<_> = stream::iter(writes).buffer_unordered(AT_ONCE).collect().await;
    let mut failed = BTreeMap::new();
    for (delivery, freed) in freed {
        match freed {
            Ok(0) => {}
            Ok(shares) => telemetry::count("releases", "SharesReleased", u64::from(shares)),
            Err(error) => {
                failed.insert(delivery.id.as_str(), (delivery, error));
            }
        }
    }
    failed.into_values().for_each(|(delivery, error)| plan.fail(delivery, &chain(&error)));
}

/// Donation and shards together: what a gift no longer takes is free once, however often it is told.
async fn free_again(deps: &Deps, plan: &mut Plan<'_>) {
    let mut writes = Vec::new();
    for (delivery, donation) in std::mem::take(&mut plan.freeing) {
        writes.push(async move { (delivery, freed(deps, donation).await) }.boxed());
    }
    let freed: Vec<_> = stream::iter(writes).buffer_unordered(AT_ONCE).collect().await;
    for (delivery, freed) in freed {
        if let Err(error) = freed {
            plan.fail(delivery, &chain(&error));
        }
    }
}

async fn freed(deps: &Deps, mut donation: Donation) -> Result<(), ExpiryError> {
    for _ in 0..ROUNDS {
        let Some(freeing) = donation.freeing() else { return Ok(()) };
        let token = HEXLOWER.encode(&deps.random.bytes::<16>());
        if deps.table.free_again(&donation, &freeing, &token).await? {
            return Ok(());
        }
        donation = deps.table.donation(&donation.id).await?.ok_or(ExpiryError::Gone)?;
    }
    Err(ExpiryError::Crowded)
}

/// After the shares: whoever may give again finds them.
async fn uncount(deps: &Deps, plan: &mut Plan<'_>) {
    let mut writes = Vec::new();
    for (delivery, Counted { donation, giver, until }) in std::mem::take(&mut plan.counted) {
        let uncounted = async move {
            let is_over = |claim: &Claim| claim.is_over(until);
            (delivery, deps.table.uncount_shares(&giver, &donation, is_over).await)
        };
        writes.push(uncounted.boxed());
    }
    let uncounted: Vec<_> = stream::iter(writes).buffer_unordered(AT_ONCE).collect().await;
    let mut failed = BTreeMap::new();
    for (delivery, uncounted) in uncounted {
        if let Err(error) = uncounted {
            failed.insert(delivery.id.as_str(), (delivery, error));
        }
    }
    failed.into_values().for_each(|(delivery, error)| plan.fail(delivery, &chain(&error)));
}

async fn send_again(deps: &Deps, plan: &mut Plan<'_>) {
    let early = std::mem::take(&mut plan.again);
    let messages: Vec<(Message, Duration)> =
        early.iter().map(|(delivery, wait)| (delivery.message.clone(), *wait)).collect();
    if let Err(error) = deps.holds.send_all_later(messages).await {
        early.iter().for_each(|(delivery, _)| plan.fail(delivery, &chain(&error)));
    }
}
