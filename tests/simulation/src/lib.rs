//! A simulation of the platform: production code, donors who get into each other's way, and everything that can go wrong, from one seed.
//!
//! **Promise.** One seed is one run: the clock, every id, the order of everything and every fault come from it. A seed that breaks a rule
//! breaks it again, by one command, and is brought down to the least that breaks it too. The rules are checked while it runs and at its end, against what is true at the payment provider.
//!
//! **Shape.** The functions run as they are deployed, with the real AWS SDK, against emulators in the same process and on simulated time;
//! no socket is opened. [`world`] puts the parts together, [`pollers`] and [`provider`] carry messages and webhooks to the functions,
//! [`donors`] give, and some want to be forgotten ([`erasing`]); [`officers`] give back and hear of disputes, [`clerks`] correct the books, [`sellers`] keep the [`offerings`] that are sold by the share, all by an [`app`]; the [`sale`] and the [`ledger`] are watched at every write, and [`filling`] closes it in the end; [`dashboard`] is what goes on at the provider without us, [`held`] and [`found`] what becomes of payments that are only authorised or nobody's, [`mod@bank`] what the bank writes; [`reconciling`] and [`days`] hold both against the books by the clock; [`deeds`] what of
//! that a person has to be told; [`paper`] is what they and the day are given in writing, [`checks`] look at the books. [`mod@run`] plays one [`plan`],
//! [`trace`] does the faults and writes the steps down, [`shrink`] finds less that fails too.
//!
//! **Bounds.** A run is some dozens of donors over some minutes around a midnight in Riyadh, or over an hour where the provider is down; it takes about a
//! second.

pub mod app;
pub mod bank;
pub mod checks;
pub mod clerks;
pub mod dashboard;
pub mod days;
pub mod deeds;
pub mod donors;
pub mod environment;
pub mod erasing;
pub mod filling;
pub mod found;
pub mod held;
pub mod ledger;
pub mod offerings;
pub mod officers;
mod outside;
pub mod paper;
pub mod plan;
pub mod pollers;
pub mod provider;
pub mod reconciling;
pub mod run;
pub mod sale;
pub mod sellers;
pub mod shrink;
pub mod trace;
pub mod world;

pub use plan::Plan;
pub use run::{Report, play, play_meddled, run};
