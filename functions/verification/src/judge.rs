//! What a provider's answer makes of a report: pure.
//!
//! | the provider answers | then |
//! |---|---|
//! | the payment, agreeing in amount, currency and status, or further on | its facts go on, all of them |
//! | the payment, behind in status | asked again; after [`MOST_LOOKS`] a case |
//! | the payment, with another amount or currency, or a status that contradicts | a case |
//! | that it does not know the payment | asked again; after [`LOOKS_FOR_UNKNOWN`] a case |
//! | that it refuses to tell | a case |
//! | what cannot be read | asked again; after [`MOST_LOOKS`] a case |
//! | nothing, or that it is unwell, or our key cannot be used | asked again, without end |
//!
//! Where amount or currency differ, the answer is not credited either, although it is the provider's own: one of the two is not what
//! we take it for, and which one it is, a person finds out. The provider's true webhook, if the other was forged, credits it by itself.

use domain::case::Reason;
use domain::message::PaymentReported;
use domain::payment::PaymentFact;
use providers::{Payment, ProviderError};

use crate::status::{self, Standing};

/// How often a payment is asked for, before what is still not so is set aside: about eight minutes, and two receives fewer than the queue
/// allows.
pub const MOST_LOOKS: u32 = 8;
/// How often a payment that the provider does not know is asked for. Its own database needs a moment at most; forgeries are the rest.
pub const LOOKS_FOR_UNKNOWN: u32 = 4;

/// What to do about a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is so: these facts go on, if there are any yet.
    Tell(Vec<PaymentFact>),
    /// Ask again in a while.
    AskAgain,
    /// Nobody can be asked just now: ask again for as long as it takes.
    Wait,
    /// It is for a person.
    SetAside(Reason),
}

/// Judges a report by what the provider answered, the message having been received so often. Where nothing was told, but somebody asks, there is nothing to compare:
/// what the provider answers counts.
pub fn judge(told: Option<&PaymentReported>, receives: u32, answer: &Result<Payment, ProviderError>) -> Verdict {
    let again_up_to = |most, reason| if receives < most { Verdict::AskAgain } else { Verdict::SetAside(reason) };
    match answer {
        Ok(fetched) => match told.map_or(Standing::Agrees, |told| standing(told, fetched)) {
            Standing::Agrees => Verdict::Tell(fetched.facts.clone()),
            Standing::Behind => again_up_to(MOST_LOOKS, Reason::ProviderDisagrees),
            Standing::Contradicts => Verdict::SetAside(Reason::ProviderDisagrees),
        },
        Err(ProviderError::NotFound) => again_up_to(LOOKS_FOR_UNKNOWN, Reason::ProviderDisagrees),
        Err(ProviderError::Refused { .. }) => Verdict::SetAside(Reason::ProviderDisagrees),
        Err(ProviderError::Unreadable(_)) => again_up_to(MOST_LOOKS, Reason::Malformed),
        Err(
            ProviderError::NoAnswer(_)
            | ProviderError::Unwell { .. }
            | ProviderError::KeyRefused { .. }
            | ProviderError::NoKey(_)
            | ProviderError::NoAddress(_),
        ) => Verdict::Wait,
    }
}

fn standing(told: &PaymentReported, fetched: &Payment) -> Standing {
    let same =
        told.payment == fetched.payment && told.amount_minor == fetched.amount_minor && told.currency == fetched.currency;
    if same { status::compare(&told.status, &fetched.status) } else { Standing::Contradicts }
}
