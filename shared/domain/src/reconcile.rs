//! The provider's list, the books and the bank's statement, held against each other.
//!
//! Pure: what was read goes in, what is to be done comes out.
//!
//! - [`payment`]: one payment as its provider tells it, and as it is booked;
//! - [`tally`]: many of them, with the sums of both sides;
//! - [`bank`]: a bank's statement, and what its lines mean.
//!
//! **Promise.** Every payment of either side ends matched, without any money, or as exactly one difference; every line of a statement ends as a payout of the
//! provider's or unexplained. Sums are conserved: what either side has in all is what matched and what differs. Nothing here corrects anything.

pub mod bank;
pub mod payment;
pub mod tally;
