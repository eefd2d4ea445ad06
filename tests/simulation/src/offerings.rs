//! What is sold by the share in a run: few animals, so that they sell out; one offering that opens while donors wait for it, and one that closes while some still pay.

use domain::catalogue::Opportunity;
use domain::id::OpportunityId;
use domain::moment::Moment;
use domain::sacrifice::fairness::{Attempts, MOST_ATTEMPTS};
use domain::sacrifice::quota::lots_for;
use domain::sacrifice::{Fairness, Offering, Species};
use stage::{Stage, sample};
use testkit::chance::Chance;

use crate::plan::Plan;

/// Seeds in a thousand in which twice as many come for a sacrifice as otherwise, most of them for what opens, and a storm breaks over it.
const RUSHES: u32 = 250;
/// How long that storm lasts from a second before the opening on, in milliseconds.
const RUSH_MILLIS: i64 = 8_000;

/// Something that is sold.
#[derive(Debug, Clone)]
pub struct Offered {
    /// As it stands at the beginning, or as an operator publishes it.
    pub offering: Offering,
    /// The most shares that a donor asks for.
    pub most: u64,
    /// How many of a hundred donors choose it.
    pub weight: u64,
    /// Whether it opens during the run: an operator publishes it, and donors wait for the hour.
    pub opens: bool,
}

/// All that is sold in a run.
#[derive(Debug, Clone, Default)]
pub struct Sales {
    /// The offerings.
    pub all: Vec<Offered>,
    /// Of a hundred donors so many come for them.
    pub of_hundred: u64,
    /// From when until when there is a storm at an opening.
    pub rush: Option<(i64, i64)>,
}

impl Sales {
    /// As the plan has it: nothing where nobody comes for a sacrifice.
    ///
    /// # Errors
    /// When an id is none, which they all are.
    pub fn drawn(plan: &Plan, begins: Moment) -> anyhow::Result<Sales> {
        if plan.sacrifices == 0 {
            return Ok(Sales::default());
        }
        let chance = Chance::seeded(plan.seed, "offerings");
        let below = |bound: u64| u32::try_from(chance.below(bound)).unwrap_or(0);
        let is_rush = chance.happens(RUSHES);
        let opens_at = begins.plus_seconds(30 + i64::from(below(60)));
        let closes_at = begins.plus_seconds(100 + i64::from(below(900)));
        let of = |id: &str, species: Species, quota: u32| -> anyhow::Result<Offering> {
            let lots = lots_for(species, quota, 0);
            let opens_at = begins.plus_seconds(-3_600);
            Ok(Offering {
                id: id.parse()?,
                species,
                lots,
                opens_at,
                fairness: unbraked(),
                ..sample::offering(quota, begins)
            })
        };
        let weights = if is_rush { [10, 10, 72, 8] } else { [30, 30, 25, 15] };
        let [camels, sheep, cows, goats] = weights;
        let offered = |offering, most, weight| Offered { offering, most, weight, opens: false };
        let cows_later = Offering { opens_at, ..of("cows-jazan", Species::Cow, 7 * (2 + below(2)))? };
        let goats_soon = Offering { closes_at, ..of("goats-qassim", Species::Goat, 3 + below(4))? };
        let all = vec![
            offered(of("camels-makkah", Species::Camel, 7 * (1 + below(2)))?, 7, camels),
            // More than one lot.
            offered(of("sheep-riyadh", Species::Sheep, 17 + below(3))?, 7, sheep),
            Offered { opens: true, ..offered(cows_later, 5, cows) },
            offered(goats_soon, 3, goats),
        ];
        let rush = is_rush.then(|| (opens_at.millis() - 1_000, opens_at.millis() - 1_000 + RUSH_MILLIS));
        let of_hundred = if is_rush { plan.sacrifices * 2 } else { plan.sacrifices };
        Ok(Sales { all, of_hundred, rush })
    }

    /// Puts into the table what is sold from the beginning, and the opportunities of all.
    ///
    /// # Errors
    /// When the table does not take it.
    pub async fn publish(&self, stage: &Stage) -> anyhow::Result<()> {
        for Offered { offering, opens, .. } in &self.all {
            let opportunity = opportunity(&offering.id)?;
            if *opens {
                stage.publish(&opportunity).await?;
            } else {
                stage.offer(&opportunity, offering).await?;
            }
        }
        Ok(())
    }

    /// What somebody comes for; nothing where nothing is sold.
    pub fn chosen(&self, chance: &Chance) -> Option<&Offered> {
        let mut left = chance.below(self.all.iter().map(|offered| offered.weight).sum());
        self.all.iter().find(|offered| match left.checked_sub(offered.weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        })
    }
}

/// All requests of a run come from one address.
fn unbraked() -> Fairness {
    Fairness { brake: Some(Attempts { source: MOST_ATTEMPTS, mobile: MOST_ATTEMPTS }), ..Fairness::default() }
}

fn opportunity(id: &OpportunityId) -> anyhow::Result<Opportunity> {
    Ok(Opportunity { id: id.clone(), charity: "birr-riyadh".parse()?, ..sample::camels() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_offering_is_chosen_and_a_seed_draws_the_same_again() {
        let begins: Moment = crate::world::BEGINS.parse().unwrap();
        let drawn = |seed| Sales::drawn(&Plan::new(seed, 1), begins).unwrap();
        let sales = drawn(3);
        let chance = Chance::seeded(3, "choices");
        let chosen: std::collections::BTreeSet<String> =
            (0..200).map(|_| sales.chosen(&chance).unwrap().offering.id.to_string()).collect();
        assert_eq!(chosen.len(), 4, "{chosen:?}");
        assert_eq!(format!("{sales:?}"), format!("{:?}", drawn(3)));
        assert!((0..40).any(|seed| drawn(seed).rush.is_some()) && (0..40).any(|seed| drawn(seed).rush.is_none()));
        let nothing = Sales::drawn(&Plan { sacrifices: 0, ..Plan::new(3, 1) }, begins).unwrap();
        assert!(nothing.chosen(&chance).is_none());
    }
}
