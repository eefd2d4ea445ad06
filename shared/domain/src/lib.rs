//! What giving is, without a wire or a clock.
//!
//! Everything in this crate is pure: no clock, no randomness, no environment, no input or output. Time and ids come in as
//! arguments, decisions go out as values. What awaits lives in `platform` and in the functions.
//!
//! Where to look:
//! - [`money`]: amounts, decimal outside and integer halalas inside;
//! - [`donation`]: one act of giving, its states, and what a payment fact makes of it;
//! - [`person`], [`owner`], [`leaf_key`]: what people tell of themselves, whose key seals it, and what dies with that key;
//! - [`payment`]: what providers tell us, as facts in the past tense;
//! - [`journal`]: accounts, transfers, pages and chains, the books themselves;
//! - [`correction`]: a mistake in them made good, by two people;
//! - [`proof`]: that a gift is in the books, and the books grew and did not change;
//! - [`totals`]: the fold of pages into sums;
//! - [`report`]: the figures of a day, folded from its pages;
//! - [`reconcile`]: the provider's list, the books and the bank's statement held against each other;
//! - [`cap`]: the escrow of what remains of a capped opportunity;
//! - [`sacrifice`]: animals sold by the share;
//! - [`receipt`], [`words`], [`hijri`]: a receipt's number and code, its amount in Arabic words, its Hijri date;
//! - [`notice`]: what a donor is told, and when;
//! - [`message`]: what travels in queues, with versions.

pub mod cap;
pub mod case;
pub mod catalogue;
pub mod correction;
pub mod donation;
pub mod hash;
pub mod hijri;
pub mod id;
pub mod journal;
pub mod leaf_key;
pub mod message;
pub mod moment;
pub mod money;
pub mod notice;
pub mod owner;
pub mod payment;
pub mod person;
pub mod proof;
pub mod purpose;
pub mod receipt;
pub mod reconcile;
pub mod report;
pub mod sacrifice;
pub mod totals;
pub mod words;
