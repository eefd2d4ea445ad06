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
    let watch = parts.watching.begin(parts, [(key.as_ref(), request.named())]);
    let outcome = parts.measured(R::NAME, request);
    let now_millis = parts.clock.now_millis();
    let (answer, asked) = match outcome {
        Ok(answer) => answer,
        Err(error) => {
            let units = refused_units(&error);
            parts.accounting.recorded(now_millis, units.and_then(|units| Some((key?, units))));
            if let (Some(watch), Some(units)) = (watch, units) {
                watch.refused(now_millis, units);
            }
            return Err(refused(parts, (R::NAME, &table), units, error, wants_old).into());
        }
    };
    let written: Vec<_> = key.map(|key| (key, table_write_units(R::capacity(&answer)))).into_iter().collect();
    if let Some(watch) = watch {
        watch.made(now_millis, &written);
    }
    parts.lag.after(appearance, now_millis);
    parts.accounting.recorded(now_millis, written);
    write(&R::trimmed(answer, asked))
}

/// What a failed condition cost; nothing for another failure.
fn refused_units(error: &DynoxideError) -> Option<u64> {
    let DynoxideError::ConditionalCheckFailedException(_, old) = error else { return None };
    Some(table_write_capacity_units(old.as_ref().map(item_size), None) as u64)
}

/// Counts what a failed condition cost, and takes back the item that the caller did not ask for.
fn refused(
    parts: &Parts,
    (operation, table): (&str, &str),
    units: Option<u64>,
    error: DynoxideError,
    wants_old: bool,
) -> DynoxideError {
    let DynoxideError::ConditionalCheckFailedException(message, old) = error else { return error };
    parts.accounting.count_refused(operation, table, units.unwrap_or_default());
    DynoxideError::ConditionalCheckFailedException(message, old.filter(|_| wants_old))
}
