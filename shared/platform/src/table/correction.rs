//! Corrections of the books.
//!
//! **Promise.** A correction that is done is booked, and one that is booked is done: its movement, the page and its new state are written in one transaction, on condition of the
//! version that was read; so is the charge of the payment that it takes out of suspense. So one that somebody declines at the same moment is declined or booked, and never both.
//!
//! **Listing.** They stand in the index of cases, in a partition for each stage; the same put sets the place. The index may lag by a moment; the items are read from the table.
//!
//! **Cost.** Asking: a put of the item and one of the index. Agreeing: a movement's, and the item and the index again; out of suspense, a read and a write of the charge besides.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::correction::{Correction, CorrectionStage, out_of_suspense};
use domain::donation::{Charge, Place};
use domain::id::CorrectionId;
use domain::moment::Moment;
use domain::payment::PaymentRef;
use serde::{Deserialize, Serialize};

use super::error;
use super::key::{Key, case_place, correction_partition};
use super::movement::Moving;
use super::{Item, Table, TableError, number, write};
use crate::{Clock, Random};

/// A correction as an item: itself, and where the index has it.
#[derive(Serialize, Deserialize)]
struct Row {
    listed_in: String,
    listed_as: String,
    #[serde(flatten)]
    correction: Correction,
}

impl Row {
    fn of(correction: &Correction) -> Row {
        Row {
            listed_in: correction_partition(correction.stage.code()),
            listed_as: case_place(correction.since(), correction.id.as_str()),
            correction: correction.clone(),
        }
    }
}

/// How booking a correction went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Correcting {
    /// It is booked and done, as it stands now.
    Done(Correction),
    /// Its movement stood here before: by somebody who was faster, or by a call of mine whose reply was lost.
    Stood(Place),
    /// It is not as it was read; nothing is written.
    Moved,
    /// What it would take out of suspense does not stand there of its payment, or not any more; or what it would bring back was not taken out. Nothing is written.
    Spent,
}

/// Which corrections are listed.
#[derive(Debug, Clone)]
pub struct CorrectionFilter {
    /// Those that have come so far: a code of [`CorrectionStage`].
    pub stage: &'static str,
    /// The latest first.
    pub latest_first: bool,
    /// Only what comes after this place, in the order of the listing.
    pub after: Option<String>,
}

/// A part of a list of corrections.
#[derive(Debug, Clone, Default)]
pub struct CorrectionPage {
    /// The corrections as they stand. Fewer than were asked for where some moved on meanwhile.
    pub corrections: Vec<Correction>,
    /// The place after which the list goes on, if it does.
    pub next: Option<String>,
}

impl Table {
    /// Writes a correction that is asked for, if there is none of its id; gives back the one that there is.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn ask_correction(&self, correction: &Correction) -> Result<Option<Correction>, TableError> {
        let there = self.put_new(&Key::correction(&correction.id), &Row::of(correction)).await?;
        Ok(there.map(|row| row.correction))
    }

    /// A correction.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn correction(&self, id: &CorrectionId) -> Result<Option<Correction>, TableError> {
        Ok(self.get::<Row>(&Key::correction(id)).await?.map(|row| row.correction))
    }

    /// Books a correction's movement and marks it as done by this person at this moment, and its payment's charge as taken out of suspense if that is what it does, in one write. Whoever books tells the follower of the page.
    ///
    /// # Errors
    /// When the table cannot be reached or is too busy; whether it was booked is not known then, and booking again tells.
    pub async fn book_correction(
        &self,
        read_as: &Correction,
        (by, at): (&str, Moment),
        clock: &Clock,
        random: &Random,
    ) -> Result<Correcting, TableError> {
        let movement = read_as.movement(at);
        let charge = match &read_as.payment {
            None => None,
            Some(payment) => match self.taken_out(payment, out_of_suspense(&read_as.transfers)).await? {
                Some(charge) => Some(charge),
                // Booked, it has moved it itself.
                None => return Ok(self.movement(&movement).await?.map_or(Correcting::Spent, Correcting::Stood)),
            },
        };
        let done = |place| read_as.turned(CorrectionStage::Done { by: by.to_owned(), at, place });
        let beside = |place| {
            let mut actions = vec![self.correction_action(read_as, &done(place))?];
            actions.extend(charge.as_ref().map(|charge| self.charge_action(charge)).transpose()?);
            Ok(actions)
        };
        Ok(match self.book_beside(&movement, Some(&beside), clock, random).await? {
            Moving::Booked(place) => Correcting::Done(done(place)),
            Moving::Stood(place) => Correcting::Stood(place),
            Moving::Moved => Correcting::Moved,
        })
    }

    /// The charge of a payment when people have taken so many halalas of it out of suspense, or brought them back, if that can be.
    async fn taken_out(&self, payment: &PaymentRef, halalas: i64) -> Result<Option<Charge>, TableError> {
        let charge = self.charges(std::slice::from_ref(payment)).await?.pop();
        Ok(charge.and_then(|charge| charge.taken_out(halalas)))
    }

    /// Changes a correction, if it still has the version that was read. `false` when it has not.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then.
    pub async fn turn_correction(&self, read_as: &Correction, to: &Correction) -> Result<bool, TableError> {
        let call = self.client.put_item().table_name(&self.name).set_item(Some(item(to)?));
        let call = call
            .condition_expression(AS_READ)
            .expression_attribute_values(":version", number(read_as.version))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.send().await {
            Ok(_) => Ok(true),
            Err(failed) => error::old_item(failed).map(|_| false),
        }
    }

    /// Up to `most` corrections, in the order since when they stand so.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn corrections(&self, filter: &CorrectionFilter, most: usize) -> Result<CorrectionPage, TableError> {
        let (partition, after) = (correction_partition(filter.stage), filter.after.as_deref());
        // One more than is shown, to know whether the list goes on.
        let mut places = self.listed_in(partition, filter.latest_first, after, most + 1).await?;
        let goes_on = places.len() > most;
        places.truncate(most);
        let next = places.last().filter(|_| goes_on).cloned();
        let ids = places.iter().filter_map(|place| place.split_once('#')?.1.parse().ok());
        let rows: Vec<Row> = self.get_all(&ids.map(|id| Key::correction(&id)).collect::<Vec<_>>()).await?;
        let mut by_place: BTreeMap<String, Correction> =
            rows.into_iter().map(|row| (row.listed_as, row.correction)).collect();
        let corrections = places.iter().filter_map(|place| by_place.remove(place));
        // One that moved on since, within the moment in which it was asked for, stands in another list.
        let corrections = corrections.filter(|correction| correction.stage.code() == filter.stage).collect();
        Ok(CorrectionPage { corrections, next })
    }

    fn correction_action(&self, read_as: &Correction, to: &Correction) -> Result<TransactWriteItem, TableError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item(to)?))
            .condition_expression(AS_READ)
            .expression_attribute_values(":version", number(read_as.version))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = put.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// The condition of every change.
const AS_READ: &str = "version = :version";

fn item(correction: &Correction) -> Result<Item, TableError> {
    write(&Key::correction(&correction.id), &Row::of(correction))
}
