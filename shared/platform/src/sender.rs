//! Telling people: by SMS, by push, by e-mail, through whoever carries it.
//!
//! An enum of back ends, chosen by settings, one for each channel:
//!
//! | setting | may be |
//! |---|---|
//! | `SENDER_SMS` | `sns`, `gateway`, `outbox`, `off` |
//! | `SENDER_PUSH` | `sns`, `outbox`, `off` |
//! | `SENDER_EMAIL` | `ses`, `outbox`, `off` |
//!
//! SNS and SES are spoken to by signed requests of ours and not by their SDKs: two operations of each would bring two large crates into the function and
//! every build. The outbox keeps what would be sent where it can be looked at; it exists on one machine only.
//!
//! **Promise.** [`Senders::send`] comes back well only when the carrier has taken the message. It may have taken it also when it comes back
//! otherwise: carriers have no idempotency key, but for the gateway, which is given one.
//!
//! Neither an address nor a text is in an error or a log.

mod gateway;
mod outbox;
mod ses;
mod signed;
mod sns;

use domain::person::{Device, Person};

use crate::config::ConfigError;
use crate::outbound::OutboundError;
use crate::{Platform, Settings};
use gateway::Gateway;
use outbox::Outbox;
use ses::Ses;
use sns::Sns;

/// How somebody is reached.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// A mobile number in E.164.
    Sms(String),
    /// A device with the app.
    Push(Device),
    /// An e-mail address.
    Email(String),
}

impl Address {
    /// The channel's name.
    pub const fn channel(&self) -> &'static str {
        match self {
            Address::Sms(_) => "sms",
            Address::Push(_) => "push",
            Address::Email(_) => "email",
        }
    }
}

impl std::fmt::Debug for Address {
    /// Not what it is: it may end in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({})", self.channel())
    }
}

/// What is said.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// The title of a letter or a push message; not part of an SMS.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// A message was not taken, as far as is known.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The carrier will never take it for this address; the code is the carrier's.
    #[error("the carrier refuses the address: {0}")]
    Refused(String),
    /// The carrier did not take it this time.
    #[error("the carrier did not take it: {0}")]
    NotTaken(String),
    /// No answer; it may have been taken.
    #[error("the carrier did not answer")]
    NoAnswer(#[from] OutboundError),
    /// A secret could not be read.
    #[error("a secret could not be read")]
    Secret(#[from] crate::secrets::SecretError),
}

impl SendError {
    /// Whether a repeat would end the same way.
    pub const fn is_final(&self) -> bool {
        match self {
            SendError::Refused(_) => true,
            SendError::NotTaken(_) | SendError::NoAnswer(_) | SendError::Secret(_) => false,
        }
    }
}

/// Who carries the messages of one channel.
enum Sender {
    Sns(Sns),
    Ses(Ses),
    Gateway(Gateway),
    Outbox(Outbox),
    Off,
}

/// Who carries the messages of each channel.
pub struct Senders {
    sms: Sender,
    push: Sender,
    email: Sender,
}

impl Senders {
    /// As the settings say.
    ///
    /// # Errors
    /// When a setting is missing or names nobody that is known.
    pub fn new(platform: &Platform) -> Result<Senders, ConfigError> {
        let settings = &platform.settings;
        Ok(Senders {
            sms: match settings.required("SENDER_SMS")? {
                "sns" => Sender::Sns(Sns::new(platform)?),
                "gateway" => Sender::Gateway(Gateway::new(platform)?),
                other => elsewhere("SENDER_SMS", other, platform)?,
            },
            push: match settings.required("SENDER_PUSH")? {
                "sns" => Sender::Sns(Sns::new(platform)?),
                other => elsewhere("SENDER_PUSH", other, platform)?,
            },
            email: match settings.required("SENDER_EMAIL")? {
                "ses" => Sender::Ses(Ses::new(platform)?),
                other => elsewhere("SENDER_EMAIL", other, platform)?,
            },
        })
    }

    /// The way to somebody: by SMS, which everyone reads, before push, which costs nothing, before e-mail.
    pub fn way_to(&self, person: Person) -> Option<Address> {
        let sms = person.mobile.filter(|_| self.sms.is_on()).map(Address::Sms);
        let push = person.device.filter(|_| self.push.is_on()).map(Address::Push);
        let email = person.email.filter(|_| self.email.is_on()).map(Address::Email);
        sms.or(push).or(email)
    }

    /// Sends a message; `reference` is its own, the same for the same message.
    ///
    /// # Errors
    /// When the carrier did not take it, as far as is known.
    pub async fn send(&self, to: &Address, words: &Words, reference: &str) -> Result<(), SendError> {
        let sender = match to {
            Address::Sms(_) => &self.sms,
            Address::Push(_) => &self.push,
            Address::Email(_) => &self.email,
        };
        match (sender, to) {
            (Sender::Sns(sns), Address::Sms(number)) => sns.text(number, words).await,
            (Sender::Sns(sns), Address::Push(device)) => sns.push(device, words).await,
            (Sender::Gateway(gateway), Address::Sms(number)) => gateway.text(number, words, reference).await,
            (Sender::Ses(ses), Address::Email(address)) => ses.letter(address, words).await,
            (Sender::Outbox(outbox), _) => outbox.put(to, words, reference).await,
            (Sender::Sns(_) | Sender::Gateway(_) | Sender::Ses(_) | Sender::Off, _) => {
                Err(SendError::Refused(format!("nobody carries {}", to.channel())))
            }
        }
    }
}

impl Sender {
    const fn is_on(&self) -> bool {
        !matches!(self, Sender::Off)
    }
}

fn elsewhere(name: &'static str, value: &str, platform: &Platform) -> Result<Sender, ConfigError> {
    match value {
        "outbox" => Ok(Sender::Outbox(Outbox::new(platform)?)),
        "off" => Ok(Sender::Off),
        _ => Err(ConfigError::Unusable { name, why: "nobody of that name carries messages".to_owned() }),
    }
}

/// Of an answer that is not well: its status, and the carrier's code, if one is told.
fn not_taken(status: u16, code: Option<&str>) -> SendError {
    SendError::NotTaken(format!("{status} {}", code.unwrap_or_default()).trim_end().to_owned())
}

/// A setting that may be missing, as a text of its own.
fn optional(settings: &Settings, name: &str) -> Option<String> {
    settings.get(name).map(str::to_owned)
}
