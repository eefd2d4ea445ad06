//! Who was erased is forgotten: no name opens, no receipt and no salt is left, and nobody is given a proof; and what others are given proves their gift.

use std::collections::BTreeSet;

use domain::donation::Donation;
use domain::hash::{Hash, tree_root};
use domain::journal::Page;
use domain::proof::day::DayTree;
use domain::proof::gift::ProofFile;
use domain::receipt;
use platform::auth::Identifiers;
use platform::privacy::{Privacy, PrivacyError};
use serde_json::{Value, json};
use stage::event;

use crate::paper;
use crate::world::World;

const PROOF: &str = "GET /v1/donations/{id}/proof";
/// Of each kind so many gifts of others are proven.
const SAMPLE: usize = 2;

/// What is left of those who were erased: past the faults.
///
/// # Errors
/// When table or bucket cannot be read.
pub async fn forgotten(
    world: &World,
    (donations, pages): (&[Donation], &[Page]),
    wrong: &mut Vec<String>,
) -> anyhow::Result<()> {
    let erased = world.deeds.all_erased();
    let privacy = Privacy::new(&world.stage.platform("donations")?)?;
    let documents = if erased.is_empty() { Vec::new() } else { world.stage.versions()? };
    for donation in donations.iter().filter(|donation| erased.contains(&donation.id)) {
        let (id, owner) = (donation.id, donation.owner().to_string());
        let item = world.stage.table.data_key(&owner).await?;
        if item.wrapped.is_some() || item.erased_at.is_none() {
            wrong.push(format!("{id} was erased, and its key is there"));
        }
        if let Some(sealed) = &donation.personal
            && !matches!(privacy.open::<Value>(sealed).await, Err(PrivacyError::Erased))
        {
            wrong.push(format!("{id} was erased, and what its donor told opens"));
        }
        let folder = receipt::folder(&id);
        if documents.iter().any(|(key, _)| key.contains(&folder)) {
            wrong.push(format!("{id} was erased, and a receipt of it is there"));
        }
        for place in donation.place.iter().chain(&donation.back.booked) {
            let is_it = |page: &&Page| page.chain.number() == place.chain && page.seq == place.seq;
            let Some(key) = pages.iter().find(is_it).and_then(Page::key) else { continue };
            if world.stage.table.kept_salt(&key, place.index).await?.is_some() {
                wrong.push(format!("{id} was erased, and the salt of its entry at {place:?} is there"));
            }
        }
    }
    let known: BTreeSet<_> = donations.iter().map(|donation| donation.id).collect();
    wrong.extend(erased.difference(&known).map(|id| format!("{id} was erased, and is not in the table")));
    Ok(())
}

/// Asks for the proof of each erased gift that is settled, and of some others; with faults, as an app does.
///
/// # Errors
/// When a function cannot be started, or a secret cannot be read.
pub async fn proofs(
    world: &World,
    (donations, pages): (&[Donation], &[Page]),
    wrong: &mut Vec<String>,
) -> anyhow::Result<()> {
    let erased = world.deeds.all_erased();
    let settled = || donations.iter().filter(|donation| donation.place.is_some());
    for donation in settled().filter(|donation| erased.contains(&donation.id)) {
        let answer = proof(world, donation).await?;
        if answer["code"] != "proof_erased" {
            wrong.push(format!("{} was erased, and whoever asks for its proof is told {answer}", donation.id));
        }
    }
    let day = world.stage.now().day().previous();
    let mut tree = DayTree::default();
    pages.iter().filter(|page| page.day == day).for_each(|page| tree.add(page));
    let root = tree_root(tree.leaves());
    let is_of_day = |donation: &&Donation| {
        let place = donation.place;
        pages
            .iter()
            .any(|page| page.day == day && place.is_some_and(|at| page.chain.number() == at.chain && page.seq == at.seq))
    };
    let others = || settled().filter(is_of_day).filter(|donation| !world.deeds.is_erasing(&donation.id));
    let with_key = others().filter(|donation| donation.leaf_key.is_some()).take(SAMPLE);
    let without = others().filter(|donation| donation.leaf_key.is_none()).take(SAMPLE);
    for donation in with_key.chain(without) {
        wrong.extend(unproven(donation, &proof(world, donation).await?, root));
    }
    Ok(())
}

/// Why a proof proves nothing, if it does not prove that the gift is in the day's books as they were published.
pub fn unproven(donation: &Donation, answer: &Value, root: Hash) -> Option<String> {
    let id = donation.id;
    let Ok(file) = serde_json::from_value::<ProofFile>(answer.clone()) else {
        return Some(format!("there is no proof of {id}: {answer}"));
    };
    match file.verify(&[stage::signer().verifier()]) {
        Ok(proven) if file.donation == id && proven.iter().any(|proven| proven.record.root == root) => None,
        Ok(_) => Some(format!("the proof of {id} is of another gift or another root")),
        Err(why) => Some(format!("the proof of {id} proves nothing: {why:?}")),
    }
}

/// What whoever holds the gift is told.
///
/// # Errors
/// As [`proofs`].
pub async fn proof(world: &World, donation: &Donation) -> anyhow::Result<Value> {
    let secret = world.stage.platform("donations")?.secrets()?.read("SECRET_IDENTIFIERS").await?;
    let headers = json!({"access-token": Identifiers::new(secret).access_token(&donation.id)});
    paper::ask(world, &event::http(PROOF, json!({"id": donation.id.to_string()}), headers, "")).await
}
