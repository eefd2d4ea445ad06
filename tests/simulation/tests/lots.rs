//! The rules of the sale, broken on purpose in a run of the whole platform: each is told.

#![allow(clippy::unwrap_used)]

use domain::id::DonationId;
use domain::sacrifice::quota::Change;
use domain::sacrifice::{Lot, Standing};
use simulation::world::World;
use simulation::{Plan, Report, play_meddled};

/// Few donors, and all of them for a sacrifice.
fn plan() -> Plan {
    Plan { sacrifices: 100, ..Plan::new(3, 8) }
}

fn tells(report: &Report, rule: &str) -> bool {
    report.violations.iter().any(|wrong| wrong.contains(rule))
}

/// A lot of the camels of which something is free, and somebody with a paid share on any lot.
async fn found(world: &World) -> (Lot, Option<(Lot, DonationId)>) {
    let mut paid = None;
    for offered in &world.sales.all {
        for lot in world.stage.table.all_lots(&offered.offering.id).await.unwrap() {
            let confirmed = lot.claims.iter().find(|(_, claim)| claim.standing == Standing::Confirmed);
            let here = confirmed.map(|(id, _)| (lot.clone(), *id));
            paid = paid.or(here.filter(|_| offered.offering.id == world.sales.all[0].offering.id));
        }
    }
    let camels = world.stage.table.all_lots(&world.sales.all[0].offering.id).await.unwrap();
    (camels.into_iter().max_by_key(|lot| lot.free).unwrap(), paid)
}

/// One run for all of them: it takes seconds.
#[test]
fn what_is_broken_on_purpose_is_told() {
    let report = play_meddled(&plan(), async |world: &World| {
        let table = &world.stage.table;
        let camels = &world.sales.all[0].offering.id;
        let (free, paid) = found(world).await;
        let (sold, id) = paid.expect("the seed sells a camel's share");
        // A paid share is given free.
        assert!(table.give_shares_back(camels, sold.lot, &id, |_| true).await? > 0);
        // Somebody claims of whom nothing is known.
        table.take_shares(camels, free.lot, &DonationId::from_bytes([9; 16]), (1, world.stage.now())).await?;
        // A lot has more than it was given.
        let lot = table.all_lots(camels).await?.pop().unwrap();
        let more = Change { lot: lot.lot, from: lot.shares, to: lot.shares + 1 };
        table.resize_lot(camels, &more, lot.revision).await?;
        Ok(())
    })
    .unwrap();
    for rule in [
        "was taken from under",
        "pays for [",
        "long after its close",
        "does not name it",
        "is left with",
        "which is not in the table",
        "is not whole",
        "and its quota is",
    ] {
        assert!(tells(&report, rule), "{rule}: {:#?}", report.violations);
    }
}

#[test]
fn without_anybody_who_comes_for_a_sacrifice_nothing_is_sold() {
    let plan = Plan { sacrifices: 0, ..Plan::new(3, 4) };
    let report = play_meddled(&plan, async |_: &World| Ok(())).unwrap();
    assert!(report.violations.is_empty() && report.shares.is_empty(), "{report:#?}");
    assert!(!report.answers.keys().any(|route| route.contains("offerings")), "{:?}", report.answers);
}

#[test]
fn a_run_sells_shares_and_gives_some_back() {
    let report = play_meddled(&Plan { sacrifices: 100, ..Plan::new(5, 10) }, async |_: &World| Ok(())).unwrap();
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
    let count = |name: &str| report.shares.get(name).copied().unwrap_or(0);
    assert!(count("sold") > 0 && count("released") + count("given back") > 0, "{:?}", report.shares);
}
