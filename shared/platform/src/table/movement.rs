//! Movements of money without a donor, each booked once.
//!
//! **Promise.** However often a movement of one reference is booked, by however many at the same time, it stands on one page. The page and the note of
//! the reference are written in one transaction; the note is put only if there is none.
//!
//! A movement that follows from something else in the table (a correction that was agreed to) takes that with it: what it makes of it is written in the same transaction, or none
//! of it is.
//!
//! **Cost.** Four write units and a read, and two more for each item that it takes with it: movements are some hundreds a day. They are not grouped.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::donation::Place;
use domain::journal::{ChainId, Movement};
use domain::moment::Moment;
use serde::{Deserialize, Serialize};

use super::group::{Committed, Refusal, cancelled};
use super::key::Key;
use super::{Table, TableError, read, write};
use crate::{Clock, Random};

/// Races for the end of a chain before the caller is told to come again; each is lost to somebody who booked.
const ROUNDS: u32 = 8;
/// The unit of waiting between two rounds.
const WAIT: Duration = Duration::from_millis(20);

/// The note that a movement is booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Booked {
    kind: String,
    pub(super) place: Place,
    happened_at: Moment,
}

impl Booked {
    pub(super) fn of(movement: &Movement, place: Place) -> Booked {
        Booked { kind: movement.kind.code().to_owned(), place, happened_at: movement.happened_at }
    }
}

/// How booking went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moving {
    /// It stands here now, and what it takes with it is written.
    Booked(Place),
    /// It stood here before: somebody else booked it, or a call of mine whose reply was lost. What it takes with it may be written or not.
    Stood(Place),
    /// What it takes with it is not as it was read; nothing is written.
    Moved,
}

/// What a movement takes with it: writes, each on a condition, made once it is known where the movement would stand.
pub(super) type Beside<'b> = &'b (dyn Fn(Place) -> Result<Vec<TransactWriteItem>, TableError> + Sync);

impl Table {
    /// Books a movement, if none of its reference is booked; gives back where it stands. Whoever books tells the follower of that page, also when
    /// it stood there before: whoever came first may not have come so far.
    ///
    /// # Errors
    /// When the table cannot be reached or is too busy; whether it was booked is not known then, and booking again tells.
    pub async fn book_movement(&self, movement: &Movement, clock: &Clock, random: &Random) -> Result<Place, TableError> {
        match self.book_beside(movement, None, clock, random).await? {
            Moving::Booked(place) | Moving::Stood(place) => Ok(place),
            Moving::Moved => Err(TableError::Other("it takes nothing with it that could have moved".into())),
        }
    }

    /// Books a movement and writes what it takes with it, or neither.
    ///
    /// # Errors
    /// As [`Table::book_movement`].
    pub(super) async fn book_beside(
        &self,
        movement: &Movement,
        beside: Option<Beside<'_>>,
        clock: &Clock,
        random: &Random,
    ) -> Result<Moving, TableError> {
        let mut last = TableError::Transient("every chain was too busy".into());
        for round in 0..ROUNDS {
            match self.try_movement(movement, beside, clock.now(), ChainId::any(random.number())).await {
                Ok(Some(moving)) => return Ok(moving),
                Ok(None) => {}
                Err(error) if error.is_transient() => last = error,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(wait(round, random.number())).await;
        }
        Err(last)
    }

    /// Where the movement of this reference stands; none when none is booked.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn movement(&self, movement: &Movement) -> Result<Option<Place>, TableError> {
        let booked: Option<Booked> = self.get(&Key::movement(&movement.reference)).await?;
        Ok(booked.map(|booked| booked.place))
    }

    async fn try_movement(
        &self,
        movement: &Movement,
        beside: Option<Beside<'_>>,
        now: Moment,
        chain: ChainId,
    ) -> Result<Option<Moving>, TableError> {
        let page = self.tail(chain).await?.write_movements(vec![movement.clone()], now);
        let place = Place { chain: chain.number(), seq: page.seq, index: 0 };
        let mut actions = vec![self.note_action(movement, place)?, self.page_action(&page)?];
        actions.extend(beside.map(|actions| actions(place)).transpose()?.into_iter().flatten());
        let token = page.hash().to_string()[..36].to_owned();
        let call = self.client.transact_write_items().set_transact_items(Some(actions)).client_request_token(token);
        let committed = match call.send().await {
            Ok(_) => Committed::Done,
            Err(error) => cancelled(error)?,
        };
        match committed {
            Committed::Done => Ok(Some(Moving::Booked(place))),
            Committed::Unsure(error) => Err(error),
            Committed::Cancelled(refusals) => refused(&refusals),
        }
    }

    /// The note of its reference, if there is none.
    fn note_action(&self, movement: &Movement, place: Place) -> Result<TransactWriteItem, TableError> {
        let booked = Booked::of(movement, place);
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(write(&Key::movement(&movement.reference), &booked)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = put.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// What the refusals of note, page and what stands beside them mean; `None` when it is worth another try.
fn refused(refusals: &[Refusal]) -> Result<Option<Moving>, TableError> {
    if refusals.contains(&Refusal::Invalid) {
        return Err(TableError::Invalid("the movement is refused".into()));
    }
    match refusals {
        [Refusal::Condition(Some(note)), ..] => Ok(Some(Moving::Stood(read::<Booked>(note.clone())?.place))),
        [_, _, beside @ ..] if beside.iter().any(|one| matches!(one, Refusal::Condition(_))) => Ok(Some(Moving::Moved)),
        _ => Ok(None),
    }
}

/// Growing with each round, and random, so that those who met do not meet again.
fn wait(round: u32, random: u64) -> Duration {
    let most = (WAIT * 2u32.saturating_pow(round.min(6))).as_micros();
    Duration::from_micros(random % u64::try_from(most).unwrap_or(u64::MAX).max(1))
}
