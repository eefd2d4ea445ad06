//! A simulation of the platform: production code, hundreds of donors, and everything that can go wrong, from one seed.
//!
//! **Promise.** One seed is one run: the clock, every id, the order of everything and every fault come from it. A seed that breaks a rule
//! breaks it again, by one command. The rules are checked while it runs and at its end, against what is true at the payment provider.
//!
//! **Shape.** The functions run as they are deployed, with the real AWS SDK, against emulators in the same process and on simulated time;
//! no socket is opened. [`world`] puts the parts together, [`pollers`] and [`provider`] carry messages and webhooks to the functions,
//! [`donors`] give, [`officers`] give back and hear of disputes, both by an [`app`], [`paper`] is what they and the day are given in writing, [`checks`] look at the books, [`mod@run`] plays one seed.
//!
//! **Bounds.** A run is a few hundred donors over some minutes around a midnight in Riyadh; it takes about a second.

pub mod app;
pub mod checks;
pub mod donors;
pub mod environment;
pub mod officers;
pub mod paper;
pub mod pollers;
pub mod provider;
pub mod run;
pub mod trace;
pub mod world;

pub use run::{Report, run};
