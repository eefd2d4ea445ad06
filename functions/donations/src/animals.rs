//! A donation's animals, and what was told of their slaughter.
//!
//! **Cost.** A read of the offering, of lots where heads are told apart, and one of the animals; a look at the bucket for each piece of evidence. URLs are signed here.
//!
//! **Evidence** can be replaced by its form for an hour after it was asked for, and what was told is what was looked at: what is not that any more is shown to nobody, and is a matter for a person.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::case::{Case, Reason};
use domain::donation::Donation;
use domain::id::{OpportunityId, SlaughterhouseId};
use domain::money::Money;
use domain::sacrifice::carrying::{Distribution, Evidence, evidence};
use domain::sacrifice::{Carried, Stage, animal};
use platform::bucket::Download;
use platform::http::Problem;

use crate::Deps;
use crate::answer::{AnimalView, DistributionView, EvidenceView};

/// How long the URL of a photo or video serves, in seconds: as long as an app shows a page.
pub const LINK_SECS: u32 = 900;

/// The donation's animals, once its sale's are packed.
///
/// # Errors
/// When the table cannot be reached, or there is nothing to sign with.
pub async fn of(deps: &Deps, donation: &Donation) -> Result<Vec<AnimalView>, Problem> {
    let Some(named) = donation.reservation.as_ref().filter(|_| donation.keeps_shares()) else { return Ok(Vec::new()) };
    let Some(offering) = deps.table.offering(&named.offering).await? else { return Ok(Vec::new()) };
    match offering.stage {
        Stage::Sale | Stage::Closing => return Ok(Vec::new()),
        Stage::Packed | Stage::Listed => {}
    }
    let lots = match offering.species.shares() {
        1 => {
            let lots: Vec<u32> = named.places().iter().map(|part| part.lot).collect();
            deps.table.lots(&offering.id, &lots).await?
        }
        _ => Vec::new(),
    };
    let animals = animal::animals(&offering, &donation.id, named, &lots);
    let keys: Vec<(OpportunityId, u32)> = animals.keys().map(|number| (offering.id.clone(), *number)).collect();
    let carried = deps.table.carried(&keys).await?;
    let carried: BTreeMap<u32, Carried> = carried.into_iter().map(|carried| (carried.number, carried)).collect();
    let mut views = Vec::new();
    for (number, shares) in animals {
        views.push(view(deps, (&offering.id, number, shares), carried.get(&number)).await?);
    }
    Ok(views)
}

/// Evidence and distribution are shown once the slaughter was told, and not before.
async fn view(
    deps: &Deps,
    (offering, number, shares): (&OpportunityId, u32, u8),
    carried: Option<&Carried>,
) -> Result<AnimalView, Problem> {
    let mut view = AnimalView {
        name: animal::name(offering, number),
        number,
        shares,
        slaughtered_at: None,
        evidence: Vec::new(),
        distributed: Vec::new(),
    };
    let Some((carried, slaughter)) = carried.and_then(|carried| Some((carried, carried.slaughter.as_ref()?))) else {
        return Ok(view);
    };
    view.slaughtered_at = Some(slaughter.at.to_string());
    view.distributed = carried.distributed.iter().map(distribution).collect();
    for evidence in &carried.evidence {
        if is_still(deps, carried, evidence).await? {
            view.evidence.push(link(deps, &carried.slaughterhouse, evidence).await?);
        }
    }
    Ok(view)
}

/// Whether the bucket has what was told; a person is told, once, if not.
async fn is_still(deps: &Deps, carried: &Carried, told: &Evidence) -> Result<bool, Problem> {
    // Of what was told before tags were kept nothing can be said.
    if told.etag.is_none() {
        return Ok(true);
    }
    let kind = deps.bucket.kind(&evidence::key(&carried.slaughterhouse, &told.id)).await.map_err(Problem::try_again)?;
    if kind.is_some_and(|kind| told.is_still(kind.etag.as_deref())) {
        return Ok(true);
    }
    let case = Case {
        reason: Reason::EvidenceDiffers,
        payment: None,
        donation: None,
        refund: None,
        amount_minor: Money::ZERO,
        evidence: format!("{}, evidence {} of {}", carried.slaughterhouse, told.id, carried.name()),
        opened_at: deps.clock.now(),
    };
    if deps.table.case(&case.id()).await?.is_none() {
        deps.table.open_case(&case).await?;
    }
    Ok(false)
}

fn distribution(given: &Distribution) -> DistributionView {
    DistributionView { to: given.to.to_string(), country: given.country.to_string(), portions: given.portions }
}

async fn link(deps: &Deps, house: &SlaughterhouseId, shown: &Evidence) -> Result<EvidenceView, Problem> {
    let (now, file) = (deps.clock.now(), shown.file());
    let download = Download { file: &file, content_type: shown.media_type.code() };
    let serves = Duration::from_secs(LINK_SECS.into());
    let url = deps.bucket.link(&evidence::key(house, &shown.id), download, now, serves).await;
    Ok(EvidenceView {
        kind: shown.media_type.medium().code(),
        content_type: shown.media_type.code(),
        url: url.map_err(Problem::try_again)?,
        expires_at: now.plus_seconds(LINK_SECS.into()).to_string(),
    })
}
