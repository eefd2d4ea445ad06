//! Plain writes of one item: they may collide with a transaction, appear late in an index, and fail their condition.

use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::update_item::UpdateItemRequest;
use dynoxide::types::{item_size, table_write_capacity_units};
use dynoxide::{DynoxideError, Item};

use super::accounting::table_write_units;
use super::metering::Metered;
use super::refusal::Refusal;
use super::{Answer, Parts, parse, write};

/// A write of one item.
trait Single: Metered {
    const NAME: &'static str;
    const STAYS: bool;

    fn table(&self) -> &str;
    /// The item or its key: whatever names it.
    fn named(&self) -> &Item;
    /// Has the item in the way returned when the condition fails; returns whether the caller wants it too.
    fn ask_for_old_item(&mut self) -> bool;
}

macro_rules! single {
    ($($request:ty, $name:literal, $named:ident, $stays:literal;)*) => {$(
        impl Single for $request {
            const NAME: &'static str = $name;
            const STAYS: bool = $stays;

            fn table(&self) -> &str {
                &self.table_name
            }

            fn named(&self) -> &Item {
                &self.$named
            }

            fn ask_for_old_item(&mut self) -> bool {
                let asked = self.return_values_on_condition_check_failure.as_deref() == Some("ALL_OLD");
                if self.condition_expression.is_some() {
                    self.return_values_on_condition_check_failure = Some("ALL_OLD".to_owned());
                }
                asked
            }
        }
    )*};
}

single! {
    PutItemRequest, "PutItem", item, true;
    UpdateItemRequest, "UpdateItem", key, true;
    DeleteItemRequest, "DeleteItem", key, false;
}

pub(super) async fn put(parts: &Parts, body: &[u8]) -> Answer {
    apply::<PutItemRequest>(parts, parse(body)?).await
}

pub(super) async fn update(parts: &Parts, body: &[u8]) -> Answer {
    apply::<UpdateItemRequest>(parts, parse(body)?).await
}

pub(super) async fn delete(parts: &Parts, body: &[u8]) -> Answer {
    apply::<DeleteItemRequest>(parts, parse(body)?).await
}

async fn apply<R: Single>(parts: &Parts, mut request: R) -> Answer {
    let key = [parts.tables.key(&parts.database, request.table(), request.named())];
    let (_flight, may_go) = parts.in_flight.plain(&key);
    parts.in_flight.serve().await;
    if may_go == [false] {
        return Err(Refusal::Conflict);
    }
    let [key] = key;
    let appearance = parts.lag.before(parts, key.as_ref(), request.named(), R::STAYS);
    let table = request.table().to_owned();
    let wants_old = request.ask_for_old_item();
    let (answer, asked) =
        parts.measured(R::NAME, request).map_err(|error| refused(parts, R::NAME, &table, error, wants_old))?;
    let now_millis = parts.clock.now_millis();
    parts.lag.after(appearance, now_millis);
    parts.accounting.recorded(now_millis, key.map(|key| (key, table_write_units(R::capacity(&answer)))));
    write(&R::trimmed(answer, asked))
}

/// Counts what a failed condition cost, and takes back the item that the caller did not ask for.
fn refused(parts: &Parts, operation: &str, table: &str, error: DynoxideError, wants_old: bool) -> DynoxideError {
    let DynoxideError::ConditionalCheckFailedException(message, old) = error else { return error };
    let units = table_write_capacity_units(old.as_ref().map(item_size), None) as u64;
    parts.accounting.count_refused(operation, table, units);
    DynoxideError::ConditionalCheckFailedException(message, old.filter(|_| wants_old))
}
