//! Capacity figures, asked for on every call and handed on only to the callers that asked.

use dynoxide::actions::batch_get_item::{BatchGetItemRequest, BatchGetItemResponse};
use dynoxide::actions::batch_write_item::{BatchWriteItemRequest, BatchWriteItemResponse};
use dynoxide::actions::delete_item::{DeleteItemRequest, DeleteItemResponse};
use dynoxide::actions::get_item::{GetItemRequest, GetItemResponse};
use dynoxide::actions::put_item::{PutItemRequest, PutItemResponse};
use dynoxide::actions::query::{QueryRequest, QueryResponse};
use dynoxide::actions::scan::{ScanRequest, ScanResponse};
use dynoxide::actions::transact_get_items::{TransactGetItemsRequest, TransactGetItemsResponse};
use dynoxide::actions::transact_write_items::{TransactWriteItemsRequest, TransactWriteItemsResponse};
use dynoxide::actions::update_item::{UpdateItemRequest, UpdateItemResponse};
use dynoxide::types::ConsumedCapacity;
use dynoxide::{Database, Result};
use serde::Serialize;

/// How much of the figures the caller wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    Total,
    Indexes,
}

/// An operation that consumes capacity.
pub(super) trait Metered {
    type Answer: Serialize;

    /// Turns the full figures on; returns what the caller had asked for.
    fn ask_for_capacity(&mut self) -> Asked;
    fn run(self, database: &Database) -> Result<Self::Answer>;
    fn capacity(answer: &Self::Answer) -> &[ConsumedCapacity];
    /// The answer with the figures that the caller asked for.
    fn trimmed(answer: Self::Answer, asked: Asked) -> Self::Answer;
}

/// The figures of one table, or of several.
trait Figures {
    fn list(&self) -> &[ConsumedCapacity];
    fn trim(&mut self, asked: Asked);
}

impl Figures for Option<ConsumedCapacity> {
    fn list(&self) -> &[ConsumedCapacity] {
        self.as_slice()
    }

    fn trim(&mut self, asked: Asked) {
        match asked {
            Asked::Nothing => *self = None,
            Asked::Total => self.iter_mut().for_each(keep_total),
            Asked::Indexes => {}
        }
    }
}

impl Figures for Option<Vec<ConsumedCapacity>> {
    fn list(&self) -> &[ConsumedCapacity] {
        self.as_deref().unwrap_or_default()
    }

    fn trim(&mut self, asked: Asked) {
        match asked {
            Asked::Nothing => *self = None,
            Asked::Total => self.iter_mut().flatten().for_each(keep_total),
            Asked::Indexes => {}
        }
    }
}

fn keep_total(figures: &mut ConsumedCapacity) {
    figures.table = None;
    figures.global_secondary_indexes = None;
    figures.local_secondary_indexes = None;
}

fn ask(mode: &mut Option<String>) -> Asked {
    let asked = match mode.as_deref() {
        Some("TOTAL") => Asked::Total,
        Some("INDEXES") => Asked::Indexes,
        None | Some("NONE") => Asked::Nothing,
        // Left as it is, so that the database refuses it by name.
        Some(_) => return Asked::Nothing,
    };
    *mode = Some("INDEXES".to_owned());
    asked
}

macro_rules! metered {
    ($($request:ty => $answer:ty, $method:ident;)*) => {$(
        impl Metered for $request {
            type Answer = $answer;

            fn ask_for_capacity(&mut self) -> Asked {
                ask(&mut self.return_consumed_capacity)
            }

            fn run(self, database: &Database) -> Result<$answer> {
                database.$method(self)
            }

            fn capacity(answer: &$answer) -> &[ConsumedCapacity] {
                answer.consumed_capacity.list()
            }

            fn trimmed(mut answer: $answer, asked: Asked) -> $answer {
                answer.consumed_capacity.trim(asked);
                answer
            }
        }
    )*};
}

metered! {
    PutItemRequest => PutItemResponse, put_item;
    UpdateItemRequest => UpdateItemResponse, update_item;
    DeleteItemRequest => DeleteItemResponse, delete_item;
    GetItemRequest => GetItemResponse, get_item;
    QueryRequest => QueryResponse, query;
    ScanRequest => ScanResponse, scan;
    BatchGetItemRequest => BatchGetItemResponse, batch_get_item;
    BatchWriteItemRequest => BatchWriteItemResponse, batch_write_item;
    TransactWriteItemsRequest => TransactWriteItemsResponse, transact_write_items;
    TransactGetItemsRequest => TransactGetItemsResponse, transact_get_items;
}
