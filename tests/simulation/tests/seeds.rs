//! A few fixed seeds with every test run; many more by `cargo run --release -p simulation`.

#![allow(clippy::unwrap_used)]

/// Fewer donors than by default: the tests are built without optimisation.
const DONORS: u64 = 15;

#[test]
fn fixed_seeds_break_no_rule() {
    for seed in [1, 2, 3, 4, 5] {
        let report = simulation::run(seed, DONORS).unwrap();
        println!("seed {seed}: {} calls, {:?}", report.events, report.donations);
        assert!(report.violations.is_empty(), "seed {seed}: {:#?}", report.violations);
        assert!(report.entries > 0, "seed {seed} books something");
    }
}

#[test]
fn a_seed_is_the_same_again() {
    let (one, two) = (simulation::run(7, DONORS).unwrap(), simulation::run(7, DONORS).unwrap());
    assert_eq!(one, two, "seed 7");
}
