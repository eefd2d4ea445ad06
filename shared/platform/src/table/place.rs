//! Shares of a paid donation that are not where it says: they are put on a lot together with the donation's word for it.
//!
//! A confirmed claim is taken away by nobody but whoever gives it back, so one that its donation does not name would stay for good. Two who look for the shares of the same
//! donation, or one who does so while its money goes back, could leave such a claim behind. So donation and lots go into one transaction, on a path that is rarely taken: most
//! claims are where they should be, and are confirmed by one plain update.

use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem, Update};
use domain::donation::Donation;
use domain::sacrifice::{Claim, Reservation, Standing};

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
    /// Confirms the shares of a paid donation on the lot of `to`, where it `has` a claim already or takes one, and names that lot in the donation; if the donation still has the
    /// version that was read, and no claim on the lot that it named until now.
    ///
    /// # Errors
    /// When the table cannot be reached or is busy; whether it was done is not known then, and what stands tells.
    pub async fn place_shares(
        &self,
        donation: &Donation,
        (to, has): (&Reservation, Option<Claim>),
        token: &str,
    ) -> Result<Placing, TableError> {
        let mut actions = vec![self.naming(donation, to)?, self.confirming(donation, to, has)?];
        if let Some(named) = donation.reservation.as_ref().filter(|named| named.lot != to.lot) {
            actions.push(self.nothing_on(donation, named)?);
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
        to: &Reservation,
        has: Option<Claim>,
    ) -> Result<TransactWriteItem, TableError> {
        let confirmed = Claim { shares: to.shares, standing: Standing::Confirmed };
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(Key::lot(&to.offering, to.lot).item()))
            .expression_attribute_names("#donation", donation.id.to_string())
            .expression_attribute_values(":confirmed", text(confirmed.to_string()));
        let update = match has {
            Some(claim) => update
                .update_expression("SET claims.#donation = :confirmed")
                .condition_expression("claims.#donation = :claim")
                .expression_attribute_values(":claim", text(claim.to_string())),
            None => update
                .update_expression("SET #free = #free - :shares, claims.#donation = :confirmed")
                .condition_expression("#free >= :shares AND attribute_not_exists(claims.#donation)")
                .expression_attribute_names("#free", "free")
                .expression_attribute_values(":shares", number(to.shares)),
        };
        let update = update.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn nothing_on(&self, donation: &Donation, named: &Reservation) -> Result<TransactWriteItem, TableError> {
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(Key::lot(&named.offering, named.lot).item()))
            .condition_expression("attribute_not_exists(claims.#donation)")
            .expression_attribute_names("#donation", donation.id.to_string());
        let check = check.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
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
