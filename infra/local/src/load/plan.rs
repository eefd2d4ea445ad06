//! Who gives what to what: drawn from a seed, the same for the same order.

use platform::Random;
use serde_json::{Value, json};

use super::Order;
use crate::seed::Put;

/// Weights are this divided by the rank: exact enough for a million opportunities.
const SCALE: u64 = 1_000_000_000_000;
/// A cap that no load fills, in riyals: what is measured is the holding, not the refusing.
const CAP_RIYALS: &str = "50000000";
/// What people give, in whole riyals.
const AMOUNTS: [u64; 6] = [10, 10, 20, 50, 50, 100];

/// One gift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    pub opportunity: String,
    pub riyals: u64,
}

/// All gifts.
pub(super) struct Plan {
    catalogue: Vec<Put>,
    gifts: Vec<Planned>,
}

impl Plan {
    pub(super) fn new(order: &Order) -> Self {
        let zipf = Zipf::new(order.opportunities.max(1));
        let random = Random::seeded(order.seed);
        let gift = |_| {
            let capped = random.number() % 100 < order.capped_percent;
            let rank = zipf.rank(random.number());
            let riyals = AMOUNTS[usize::try_from(random.number() % 6).unwrap_or(0)];
            Planned { opportunity: name(capped, rank), riyals }
        };
        Self { catalogue: catalogue(order), gifts: (0..order.gifts).map(gift).collect() }
    }

    pub(super) fn catalogue(&self) -> &[Put] {
        &self.catalogue
    }

    pub(super) fn gift(&self, number: u64) -> Planned {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        self.gifts[at % self.gifts.len()].clone()
    }
}

fn name(capped: bool, rank: u64) -> String {
    format!("load-{}-{rank}", if capped { "capped" } else { "open" })
}

fn catalogue(order: &Order) -> Vec<Put> {
    let mut puts = vec![("/v1/charities/load-charity".to_owned(), charity())];
    let kinds: &[bool] = match order.capped_percent {
        0 => &[false],
        100 => &[true],
        _ => &[false, true],
    };
    for capped in kinds {
        for rank in 1..=order.opportunities.max(1) {
            puts.push((format!("/v1/opportunities/{}", name(*capped, rank)), opportunity(*capped)));
        }
    }
    puts
}

fn charity() -> Value {
    json!({"name": {"ar": "جمعية الحمل", "en": "Load Society"}, "licence": "9001", "region": "SA-01"})
}

fn opportunity(capped: bool) -> Value {
    let mut body = json!({
        "charity": "load-charity",
        "title": {"ar": "مشروع", "en": "Project"},
        "description": {"ar": "مشروع لقياس الحمل", "en": "A project to measure the load with"},
        "licence": "FR-9001", "fund": "sadaqa", "programme": "projects", "track": "care", "region": "SA-01",
        "standing": "open",
    });
    if capped {
        body["target"] = json!(CAP_RIYALS);
    }
    body
}

/// Ranks from 1 by Zipf's law with exponent 1.
struct Zipf {
    /// The sums of the weights up to each rank.
    sums: Vec<u64>,
}

impl Zipf {
    fn new(ranks: u64) -> Self {
        let mut sum = 0;
        let weigh = |rank| {
            sum += SCALE / rank;
            sum
        };
        Self { sums: (1..=ranks).map(weigh).collect() }
    }

    /// The rank that a random number falls on.
    fn rank(&self, random: u64) -> u64 {
        let all = self.sums.last().copied().unwrap_or(1);
        let point = random % all;
        self.sums.partition_point(|sum| *sum <= point) as u64 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            gifts: 20_000,
            rate: 1,
            opportunities: 100,
            capped_percent: 25,
            duplicated_per_million: 0,
            lost_per_million: 0,
            crashed_per_million: 0,
            seed: 7,
            json: None,
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_gifts() {
        assert_eq!(Plan::new(&order()).gifts, Plan::new(&order()).gifts);
        assert_ne!(Plan::new(&order()).gifts, Plan::new(&Order { seed: 8, ..order() }).gifts);
    }

    /// With a hundred ranks the first has 1/5.19 of the weight, the second half of that.
    #[test]
    fn ranks_follow_zipf() {
        let gifts = Plan::new(&order()).gifts;
        let of = |rank: u64| gifts.iter().filter(|gift| gift.opportunity.ends_with(&format!("-{rank}"))).count();
        assert!((3_600..4_100).contains(&of(1)), "{}", of(1));
        assert!((1_750..2_100).contains(&of(2)), "{}", of(2));
        assert!((20..80).contains(&of(100)), "{}", of(100));
        let capped = gifts.iter().filter(|gift| gift.opportunity.contains("capped")).count();
        assert!((4_700..5_300).contains(&capped), "{capped}");
    }

    #[test]
    fn the_catalogue_has_what_is_given_to() {
        let plan = Plan::new(&order());
        assert_eq!(plan.catalogue().len(), 201);
        assert_eq!(Plan::new(&Order { capped_percent: 0, ..order() }).catalogue().len(), 101);
    }
}
