//! Which key is written to the most, as it would be at five thousand claims a second.
//!
//! The claims of the opening are taken a thousand at a time. What each key took while they were made, times five, is what it would take in a second in which five thousand are
//! made. The table gives one partition key a thousand units a second.

use std::collections::HashMap;

use testkit::dynamo::KeyWrite;

/// Claims in a second, on the night for which it is built.
const CLAIMS_PER_SECOND: u64 = 5_000;
/// Claims that are looked at together: fewer, and chance makes a key hot; more, and a hot moment is lost among others.
const TOGETHER: usize = 1_000;

/// The hottest key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heat {
    /// Its partition key.
    pub key: String,
    /// Write units that it would take in a second.
    pub units_per_second: u64,
}

/// The hottest key among these writes, by the times of the claims that were made, in order.
pub fn hottest(writes: &[KeyWrite], claims_at_millis: &[i64]) -> Heat {
    let mut writes: Vec<&KeyWrite> = writes.iter().collect();
    writes.sort_by_key(|write| write.at_millis);
    let together = TOGETHER.min(claims_at_millis.len());
    let mut hottest = Heat::default();
    if together == 0 {
        return hottest;
    }
    let starts = (0..=claims_at_millis.len() - together).step_by(together.div_ceil(2));
    for start in starts {
        let (from, to) = (claims_at_millis[start], claims_at_millis[start + together - 1]);
        let first = writes.partition_point(|write| write.at_millis < from);
        let after = writes.partition_point(|write| write.at_millis <= to);
        let mut units: HashMap<&str, u64> = HashMap::new();
        for write in &writes[first..after] {
            *units.entry(&write.partition).or_default() += write.units;
        }
        // Of equal ones always the same.
        let most = units.into_iter().max_by_key(|(key, units)| (*units, std::cmp::Reverse(*key)));
        if let Some((key, units)) = most {
            let units_per_second = units * CLAIMS_PER_SECOND / together as u64;
            if units_per_second > hottest.units_per_second {
                hottest = Heat { key: key.to_owned(), units_per_second };
            }
        }
    }
    hottest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(at_millis: i64, partition: &str, units: u64) -> KeyWrite {
        KeyWrite { table: String::new(), partition: partition.to_owned(), sort: String::new(), at_millis, units }
    }

    #[test]
    fn a_key_that_every_claim_writes_takes_all() {
        let claims: Vec<i64> = (0..3_000).collect();
        let one: Vec<KeyWrite> = claims.iter().map(|at| write(*at, "counter", 2)).collect();
        assert_eq!(hottest(&one, &claims), Heat { key: "counter".to_owned(), units_per_second: 10_000 });
        let spread: Vec<KeyWrite> = claims.iter().map(|at| write(*at, &format!("lot {}", at % 50), 1)).collect();
        assert_eq!(hottest(&spread, &claims).units_per_second, 100);
    }

    #[test]
    fn a_hot_moment_is_found_among_others() {
        let claims: Vec<i64> = (0..4_000).collect();
        let key = |at: i64| if (2_000..3_000).contains(&at) { "hot".to_owned() } else { format!("cold {at}") };
        let writes: Vec<KeyWrite> = claims.iter().map(|at| write(*at, &key(*at), 1)).collect();
        assert_eq!(hottest(&writes, &claims), Heat { key: "hot".to_owned(), units_per_second: 5_000 });
    }

    #[test]
    fn a_few_claims_are_scaled_as_well_and_none_are_nothing() {
        let claims = [0, 10, 20, 30];
        let writes = [write(0, "a", 1), write(10, "a", 1), write(20, "b", 1), write(31, "a", 50)];
        assert_eq!(hottest(&writes, &claims), Heat { key: "a".to_owned(), units_per_second: 2_500 });
        assert_eq!(hottest(&writes, &[]), Heat::default());
    }
}
