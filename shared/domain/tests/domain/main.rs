//! The domain, held against tables that an accountant can read and against properties that must hold for any input.
//!
//! One binary, so that it is linked once. Each module is about one promise of the crate:
//! - [`decisions`]: `decisions.md`, cell by cell, is what `donation::decide` does;
//! - [`conservation`]: whatever order facts come in, money is booked once and never lost;
//! - [`rebuilding`]: what the pages say of a payment is what donation and charge say that are kept;
//! - [`states`]: what each state of a donation allows, and how each is stored;
//! - [`transfers`], [`pages`], [`chains`], [`archives`]: the books cannot be mixed, changed or reordered unseen;
//! - [`trees`], [`notes`], [`proofs`]: a gift is proven to be in the books, and nothing else is;
//! - [`corrections`]: a mistake is made good by two people, once, and within one fund;
//! - [`totals`], [`report`]: sums are what a naive recount finds;
//! - [`reconciling`]: what two sides say of a payment, and that neither side loses anything by the comparison;
//! - [`selling`]: what is sold, and that nothing of it is lost when it is kept;
//! - [`closing`], [`packing`], [`owners`]: a closed sale's animals are filled, with nothing split or moved that need not be, and each is somebody's;
//! - [`limits`]: what counts against a giver's limit;
//! - [`wordings`]: what people read of animals, rites and refusals;
//! - [`notices`]: what is told to a donor, and what is no news any more;
//! - [`messages`], [`codes`], [`cases`]: what was once written keeps its form and its meaning.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod archives;
mod cases;
mod chains;
mod closing;
mod codes;
mod conservation;
mod corrections;
mod decisions;
mod given;
mod limits;
mod messages;
mod notes;
mod notices;
mod orphans;
mod owners;
mod packing;
mod pages;
mod proofs;
mod rebuilding;
mod reconciling;
mod refund_stages;
mod refunds;
mod report;
mod sale;
mod selling;
mod states;
mod totals;
mod transfers;
mod trees;
mod wordings;
mod world;
