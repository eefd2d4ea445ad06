//! Lists go out: what a slaughterhouse is to carry out on a day, once all its offerings of the day are packed.
//!
//! **Promise.** A list is signed, and names each of its documents with the hash of its bytes. It is never changed: when shares went back, or an offering says something else, another one supersedes it; one that would say the
//! same is not made. What was erased since the one before is erased in it. Of two runs at once one list goes out.
//!
//! **Phases.** What stands is read and compared with the latest list, by a hash of all that it says but names; names are opened; the documents are made and kept in the bucket, each under the hash of its bytes, one
//! after another, so that a list of thousands needs the memory of one document; then it goes out in one transaction, which marks its offerings.
//!
//! **Halfway** documents are in the bucket that no list names: they are deleted with the others, and are the same bytes when they are made again.

use documents::list::{ExecutionList, FORM};
use domain::hash::Hash;
use domain::id::SlaughterhouseId;
use domain::proof::note::Signers;
use domain::sacrifice::close::watched_until;
use domain::sacrifice::list::{FileKind, IssuedList, KEPT_SECS, ListFile, Statement, folder};
use domain::sacrifice::{ListDay, Offering, Stage, Stock};
use platform::bucket::Download;
use platform::table::Issuing;
use platform::telemetry;

use crate::rows::{Owner, Share, rows, shares, span};
use crate::{Deps, ExecutionError};

/// Offerings of one list: with the list itself they are one transaction, of which the table takes a hundred items.
pub const MOST_OFFERINGS: usize = 90;

/// The list that an offering's animals are on, if it is known who slaughters them.
pub(crate) fn list_of(offering: &Offering) -> Option<(SlaughterhouseId, ListDay)> {
    Some((offering.place.slaughterhouse.clone()?, ListDay::of(offering)))
}

/// Lets the list go out, if all its offerings are packed and it says something else than the one before; its number then.
///
/// # Errors
/// See [`ExecutionError`].
pub(crate) async fn issue(
    deps: &Deps,
    house: &SlaughterhouseId,
    day: ListDay,
    standing: &[Offering],
) -> Result<Option<u32>, ExecutionError> {
    let now = deps.clock.now();
    let is_of_it = |offering: &&Offering| {
        offering.stock != Stock::Preparing
            && now < watched_until(offering)
            && list_of(offering).is_some_and(|(its_house, its_day)| its_house == *house && its_day == day)
    };
    let offerings: Vec<Offering> = standing.iter().filter(is_of_it).cloned().collect();
    let is_packed = |offering: &Offering| match offering.stage {
        Stage::Sale | Stage::Closing => false,
        Stage::Packed | Stage::Listed => true,
    };
    if !offerings.iter().all(is_packed) {
        return Ok(None);
    }
    if offerings.len() > MOST_OFFERINGS {
        return Err(ExecutionError::TooMany(offerings.len()));
    }
    let Some(shares) = shares(deps, &offerings).await? else { return Ok(None) };
    let before = deps.table.last_list(house, day).await?;
    let fingerprint = fingerprint(&offerings, &shares);
    let is_said = before.as_ref().is_some_and(|before| before.fingerprint == fingerprint);
    if is_said || (before.is_none() && shares.is_empty()) {
        return Ok(None);
    }
    let version = before.map_or(1, |before| before.version + 1);
    let list = ExecutionList {
        slaughterhouse: house.to_string(),
        places: places(&offerings),
        day,
        version,
        rows: rows(deps, &offerings, &shares).await?,
    };
    let (issued, sums) = (keep(deps, house, &list).await?, list.sums());
    let issued = IssuedList {
        fingerprint,
        offerings: offerings.iter().map(|offering| offering.id.clone()).collect(),
        animals: sums.animals,
        shares: sums.shares,
        files: issued,
        slaughterhouse: house.clone(),
        day,
        version,
        made_at: now,
        ttl: now.plus_seconds(KEPT_SECS).seconds(),
    };
    match deps.table.issue_list(&issued, &offerings, deps.random.number()).await? {
        Issuing::Done => {
            telemetry::count("execution", "ListsIssued", 1);
            tracing::info!(slaughterhouse = house.as_str(), %day, version, animals = sums.animals, "a list went out");
            Ok(Some(version))
        }
        // Another run was quicker, or this one's answer was lost: what is out stands, and what differs goes out next time.
        Issuing::Before(_) | Issuing::Moved => Ok(None),
    }
}

/// A hash of all that the list says but names.
fn fingerprint(offerings: &[Offering], shares: &[Share]) -> Hash {
    let of_offering = |offering: &Offering| {
        let (from, until) = span(offering).unwrap_or_default();
        let (species, rite, place) = (offering.species, offering.rite, &offering.place.name.ar);
        format!("{} {species} {rite} {from} {until} {place}\n", offering.id)
    };
    let of_share = |share: &Share| {
        let owner = match share.owner {
            Owner::Donation(donation, index) => format!("{donation} {index}"),
            Owner::Platform => "platform".to_owned(),
        };
        format!("{} {} {} {owner}\n", share.offering, share.animal, share.share)
    };
    let said: String = offerings.iter().map(of_offering).chain(shares.iter().map(of_share)).collect();
    Hash::of(&[&FORM.to_be_bytes(), said.as_bytes()])
}

/// What the places are called, each once.
fn places(offerings: &[Offering]) -> Vec<domain::catalogue::Bilingual> {
    let mut places = Vec::new();
    for offering in offerings {
        if !places.contains(&offering.place.name) {
            places.push(offering.place.name.clone());
        }
    }
    places
}

/// Makes the documents and keeps them; the signed note over the others is the last.
async fn keep(deps: &Deps, house: &SlaughterhouseId, list: &ExecutionList) -> Result<Vec<ListFile>, ExecutionError> {
    let signers = Signers::read(deps.secrets.read("SECRET_PROOF_KEYS").await?.text())?;
    let base = format!("{house}-{}-v{}", list.day, list.version);
    let at = format!("{}{}/{:06}", folder(house), list.day, list.version);
    let mut files = vec![keep_one(deps, &at, (FileKind::Csv, format!("{base}.csv")), list.csv()).await?];
    for part in 0..list.parts().len() {
        let pdf = deps.press().list(list, part)?;
        files.push(keep_one(deps, &at, (FileKind::Pdf, format!("{base}-{:02}.pdf", part + 1)), pdf).await?);
    }
    let sums = list.sums();
    let statement = Statement {
        by: signers.name().to_owned(),
        slaughterhouse: house.clone(),
        day: list.day,
        version: list.version,
        animals: sums.animals,
        shares: sums.shares,
        files: files.iter().map(|file| (file.name.clone(), file.sha256)).collect(),
    };
    let note = signers.sign(&statement.to_string()).into_bytes();
    files.push(keep_one(deps, &at, (FileKind::Note, format!("{base}.note")), note).await?);
    Ok(files)
}

async fn keep_one(
    deps: &Deps,
    at: &str,
    (kind, name): (FileKind, String),
    bytes: Vec<u8>,
) -> Result<ListFile, ExecutionError> {
    let sha256 = Hash::of(&[&bytes]);
    let key = format!("{at}/{}/{name}", &sha256.to_string()[..16]);
    let download = Download { file: &name, content_type: kind.content_type() };
    deps.bucket.keep_download(&key, download, bytes).await?;
    Ok(ListFile { kind, name, sha256, key })
}
