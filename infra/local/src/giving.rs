//! What a giving client and its payer do, over HTTP: guest tokens, gifts, checkouts, payments.

use http::Method;
use platform::Random;
use serde_json::{Value, json};

use crate::client::{Client, NoAnswer, Reply};
use crate::issuer::{Role, TokenError};
use crate::seed::Told;
use crate::stack::Inside;

/// Something a giver does failed.
#[derive(Debug, thiserror::Error)]
pub enum GivingError {
    /// No answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// No token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// An answer of another kind than was expected.
    #[error("{what}: {}", Told(.reply))]
    Unexpected {
        /// What was tried.
        what: &'static str,
        /// What came back.
        reply: Box<Reply>,
    },
}

/// Who gives: the header that says so.
#[derive(Debug, Clone)]
pub enum Giver {
    /// A guest, by a guest token.
    Guest(String),
    /// A signed-in donor, by a bearer token.
    Donor(String),
}

/// A gift that was made.
#[derive(Debug, Clone)]
pub struct Gift {
    /// The donation's id.
    pub id: String,
    /// Where it is paid, while it can be.
    pub checkout_url: Option<String>,
    /// What opens it: a header's name and value.
    pub opens: (&'static str, String),
    /// Whether an earlier request had made it.
    pub replayed: bool,
}

impl Gift {
    /// The gift that an answer to this giver tells of.
    pub fn read(giver: &Giver, reply: &Reply) -> Option<Gift> {
        let opens = match giver {
            Giver::Guest(_) => ("access-token", reply.body["access_token"].as_str().unwrap_or_default().to_owned()),
            Giver::Donor(token) => ("authorization", token.clone()),
        };
        Some(Gift {
            id: reply.body["id"].as_str()?.to_owned(),
            checkout_url: reply.body["checkout_url"].as_str().map(str::to_owned),
            opens,
            replayed: reply.headers.contains_key("idempotent-replayed"),
        })
    }
}

/// Gives through the gateway and pays at the provider. Clones share the connections.
#[derive(Clone)]
pub struct Givers {
    api: Client,
    provider: Client,
    return_url: String,
    random: Random,
}

impl Givers {
    /// Givers of this platform.
    pub fn new(inside: &Inside) -> Self {
        Self {
            api: Client::new(inside.url()),
            provider: Client::new(inside.provider_url()),
            return_url: inside.return_url(),
            random: Random::System,
        }
    }

    /// The client of the gateway.
    pub fn api(&self) -> &Client {
        &self.api
    }

    /// A new guest.
    ///
    /// # Errors
    /// When the platform gives no guest token.
    pub async fn guest(&self) -> Result<Giver, GivingError> {
        let reply = self.api.call(Method::POST, "/v1/guests", &[], &Value::Null).await?;
        match reply.body["guest_token"].as_str() {
            Some(token) if reply.status == 201 => Ok(Giver::Guest(token.to_owned())),
            _ => Err(unexpected("a guest token", reply)),
        }
    }

    /// A signed-in donor.
    ///
    /// # Errors
    /// When the subject cannot be one.
    pub fn donor(&self, inside: &Inside, subject: &str) -> Result<Giver, GivingError> {
        Ok(Giver::Donor(format!("Bearer {}", inside.issuer().token(Role::Donor, subject)?)))
    }

    /// An idempotency key never used before: 128 bits of chance in hexadecimal.
    pub fn key(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.random.bytes::<16>())
    }

    /// Asks to give; the answer as it came, for those who expect a refusal. The return URL is added to the body.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn ask(&self, giver: &Giver, key: &str, mut body: Value) -> Result<Reply, GivingError> {
        body["return_url"] = json!(self.return_url);
        let who = match giver {
            Giver::Guest(token) => ("guest-token", token.as_str()),
            Giver::Donor(token) => ("authorization", token.as_str()),
        };
        Ok(self.api.call(Method::POST, "/v1/donations", &[who, ("idempotency-key", key)], &body).await?)
    }

    /// Gives.
    ///
    /// # Errors
    /// When the gift was not made.
    pub async fn give(&self, giver: &Giver, key: &str, body: Value) -> Result<Gift, GivingError> {
        let reply = self.ask(giver, key, body).await?;
        match Gift::read(giver, &reply) {
            Some(gift) if reply.status == 201 => Ok(gift),
            Some(_) | None => Err(unexpected("a gift", reply)),
        }
    }

    /// Makes the checkout attempt after the one of this number.
    ///
    /// # Errors
    /// When there is no new attempt.
    pub async fn try_again(&self, gift: &mut Gift, after: u64) -> Result<(), GivingError> {
        let path = format!("/v1/donations/{}/attempts", gift.id);
        let opens = [(gift.opens.0, gift.opens.1.as_str())];
        let reply = self.api.call(Method::POST, &path, &opens, &json!({ "after": after })).await?;
        match reply.body["checkout_url"].as_str() {
            Some(url) if reply.status == 201 => {
                gift.checkout_url = Some(url.to_owned());
                Ok(())
            }
            _ => Err(unexpected("a new attempt", reply)),
        }
    }

    /// The state of a gift, as its holder sees it.
    ///
    /// # Errors
    /// When it is not shown.
    pub async fn state(&self, gift: &Gift) -> Result<String, GivingError> {
        let path = format!("/v1/donations/{}", gift.id);
        let reply = self.api.call(Method::GET, &path, &[(gift.opens.0, gift.opens.1.as_str())], &Value::Null).await?;
        match reply.body["state"].as_str() {
            Some(state) if reply.status == 200 => Ok(state.to_owned()),
            _ => Err(unexpected("a gift's state", reply)),
        }
    }

    /// The payer pays on the checkout page, or tries to: `payer` as the provider's control API takes it.
    ///
    /// # Errors
    /// When there is no checkout, or the provider refuses.
    pub async fn pay(&self, gift: &Gift, payer: &Value) -> Result<Value, GivingError> {
        let path = format!("/sandbox/invoices/{}/pay", invoice_of(gift.checkout_url.as_deref().unwrap_or_default()));
        let reply = self.provider.call(Method::POST, &path, &[], payer).await?;
        if reply.status == 200 { Ok(reply.body) } else { Err(unexpected("a payment", reply)) }
    }

    /// Asks the provider for mischief, once.
    ///
    /// # Errors
    /// When the provider knows no such thing.
    pub async fn arm(&self, mischief: &Value) -> Result<(), GivingError> {
        let reply = self.provider.call(Method::POST, "/sandbox/mischief/next", &[], mischief).await?;
        if reply.status == 200 { Ok(()) } else { Err(unexpected("mischief", reply)) }
    }
}

impl std::fmt::Debug for Givers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Givers").field("api", &self.api).finish_non_exhaustive()
    }
}

/// The invoice that a checkout page is for: the last part of its path.
fn invoice_of(checkout_url: &str) -> &str {
    let path = checkout_url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

fn unexpected(what: &'static str, reply: Reply) -> GivingError {
    GivingError::Unexpected { what, reply: Box::new(reply) }
}
