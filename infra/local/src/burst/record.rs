//! What happened to the lots, write by write, as the emulated table shows it: the burst's figures come from here, not from what the functions say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::sacrifice::{Claim, Standing};
use serde_json::Value;
use testkit::dynamo::{DynamoDb, Watched};

use super::buyers::Kind;

/// How a lot, or all of a kind, stands: in shares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stand {
    /// Nobody has them.
    pub free: u32,
    /// Held while their buyers pay.
    pub held: u32,
    /// Paid.
    pub sold: u32,
}

impl Stand {
    fn plus(self, other: Stand) -> Stand {
        Stand { free: self.free + other.free, held: self.held + other.held, sold: self.sold + other.sold }
    }

    fn minus(self, other: Stand) -> Stand {
        Stand {
            free: self.free.saturating_sub(other.free),
            held: self.held.saturating_sub(other.held),
            sold: self.sold.saturating_sub(other.sold),
        }
    }
}

/// A write that was made on a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotWrite {
    /// When, in milliseconds of the emulated clock.
    pub at_millis: i64,
    /// Of what.
    pub kind: Kind,
    /// The lot.
    pub lot: u32,
    /// How it stands since.
    pub now: Stand,
    /// How it stood before.
    pub before: Stand,
    /// What it cost.
    pub units: u64,
}

impl LotWrite {
    /// The shares that were claimed by it; 0 when it was no claim.
    pub fn claimed(&self) -> u32 {
        self.before.free.saturating_sub(self.now.free)
    }
}

/// A write by its time and cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// When, in milliseconds of the emulated clock.
    pub at_millis: i64,
    /// Write units.
    pub units: u64,
}

/// Everything that was seen so far.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// Writes on lots, in the order in which they were made.
    pub writes: Vec<LotWrite>,
    /// Writes on lots that a condition refused.
    pub refused: Vec<Cost>,
    /// Writes by which a gift named another lot.
    pub renamed: Vec<Cost>,
    /// Writes on gifts that a condition refused: the same request again, and two who moved the same gift.
    pub refused_on_gifts: u64,
    lots: BTreeMap<(Kind, u32), Stand>,
    freed: u64,
    named: BTreeMap<String, u32>,
    all: BTreeMap<Kind, Stand>,
}

/// The record. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Record(Arc<Mutex<Notes>>);

impl Record {
    /// Begins to record what is written to the burst's lots and gifts.
    pub fn of(dynamo: &DynamoDb) -> Record {
        let record = Record::default();
        let (lots, gifts) = (record.clone(), record.clone());
        dynamo.watch("SEG#", move |_, write| lots.notes().saw_lot(&write));
        dynamo.watch("DON#", move |_, write| gifts.notes().saw_gift(write));
        record
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How all lots of both kinds stand together.
    pub fn now(&self) -> Stand {
        self.notes().all.values().fold(Stand::default(), |sum, stand| sum.plus(*stand))
    }

    /// How many shares came free so far, be it more than once.
    pub fn freed(&self) -> u64 {
        self.notes().freed
    }

    /// What was seen so far.
    pub fn so_far(&self) -> Notes {
        self.notes().clone()
    }
}

impl Notes {
    fn saw_lot(&mut self, write: &Watched) {
        if write.is_refused {
            self.refused.push(Cost { at_millis: write.at_millis, units: write.units });
            return;
        }
        let kind = write.partition.split('#').nth(1).and_then(Kind::of);
        let Some((kind, (lot, now))) = kind.zip(write.item.as_ref().and_then(stand)) else { return };
        let made = self.lots.insert((kind, lot), now);
        let before = made.unwrap_or_default();
        self.freed += u64::from(made.map_or(0, |before| now.free.saturating_sub(before.free)));
        let all = self.all.entry(kind).or_default();
        *all = all.minus(before).plus(now);
        self.writes.push(LotWrite { at_millis: write.at_millis, kind, lot, now, before, units: write.units });
    }

    fn saw_gift(&mut self, write: Watched) {
        if write.is_refused {
            self.refused_on_gifts += 1;
            return;
        }
        let lot = write.item.as_ref().and_then(|item| number(&item["reservation"]["M"]["lot"]));
        let Some(lot) = lot else { return };
        let cost = Cost { at_millis: write.at_millis, units: write.units };
        if self.named.insert(write.partition, lot).is_some_and(|before| before != lot) {
            self.renamed.push(cost);
        }
    }
}

/// A lot's number and how it stands, from its item in DynamoDB's JSON.
fn stand(item: &Value) -> Option<(u32, Stand)> {
    let (lot, free) = (number(&item["lot"])?, number(&item["free"])?);
    let mut stand = Stand { free, ..Stand::default() };
    for claim in item["claims"]["M"].as_object().into_iter().flat_map(|claims| claims.values()) {
        let claim: Claim = claim["S"].as_str()?.parse().ok()?;
        match claim.standing {
            Standing::Held(_) => stand.held += u32::from(claim.shares),
            Standing::Confirmed => stand.sold += u32::from(claim.shares),
        }
    }
    Some((lot, stand))
}

fn number(value: &Value) -> Option<u32> {
    value["N"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn write(free: u32, claims: Value) -> Watched {
        let item =
            json!({"lot": {"N": "5"}, "shares": {"N": "7"}, "free": {"N": free.to_string()}, "claims": {"M": claims}});
        Watched {
            partition: "SEG#burst-camels#5".to_owned(),
            sort: "LOT#000005".to_owned(),
            at_millis: 10,
            units: 1,
            is_refused: false,
            item: Some(item),
        }
    }

    #[test]
    fn each_write_is_told_by_what_it_left() {
        let mut notes = Notes::default();
        notes.saw_lot(&write(7, json!({})));
        notes.saw_lot(&write(4, json!({"a": {"S": "3h1795500000"}})));
        notes.saw_lot(&Watched { is_refused: true, item: None, ..write(0, json!({})) });
        notes.saw_lot(&write(4, json!({"a": {"S": "3c"}})));
        notes.saw_lot(&write(7, json!({})));
        let claimed: Vec<u32> = notes.writes.iter().map(LotWrite::claimed).collect();
        assert_eq!((claimed, notes.refused.len()), (vec![0, 3, 0, 0], 1));
        let stands: Vec<_> = notes.writes.iter().map(|write| (write.now.free, write.now.held, write.now.sold)).collect();
        assert_eq!(stands, [(7, 0, 0), (4, 3, 0), (4, 0, 3), (7, 0, 0)]);
        assert_eq!(notes.all[&Kind::Camel], Stand { free: 7, ..Stand::default() });
    }

    #[test]
    fn only_another_lot_is_another_name() {
        let mut notes = Notes::default();
        let gift = |lot: u32| {
            let item = json!({"reservation": {"M": {"lot": {"N": lot.to_string()}}}});
            Watched { partition: "DON#a".to_owned(), sort: "DON".to_owned(), item: Some(item), ..write(0, json!({})) }
        };
        [3, 3, 8, 8, 3].into_iter().for_each(|lot| notes.saw_gift(gift(lot)));
        assert_eq!(notes.renamed.len(), 2);
        notes.saw_gift(Watched { is_refused: true, item: None, ..gift(3) });
        assert_eq!(notes.refused_on_gifts, 1);
    }
}
