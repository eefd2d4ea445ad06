//! Donations and the charges kept beside them.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::donation::{Attempt, Back, Charge, Donation, Giver, HoldPart, State};
use domain::id::{DonationId, DonorId};
use domain::moment::Moment;
use domain::payment::PaymentRef;
use domain::sacrifice::Reservation;
use serde::{Deserialize, Serialize};

use super::error::classify;
use super::key::{DONOR_INDEX, Key};
use super::{Item, Table, TableError, attribute, number, read, text, write};

/// A donation as an item: itself, and the donor by whom the index finds it.
#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    donor: Option<String>,
    #[serde(flatten)]
    donation: Donation,
}

impl Row {
    fn of(donation: &Donation) -> Row {
        let donor = match &donation.giver {
            Giver::Donor(donor) => Some(donor.to_string()),
            Giver::Guest => None,
        };
        Row { donor, donation: donation.clone() }
    }
}

/// The donation that an item is.
pub(super) fn of(item: Item) -> Result<Donation, TableError> {
    Ok(read::<Row>(item)?.donation)
}

/// What changed in a donation besides its version.
pub(super) struct Change {
    pub(super) expression: String,
    pub(super) values: Vec<(&'static str, AttributeValue)>,
}

impl Change {
    /// The same, and what goes back of the donation, if that is another than it was.
    pub(super) fn and_back(mut self, was: &Back, is: &Back) -> Result<Change, TableError> {
        if was.refunds != is.refunds {
            self.expression = self.expression.replacen("SET ", "SET refunds = :refunds, ", 1);
            self.values.push((":refunds", attribute(&is.refunds)?));
        }
        if was.dispute != is.dispute {
            self.expression = self.expression.replacen("SET ", "SET dispute = :dispute, ", 1);
            self.values.push((":dispute", attribute(&is.dispute)?));
        }
        if was.booked != is.booked {
            self.expression = self.expression.replacen("SET ", "SET booked = :booked, ", 1);
            self.values.push((":booked", attribute(&is.booked)?));
        }
        Ok(self)
    }
}

impl Table {
    /// Writes a donation if there is none under its id; gives back the one that is there.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then.
    pub async fn make_donation(&self, donation: &Donation) -> Result<Option<Donation>, TableError> {
        let old = self.put_new(&Key::donation(&donation.id), &Row::of(donation)).await?;
        Ok(old.map(|row| row.donation))
    }

    /// Writes a donation over one under the same id that is to be made anew, if that still has the version that was read. `false` when it has moved on.
    ///
    /// # Errors
    /// As [`Table::make_donation`].
    pub async fn remake_donation(&self, before: &Donation, anew: &Donation) -> Result<bool, TableError> {
        let item = write(&Key::donation(&anew.id), &Row::of(anew))?;
        let call = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let call =
            call.condition_expression("version = :version").expression_attribute_values(":version", number(before.version));
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) => Err(classify(error)),
        }
    }

    /// A donation by its id.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn donation(&self, id: &DonationId) -> Result<Option<Donation>, TableError> {
        Ok(self.get::<Row>(&Key::donation(id)).await?.map(|row| row.donation))
    }

    /// Donations by their ids, in no order; those that are absent are left out.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn donations(&self, ids: &[DonationId]) -> Result<Vec<Donation>, TableError> {
        let keys: Vec<Key> = ids.iter().map(Key::donation).collect();
        Ok(self.get_all::<Row>(&keys).await?.into_iter().map(|row| row.donation).collect())
    }

    /// A donor's donations, the latest first: up to `most`, made before `before`. The index may lag behind by a moment.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn donations_of(&self, donor: &DonorId, before: Moment, most: i32) -> Result<Vec<Donation>, TableError> {
        let call = self.client.query().table_name(&self.name).index_name(DONOR_INDEX);
        let call = call
            .key_condition_expression("donor = :donor AND made_at < :before")
            .expression_attribute_values(":donor", text(donor.as_str()))
            .expression_attribute_values(":before", number(before.millis()));
        let answer = call.scan_index_forward(false).limit(most).send().await.map_err(classify)?;
        #[derive(Deserialize)]
        struct Keys {
            pk: String,
        }
        let ids = answer.items.unwrap_or_default().into_iter().map(|item| {
            let Keys { pk } = read(item)?;
            let id = pk.strip_prefix("DON#").and_then(|id| id.parse().ok());
            id.ok_or_else(|| TableError::Unreadable { expected: "a donation's key", source: "not one".into() })
        });
        let ids = ids.collect::<Result<Vec<DonationId>, TableError>>()?;
        let mut donations = self.donations(&ids).await?;
        donations.sort_by_key(|donation| (std::cmp::Reverse(donation.made_at), donation.id));
        Ok(donations)
    }

    /// Moves a donation to another state, if it still has the version that was read. `false` when it has moved on.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then.
    pub async fn move_donation(&self, donation: &Donation, to: &State) -> Result<bool, TableError> {
        self.change_donation(donation, state_change(to)?).await
    }

    /// Moves a donation to another state and keeps what is known of what goes back of it, if it still has the version that was read. `false` when it has moved on.
    ///
    /// # Errors
    /// As [`Table::move_donation`].
    pub async fn turn_donation(&self, donation: &Donation, to: &State, back: &Back) -> Result<bool, TableError> {
        self.change_donation(donation, state_change(to)?.and_back(&donation.back, back)?).await
    }

    /// Adds a checkout attempt and makes the donation wait for it until then, if it still has the version that was read. What it had given up may be claimed for it again.
    ///
    /// # Errors
    /// As [`Table::move_donation`].
    pub async fn add_attempt(&self, donation: &Donation, attempt: &Attempt, until: Moment) -> Result<bool, TableError> {
        let mut attempts = donation.attempts.clone();
        attempts.push(attempt.clone());
        let values = vec![
            (":attempts", attribute(&attempts)?),
            (":until", number(until.millis())),
            (":state", text(State::Awaiting.code())),
        ];
        let expression =
            "SET attempts = :attempts, expires_at = :until, #state = :state, version = :next REMOVE reason, sought"
                .to_owned();
        self.change_donation(donation, Change { expression, values }).await
    }

    /// Says that the donation has given up what it held, if it still has the version that was read.
    ///
    /// # Errors
    /// As [`Table::move_donation`].
    pub async fn drop_hold(&self, donation: &Donation) -> Result<bool, TableError> {
        let values = vec![(":dropped", AttributeValue::Bool(true))];
        let expression = "SET dropped = :dropped, version = :next".to_owned();
        self.change_donation(donation, Change { expression, values }).await
    }

    /// Says that everything that the donation names is claimed for it again, if it still has the version that was read: from now on a payment settles it.
    ///
    /// # Errors
    /// As [`Table::move_donation`].
    pub async fn keep_hold(&self, donation: &Donation) -> Result<bool, TableError> {
        let expression = "SET version = :next REMOVE dropped".to_owned();
        self.change_donation(donation, Change { expression, values: Vec::new() }).await
    }

    /// Names what the donation holds now, if it still has the version that was read. Only what is named counts.
    ///
    /// # Errors
    /// As [`Table::move_donation`].
    pub async fn name_hold(&self, donation: &Donation, hold: &[HoldPart]) -> Result<bool, TableError> {
        let values = vec![(":hold", attribute(&hold)?)];
        self.change_donation(donation, Change { expression: "SET #hold = :hold, version = :next".to_owned(), values }).await
    }

    /// Names the lot on which the donation's shares are claimed now, if it still has the version that was read. Only what is named counts.
    ///
    /// # Errors
    /// As [`Table::move_donation`].
    pub async fn name_lot(&self, donation: &Donation, reservation: &Reservation) -> Result<bool, TableError> {
        let values = vec![(":reservation", attribute(reservation)?)];
        let expression = "SET reservation = :reservation, version = :next".to_owned();
        self.change_donation(donation, Change { expression, values }).await
    }

    /// Moves a donation to another state and says in its reservation why, if it still has the version that was read. `false` when it has moved on.
    ///
    /// # Errors
    /// As [`Table::move_donation`].
    pub async fn end_reservation(
        &self,
        donation: &Donation,
        to: &State,
        reservation: &Reservation,
    ) -> Result<bool, TableError> {
        let mut change = state_change(to)?;
        change.expression = change.expression.replacen("SET ", "SET reservation = :reservation, ", 1);
        change.values.push((":reservation", attribute(reservation)?));
        self.change_donation(donation, change).await
    }

    /// Lets a donation that had given up what it held wait again until then, naming what is to be claimed for it, if it still has the version that was read. No payment settles it before
    /// [`Table::keep_hold`].
    ///
    /// # Errors
    /// As [`Table::move_donation`].
    pub async fn renew_donation(
        &self,
        donation: &Donation,
        (hold, reservation): (&[HoldPart], Option<&Reservation>),
        until: Moment,
    ) -> Result<bool, TableError> {
        let mut sets = "expires_at = :until, #state = :state, dropped = :yes, sought = :yes, version = :next".to_owned();
        let mut values = vec![
            (":until", number(until.millis())),
            (":state", text(State::Awaiting.code())),
            (":yes", AttributeValue::Bool(true)),
        ];
        if !hold.is_empty() {
            sets.push_str(", #hold = :hold");
            values.push((":hold", attribute(&hold)?));
        }
        if let Some(reservation) = reservation {
            sets.push_str(", reservation = :reservation");
            values.push((":reservation", attribute(reservation)?));
        }
        let expression = format!("SET {sets} REMOVE reason");
        self.change_donation(donation, Change { expression, values }).await
    }

    pub(super) async fn change_donation(&self, donation: &Donation, change: Change) -> Result<bool, TableError> {
        let mut call = self.client.update_item().table_name(&self.name).set_key(Some(Key::donation(&donation.id).item()));
        call = call
            .update_expression(change.expression.clone())
            .condition_expression("version = :version")
            .expression_attribute_values(":version", number(donation.version))
            .expression_attribute_values(":next", number(donation.version + 1));
        // Words that DynamoDB keeps for itself.
        for (alias, name) in [("#state", "state"), ("#hold", "hold")] {
            if change.expression.contains(alias) {
                call = call.expression_attribute_names(alias, name);
            }
        }
        for (name, value) in change.values {
            call = call.expression_attribute_values(name, value);
        }
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) => Err(classify(error)),
        }
    }

    /// Charges by their payments, in no order; those that are absent are left out.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn charges(&self, payments: &[PaymentRef]) -> Result<Vec<Charge>, TableError> {
        let keys: Vec<Key> = payments.iter().map(Key::charge).collect();
        self.get_all(&keys).await
    }
}

/// The attributes of a state: its code, and what the state carries. What another state carried is removed.
pub(super) fn state_change(state: &State) -> Result<Change, TableError> {
    let code = (":state", text(state.code()));
    let (expression, values) = match state {
        State::Awaiting | State::Cancelled | State::Expired => {
            ("SET #state = :state, version = :next REMOVE reason", vec![code])
        }
        State::Failed { reason } => {
            ("SET #state = :state, version = :next, reason = :reason", vec![code, (":reason", text(reason))])
        }
        State::Settled { settled_by } => (
            "SET #state = :state, version = :next, settled_by = :settled_by REMOVE reason, refunded_minor",
            vec![code, (":settled_by", attribute(settled_by)?)],
        ),
        // With the payment that settled it: a capture and what follows may come together.
        State::PartlyRefunded { settled_by, refunded_minor }
        | State::Disputed { settled_by, refunded_minor }
        | State::Refunded { settled_by, refunded_minor } => (
            "SET #state = :state, version = :next, settled_by = :settled_by, refunded_minor = :refunded REMOVE reason",
            vec![code, (":settled_by", attribute(settled_by)?), (":refunded", number(refunded_minor.halalas()))],
        ),
    };
    Ok(Change { expression: expression.to_owned(), values })
}

/// A charge as an item.
pub(super) fn charge_item(charge: &Charge) -> Result<super::Item, TableError> {
    write(&Key::charge(&charge.payment), charge)
}
