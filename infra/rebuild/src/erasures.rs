//! Erasures told again: after a restore of the table.

use domain::message::Message;
use platform::queue::Queue;
use platform::table::Table;

use crate::RebuildError;

/// Sends a message to `erasures` for every tombstone in the table of keys; gives back how many. `told` hears how many of each page. A repeat sends them again, which does no harm.
///
/// # Errors
/// When table or queue do not answer; begin again then.
pub async fn replay_erasures(table: &Table, erasures: &Queue, mut told: impl FnMut(u64)) -> Result<u64, RebuildError> {
    let (mut from, mut all) = (None, 0);
    loop {
        let page = table.tombstones(from).await?;
        let count = page.owners.len() as u64;
        let due = page.owners.into_iter().map(|owner| Message::ErasureDue { owner, after: None });
        erasures.send_all(due).await?;
        all += count;
        told(count);
        from = page.next;
        if from.is_none() {
            return Ok(all);
        }
    }
}
