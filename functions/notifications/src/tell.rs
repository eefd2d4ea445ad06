//! Telling one donor one thing: the way to them, the words, the sending.

use std::collections::HashMap;

use domain::catalogue::Bilingual;
use domain::donation::{Donation, Giver};
use domain::id::{DonorId, OpportunityId};
use domain::notice::{Notice, Telling};
use domain::person::Person;
use platform::auth::Identifiers;
use platform::privacy::PrivacyError;
use platform::queue::QueueError;
use platform::secrets::SecretError;
use platform::sender::{Address, SendError};
use platform::table::TableError;
use platform::telemetry;

use crate::Deps;
use crate::words::{self, Gift, WordsError};

/// Why somebody could not be told this time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TellError {
    #[error("the table")]
    Table(#[from] TableError),
    #[error("the queue")]
    Queue(#[from] QueueError),
    #[error("what the donor told of themselves")]
    Privacy(#[from] PrivacyError),
    #[error("the secret of codes")]
    Secret(#[from] SecretError),
    #[error("the words")]
    Words(#[from] WordsError),
    #[error("the sending")]
    Send(#[from] SendError),
    #[error("the page does not stand")]
    NoPage,
}

/// What there is to know beside the donations: the names of what was given to, and how donors want to be told of all their gifts.
pub(crate) struct Known {
    projects: HashMap<OpportunityId, Bilingual>,
    wishes: HashMap<DonorId, Telling>,
}

impl Known {
    /// Of these donations: a read, and another if there is a signed-in donor's among them.
    pub(crate) async fn of(deps: &Deps, donations: &[Donation]) -> Result<Known, TellError> {
        let projects = donations.iter().flat_map(|donation| &donation.lines).map(|line| line.opportunity.clone());
        let donors = donations.iter().filter_map(|donation| signed_in(donation).cloned());
        let (projects, donors) = (each_once(projects), each_once(donors));
        let found = deps.table.opportunities(&projects).await?;
        Ok(Known {
            projects: found.into_iter().map(|opportunity| (opportunity.id, opportunity.title)).collect(),
            wishes: deps.table.tellings(&donors).await?,
        })
    }

    /// How the donor wants to be told of this donation: as they said with it, and for all of theirs.
    fn telling(&self, donation: &Donation) -> Telling {
        let of_all = signed_in(donation).and_then(|donor| self.wishes.get(donor));
        of_all.map_or_else(|| donation.telling.clone(), |of_all| donation.telling.and(of_all))
    }

    fn project(&self, id: &OpportunityId) -> Bilingual {
        let by_id = || Bilingual { ar: id.as_str().to_owned(), en: id.as_str().to_owned() };
        self.projects.get(id).cloned().unwrap_or_else(by_id)
    }
}

fn signed_in(donation: &Donation) -> Option<&DonorId> {
    match &donation.giver {
        Giver::Donor(donor) => Some(donor),
        Giver::Guest => None,
    }
}

fn each_once<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort();
    all.dedup();
    all
}

/// Tells a donor, if it is still so, they can be told, and they want to be.
///
/// # Errors
/// When they could not be told this time. An address that the carrier refuses is no error: a repeat would change nothing.
pub(crate) async fn tell(deps: &Deps, notice: &Notice, donation: &Donation, known: &Known) -> Result<(), TellError> {
    let telling = known.telling(donation);
    if !notice.is_still_so(donation) || telling.mute.contains(&notice.kind()) {
        return Ok(());
    }
    let Some(to) = way_to(deps, donation).await? else { return Ok(()) };
    let words = words::of(notice, &gift(deps, donation, known, telling.discreet).await?, &to)?;
    let reference = format!("{}/{}", donation.id, notice.name());
    match deps.senders.send(&to, &words, &reference).await {
        Ok(()) => telemetry::count("notifications", "NoticesTold", 1),
        Err(error) if error.is_final() => {
            tracing::warn!(donation = %donation.id, channel = to.channel(), error = %error, "a donor cannot be told");
            telemetry::count("notifications", "NoticesRefused", 1);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// None for who left no way, or was erased: what was waiting to be told to them is dropped, and counted.
async fn way_to(deps: &Deps, donation: &Donation) -> Result<Option<Address>, TellError> {
    let Some(sealed) = &donation.personal else { return Ok(None) };
    match deps.privacy.open::<Person>(sealed).await {
        Ok(person) => Ok(deps.senders.way_to(person)),
        Err(PrivacyError::Erased) => {
            telemetry::count("notifications", "NoticesErased", 1);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The gift as words can speak of it.
async fn gift(deps: &Deps, donation: &Donation, known: &Known, is_discreet: bool) -> Result<Gift, TellError> {
    let read = || async { deps.secrets.read("SECRET_IDENTIFIERS").await.map(Identifiers::new) };
    let identifiers = deps.identifiers.get_or_try_init(read).await?;
    let code = donation.place.and_then(|place| identifiers.receipt_code(place));
    Ok(Gift {
        total: donation.total(),
        project: donation.lines.first().map(|line| known.project(&line.opportunity)),
        others: donation.lines.len().saturating_sub(1),
        receipt_url: code.map(|code| format!("{}/v1/receipts/{}", deps.public_url, code.compact())),
        is_discreet,
        language: donation.language,
    })
}
