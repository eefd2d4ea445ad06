//! Matters for a person.
//!
//! A matter is one item, written whole on condition of the version that was read. The same put sets its place in the index of cases, so that no matter is open and in no
//! list, and none is paid for twice: a write of the item and one of the index.
//!
//! **Listing.** The index is by how a matter stands and why, in [`CASE_SHARDS`] partitions for each, so that a filter by reason reads what it shows and nothing else, and
//! one by owner is one by the owner's reasons. Not by state alone: that would be one partition for every open matter of the platform, and a listing by reason would read
//! past all others. Not an item for each day: what is open longest, which an operator has to see first, would be found last. The index may lag by a moment; the items are
//! read from the table, so that what is shown is as it stands.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::case::kept::{Kept, Standing};
use domain::case::{Case, Reason};
use domain::moment::Moment;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::error::{self, classify};
use super::key::{CASE_INDEX, CASE_SHARDS, Key, case_partition, case_place, case_shard};
use super::{Table, TableError, number, read, text, write};

/// Lost races for one matter before the writer gives up: it is told again then.
const ROUNDS: u32 = 5;
/// Partitions of the index that are read at the same time.
const AT_ONCE: usize = 16;

/// A matter as an item: itself, and where the index has it.
#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(default)]
    listed_in: String,
    #[serde(default)]
    listed_as: String,
    #[serde(flatten)]
    kept: Kept,
}

impl Row {
    fn of(kept: &Kept) -> Row {
        let id = kept.case.id();
        Row {
            listed_in: case_partition(kept.standing(), kept.reason(), case_shard(&id)),
            listed_as: case_place(kept.since(), &id),
            kept: kept.clone(),
        }
    }
}

/// What of the matters is listed.
#[derive(Debug, Clone)]
pub struct CaseFilter {
    /// Those that stand so.
    pub standing: Standing,
    /// Those of these reasons.
    pub reasons: Vec<Reason>,
    /// The latest first.
    pub latest_first: bool,
    /// Only what comes after this place, in the order of the listing.
    pub after: Option<String>,
}

/// A part of a list of matters.
#[derive(Debug, Clone, Default)]
pub struct CasePage {
    /// The matters as they stand. Fewer than were asked for where some moved on meanwhile.
    pub cases: Vec<Kept>,
    /// The place after which the list goes on, if it does.
    pub next: Option<String>,
}

impl Table {
    /// Sets a matter aside. The same matter again changes nothing that a person wrote: one that is open is noted as told again, one that was closed is opened again.
    ///
    /// # Errors
    /// When the table cannot be reached, or others keep changing the matter.
    pub async fn open_case(&self, case: &Case) -> Result<(), TableError> {
        let new = Row::of(&Kept::new(case.clone()));
        match self.put_new(&Key::case(&case.id()), &new).await? {
            None => Ok(()),
            Some(Row { kept, .. }) => self.tell_again(kept, case.opened_at).await,
        }
    }

    /// Notes that a matter was told again, by its id; nothing if there is none such.
    ///
    /// # Errors
    /// As [`Table::open_case`].
    pub async fn reopen_case(&self, id: &str, now: Moment) -> Result<(), TableError> {
        match self.case(id).await? {
            Some(kept) => self.tell_again(kept, now).await,
            None => Ok(()),
        }
    }

    async fn tell_again(&self, mut kept: Kept, now: Moment) -> Result<(), TableError> {
        for _ in 0..ROUNDS {
            let Some(told) = kept.told_again(now) else { return Ok(()) };
            match self.turn_case(&kept, &told).await? {
                None => return Ok(()),
                Some(moved) => kept = moved,
            }
        }
        Err(TableError::Transient("a matter kept moving".into()))
    }

    /// A matter by its id.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn case(&self, id: &str) -> Result<Option<Kept>, TableError> {
        Ok(self.get::<Row>(&Key::case(id)).await?.map(|row| row.kept))
    }

    /// Changes a matter, if it still has the version that was read; gives back what it is by now if it has not.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then.
    pub async fn turn_case(&self, read_as: &Kept, to: &Kept) -> Result<Option<Kept>, TableError> {
        let call = self.client.put_item().table_name(&self.name);
        let call = call.set_item(Some(write(&Key::case(&read_as.case.id()), &Row::of(to))?));
        // A matter of before there were versions has none.
        let call = call
            .condition_expression("version = :version OR (attribute_not_exists(version) AND :version = :none)")
            .expression_attribute_values(":version", number(read_as.version))
            .expression_attribute_values(":none", number(0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.send().await {
            Ok(_) => Ok(None),
            Err(failed) => match error::old_item(failed)? {
                Some(item) => Ok(Some(read::<Row>(item)?.kept)),
                None => Err(TableError::Transient("a matter that was read is not there".into())),
            },
        }
    }

    /// Up to `most` matters, in the order since when they stand so.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn cases(&self, filter: &CaseFilter, most: usize) -> Result<CasePage, TableError> {
        let shards = |reason: &Reason| {
            let partition = |shard| case_partition(filter.standing, *reason, shard);
            (0..CASE_SHARDS).map(partition).collect::<Vec<_>>()
        };
        // One more than is shown, to know whether the list goes on.
        let (latest_first, after) = (filter.latest_first, filter.after.as_deref());
        let partitions = filter.reasons.iter().flat_map(shards);
        let reads = partitions.map(|partition| self.listed_in(partition, latest_first, after, most + 1).boxed());
        let reads: Vec<_> = reads.collect();
        let found: Vec<Vec<String>> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut places: Vec<String> = found.into_iter().flatten().collect();
        places.sort_unstable();
        if filter.latest_first {
            places.reverse();
        }
        let goes_on = places.len() > most;
        places.truncate(most);
        let next = places.last().filter(|_| goes_on).cloned();
        Ok(CasePage { cases: self.standing_at(&places).await?, next })
    }

    /// The matters at these places, in their order. One that moved on since stands elsewhere.
    async fn standing_at(&self, places: &[String]) -> Result<Vec<Kept>, TableError> {
        let ids = places.iter().filter_map(|place| place.split_once('#')).map(|(_, id)| Key::case(id));
        let rows: Vec<Row> = self.get_all(&ids.collect::<Vec<_>>()).await?;
        let mut by_place: BTreeMap<String, Kept> = rows.into_iter().map(|row| (row.listed_as, row.kept)).collect();
        Ok(places.iter().filter_map(|place| by_place.remove(place)).collect())
    }

    /// The first places of a partition of the index.
    pub(super) async fn listed_in(
        &self,
        partition: String,
        latest_first: bool,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<String>, TableError> {
        #[derive(Deserialize)]
        struct Place {
            listed_as: String,
        }
        let call = self.client.query().table_name(&self.name).index_name(CASE_INDEX);
        let call = call.expression_attribute_values(":in", text(partition)).scan_index_forward(!latest_first);
        let call = call.limit(i32::try_from(most).unwrap_or(i32::MAX));
        let call = match after {
            None => call.key_condition_expression("listed_in = :in"),
            Some(after) => {
                let beyond = if latest_first { "<" } else { ">" };
                call.key_condition_expression(format!("listed_in = :in AND listed_as {beyond} :after"))
                    .expression_attribute_values(":after", text(after))
            }
        };
        let answer = call.send().await.map_err(classify)?;
        answer.items.unwrap_or_default().into_iter().map(|item| Ok(read::<Place>(item)?.listed_as)).collect()
    }
}
