//! A payment provider to play against: it speaks Moyasar's API, keeps a checkout page for its
//! invoices, posts webhooks in Moyasar's format, and does mischief on request.
//!
//! **Promise.** To its callers it is the real one: the same paths, shapes, states, errors and
//! retries, as far as they are public (the README says what is known and what is guessed). It
//! shares no code with the platform, so that a misunderstanding on one side is not repeated on the
//! other. From one seed it repeats exactly: ids, latencies and mischief.
//!
//! **Shape.** A state machine behind a mutex ([`Sandbox`]), with its time and chance from outside
//! ([`Clock`], [`Settings::seed`]). [`Sandbox::call`] answers a request in process; [`serve`] does
//! the same through a socket and delivers the messages. A simulation takes them itself:
//! [`Sandbox::take_due`] and [`Sandbox::acknowledge`]. Payers, the merchant's dashboard and
//! mischief come through methods, or through `/sandbox/…` over HTTP.
//!
//! **Bounds.** 64 messages in flight, 40 objects a page, the last 10,000 attempts remembered.
//! Everything else is kept in memory for as long as the sandbox lives: about 4 KB a paid invoice. A gift
//! (create, pay, fetch, webhook) over sockets costs a quarter of a millisecond of one core.
//!
//! **Failure.** None that is not asked for. A lost answer is [`NoReply`]; over a socket the
//! connection just ends.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! use moyasar_sandbox::{Clock, Method, Payer, Sandbox, Settings};
//!
//! let settings = Settings::new("http://127.0.0.1:9090", "sk_test_play").webhook("http://shop/hook", "agreed");
//! let provider = Sandbox::new(settings, Clock::manual(1_772_000_000_000));
//!
//! let request = http::Request::post("/v1/invoices")
//!     .header("authorization", "Basic c2tfdGVzdF9wbGF5Og==")
//!     .header("content-type", "application/json")
//!     .body(r#"{"amount": 5000, "currency": "SAR", "description": "gift"}"#.into())?;
//! let invoice: serde_json::Value = serde_json::from_slice(provider.call(request).await?.body())?;
//!
//! let payment = provider.pay(invoice["id"].as_str().unwrap_or("").parse()?, &Payer::with(Method::Mada))?;
//! assert_eq!((payment.amount, payment.taken), (5_000, 5_000));
//!
//! let message = provider.take_due(10).remove(0);
//! assert_eq!(message.event, "payment_paid");
//! provider.acknowledge(&message, Some(200));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api;
mod chance;
mod checkout;
mod clock;
mod control;
mod courier;
mod error;
mod event;
mod input;
mod invoice;
mod mischief;
mod money;
mod outbox;
mod payer;
mod payment;
mod sandbox;
mod server;
mod settings;
mod shelf;
mod source;
mod state;
mod store;
mod time;

pub use chance::CERTAIN;
pub use clock::Clock;
pub use courier::deliver;
pub use event::EventType;
pub use invoice::InvoiceStatus;
pub use mischief::{Deed, Down, Mischief, OneShot, Tally};
pub use payer::{InvoiceFacts, Payer, PaymentFacts, Refusal};
pub use payment::Status;
pub use sandbox::{Delivery, NoReply, Sandbox};
pub use server::serve;
pub use settings::{RETRY_WAITS_MS, Readings, Settings, WebhookTarget};
pub use source::{Decline, Ending, Method};
