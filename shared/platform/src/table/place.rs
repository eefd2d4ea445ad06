//! Shares of a paid donation that are not where it says: they are put on a lot together with the donation's word for it.
//!
//! A confirmed claim is taken away by nobody but whoever gives it back, so one that its donation does not name would stay for good. Two who look for the shares of the same
//! donation, or one who does so while its money goes back, could leave such a claim behind. So donation and lots go into one transaction, on a path that is rarely taken: most
//! claims are where they should be, and are confirmed by one plain update.

use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem, Update};
use domain::donation::Donation;
use domain::id::OpportunityId;
use domain::sacrifice::{Claim, Lot, Part, Reservation, Standing};

use super::error::classify;
use super::group::{Committed, Refusal, cancelled};
use super::key::Key;
use super::{Table, TableError, attribute, number, text};

/// How shares were put on a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    /// They are confirmed there, and the donation names it.
    Placed,
    /// The donation, its claims or the lot are no longer as they were read.
    Moved,
}

impl Table {
    /// Confirms the shares of a paid donation in the places of `to`, where it has claims already or takes them, and names these in the donation; if the donation still has the
    /// version that was read. Its claims are as on the `lots` that were read: one of another number is changed to the one that is named. On a lot that it named until now and names no more nothing
    /// of it is left.
    ///
    /// # Errors
    /// When the table cannot be reached or is busy; whether it was done is not known then, and what stands tells.
    pub async fn place_shares(
        &self,
        donation: &Donation,
        (to, lots): (&Reservation, &[Lot]),
        token: &str,
    ) -> Result<Placing, TableError> {
        let has = |number: u32| lots.iter().find(|lot| lot.lot == number)?.claims.get(&donation.id).copied();
        let places = to.places();
        let mut actions = vec![self.naming(donation, to)?];
        for part in &places {
            actions.push(self.confirming(donation, (&to.offering, *part), has(part.lot))?);
        }
        for named in donation.reservation.iter().flat_map(Reservation::places) {
            if !places.iter().any(|part| part.lot == named.lot) {
                actions.push(self.leaving(donation, (&to.offering, named.lot), has(named.lot))?);
            }
        }
        let call = self.client.transact_write_items().client_request_token(token).set_transact_items(Some(actions));
        match call.send().await {
            Ok(_) => Ok(Placing::Placed),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_transaction_canceled_exception()) => {
                placing(&cancelled(error)?)
            }
            Err(error) => Err(classify(error)),
        }
    }

    /// The donation as it was read, naming the lot; where it does so already it stays as it is.
    fn naming(&self, donation: &Donation, to: &Reservation) -> Result<TransactWriteItem, TableError> {
        let (key, version) = (Key::donation(&donation.id).item(), number(donation.version));
        let action = TransactWriteItem::builder();
        if donation.reservation.as_ref() == Some(to) {
            let check = ConditionCheck::builder()
                .table_name(&self.name)
                .set_key(Some(key))
                .condition_expression("version = :version")
                .expression_attribute_values(":version", version);
            return Ok(action.condition_check(check.build().map_err(|error| TableError::Other(error.into()))?).build());
        }
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key))
            .update_expression("SET reservation = :reservation, version = :next")
            .condition_expression("version = :version")
            .expression_attribute_values(":reservation", attribute(to)?)
            .expression_attribute_values(":version", version)
            .expression_attribute_values(":next", number(donation.version + 1));
        Ok(action.update(update.build().map_err(|error| TableError::Other(error.into()))?).build())
    }

    fn confirming(
        &self,
        donation: &Donation,
        (offering, part): (&OpportunityId, Part),
        has: Option<Claim>,
    ) -> Result<TransactWriteItem, TableError> {
        let confirmed = Claim { shares: part.shares, standing: Standing::Confirmed };
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(Key::lot(offering, part.lot).item()))
            .expression_attribute_names("#donation", donation.id.to_string())
            .expression_attribute_values(":confirmed", text(confirmed.to_string()));
        let (update, is_as_read) = match has {
            Some(claim) => {
                (update.expression_attribute_values(":claim", text(claim.to_string())), "claims.#donation = :claim")
            }
            None => (update, "attribute_not_exists(claims.#donation)"),
        };
        let had = has.map_or(0, |claim| claim.shares);
        let update = if had == part.shares {
            update.update_expression("SET claims.#donation = :confirmed").condition_expression(is_as_read)
        } else {
            let more = i16::from(part.shares) - i16::from(had);
            update
                .update_expression("SET #free = #free - :more, claims.#donation = :confirmed")
                .condition_expression(format!("#free >= :more AND {is_as_read}"))
                .expression_attribute_names("#free", "free")
                .expression_attribute_values(":more", number(more))
        };
        let update = update.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// What it has on a lot that it names no more is free again; where it has nothing there, it has nothing still.
    fn leaving(
        &self,
        donation: &Donation,
        (offering, lot): (&OpportunityId, u32),
        has: Option<Claim>,
    ) -> Result<TransactWriteItem, TableError> {
        let (key, action) = (Key::lot(offering, lot).item(), TransactWriteItem::builder());
        let Some(claim) = has else {
            let check = ConditionCheck::builder()
                .table_name(&self.name)
                .set_key(Some(key))
                .condition_expression("attribute_not_exists(claims.#donation)")
                .expression_attribute_names("#donation", donation.id.to_string());
            return Ok(action.condition_check(check.build().map_err(|error| TableError::Other(error.into()))?).build());
        };
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key))
            .update_expression("SET #free = #free + :shares REMOVE claims.#donation")
            .condition_expression("claims.#donation = :claim")
            .expression_attribute_names("#free", "free")
            .expression_attribute_names("#donation", donation.id.to_string())
            .expression_attribute_values(":shares", number(claim.shares))
            .expression_attribute_values(":claim", text(claim.to_string()));
        Ok(action.update(update.build().map_err(|error| TableError::Other(error.into()))?).build())
    }
}

/// A failed condition goes before everything else: then there is something to be read again.
fn placing(committed: &Committed) -> Result<Placing, TableError> {
    match committed {
        Committed::Cancelled(refusals) if refusals.iter().any(|refusal| matches!(refusal, Refusal::Condition(_))) => {
            Ok(Placing::Moved)
        }
        Committed::Done | Committed::Cancelled(_) | Committed::Unsure(_) => {
            Err(TableError::Transient("in conflict with another write, or whether it was written is not known".into()))
        }
    }
}
