//! The sandbox from outside: table tests for each endpoint and each mischief, over HTTP and by seed.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod control;
mod invoices;
mod mischief;
mod over_http;
mod payments;
mod play;
mod saved;
mod seeds;
mod webhooks;
