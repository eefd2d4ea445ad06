//! Every seed goes through its target, and every target has one.

#![allow(clippy::unwrap_used)]

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
