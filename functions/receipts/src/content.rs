//! What a receipt says, gathered.

use std::collections::HashMap;

use documents::receipt::{Line, Name, Receipt};
use domain::catalogue::{Bilingual, Charity, Opportunity};
use domain::donation::{self, Donation, Place, SettledBy};
use domain::id::{CharityId, OpportunityId};
use domain::person::Person;
use domain::receipt::Serial;
use platform::http::Problem;
use platform::privacy::PrivacyError;

use crate::Deps;

/// What is shown of something that the catalogue does not have any more, besides its id.
const NO_LICENCE: &str = "—";

/// The gift is not settled, so there is nothing to give a receipt for.
pub fn not_settled() -> Problem {
    Problem::new(
        409,
        "not_settled",
        "لم يكتمل الدفع بعد، والإيصال يصدر بعد اكتماله",
        "Not paid yet; there is a receipt once it is",
    )
}

/// The receipt of a donation, as it is to be now.
///
/// # Errors
/// [`not_settled`] for one that is not; others when something cannot be reached.
pub async fn of(deps: &Deps, donation: &Donation) -> Result<Receipt, Problem> {
    let (Some(settled_by), Some(place)) = (donation.state.settled_by(), donation.place) else { return Err(not_settled()) };
    let code = deps.door.identifiers().await?.receipt_code(place);
    let code = code.ok_or_else(|| Problem::ours(format!("{place:?} has no code")))?;
    let SettledBy { payment, method, captured_at, .. } = settled_by.clone();
    Ok(Receipt {
        serial: serial(deps, place).await?,
        check_url: format!("{}/v1/receipts/{}", deps.public_url, code.compact()),
        code,
        donor: donor(deps, donation).await?,
        captured_at,
        method,
        payment,
        lines: lines(deps, donation).await?,
        refunded: donation.gone(),
    })
}

/// The number: its year is that of the page's day.
async fn serial(deps: &Deps, place: Place) -> Result<Serial, Problem> {
    let page = match place.chain_id() {
        Some(chain) => deps.table.page(chain, place.seq).await?,
        None => None,
    };
    let page = page.ok_or_else(|| Problem::ours(format!("there is no page at {place:?}")))?;
    Ok(Serial::new(page.day, place))
}

/// The donor's name, unless the gift is anonymous. What was erased is not there.
async fn donor(deps: &Deps, donation: &Donation) -> Result<Option<Name>, Problem> {
    let Some(sealed) = donation.personal.as_ref().filter(|_| !donation.anonymous) else { return Ok(None) };
    match deps.privacy.open::<Person>(sealed).await {
        Ok(person) => Ok(person.name.map(Name)),
        Err(PrivacyError::Erased) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The lines with the names and licences of today. Fund and amount are the donation's own.
async fn lines(deps: &Deps, donation: &Donation) -> Result<Vec<Line>, Problem> {
    let opportunities: Vec<OpportunityId> = donation.lines.iter().map(|line| line.opportunity.clone()).collect();
    let mut charities: Vec<CharityId> = donation.lines.iter().map(|line| line.purpose.charity.clone()).collect();
    charities.sort();
    charities.dedup();
    let opportunities = deps.table.opportunities(&opportunities).await?;
    let charities = deps.table.charities(&charities).await?;
    let opportunities = opportunities.into_iter().map(|opportunity| (opportunity.id.clone(), opportunity)).collect();
    let charities = charities.into_iter().map(|charity| (charity.id.clone(), charity)).collect();
    Ok(donation.lines.iter().map(|of| line(of, &opportunities, &charities)).collect())
}

fn line(
    of: &donation::Line,
    opportunities: &HashMap<OpportunityId, Opportunity>,
    charities: &HashMap<CharityId, Charity>,
) -> Line {
    let (opportunity, charity) = (opportunities.get(&of.opportunity), charities.get(&of.purpose.charity));
    let by_id = |id: &str| Bilingual { ar: id.to_owned(), en: id.to_owned() };
    Line {
        project: opportunity.map_or_else(|| by_id(of.opportunity.as_str()), |known| known.title.clone()),
        licence: opportunity.map_or(NO_LICENCE, |known| &known.licence).to_owned(),
        charity: charity.map_or_else(|| by_id(of.purpose.charity.as_str()), |known| known.name.clone()),
        charity_licence: charity.map_or(NO_LICENCE, |known| &known.licence).to_owned(),
        fund: of.fund,
        amount: of.amount_minor,
    }
}
