//! Corrections: booked once where another person agreed, and never otherwise; and nothing moves between funds, whoever agrees.

use std::collections::BTreeMap;

use domain::correction::{Correction, CorrectionStage};
use domain::donation::Place;
use domain::hash::Hash;
use domain::journal::{Account, Movement, MovementKind, Page, Transfer};
use platform::table::{CorrectionFilter, TableError};

use crate::deeds::Wish;
use crate::world::World;

/// Corrections of one stage, at the most.
const MOST: usize = 1_000;

/// Each correction is what people said of it, and the books have those that are done, once each.
///
/// # Errors
/// When the table cannot be read.
pub async fn corrections(world: &World, pages: &[Page], wrong: &mut Vec<String>) -> Result<(), TableError> {
    let kept = kept(world).await?;
    let mut booked: BTreeMap<Hash, Vec<(Place, &Movement)>> = BTreeMap::new();
    for page in pages {
        for (index, movement) in (0..).zip(page.movements()).filter(|(_, of)| of.kind == MovementKind::Corrected) {
            let place = Place { chain: page.chain.number(), seq: page.seq, index };
            booked.entry(movement.reference).or_default().push((place, movement));
        }
    }
    for correction in &kept {
        let id = correction.id.as_str();
        let reference = correction.movement(correction.asked_at).reference;
        let stands = booked.remove(&reference).unwrap_or_default();
        match (&correction.stage, &stands[..]) {
            (CorrectionStage::Done { by, place, at }, [(where_it_stands, movement)]) => {
                if place != where_it_stands || **movement != correction.movement(*at) {
                    wrong.push(format!("correction {id} is not booked as it was agreed to"));
                }
                if *by == correction.asked_by {
                    wrong.push(format!("correction {id} was agreed to by whoever asked for it"));
                }
            }
            (CorrectionStage::Asked | CorrectionStage::Declined { .. }, []) => {}
            (stage, stands) => wrong.push(format!("correction {id} is {} and booked {} times", stage.code(), stands.len())),
        }
        said(world, correction, wrong);
        if let Some(payment) = &correction.payment {
            let case = world.stage.table.case(&correction.case).await?;
            if case.is_none_or(|kept| kept.case.payment.as_ref() != Some(payment)) {
                wrong.push(format!(
                    "correction {id} takes payment {} out of suspense, and its case is of another",
                    payment.payment
                ));
            }
        }
    }
    wrong.extend(booked.into_keys().map(|reference| format!("a correction is booked that nobody asked for: {reference}")));
    for (id, wish) in world.deeds.corrections() {
        let Some(correction) = kept.iter().find(|correction| correction.id.as_str() == id) else {
            wrong.push(format!("correction {id} was asked for, and is not there"));
            continue;
        };
        let is_of_fund = |name: &str| name.parse::<Account>().is_ok_and(|account| account.fund().is_some());
        if is_of_fund(&wish.debit) || is_of_fund(&wish.credit) {
            wrong.push(format!("correction {id} was taken, and leads into a fund"));
        }
        let of = |of: &Transfer| Wish {
            debit: of.debit().to_string(),
            credit: of.credit().to_string(),
            halalas: of.amount().halalas(),
        };
        if correction.transfers.iter().map(of).collect::<Vec<_>>() != [wish.clone()] {
            wrong.push(format!("correction {id} is not what was asked for: {wish:?}"));
        }
    }
    across_funds(pages, wrong);
    Ok(())
}

async fn kept(world: &World) -> Result<Vec<Correction>, TableError> {
    let mut kept = Vec::new();
    for stage in CorrectionStage::CODES {
        let filter = CorrectionFilter { stage, latest_first: false, after: None };
        kept.extend(world.stage.table.corrections(&filter, MOST).await?.corrections);
    }
    Ok(kept)
}

/// Whoever was told that it is done, or declined, was told what is so.
fn said(world: &World, correction: &Correction, wrong: &mut Vec<String>) {
    for (is_agreed, by) in world.deeds.answers_to_correction(correction.id.as_str()) {
        let is_so = match &correction.stage {
            CorrectionStage::Asked => false,
            CorrectionStage::Done { .. } => is_agreed && by != correction.asked_by,
            CorrectionStage::Declined { by: decliner, .. } => !is_agreed && *decliner == by,
        };
        if !is_so {
            let (id, stage) = (&correction.id, correction.stage.code());
            wrong.push(format!("correction {} is {stage}, and {by} was told otherwise", id.as_str()));
        }
    }
}

/// No transfer of the books leads from one fund into another, and no movement of this run touches one.
fn across_funds(pages: &[Page], wrong: &mut Vec<String>) {
    let funds = |transfer: &Transfer| (transfer.debit().fund(), transfer.credit().fund());
    for transfer in pages.iter().flat_map(Page::transfers) {
        if let (Some(from), Some(to)) = funds(transfer)
            && from != to
        {
            wrong.push(format!("{} lead from {from} into {to}", transfer.amount()));
        }
    }
    for movement in pages.iter().flat_map(Page::movements) {
        if movement.transfers.iter().any(|transfer| funds(transfer) != (None, None)) {
            wrong.push(format!("the movement {} touches a fund", movement.reference));
        }
    }
}
