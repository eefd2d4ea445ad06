//! The sacrifice programme: animals sold by the share, for a limited sale that opens in a burst.
//!
//! An [`offering`] is what is sold: a species, a price per share, a place, a day, a quota. Its stock stands on [`lot`]s, each a small item of its own: hundreds of lots
//! are hundreds of keys, and no key is hot; [`quota`] says how they are brought to another quota. A donation's [`reservation`] names the lot on which its shares are claimed; only what is named counts.
//! [`fairness`] has the rules by which a sale that opens in a burst is fair.
//!
//! Nothing here reads or writes.

pub mod fairness;
pub mod feast;
pub mod lot;
pub mod offering;
pub mod quota;
pub mod reservation;
pub mod site;

pub use fairness::Fairness;
pub use feast::FeastDay;
pub use lot::{Claim, Lot, Room, Standing};
pub use offering::{Offering, Rite, Selling, Species, Stock, Wakala};
pub use reservation::{Reservation, Shares};
pub use site::{Country, Site};
