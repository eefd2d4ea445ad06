//! Handing the proof of a gift to whoever holds it.
//!
//! What is proven, and how, is told by [`domain::proof`]. Made of the donation (where in the books it stands), of its salts (by its donor's data key, or as they are kept for who has none), of
//! the pages that it stands on, and of what was published of their days: a read of the table for each page, one of the table of keys, or one more for each page, and two of the bucket for each day.
//! The salt of no other gift is read.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::donation::{Donation, Place, Secrecy};
use domain::hash::Hash;
use domain::journal::Page;
use domain::leaf_key::LeafKey;
use domain::moment::Day;
use domain::owner::erased_until;
use domain::proof::gift::{EntryProof, FORM, ProofFile, Waiting};
use domain::proof::log::PublishedDay;
use domain::proof::{key, pages};
use platform::http::{Answer, Call, Problem};
use platform::privacy::OwnerKey;
use platform::privacy::leaf::Salt;

use crate::Deps;

/// What was published of a day.
struct Published {
    day: PublishedDay,
    pages: Vec<Hash>,
}

/// The proof of the path's donation.
pub async fn proof(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let donation = deps.door.holder(call).await?;
    let settled = donation.place.ok_or_else(not_settled)?;
    let secret = secret(deps, &donation).await?;
    let mut file = ProofFile { form: FORM, donation: donation.id, proofs: Vec::new(), waiting: Vec::new() };
    let mut days = BTreeMap::new();
    for place in [settled].into_iter().chain(donation.back.booked.iter().copied()) {
        let page = page(deps, place).await?;
        let day = match days.entry(page.day) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(published(deps, page.day).await?),
        };
        match day {
            Some(Published { day, pages }) => {
                let salt = salt(deps, &secret, (&donation, &page), place).await?;
                let made = EntryProof::make((&page, place.index), &salt, day, pages);
                file.proofs.push(made.map_err(|error| wrong(&donation, place, &error))?);
            }
            None => file.waiting.extend(waiting(&page, place)),
        }
    }
    match file.waiting.first() {
        Some(first) if file.proofs.is_empty() => Err(not_yet_published(first.day)),
        _ => Ok(Answer::json(200, &file)),
    }
}

/// Where the salts of a donation's leaves are found.
enum Secret {
    Kept,
    Key(LeafKey, OwnerKey),
}

/// The table of keys is asked each time: who was erased a moment ago gets no proof any more, though what is kept of their salts may still be there.
async fn secret(deps: &Deps, donation: &Donation) -> Result<Secret, Problem> {
    match donation.secrecy() {
        Secrecy::Erased => Err(erased()),
        Secrecy::Kept if is_erased(deps, donation).await? => Err(erased()),
        Secrecy::Kept => Ok(Secret::Kept),
        Secrecy::Agreed(leaf_key) => {
            let key = deps.privacy.existing(donation.owner()).await?;
            let key = key.filter(|key| key.leaf_key() == leaf_key);
            key.map(|key| Secret::Key(leaf_key, key)).ok_or_else(erased)
        }
    }
}

async fn is_erased(deps: &Deps, donation: &Donation) -> Result<bool, Problem> {
    let erased_at = deps.table.data_key(&donation.owner().to_string()).await?.erased_at;
    Ok(erased_at.is_some_and(|erased_at| donation.made_at <= erased_until(erased_at)))
}

async fn salt(deps: &Deps, secret: &Secret, (donation, page): (&Donation, &Page), place: Place) -> Result<Salt, Problem> {
    let page = page.key().ok_or_else(|| Problem::ours(format!("the page at {place:?} has no key")))?;
    let salt = match secret {
        Secret::Kept => match deps.table.kept_salt(&page, place.index).await? {
            Some(salt) => Some(salt),
            // Erased since the donation was read; or else lost, which is for an operator.
            None if is_erased(deps, donation).await? => return Err(erased()),
            None => return Err(Problem::ours(format!("no salt is kept of the entry at {place:?}"))),
        },
        Secret::Key(leaf_key, key) => key.salt(*leaf_key, &page, &donation.id, place.index),
    };
    salt.ok_or_else(|| Problem::ours(format!("nothing is agreed on with the page at {place:?}")))
}

async fn page(deps: &Deps, place: Place) -> Result<Page, Problem> {
    let page = match place.chain_id() {
        Some(chain) => deps.table.page(chain, place.seq).await?,
        None => None,
    };
    page.ok_or_else(|| Problem::ours(format!("there is no page at {place:?}")))
}

/// None while nothing is published of the day. The leaves of its pages are kept before it is.
async fn published(deps: &Deps, day: Day) -> Result<Option<Published>, Problem> {
    let Some(told) = deps.bucket.fetch(&key::day(day)).await.map_err(Problem::try_again)? else { return Ok(None) };
    let leaves = deps.bucket.fetch(&key::pages(day)).await.map_err(Problem::try_again)?;
    let pages = leaves.as_deref().and_then(pages::read);
    let pages = pages.ok_or_else(|| Problem::ours(format!("the leaves of the pages of {day} are not there")))?;
    let day = serde_json::from_slice(&told).map_err(Problem::ours)?;
    Ok(Some(Published { day, pages }))
}

fn waiting(page: &Page, place: Place) -> Option<Waiting> {
    let entry = page.entries().get(usize::from(place.index))?;
    Some(Waiting::new(entry.kind, page.day))
}

/// Page, day and salt do not fit together: a matter for an operator, who is told where.
fn wrong(donation: &Donation, place: Place, error: &dyn std::error::Error) -> Problem {
    Problem::ours(format!("the proof of {} at {place:?}: {error}", donation.id))
}

/// The gift is in no books.
fn not_settled() -> Problem {
    Problem::new(
        409,
        "not_settled",
        "لم يكتمل الدفع بعد، والإثبات يصدر بعد اكتماله ونشر يومه",
        "Not paid yet; there is a proof once it is and its day is published",
    )
}

/// The gift is in the books of a day that is not over, or was over a moment ago.
fn not_yet_published(day: Day) -> Problem {
    Problem::new(
        409,
        "not_yet_published",
        "يُنشر إثبات اليوم بعد منتصف الليل بتوقيت الرياض",
        "The proof of a day is published after its midnight in Riyadh",
    )
    .with_detail(&format!("{day} is published after {}", day.next().start()))
}

/// The donor's data was erased, the salt with it.
fn erased() -> Problem {
    Problem::new(
        410,
        "proof_erased",
        "حُذفت بيانات هذا التبرع بطلب صاحبه، فلا يمكن إثباته",
        "What proves this gift was erased with its donor's data, and cannot be made again",
    )
}
