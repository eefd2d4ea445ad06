//! What the rows of a part speak of, as it stands: offerings, lots, what is known of the animals, evidence.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{DonationId, EvidenceId, OpportunityId, SlaughterhouseId};
use domain::sacrifice::carrying::evidence::key;
use domain::sacrifice::carrying::rules::{self, Found};
use domain::sacrifice::carrying::{Batch, Carried, Evidence, Refusal, Row, Update};
use domain::sacrifice::{AnimalName, Lot, Offering, animal};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use crate::{CarryingError, Deps};

/// Looks at the bucket at the same time.
const AT_ONCE: usize = 16;

/// What stands of all that a part's rows name.
pub(crate) struct Ground {
    offerings: BTreeMap<OpportunityId, Offering>,
    lots: BTreeMap<(OpportunityId, u32), Lot>,
    known: BTreeMap<AnimalName, Carried>,
    pub(crate) evidence: BTreeMap<EvidenceId, Found>,
}

impl Ground {
    /// Reads it.
    ///
    /// # Errors
    /// When the table or the bucket cannot be reached.
    pub(crate) async fn of(deps: &Deps, batch: &Batch, rows: &[Row]) -> Result<Ground, CarryingError> {
        let updates: Vec<&Update> = rows.iter().filter_map(|row| row.update.as_ref().ok()).collect();
        let animals: BTreeSet<&AnimalName> = updates.iter().map(|update| &update.animal).collect();
        let offerings = offerings(deps, &batch.slaughterhouse, &animals).await?;
        let lots = lots(deps, &offerings, &animals).await?;
        let keys: Vec<(OpportunityId, u32)> =
            animals.iter().map(|animal| (animal.offering.clone(), animal.number)).collect();
        let known = deps.table.carried(&keys).await?.into_iter().map(|carried| (carried.name(), carried)).collect();
        let ids: BTreeSet<&EvidenceId> = updates.iter().flat_map(|update| &update.evidence).collect();
        let mut looks = Vec::new();
        for id in ids {
            looks.push(look(deps, &batch.slaughterhouse, id).boxed());
        }
        let evidence = stream::iter(looks).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(Ground { offerings, lots, known, evidence })
    }

    /// The animal's offering, and whose it is.
    ///
    /// # Errors
    /// When it is on no list of the slaughterhouse, or is nobody's.
    pub(crate) fn owners(
        &self,
        animal: &AnimalName,
        slaughterhouse: &SlaughterhouseId,
    ) -> Result<(&Offering, Vec<DonationId>), Refusal> {
        let offering = self.offerings.get(&animal.offering).ok_or(Refusal::AnimalUnknown)?;
        let lot = animal::place(offering.species, animal.number);
        let lot = lot.and_then(|(lot, _)| self.lots.get(&(animal.offering.clone(), lot)));
        Ok((offering, rules::owners(animal, slaughterhouse, Some(offering), lot)?))
    }

    /// Whose the animal is by its lot alone, whatever has become of its offering since it was written.
    pub(crate) fn had_by(&self, animal: &AnimalName) -> Vec<DonationId> {
        let Some(offering) = self.offerings.get(&animal.offering) else { return Vec::new() };
        let Some((number, head)) = animal::place(offering.species, animal.number) else { return Vec::new() };
        let lot = self.lots.get(&(animal.offering.clone(), number));
        lot.map(|lot| animal::owners(offering.species, lot, head)).unwrap_or_default()
    }

    /// Whether the bucket has something else by now of evidence that was told.
    pub(crate) fn is_replaced(&self, known: &Carried, named: &[EvidenceId]) -> bool {
        let is_other = |one: &Evidence| match self.evidence.get(&one.id) {
            Some(Found::Is(_, etag)) => !one.is_still(etag.as_deref()),
            Some(Found::Missing | Found::Another) => true,
            None => false,
        };
        known.evidence.iter().filter(|one| named.contains(&one.id)).any(is_other)
    }

    /// What was known of the animal.
    pub(crate) fn known(&self, animal: &AnimalName) -> Option<&Carried> {
        self.known.get(animal)
    }
}

/// The offerings of these animals that are on a list which went out to the slaughterhouse.
async fn offerings(
    deps: &Deps,
    slaughterhouse: &SlaughterhouseId,
    animals: &BTreeSet<&AnimalName>,
) -> Result<BTreeMap<OpportunityId, Offering>, CarryingError> {
    let lists = deps.table.lists_of(slaughterhouse).await?;
    let issued: BTreeSet<&OpportunityId> = lists.iter().flat_map(|list| &list.offerings).collect();
    let named: BTreeSet<&OpportunityId> = animals.iter().map(|animal| &animal.offering).collect();
    let wanted: Vec<OpportunityId> = named.intersection(&issued).copied().cloned().collect();
    let found = deps.table.offerings_by_id(&wanted).await?;
    Ok(found.into_iter().map(|offering| (offering.id.clone(), offering)).collect())
}

async fn lots(
    deps: &Deps,
    offerings: &BTreeMap<OpportunityId, Offering>,
    animals: &BTreeSet<&AnimalName>,
) -> Result<BTreeMap<(OpportunityId, u32), Lot>, CarryingError> {
    let mut lots = BTreeMap::new();
    for (id, offering) in offerings {
        let of_it = animals.iter().filter(|animal| animal.offering == *id);
        let numbers: BTreeSet<u32> =
            of_it.filter_map(|animal| Some(animal::place(offering.species, animal.number)?.0)).collect();
        let numbers: Vec<u32> = numbers.into_iter().collect();
        lots.extend(deps.table.lots(id, &numbers).await?.into_iter().map(|lot| ((id.clone(), lot.lot), lot)));
    }
    Ok(lots)
}

async fn look(deps: &Deps, house: &SlaughterhouseId, id: &EvidenceId) -> Result<(EvidenceId, Found), CarryingError> {
    let found = match deps.bucket.kind(&key(house, id)).await? {
        None => Found::Missing,
        Some(kind) => kind.content_type.parse().map_or(Found::Another, |media_type| Found::Is(media_type, kind.etag)),
    };
    Ok((id.clone(), found))
}
