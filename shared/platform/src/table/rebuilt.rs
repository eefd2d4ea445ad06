//! Donations, charges and notes of movements put right by the pages: for the command `rebuild`, and for no function.
//!
//! **Promise.** Only what is as it was read is written, and only what follows from pages: who gave, what is sealed, held or told stays as it stands.

use std::collections::HashMap;

use domain::donation::{Charge, Donation, Place};
use domain::hash::Hash;
use domain::id::DonationId;
use domain::journal::Movement;
use domain::payment::PaymentRef;
use serde::Deserialize;

use super::donation::{charge_item, state_change};
use super::error::classify;
use super::key::Key;
use super::movement::Booked;
use super::{Item, Table, TableError, attribute, number, read, text};

/// What the table keeps of a gift or of a payment beside one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// A donation that says that it is paid, or that it stands in the books.
    Donation {
        /// Its id.
        id: DonationId,
        /// Whether its state is one of those that are paid.
        is_paid: bool,
        /// Where it says that it stands.
        place: Option<Place>,
    },
    /// A charge.
    Charge(PaymentRef),
}

/// A part of all that is kept.
#[derive(Debug, Clone, Default)]
pub struct KeptPage {
    /// In the table's own order.
    pub kept: Vec<Kept>,
    /// Where the next part begins; none at the end.
    pub next: Option<Item>,
}

/// As little of an item as is looked at.
#[derive(Deserialize)]
struct Row {
    pk: String,
    #[serde(default)]
    settled_by: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    place: Option<Place>,
}

#[derive(Deserialize)]
struct Note {
    pk: String,
    #[serde(flatten)]
    booked: Booked,
}

impl Table {
    /// Donations that say that they are paid, and charges, as the table has them: a part of the whole table, read through. Dear: every item is read.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn kept(&self, from: Option<Item>) -> Result<KeptPage, TableError> {
        let call = self.client.scan().table_name(&self.name).consistent_read(true).set_exclusive_start_key(from);
        let call = call
            .filter_expression(
                "(sk = :donation AND (attribute_exists(settled_by) OR attribute_exists(place))) OR sk = :charge",
            )
            .projection_expression("pk, settled_by, place")
            .expression_attribute_values(":donation", text("DON"))
            .expression_attribute_values(":charge", text("PAY"));
        let answer = call.send().await.map_err(classify)?;
        let kept = answer.items.unwrap_or_default().into_iter().map(kept);
        Ok(KeptPage { kept: kept.collect::<Result<_, _>>()?, next: answer.last_evaluated_key })
    }

    /// Writes what the pages say of a donation, if it still has the version that was read. `false` when it has moved on.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then, and another look tells.
    pub async fn restore_donation(&self, kept: &Donation, rebuilt: &Donation) -> Result<bool, TableError> {
        let mut change = state_change(&rebuilt.state)?.and_back(&kept.back, &rebuilt.back)?;
        change.expression = change.expression.replacen("SET ", "SET place = :place, ", 1);
        change.values.push((":place", attribute(&rebuilt.place)?));
        if kept.back.traced != rebuilt.back.traced {
            change.expression = change.expression.replacen("SET ", "SET traced = :traced, ", 1);
            change.values.push((":traced", attribute(&rebuilt.back.traced)?));
        }
        if kept.dropped && !rebuilt.dropped {
            change.expression.push_str(", dropped");
        }
        self.change_donation(kept, change).await
    }

    /// Writes a charge as the pages say it: one of version nought if there is none, another over the version before. `false` when another stands there.
    ///
    /// # Errors
    /// As [`Table::restore_donation`].
    pub async fn restore_charge(&self, charge: &Charge) -> Result<bool, TableError> {
        let call = self.client.put_item().table_name(&self.name).set_item(Some(charge_item(charge)?));
        let call = match charge.version.checked_sub(1) {
            None => call.condition_expression("attribute_not_exists(pk)"),
            Some(read) => call.condition_expression("version = :read").expression_attribute_values(":read", number(read)),
        };
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) => Err(classify(error)),
        }
    }

    /// Where the movements of these references are noted to stand; those that are not noted are left out.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn noted(&self, references: &[Hash]) -> Result<HashMap<Hash, Place>, TableError> {
        let keys: Vec<Key> = references.iter().map(Key::movement).collect();
        let notes: Vec<Note> = self.get_all(&keys).await?;
        let places = notes.into_iter().map(|note| {
            let reference = note.pk.strip_prefix("MOV#").and_then(|hex| hex.parse().ok());
            reference.map(|reference| (reference, note.booked.place)).ok_or_else(|| not_a_key("a movement's key"))
        });
        places.collect()
    }

    /// Notes that a movement stands there, if nothing is noted of its reference; gives back where it is noted to stand otherwise.
    ///
    /// # Errors
    /// As [`Table::restore_donation`].
    pub async fn restore_note(&self, movement: &Movement, place: Place) -> Result<Option<Place>, TableError> {
        let there = self.put_new(&Key::movement(&movement.reference), &Booked::of(movement, place)).await?;
        Ok(there.map(|booked| booked.place))
    }
}

fn kept(item: Item) -> Result<Kept, TableError> {
    let Row { pk, settled_by, place } = read(item)?;
    if let Some(id) = pk.strip_prefix("DON#").and_then(|id| id.parse().ok()) {
        return Ok(Kept::Donation { id, is_paid: settled_by.is_some(), place });
    }
    let payment = pk.strip_prefix("PAY#").and_then(|payment| {
        let (provider, payment) = payment.split_once('#')?;
        Some(PaymentRef { provider: provider.parse().ok()?, payment: payment.parse().ok()? })
    });
    payment.map(Kept::Charge).ok_or_else(|| not_a_key("a donation's or a charge's key"))
}

fn not_a_key(expected: &'static str) -> TableError {
    TableError::Unreadable { expected, source: "not one".into() }
}
