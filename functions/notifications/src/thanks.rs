//! The donors of a page's gifts are thanked.

use std::time::Duration;

use domain::donation::Donation;
use domain::id::DonationId;
use domain::journal::{ChainId, EntryKind};
use domain::message::Message;
use domain::notice::Notice;
use futures_util::{StreamExt as _, stream};
use platform::batch::{Delivery, Failure};
use platform::http::chain;

use crate::Deps;
use crate::tell::{self, Known, TellError};

/// Donors of one page who are told at the same time. A carrier takes a message in a tenth of a second or so; a full page is then told in a few seconds.
pub const AT_ONCE: usize = 10;
/// After what time somebody is tried again who could not be told with the others of the page.
const AGAIN: Duration = Duration::from_secs(30);

/// Thanks the donors of a page; gives the message back if it has to come again.
pub(crate) async fn thank(deps: &Deps, number: u8, seq: u64, delivery: &Delivery) -> Option<Failure> {
    let Some(page) = ChainId::new(number) else {
        tracing::error!(message_id = delivery.id, "there is no such chain");
        return Some(delivery.failure());
    };
    match thank_all(deps, page, seq).await {
        Ok(()) => None,
        Err(error) => {
            tracing::warn!(chain = number, seq, error = chain(&error), "a page's donors are told later");
            Some(delivery.failure())
        }
    }
}

async fn thank_all(deps: &Deps, chain: ChainId, seq: u64) -> Result<(), TellError> {
    if deps.table.was_page_told(chain, seq).await? {
        return Ok(());
    }
    let gifts = gifts(deps, chain, seq).await?;
    let known = Known::of(deps, &gifts).await?;
    let mut work = Vec::new();
    for gift in &gifts {
        work.push(Box::pin(thank_one(deps, gift, &known)));
    }
    let untold: Vec<Option<DonationId>> = stream::iter(work).buffer_unordered(AT_ONCE).collect().await;
    let again = untold.into_iter().flatten().map(|donation| (Message::NoticeDue(Notice::Thanks { donation }), AGAIN));
    deps.notices.send_all_later(again).await?;
    Ok(deps.table.note_page_told(chain, seq, deps.clock.now()).await?)
}

/// The gifts that the page settles and whose donors left something of themselves.
async fn gifts(deps: &Deps, chain: ChainId, seq: u64) -> Result<Vec<Donation>, TellError> {
    let page = deps.table.page(chain, seq).await?.ok_or(TellError::NoPage)?;
    let settled = page.entries().iter().filter(|entry| entry.kind == EntryKind::Settled);
    let ids: Vec<DonationId> = settled.filter_map(|entry| entry.donation).collect();
    let mut gifts = deps.table.donations(&ids).await?;
    gifts.retain(|gift| gift.personal.is_some());
    // In the order of their ids: the table gives them in none.
    gifts.sort_unstable_by_key(|gift| gift.id);
    Ok(gifts)
}

/// Thanks one donor; gives back the donation if they could not be told this time.
async fn thank_one(deps: &Deps, gift: &Donation, known: &Known) -> Option<DonationId> {
    match tell::tell(deps, &Notice::Thanks { donation: gift.id }, gift, known).await {
        Ok(()) => None,
        Err(error) => {
            tracing::warn!(donation = %gift.id, error = chain(&error), "a donor is thanked later");
            Some(gift.id)
        }
    }
}
