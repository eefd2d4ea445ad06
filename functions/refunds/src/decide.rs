//! What a provider's answer makes of a refund: pure.
//!
//! | the provider answers | then |
//! |---|---|
//! | the payment, refunded by as much or more | settlement is told |
//! | the payment, refunded by less | asked again; after [`MOST_TRIES`] a case |
//! | that it refuses, does not know the payment, or what cannot be read | asked again; after [`MOST_TRIES`] a case |
//! | nothing, or that it is unwell, or our key cannot be used | asked again, without end |

use domain::money::Money;
use domain::payment::{Happening, PaymentFact};
use providers::{Payment, ProviderError};

/// How often a refund is asked for before a person is: about eight minutes, and two receives fewer than the queue allows.
pub const MOST_TRIES: u32 = 8;

/// What to do about a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is done: settlement is told this.
    Tell(PaymentFact),
    /// Ask again in a while.
    AskAgain,
    /// Nobody can be asked just now: ask again for as long as it takes.
    Wait,
    /// It is for a person.
    SetAside,
}

/// Judges by what the provider answered, the message having been received so often.
pub fn decide(owed: Money, receives: u32, answer: &Result<Payment, ProviderError>) -> Verdict {
    let again_or_person = if receives < MOST_TRIES { Verdict::AskAgain } else { Verdict::SetAside };
    match answer {
        Ok(payment) => refunded(payment, owed).map_or(again_or_person, Verdict::Tell),
        Err(ProviderError::Refused { .. } | ProviderError::NotFound | ProviderError::Unreadable(_)) => again_or_person,
        Err(
            ProviderError::NoAnswer(_)
            | ProviderError::Unwell { .. }
            | ProviderError::KeyRefused { .. }
            | ProviderError::NoKey(_)
            | ProviderError::NoAddress(_),
        ) => Verdict::Wait,
    }
}

/// The fact that says how much is refunded, if that is enough. Nothing owed and nothing refunded is no fact.
fn refunded(payment: &Payment, owed: Money) -> Option<PaymentFact> {
    let enough = |fact: &&PaymentFact| match &fact.happening {
        Happening::Refunded { refunded_minor } => *refunded_minor >= owed,
        Happening::Captured { .. }
        | Happening::Failed { .. }
        | Happening::Voided
        | Happening::Disputed { .. }
        | Happening::DisputeWon { .. }
        | Happening::DisputeLost { .. } => false,
    };
    payment.facts.iter().find(enough).cloned()
}
