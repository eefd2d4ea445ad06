//! What the platform's own people send.

use catalogue::draft::{CharityDraft, OpportunityDraft};
use domain::correction::{Correction, CorrectionStage, MOST_TRANSFERS};
use domain::donation::{LEAST_LINE, MOST_DONATION, MOST_LINES};
use domain::id::PaymentId;
use domain::journal::Transfer;
use domain::message::{Envelope, Message};
use domain::moment::Moment;
use domain::payment::{CURRENCY, Method, PaymentFact, PaymentRef, Provider};
use domain::purpose::Language;
use domain::sacrifice::Offering;
use domain::sacrifice::fairness::MOST_LIMIT;
use domain::sacrifice::offering::{MOST_QUOTA, MOST_SHARES};
use operations::cases::ClosingDraft;
use operations::correction_draft::CorrectionDraft;
use operations::disputes::DisputeDraft;
use operations::note;
use operations::refunds::RefundDraft;
use operations::replays::ReplayDraft;
use operations::retraction_draft::RetractionDraft;
use platform::http::Faults;
use sacrifice::draft::OfferingDraft;

use super::{PERSONAL, is_read_again};

/// An opportunity or a charity as an operator sends it.
pub fn draft(bytes: &[u8]) {
    if let Ok(draft) = serde_json::from_slice::<OpportunityDraft>(bytes) {
        let _ = draft.check("wells-jazan", Language::English);
    }
    if let Ok(draft) = serde_json::from_slice::<CharityDraft>(bytes)
        && let Ok(charity) = draft.check("water-society", Language::Arabic)
    {
        assert!(!charity.name.ar.trim().is_empty() && !charity.licence.is_empty());
    }
}

/// An offering as an operator sends it. What is taken is of whole animals, can be paid for in one gift, and is kept as it is.
pub fn offering(bytes: &[u8]) {
    let Ok(draft) = serde_json::from_slice::<OfferingDraft>(bytes) else { return };
    let Ok(offering) = draft.check("camels-riyadh", Language::Arabic) else { return };
    assert!((1..=MOST_QUOTA).contains(&offering.quota));
    assert!(offering.quota.is_multiple_of(u32::from(offering.species.shares())), "{offering:?}");
    assert_eq!(offering.lots().map(|(_, shares)| u32::from(shares)).sum::<u32>(), offering.quota);
    assert!(offering.price_minor >= LEAST_LINE);
    assert!(offering.price(MOST_SHARES).is_some_and(|whole| whole <= MOST_DONATION), "{offering:?}");
    assert!(offering.opens_at < offering.closes_at, "{offering:?}");
    assert!(!offering.methods.is_empty() && !offering.methods.contains(&Method::Other));
    assert!(offering.fairness.limit.is_none_or(|limit| (1..=MOST_LIMIT).contains(&limit)));
    is_read_again::<Offering>(&offering);
}

/// A refund that is asked for. Each part of it is something, and no more than a gift can be.
pub fn refund(bytes: &[u8]) {
    let Ok(draft) = serde_json::from_slice::<RefundDraft>(bytes) else { return };
    let Ok((parts, reason)) = draft.check(faults()) else { return };
    assert!(parts.len() <= MOST_LINES);
    assert!(parts.iter().all(|part| !part.amount_minor.is_zero() && part.amount_minor <= MOST_DONATION), "{parts:?}");
    is_read_again(&parts);
    is_read_again(&reason);
}

/// A dispute that is told of. It goes to the queue, and comes out of it the same.
pub fn dispute(bytes: &[u8]) {
    let Ok(draft) = serde_json::from_slice::<DisputeDraft>(bytes) else { return };
    let Ok((happening, amount)) = draft.check(faults()) else { return };
    assert!(!amount.is_zero());
    let payment: PaymentId = "p-1".parse().expect("an id");
    let told = Message::PaymentTold(PaymentFact {
        payment: PaymentRef { provider: Provider::Moyasar, payment },
        donation: None,
        attempt: 0,
        amount_minor: amount,
        currency: CURRENCY.to_owned(),
        happening,
    });
    assert_eq!(Envelope::read(&Envelope::from(told.clone()).write()).ok(), Some(told));
}

/// How a case was closed.
pub fn closing(bytes: &[u8]) {
    let Ok(draft) = serde_json::from_slice::<ClosingDraft>(bytes) else { return };
    if let Ok(note) = draft.check(faults()) {
        names_nobody(&note);
    }
}

fn some_payment() -> PaymentRef {
    PaymentRef { provider: Provider::Moyasar, payment: "p-1".parse().expect("a payment's id") }
}

/// A correction that is asked for. No transfer of it crosses from one fund to another, and it is kept as it is.
pub fn correction(bytes: &[u8]) {
    let Ok(draft) = serde_json::from_slice::<CorrectionDraft>(bytes) else { return };
    let Ok(wanted) = draft.check(faults()) else { return };
    assert!((1..=MOST_TRANSFERS).contains(&wanted.transfers.len()));
    names_nobody(&wanted.note);
    let fund = wanted.transfers[0].debit().fund();
    for transfer in &wanted.transfers {
        assert_ne!(transfer.debit(), transfer.credit());
        assert!(!transfer.amount().is_zero());
        assert_eq!((transfer.debit().fund(), transfer.credit().fund()), (fund, fund), "{transfer:?}");
    }
    is_read_again(&Correction {
        id: "c".repeat(32).parse().expect("an id"),
        case: wanted.case,
        payment: wanted.transfers.iter().any(Transfer::is_of_suspense).then(some_payment),
        transfers: wanted.transfers,
        note: wanted.note,
        asked_by: "operator-1".to_owned(),
        asked_at: Moment::from_millis(0),
        version: 1,
        stage: CorrectionStage::Asked,
    });
}

/// What is asked to be taken back of an animal. Of one of which nothing was told, nothing can be.
pub fn retraction(bytes: &[u8]) {
    let Ok(draft) = serde_json::from_slice::<RetractionDraft>(bytes) else { return };
    let Ok(wanted) = draft.check(faults()) else { return };
    assert_eq!(wanted.animal.to_string().parse().as_ref(), Ok(&wanted.animal));
    names_nobody(&wanted.note);
    assert!(wanted.words(None, faults()).is_err());
}

/// Which case is sent on its way again: a text, by which nothing is found but what is a case's id.
pub fn replay(bytes: &[u8]) {
    let Ok(ReplayDraft { case }) = serde_json::from_slice(bytes) else { return };
    assert!(case.len() <= bytes.len());
}

fn faults() -> Faults {
    Faults::new(Language::English)
}

fn names_nobody(text: &str) {
    assert!((1..=note::LONGEST).contains(&text.chars().count()) && text.trim() == text);
    assert!(text.split_whitespace().all(|word| !PERSONAL.contains(&word)), "{text}");
}
