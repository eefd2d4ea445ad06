//! Who was told that nothing is left, and whether that was so.
//!
//! It was not if some lot had room for what was asked for all through the two seconds before: a buyer who asked then could have had it. Lots that filled or came free within those
//! two seconds prove nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use testkit::Clock;

use super::buyers::Kind;
use super::record::LotWrite;
use crate::function::Watcher;

/// How long a lot must have had room for a refusal to be false, in milliseconds.
pub const WINDOW_MS: i64 = 2_000;
/// The most shares that a request asks for.
const MOST_SHARES: u8 = 7;

/// A buyer was told that there is not so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// When, in milliseconds of the emulated clock.
    pub at_millis: i64,
    /// Of what.
    pub kind: Kind,
    /// How many shares were asked for.
    pub shares: u8,
}

/// Everyone who was told so, noted at the moment of the answer.
#[derive(Clone)]
pub struct Refusals {
    clock: Clock,
    seen: Arc<Mutex<Vec<Refusal>>>,
}

impl Refusals {
    /// Nobody yet.
    pub fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), seen: Arc::default() }
    }

    /// Looks at what `donations` answers.
    pub fn watcher(&self) -> Watcher {
        let refusals = self.clone();
        Watcher::new(move |function, event, answer| {
            let refused = function.ends_with("-donations").then(|| refused(event, answer)).flatten();
            if let Some((kind, shares)) = refused {
                let at_millis = refusals.clock.now_millis();
                let mut seen = refusals.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push(Refusal { at_millis, kind, shares });
            }
        })
    }

    /// All of them, in the order of their times.
    pub fn all(&self) -> Vec<Refusal> {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort_by_key(|refusal| refusal.at_millis);
        all
    }
}

/// What a request asked for that was told that there is not so much.
fn refused(event: &Value, answer: &Value) -> Option<(Kind, u8)> {
    if answer["statusCode"] != 409 {
        return None;
    }
    let problem: Value = serde_json::from_str(answer["body"].as_str()?).ok()?;
    if !matches!(problem["code"].as_str()?, "sold_out" | "no_room_in_one" | "too_few_left") {
        return None;
    }
    let request: Value = serde_json::from_str(event["body"].as_str()?).ok()?;
    let line = &request["lines"][0];
    let shares = line["sacrifice"]["shares"].as_u64()?;
    Some((Kind::of(line["opportunity"].as_str()?)?, u8::try_from(shares).ok()?))
}

/// Since when each lot has room for so many shares.
#[derive(Default)]
struct Rooms {
    since: BTreeMap<(Kind, u8, u32), i64>,
    longest: BTreeMap<(Kind, u8), BTreeSet<(i64, u32)>>,
}

impl Rooms {
    fn saw(&mut self, write: &LotWrite) {
        for shares in 1..=MOST_SHARES {
            let (kind, lot, fits) = (write.kind, write.lot, write.now.free >= u32::from(shares));
            let longest = self.longest.entry((kind, shares)).or_default();
            match (self.since.get(&(kind, shares, lot)).copied(), fits) {
                (None, true) => {
                    self.since.insert((kind, shares, lot), write.at_millis);
                    longest.insert((write.at_millis, lot));
                }
                (Some(since), false) => {
                    self.since.remove(&(kind, shares, lot));
                    longest.remove(&(since, lot));
                }
                (None, false) | (Some(_), true) => {}
            }
        }
    }

    /// Whether some lot has had room for so long.
    fn has_had(&self, refusal: &Refusal) -> bool {
        let longest = self.longest.get(&(refusal.kind, refusal.shares)).and_then(BTreeSet::first);
        longest.is_some_and(|(since, _)| *since <= refusal.at_millis - WINDOW_MS)
    }
}

/// The refusals that were false. Writes and refusals are each in the order of their times.
pub fn false_ones(writes: &[LotWrite], refusals: &[Refusal]) -> Vec<Refusal> {
    let (mut rooms, mut writes) = (Rooms::default(), writes.iter().peekable());
    let mut is_false = |refusal: &&Refusal| {
        while let Some(write) = writes.next_if(|write| write.at_millis <= refusal.at_millis) {
            rooms.saw(write);
        }
        rooms.has_had(refusal)
    };
    refusals.iter().filter(|refusal| is_false(refusal)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::super::record::Stand;
    use super::*;
    use serde_json::json;

    fn write(at_millis: i64, lot: u32, free: u32) -> LotWrite {
        let now = Stand { free, ..Stand::default() };
        LotWrite { at_millis, kind: Kind::Camel, lot, now, before: Stand::default(), units: 1 }
    }

    fn told(at_millis: i64, shares: u8) -> Refusal {
        Refusal { at_millis, kind: Kind::Camel, shares }
    }

    #[test]
    fn it_is_false_where_a_lot_had_room_for_two_seconds() {
        let writes = [write(0, 1, 7), write(1_000, 1, 2), write(1_500, 2, 3), write(5_000, 1, 0), write(5_000, 2, 0)];
        let table = [
            (told(1_999, 1), false, "the sale is not two seconds old"),
            (told(2_000, 2), true, "two were free on lot 1 all the time"),
            (told(2_000, 3), false, "three were free on lot 1 until a second ago, and on lot 2 for half a second"),
            (told(3_499, 3), false, "lot 2 has had three for a moment less than two seconds"),
            (told(3_500, 3), true, "for two seconds"),
            (told(3_500, 4), false, "four are on no lot"),
            (told(4_999, 1), true, "still"),
            (told(5_000, 1), false, "all are gone at that moment"),
            (told(9_000, 1), false, "all are gone"),
        ];
        for (refusal, expected, why) in table {
            assert_eq!(!false_ones(&writes, &[refusal]).is_empty(), expected, "{refusal:?}: {why}");
        }
        assert_eq!(false_ones(&writes, &table.map(|(refusal, _, _)| refusal)).len(), 3);
        let of_sheep = Refusal { kind: Kind::Sheep, ..told(3_500, 1) };
        assert_eq!(false_ones(&writes, &[of_sheep]), []);
    }

    #[test]
    fn room_that_comes_and_goes_proves_nothing() {
        let writes: Vec<LotWrite> = (0..20).map(|n| write(n * 500, 1, u32::from(n % 2 == 0))).collect();
        let refusals: Vec<Refusal> = (0..100).map(|n| told(n * 100, 1)).collect();
        assert_eq!(false_ones(&writes, &refusals), []);
    }

    #[test]
    fn refusals_are_read_from_the_answers() {
        let body = json!({"lines": [{"opportunity": "burst-camels", "sacrifice": {"shares": 3}}]}).to_string();
        let event = json!({ "body": body });
        let answer = |status: u16, code: &str| json!({"statusCode": status, "body": json!({"code": code}).to_string()});
        assert_eq!(refused(&event, &answer(409, "sold_out")), Some((Kind::Camel, 3)));
        assert_eq!(refused(&event, &answer(409, "no_room_in_one")), Some((Kind::Camel, 3)));
        for (status, code) in [(409, "sale_closed"), (503, "try_again"), (201, "sold_out")] {
            assert_eq!(refused(&event, &answer(status, code)), None, "{status} {code}");
        }
    }
}
