//! Group commit: a page of the journal and everything that it books, in one transaction.
//!
//! **Promise.** Either the page stands at the end of its chain and every donation and charge on it has changed, or nothing has.
//!
//! **Cost.** Two write units for each KB of each item; for a page of n small gifts 2·n for the donations and 2·⌈page in KB⌉ for the page.
//!
//! **Halfway.** A lost reply is answered by the same call with the same token within ten minutes, and after that by the page itself: a page
//! with my hash at my place is mine.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use domain::donation::{Back, Charge, Donation, Place, State};
use domain::journal::{Page, Tail};

use super::donation::{charge_item, state_change};
use super::error::classify;
use super::key::Key;
use super::{Item, Table, TableError, attribute, number, text};

/// What is written together with a page.
#[derive(Debug, Clone)]
pub struct Group {
    /// The page.
    pub page: Page,
    /// Donations that it books.
    pub donations: Vec<Booking>,
    /// Charges as they are to stand; version zero for one that is new.
    pub charges: Vec<Charge>,
}

/// What a page makes of a donation.
#[derive(Debug, Clone)]
pub struct Booking {
    /// The donation as it was read.
    pub read: Donation,
    /// The state it takes.
    pub state: State,
    /// What is known then of what goes back of it.
    pub back: Back,
    /// Its place, if this page settles it.
    pub place: Option<Place>,
}

/// Why one action of a cancelled group was refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// It was not refused; another was.
    None,
    /// Its condition failed; the item that is there, if any.
    Condition(Option<Item>),
    /// Another write to the same item was under way.
    Conflict,
    /// Too many writes at once.
    Throttled,
    /// The action itself is invalid.
    Invalid,
    /// A reason that is not known.
    Unknown(String),
}

/// How a group commit went.
#[derive(Debug)]
pub enum Committed {
    /// It stands.
    Done,
    /// Nothing was written; one refusal for the page, then for each donation, then for each charge, in the order of the group.
    Cancelled(Vec<Refusal>),
    /// Another call with the same token and other contents, or the same one still under way: nothing is known.
    Unsure(TableError),
}

impl Table {
    /// Writes a page, and everything that it books, in one transaction.
    ///
    /// # Errors
    /// When DynamoDB gave no answer (whether it was written is not known then), or refuses the call as a whole.
    pub async fn commit(&self, group: &Group) -> Result<Committed, TableError> {
        let mut actions = vec![self.page_action(&group.page)?];
        for booking in &group.donations {
            actions.push(self.donation_action(booking)?);
        }
        for charge in &group.charges {
            actions.push(self.charge_action(charge)?);
        }
        // Same page, same token: a retry of the SDK's or of ours is answered, not done twice.
        let token = group.page.hash().to_string()[..36].to_owned();
        let call = self.client.transact_write_items().set_transact_items(Some(actions)).client_request_token(token);
        match call.send().await {
            Ok(_) => Ok(Committed::Done),
            Err(error) => cancelled(error),
        }
    }

    /// Writes a seal: a page that books nothing. `false` when another page stands there.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then.
    pub async fn write_seal(&self, page: &Page) -> Result<bool, TableError> {
        let call = self.client.put_item().table_name(&self.name).set_item(Some(page_item(page)));
        match call.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) => Err(classify(error)),
        }
    }

    pub(super) fn page_action(&self, page: &Page) -> Result<TransactWriteItem, TableError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(page_item(page)))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = put.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn donation_action(&self, booking: &Booking) -> Result<TransactWriteItem, TableError> {
        let Booking { read: donation, state, back, place } = booking;
        let change = state_change(state)?.and_back(&donation.back, back)?;
        let expression = match place {
            Some(_) => change.expression.replacen("SET ", "SET place = :place, ", 1),
            None => change.expression,
        };
        let mut update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(Key::donation(&donation.id).item()))
            .update_expression(expression)
            .condition_expression("version = :version AND #state = :was")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":was", text(donation.state.code()))
            .expression_attribute_values(":version", number(donation.version))
            .expression_attribute_values(":next", number(donation.version + 1))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in change.values {
            update = update.expression_attribute_values(name, value);
        }
        if let Some(place) = place {
            update = update.expression_attribute_values(":place", attribute(place)?);
        }
        let update = update.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    pub(super) fn charge_action(&self, charge: &Charge) -> Result<TransactWriteItem, TableError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(charge_item(charge)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match charge.version.checked_sub(1) {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(read) => put.condition_expression("version = :read").expression_attribute_values(":read", number(read)),
        };
        let put = put.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// A page as an item: its bytes, and its hash for the eye.
fn page_item(page: &Page) -> Item {
    let mut item = Key::page(page.chain, page.seq).item();
    item.insert("body".to_owned(), aws_sdk_dynamodb::types::AttributeValue::B(Blob::new(page.bytes())));
    item.insert("day".to_owned(), text(page.day.to_string()));
    item
}

pub(super) fn cancelled<R>(error: SdkError<TransactWriteItemsError, R>) -> Result<Committed, TableError>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            Ok(Committed::Cancelled(cancelled.cancellation_reasons().iter().map(refusal).collect()))
        }
        Some(
            TransactWriteItemsError::IdempotentParameterMismatchException(_)
            | TransactWriteItemsError::TransactionInProgressException(_),
        ) => Ok(Committed::Unsure(classify(error))),
        _ => Err(classify(error)),
    }
}

fn refusal(reason: &CancellationReason) -> Refusal {
    match reason.code() {
        None | Some("None") => Refusal::None,
        Some("ConditionalCheckFailed") => Refusal::Condition(reason.item.clone()),
        Some("TransactionConflict") => Refusal::Conflict,
        Some("ProvisionedThroughputExceeded" | "ThrottlingError") => Refusal::Throttled,
        Some("ValidationError" | "ItemCollectionSizeLimitExceeded") => Refusal::Invalid,
        Some(other) => Refusal::Unknown(other.to_owned()),
    }
}

impl Refusal {
    /// The page that stands where ours was to stand, if that is what was refused.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub fn tail(&self) -> Result<Option<Tail>, TableError> {
        match self {
            Refusal::Condition(Some(item)) => super::journal::page(item.clone()).map(|page| Some(page.tail())),
            _ => Ok(None),
        }
    }
}
