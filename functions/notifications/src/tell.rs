//! Telling one donor one thing: the way to them, the words, the sending.

use std::collections::HashMap;

use domain::catalogue::Bilingual;
use domain::donation::Donation;
use domain::id::OpportunityId;
use domain::notice::Notice;
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

/// The names of what was given to.
pub(crate) struct Known {
    projects: HashMap<OpportunityId, Bilingual>,
}

impl Known {
    /// Of these donations, in one read.
    pub(crate) async fn of(deps: &Deps, donations: &[Donation]) -> Result<Known, TellError> {
        let mut ids: Vec<OpportunityId> =
            donations.iter().flat_map(|donation| &donation.lines).map(|line| line.opportunity.clone()).collect();
        ids.sort();
        ids.dedup();
        let found = deps.table.opportunities(&ids).await?;
        Ok(Known { projects: found.into_iter().map(|opportunity| (opportunity.id, opportunity.title)).collect() })
    }

    fn project(&self, id: &OpportunityId) -> Bilingual {
        let by_id = || Bilingual { ar: id.as_str().to_owned(), en: id.as_str().to_owned() };
        self.projects.get(id).cloned().unwrap_or_else(by_id)
    }
}

/// Tells a donor, if it is still so, they can be told, and they want to be.
///
/// # Errors
/// When they could not be told this time. An address that the carrier refuses is no error: a repeat would change nothing.
pub(crate) async fn tell(deps: &Deps, notice: &Notice, donation: &Donation, known: &Known) -> Result<(), TellError> {
    if !notice.is_still_so(donation) || donation.telling.mute.contains(&notice.kind()) {
        return Ok(());
    }
    let Some(to) = way_to(deps, donation).await? else { return Ok(()) };
    let words = words::of(notice, &gift(deps, donation, known).await?, &to)?;
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

/// None for who left no way, or was erased.
async fn way_to(deps: &Deps, donation: &Donation) -> Result<Option<Address>, TellError> {
    let Some(sealed) = &donation.personal else { return Ok(None) };
    match deps.privacy.open::<Person>(sealed).await {
        Ok(person) => Ok(deps.senders.way_to(person)),
        Err(PrivacyError::Erased) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The gift as words can speak of it.
async fn gift(deps: &Deps, donation: &Donation, known: &Known) -> Result<Gift, TellError> {
    let read = || async { deps.secrets.read("SECRET_IDENTIFIERS").await.map(Identifiers::new) };
    let identifiers = deps.identifiers.get_or_try_init(read).await?;
    let code = donation.place.and_then(|place| identifiers.receipt_code(place));
    Ok(Gift {
        total: donation.total(),
        project: donation.lines.first().map(|line| known.project(&line.opportunity)),
        others: donation.lines.len().saturating_sub(1),
        receipt_url: code.map(|code| format!("{}/v1/receipts/{}", deps.public_url, code.compact())),
        is_discreet: donation.telling.discreet,
        language: donation.language,
    })
}
