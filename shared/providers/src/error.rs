//! What can go wrong with a provider, as answers to the questions that callers ask.

use platform::http::Problem;
use platform::outbound::OutboundError;
use platform::secrets::SecretError;

/// A provider did not do what it was asked for. None repeats what the provider sent: it may hold anything.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No answer, or none that was complete.
    #[error("the provider did not answer")]
    NoAnswer(#[source] OutboundError),
    /// It answered that it is unwell, or that it is asked too often.
    #[error("the provider is not able to answer: status {status}")]
    Unwell {
        /// The status.
        status: u16,
    },
    /// It does not take our key.
    #[error("the provider does not take our key: status {status}")]
    KeyRefused {
        /// The status.
        status: u16,
    },
    /// Our key cannot be read.
    #[error("the key to the provider cannot be read")]
    NoKey(#[source] SecretError),
    /// Where it is, is not set.
    #[error("the setting {0} is missing")]
    NoAddress(&'static str),
    /// It knows nothing of that id.
    #[error("the provider knows nothing of that id")]
    NotFound,
    /// It refuses, and will refuse the same again.
    #[error("the provider refuses: status {status}, {kind}")]
    Refused {
        /// The status.
        status: u16,
        /// Its name of the refusal, as far as it is a plain word.
        kind: String,
    },
    /// It answered something that is not what its documentation says.
    #[error("the provider's answer cannot be read: {0}")]
    Unreadable(&'static str),
}

impl ProviderError {
    /// Whether asking the same again may help, in a moment or after a person has put something right.
    pub const fn retry_may_help(&self) -> bool {
        match self {
            ProviderError::NoAnswer(_)
            | ProviderError::Unwell { .. }
            | ProviderError::KeyRefused { .. }
            | ProviderError::NoKey(_)
            | ProviderError::NoAddress(_)
            | ProviderError::Unreadable(_) => true,
            ProviderError::NotFound | ProviderError::Refused { .. } => false,
        }
    }

    /// Whether the provider may have done what it was asked for all the same. Every call can be made again without harm; this is for whoever
    /// must not tell the donor that nothing happened.
    pub const fn may_have_acted(&self) -> bool {
        match self {
            ProviderError::NoAnswer(OutboundError::Unreachable(_) | OutboundError::Late) | ProviderError::Unreadable(_) => {
                true
            }
            // Too many requests: turned away at the door.
            ProviderError::Unwell { status } => *status != 429,
            ProviderError::NoAnswer(OutboundError::Malformed)
            | ProviderError::KeyRefused { .. }
            | ProviderError::NoKey(_)
            | ProviderError::NoAddress(_)
            | ProviderError::NotFound
            | ProviderError::Refused { .. } => false,
        }
    }
}

/// To a client it is all the same: the gift is kept, and the same request again makes the same checkout.
impl From<ProviderError> for Problem {
    fn from(error: ProviderError) -> Problem {
        Problem::new(
            503,
            "provider_unavailable",
            "خدمة الدفع غير متاحة الآن، نرجو المحاولة بعد لحظات",
            "The payment service is not available now, please try again in a moment",
        )
        .retry_after(RETRY_SECS)
        .caused_by(error)
    }
}

/// When a client should try again: providers' short outages last seconds, and the same key finds the same gift.
const RETRY_SECS: u32 = 5;
