//! Every seed goes through its target, and every target has one.

#![allow(clippy::unwrap_used)]

use domain::purpose::Language;
use fuzz::targets::{providers, signing};
use operations::cases::ClosingDraft;
use operations::correction_draft::CorrectionDraft;
use operations::disputes::DisputeDraft;
use operations::refunds::RefundDraft;
use operations::retraction_draft::RetractionDraft;
use platform::http::Faults;
use sacrifice::draft::OfferingDraft;
use slaughterhouses::evidence::EvidenceDraft;

#[test]
fn every_target_takes_its_seeds() {
    let seeds = fuzz::seeds::all().unwrap();
    for target in fuzz::ALL {
        let own = seeds.iter().filter(|seed| seed.target == target.name);
        assert!(own.clone().count() > 0, "{} has no seed", target.name);
        own.for_each(|seed| (target.run)(&seed.bytes));
    }
    assert!(seeds.iter().all(|seed| fuzz::ALL.iter().any(|target| target.name == seed.target)));
}

/// Bytes cut off anywhere, or with one bit turned, are what a broken wire brings.
#[test]
fn every_target_takes_its_seeds_cut_and_turned() {
    for seed in fuzz::seeds::all().unwrap() {
        let target = fuzz::ALL.iter().find(|target| target.name == seed.target).unwrap();
        let step = (seed.bytes.len() / 40).max(1);
        for place in (0..seed.bytes.len()).step_by(step) {
            (target.run)(&seed.bytes[..place]);
            let mut turned = seed.bytes.clone();
            turned[place] ^= 1 << (place % 8);
            (target.run)(&turned);
        }
    }
}

/// A proof that was given out once is verified for good.
#[test]
fn the_proof_among_the_seeds_is_verified() {
    let seeds = fuzz::seeds::all().unwrap();
    let file = seeds.iter().find(|seed| seed.name == "proof-1.json").unwrap();
    let file: domain::proof::gift::ProofFile = serde_json::from_slice(&file.bytes).unwrap();
    let key = domain::proof::note::Signer::new("proofs.example", &[1; 32]).unwrap().verifier();
    assert_eq!(file.verify(&[key]).unwrap().len(), 1);
}

/// A route that takes a body has a target for it, so that no reader is forgotten.
#[test]
fn every_body_of_the_samples_has_a_target() {
    let seeds = fuzz::seeds::all().unwrap();
    for seed in seeds.iter().filter(|seed| seed.target == "request" && !seed.name.starts_with("hostile")) {
        let event: serde_json::Value = serde_json::from_slice(&seed.bytes).unwrap();
        let route = event["routeKey"].as_str().unwrap();
        let has_body = event.get("body").and_then(serde_json::Value::as_str).is_some_and(|body| !body.is_empty());
        assert!(!has_body || fuzz::seeds::target_of(route).is_some(), "nothing reads the body of {route}: {}", seed.name);
    }
}

/// Whether what is read is taken.
type IsTaken = fn(&[u8]) -> bool;

/// What the targets hold of what is taken is held of something.
#[test]
fn what_is_good_among_the_seeds_is_taken() {
    let taken: [(&str, IsTaken); 11] = [
        ("offering", |bytes| read::<OfferingDraft>(bytes).check("camels-riyadh", Language::English).is_ok()),
        ("refund", |bytes| read::<RefundDraft>(bytes).check(faults()).is_ok()),
        ("dispute", |bytes| read::<DisputeDraft>(bytes).check(faults()).is_ok()),
        ("closing", |bytes| read::<ClosingDraft>(bytes).check(faults()).is_ok()),
        ("correction", |bytes| read::<CorrectionDraft>(bytes).check(faults()).is_ok()),
        ("retraction", |bytes| read::<RetractionDraft>(bytes).check(faults()).is_ok()),
        ("payment_list", |bytes| providers::page(bytes).is_some_and(|page| !page.payments.is_empty())),
        ("checkout_answer", |bytes| providers::checkout(bytes).is_some()),
        ("bearer", |bytes| signing::donor(std::str::from_utf8(bytes).unwrap()).is_some()),
        ("key_set", signing::takes),
        ("evidence", |bytes| read::<EvidenceDraft>(bytes).check(faults()).is_ok()),
    ];
    let seeds = fuzz::seeds::all().unwrap();
    for (target, is_taken) in taken {
        let own: Vec<_> = seeds.iter().filter(|seed| seed.target == target).collect();
        assert!(own.iter().any(|seed| is_taken(&seed.bytes)), "{target}");
        // A sample's token is a word in braces, for which the tests of its route put a real one.
        let good = own.iter().filter(|seed| seed.name.starts_with("good") && target != "bearer");
        good.for_each(|seed| assert!(is_taken(&seed.bytes), "{target}: {}", seed.name));
    }
}

/// An issuer may write the largest number for an end that never comes.
#[test]
fn a_token_until_the_end_of_time_is_one() {
    let token = stage::identity::token("donor-1", "donor", i64::MAX - 3_600);
    assert_eq!(signing::donor(&token).map(|donor| donor.to_string()).as_deref(), Some("donor-1"));
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> T {
    serde_json::from_slice(bytes).unwrap()
}

fn faults() -> Faults {
    Faults::new(Language::English)
}
