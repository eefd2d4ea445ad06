//! The sacrifice programme: animals sold by the share, for a limited sale that opens in a burst.
//!
//! An [`offering`] is what is sold: a species, a price per share, a place, a day, a quota. Its stock stands on [`lot`]s, each a small item of its own: hundreds of lots
//! are hundreds of keys, and no key is hot; [`quota`] says how they are brought to another quota. A donation's [`reservation`] names the lot on which its shares are claimed, or several ([`parting`]); only what is named counts.
//! [`fairness`] has the rules by which a sale that opens in a burst is fair.
//!
//! Once the sale is closed and nothing is held any more ([`close`]) animals of seven that are not full are filled from each other ([`packing`]), and every share has its [`animal`]. When they may be
//! slaughtered follows from the place and the sun ([`season`]), and from that by when a sale has to be closed ([`deadline`]). What slaughterhouses tell of that is read, checked and kept by [`carrying`].
//!
//! Nothing here reads or writes.

pub mod animal;
pub mod carrying;
pub mod close;
pub mod deadline;
pub mod fairness;
pub mod feast;
pub mod list;
pub mod lot;
pub mod offering;
pub mod packing;
pub mod parting;
pub mod quota;
pub mod reservation;
pub mod rite;
pub mod season;
pub mod site;

pub use animal::AnimalName;
pub use carrying::Carried;
pub use close::{Due, ListDay};
pub use fairness::Fairness;
pub use feast::FeastDay;
pub use lot::{Claim, Lot, Room, Standing};
pub use offering::{Offering, Remainder, Selling, Species, Stage, Stock, Wakala};
pub use reservation::{Part, Reservation, Shares};
pub use rite::Rite;
pub use site::{Coordinates, Country, Site, UtcOffset};
