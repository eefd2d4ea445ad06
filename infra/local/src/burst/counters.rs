//! Side by side: the designs that most would write, on the same emulated table, for the same buyers in the same order.
//!
//! A counter of what is left, and one transaction for each buyer: the counter goes down if there is enough, and the reservation goes in. One counter for each kind; or thirty-two,
//! over which the stock is spread, tried one after another from one by chance. Whoever meets another transaction waits, twice as long each time, and tries again; after
//! [`MOST_TRIES`] they give up. Whoever finds too little on every counter is told that it is sold out.
//!
//! They are spared what the real functions do besides (gateway, keys, gift, message, checkout), and nobody abandons; they keep no animal whole.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, Put, ScalarAttributeType,
    TransactWriteItem, Update,
};
use platform::Random;
use testkit::dynamo::DynamoDb;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::buyers::{Buyers, Kind, Wish};
use super::design::Design;
use super::heat::hottest;
use super::{BurstError, Order};

/// How often somebody meets others before they give up.
const MOST_TRIES: u32 = 10;
/// The first wait after meeting another, in milliseconds; it doubles up to [`LONGEST_WAIT_MS`], and a part by chance of it is waited.
const FIRST_WAIT_MS: u64 = 20;
const LONGEST_WAIT_MS: u64 = 1_000;
/// How long a design may take; who has not been served by then is not.
const PATIENCE: Duration = Duration::from_secs(40);

/// A sale by counters.
struct Sale {
    client: Client,
    dynamo: DynamoDb,
    table: String,
    counters: u64,
    random: Random,
    until: Instant,
    tally: Tally,
}

#[derive(Default)]
struct Tally {
    shares: AtomicU64,
    told: AtomicU64,
    gave_up: AtomicU64,
    refused: AtomicU64,
    conflicts: AtomicU64,
    unserved: AtomicU64,
    claims_at_millis: Mutex<Vec<i64>>,
    micros: Mutex<Vec<u64>>,
    failures: Mutex<Vec<String>>,
}

/// How one transaction ended.
enum Ended {
    Claimed,
    TooLittle,
    Met,
    Failed(String),
}

fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

fn note<T>(list: &Mutex<Vec<T>>, value: T) {
    list.lock().unwrap_or_else(PoisonError::into_inner).push(value);
}

/// Plays it with so many counters for each kind.
///
/// # Errors
/// When the table cannot be made.
pub async fn play(
    client: &Client,
    dynamo: &DynamoDb,
    order: &Order,
    buyers: &Buyers,
    counters: u64,
    done: impl Fn(u64),
) -> Result<Design, BurstError> {
    let sale = Arc::new(Sale {
        client: client.clone(),
        dynamo: dynamo.clone(),
        table: format!("burst-{counters}-counters"),
        counters,
        random: Random::seeded(order.seed),
        until: Instant::now() + PATIENCE,
        tally: Tally::default(),
    });
    sale.open(order).await?;
    let before = dynamo.usage();
    dynamo.record_keys(true);
    let began = Instant::now();
    let places = Arc::new(Semaphore::new(order.in_flight));
    let mut work = JoinSet::new();
    for buyer in 0..buyers.count() {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let (sale, wish) = (Arc::clone(&sale), buyers.wish(buyer));
        work.spawn(async move {
            sale.buy(buyer, wish).await;
            drop(place);
        });
        while work.try_join_next().is_some() {
            done(1);
        }
    }
    while work.join_next().await.is_some() {
        done(1);
    }
    let took = began.elapsed();
    dynamo.record_keys(false);
    let writes = dynamo.take_key_writes();
    let units = dynamo.usage().since(&before).of_table(&sale.table);
    Ok(sale.tally.design(counters, took, units.write_units + units.refused_write_units, &writes))
}

impl Sale {
    async fn open(&self, order: &Order) -> Result<(), BurstError> {
        let key = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S).build();
        let schema = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build();
        let failed = |error: aws_sdk_dynamodb::Error| BurstError::SideBySide(error.to_string());
        let (key, schema) = (key.map_err(|error| failed(error.into()))?, schema.map_err(|error| failed(error.into()))?);
        let made = self.client.create_table().table_name(&self.table).attribute_definitions(key).key_schema(schema);
        made.billing_mode(BillingMode::PayPerRequest).send().await.map_err(|error| failed(error.into()))?;
        for kind in Kind::ALL {
            let stock = order.stock(kind);
            for counter in 0..self.counters {
                // What cannot be divided goes to the first.
                let part = stock / self.counters + u64::from(counter < stock % self.counters);
                let put = self.client.put_item().table_name(&self.table).item("pk", text(self.counter(kind, counter)));
                put.item("free", number(part)).send().await.map_err(|error| failed(error.into()))?;
            }
        }
        Ok(())
    }

    fn counter(&self, kind: Kind, counter: u64) -> String {
        format!("{}#{counter}", kind.id())
    }

    async fn buy(&self, buyer: u64, wish: Wish) {
        let came = Instant::now();
        let first = self.random.number() % self.counters;
        let mut tries = 0;
        let mut at = 0;
        while at < self.counters {
            if Instant::now() >= self.until {
                return add(&self.tally.unserved, 1);
            }
            match self.claim(buyer, wish, (first + at) % self.counters).await {
                Ended::Claimed => {
                    add(&self.tally.shares, wish.shares.into());
                    return note(&self.tally.micros, micros(came.elapsed()));
                }
                Ended::TooLittle => {
                    add(&self.tally.refused, 1);
                    at += 1;
                }
                Ended::Met => {
                    add(&self.tally.conflicts, 1);
                    tries += 1;
                    if tries == MOST_TRIES {
                        return add(&self.tally.gave_up, 1);
                    }
                    let most = (FIRST_WAIT_MS << tries.min(16)).min(LONGEST_WAIT_MS);
                    tokio::time::sleep(Duration::from_millis(self.random.number() % most)).await;
                }
                Ended::Failed(why) => return note(&self.tally.failures, why),
            }
        }
        add(&self.tally.told, 1);
        note(&self.tally.micros, micros(came.elapsed()));
    }

    async fn claim(&self, buyer: u64, wish: Wish, counter: u64) -> Ended {
        let take = Update::builder()
            .table_name(&self.table)
            .key("pk", text(self.counter(wish.kind, counter)))
            .update_expression("SET #free = #free - :shares")
            .condition_expression("#free >= :shares")
            .expression_attribute_names("#free", "free")
            .expression_attribute_values(":shares", number(wish.shares));
        let reserve = Put::builder()
            .table_name(&self.table)
            .item("pk", text(format!("RESERVATION#{buyer}")))
            .item("kind", text(wish.kind.id()))
            .item("counter", number(counter))
            .item("shares", number(wish.shares))
            .condition_expression("attribute_not_exists(pk)");
        let (Ok(take), Ok(reserve)) = (take.build(), reserve.build()) else {
            return Ended::Failed("a transaction that is not whole".to_owned());
        };
        let items = [TransactWriteItem::builder().update(take).build(), TransactWriteItem::builder().put(reserve).build()];
        let sent = self.client.transact_write_items().set_transact_items(Some(items.to_vec())).send().await;
        let error = match sent {
            Ok(_) => {
                note(&self.tally.claims_at_millis, self.dynamo.now_millis());
                return Ended::Claimed;
            }
            Err(error) => error.into_service_error(),
        };
        let TransactWriteItemsError::TransactionCanceledException(cancelled) = &error else {
            return Ended::Failed(error.to_string());
        };
        let has = |code: &str| cancelled.cancellation_reasons().iter().any(|reason| reason.code() == Some(code));
        match (has("ConditionalCheckFailed"), has("TransactionConflict")) {
            (true, _) => Ended::TooLittle,
            (false, true) => Ended::Met,
            (false, false) => Ended::Failed(error.to_string()),
        }
    }
}

impl Tally {
    fn design(&self, counters: u64, took: Duration, units: u64, writes: &[testkit::dynamo::KeyWrite]) -> Design {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let all = |list: &Mutex<Vec<u64>>| {
            let mut all = list.lock().unwrap_or_else(PoisonError::into_inner).clone();
            all.sort_unstable();
            all
        };
        let mut claims_at_millis = self.claims_at_millis.lock().unwrap_or_else(PoisonError::into_inner).clone();
        claims_at_millis.sort_unstable();
        let name = if counters == 1 { "one counter".to_owned() } else { format!("{counters} counters") };
        Design {
            name,
            micros_taken: micros(took),
            claims: claims_at_millis.len() as u64,
            shares: of(&self.shares),
            told_sold_out: of(&self.told),
            gave_up: of(&self.gave_up),
            unserved: of(&self.unserved),
            units,
            refused: of(&self.refused),
            conflicts: of(&self.conflicts),
            answer_micros: all(&self.micros),
            heat: hottest(writes, &claims_at_millis),
            failures: self.failures.lock().unwrap_or_else(PoisonError::into_inner).iter().take(5).cloned().collect(),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use testkit::{LocalAws, LocalOptions};

    async fn played(counters: u64) -> Design {
        let cloud = LocalAws::in_process(LocalOptions::default()).unwrap();
        let (client, dynamo) = (Client::new(&cloud.sdk_config()), cloud.services().dynamo.clone());
        let order = Order { sheep: 32, camels: 8, buyers: 200, in_flight: 40, ..Order::default() };
        play(&client, &dynamo, &order, &Buyers::new(&order), counters, |_| ()).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn one_counter_sells_no_more_than_there_is_and_meets_itself() {
        let one = played(1).await;
        assert!(one.shares <= 88 && one.shares > 40, "{one:?}");
        assert_eq!(one.failures, Vec::<String>::new());
        // Two units for the counter and two for the reservation, and what was refused.
        assert!(one.units >= one.claims * 4, "{one:?}");
        assert!(one.conflicts > one.claims, "{one:?}");
        assert!(one.heat.key.ends_with("#0") && one.heat.units_per_second > 1_000, "{one:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn more_counters_meet_less_and_are_searched_in_vain_at_the_end() {
        let (one, many) = (played(1).await, played(32).await);
        assert!(many.shares <= 88, "{many:?}");
        assert!(many.conflicts < one.conflicts, "{one:?} {many:?}");
        assert!(many.refused > many.claims, "{many:?}");
    }
}
