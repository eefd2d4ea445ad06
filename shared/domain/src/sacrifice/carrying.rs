//! Carrying out: what a slaughterhouse tells of its animals, and what becomes of it.
//!
//! A slaughterhouse sends [`update`]s by the thousand, as JSON or CSV ([`form`]), and signs a [`statement`] over the body. Each row says that an animal was slaughtered, when and by whom, with [`evidence`]; or to
//! whom its meat was given; or both. A row is held against the [`rules`]: the animal is on a list of this slaughterhouse, and was slaughtered within the season. What passes is written into what is known of the
//! animal ([`carried`]); what does not is a [`refusal`] with a code that says what to do. Rows that came together are a [`batch`], which is worked off in parts.
//!
//! **Promise.** The first word about an animal stands: the same again changes nothing, another one is refused and a matter for a person, and nothing is written over. What was told outside the season is never a
//! sacrifice, and always a matter for a person. A word that was wrong is taken back by two people ([`retraction`]), and stands in the animal's history. Queues know no order, so evidence and distribution may be told before the slaughter.
//!
//! Nothing here reads or writes.

pub mod batch;
pub mod carried;
pub mod evidence;
pub mod form;
pub mod keys;
pub mod refusal;
pub mod retraction;
pub mod rules;
pub mod statement;
pub mod update;

pub use batch::{Batch, Part, RefusedRow};
pub use carried::{Carried, Slaughter};
pub use evidence::{Evidence, MediaType, Medium};
pub use form::{Form, Row};
pub use keys::HouseKeys;
pub use refusal::Refusal;
pub use retraction::{Retraction, RetractionStage, Words};
pub use statement::Statement;
pub use update::{Distribution, Update};
