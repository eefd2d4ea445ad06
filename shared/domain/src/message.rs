//! What travels in queues: facts in the past tense, and requests to look, with a version.
//!
//! ```text
//! {"version":1,"page_committed":{"chain":3,"seq":17}}
//! ```
//!
//! A queue may deliver any of them twice, late, and out of order; every consumer must bear that. Messages of earlier versions
//! are in queues while a new version is deployed: the corpus in `corpus/` holds every form ever sent, and a test reads them
//! all. None carries personal data: a donor is named by the id that the issuer gave them.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::id::{BatchId, DonationId, SlaughterhouseId};
use crate::journal::ChainId;
use crate::moment::Moment;
use crate::money::{Money, halalas};
use crate::notice::Notice;
use crate::owner::Owner;
use crate::payment::{PaymentFact, PaymentRef};

/// The version that is written.
pub const VERSION: u8 = 1;

/// What travels in queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// To `verification`: a provider whose word is not proof enough told this; ask it.
    PaymentReported(PaymentReported),
    /// To `verification`, by an operator, or by settlement of what is nobody's: ask the provider what became of this payment, whatever was told of it before.
    LookRequested {
        /// The payment.
        #[serde(flatten)]
        payment: PaymentRef,
        /// The id of the case it was set aside in: that it did not help is told there.
        case: String,
    },
    /// To `payments`: a fact about a payment, proven.
    PaymentTold(PaymentFact),
    /// To `journal`: a page stands; fold it. To `notices`: it settles gifts whose donors can be told.
    PageCommitted {
        /// The chain's number.
        chain: u8,
        /// The page's number.
        seq: u64,
    },
    /// To `journal`, by the clock: look for pages that nobody told of.
    FoldRequested {},
    /// To `holds`, delayed to the hold's end: release it if the donation was not paid.
    HoldDue {
        /// The donation.
        donation: DonationId,
    },
    /// To `holds`: the donation was paid, so what it holds is spent; or something of it went back, so that others may give it. The donation says which.
    HoldSpent {
        /// The donation.
        donation: DonationId,
    },
    /// To `holds`: the donation was cancelled, or a payment of it failed; what it holds is to be free.
    HoldDropped {
        /// The donation.
        donation: DonationId,
    },
    /// To `shares`: what the donation names of an offering is paid, or has gone back. The donation says which.
    SharesMoved {
        /// The donation.
        donation: DonationId,
    },
    /// To `shares`: a payment came for shares that were given up. Look for others, and tell `payments` of it again.
    SharesSought(PaymentFact),
    /// To `refunds`: this much of a payment is owed back, in all.
    RefundDue {
        /// The payment.
        #[serde(flatten)]
        payment: PaymentRef,
        /// The sum of all refunds that the payment should have.
        #[serde(with = "halalas")]
        refunded_minor: Money,
    },
    /// To `refunds`: two people agreed to a refund of this donation, or are about to. The donation says which, and how much.
    RefundApproved {
        /// The donation.
        donation: DonationId,
    },
    /// To `erasures`: this owner's data key was destroyed, or is about to be. The table of keys says which; take away what else there is.
    ErasureDue {
        /// Whose.
        owner: Owner,
        /// The donation with which the work before it ended; none for the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Reached>,
    },
    /// To `carrying`: a slaughterhouse's updates are kept. Write the part that begins with this row into its animals; without a row, send each part its own message.
    UpdatesKept {
        /// Whose.
        slaughterhouse: SlaughterhouseId,
        /// Which of its batches.
        batch: BatchId,
        /// The part's first row, counted from zero.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<u32>,
    },
    /// To `notices`: tell a donor this.
    NoticeDue(Notice),
}

/// How far the work on a donor's donations has come, in the order of their making.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The last donation that is done.
    pub donation: DonationId,
    /// When it was made.
    pub made_at: Moment,
}

/// What a provider told in a webhook that proves little: enough to ask the provider, and to compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentReported {
    /// The payment.
    #[serde(flatten)]
    pub payment: PaymentRef,
    /// The provider's id of the event.
    pub event: String,
    /// The provider's name of what happened.
    pub kind: String,
    /// The amount it told.
    #[serde(with = "halalas")]
    pub amount_minor: Money,
    /// The currency it told.
    pub currency: String,
    /// The payment's status it told.
    pub status: String,
}

impl Message {
    /// A page stands.
    pub const fn page_committed(chain: ChainId, seq: u64) -> Message {
        Message::PageCommitted { chain: chain.number(), seq }
    }
}

/// A message with its version, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The version of the form.
    #[serde(deserialize_with = "known_version")]
    pub version: u8,
    /// The message.
    #[serde(flatten)]
    pub message: Message,
}

/// Why a text is not a message. None repeats the text: what cannot be read may hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not JSON, or without a version.
    #[error("not a message: no JSON with a version")]
    NotAMessage,
    /// Of a version that this code does not know: newer code is at work beside it, and will read the message when it comes again.
    #[error("version {0} of messages is not known here; {VERSION} is the newest that is")]
    VersionUnknown(u64),
    /// Of a known version, but no message that it has.
    #[error("not a message of version {0}")]
    NotOfItsVersion(u64),
}

impl Envelope {
    /// Reads a message as it is written in a queue.
    ///
    /// ```
    /// use domain::message::{Envelope, Message, MessageError};
    ///
    /// assert_eq!(Envelope::read(r#"{"version":1,"fold_requested":{}}"#), Ok(Message::FoldRequested {}));
    /// assert_eq!(Envelope::read(r#"{"version":2,"fold_wished":[]}"#), Err(MessageError::VersionUnknown(2)));
    /// ```
    ///
    /// # Errors
    /// When it is garbage, of an unknown version, or of an unknown type; each of them by its name.
    pub fn read(text: &str) -> Result<Message, MessageError> {
        #[derive(Deserialize)]
        struct Form {
            version: u64,
        }
        let form: Form = serde_json::from_str(text).map_err(|_| MessageError::NotAMessage)?;
        if !is_known(form.version) {
            return Err(MessageError::VersionUnknown(form.version));
        }
        let envelope: Envelope = serde_json::from_str(text).map_err(|_| MessageError::NotOfItsVersion(form.version))?;
        Ok(envelope.message)
    }

    /// Writes it as it travels in a queue.
    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("every field can be written, and memory takes it")
    }
}

fn is_known(version: u64) -> bool {
    (1..=u64::from(VERSION)).contains(&version)
}

/// Refuses a version that is not known before its form is taken for one that is.
fn known_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let version = u8::deserialize(deserializer)?;
    if is_known(version.into()) { Ok(version) } else { Err(de::Error::custom(MessageError::VersionUnknown(version.into()))) }
}

impl From<Message> for Envelope {
    fn from(message: Message) -> Envelope {
        Envelope { version: VERSION, message }
    }
}
