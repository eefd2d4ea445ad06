//! To whom a data key belongs, and with it what can be erased together.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::donation::{Donation, Giver};
use crate::id::{DonationId, DonorId};
use crate::moment::Moment;

/// The owner of a data key; written `donor#…` or `donation#…`.
///
/// ```
/// use domain::owner::Owner;
/// let owner: Owner = "donor#subject-1".parse()?;
/// assert_eq!(owner.to_string(), "donor#subject-1");
/// assert!("donor#a#b".parse::<Owner>().is_err() && "subject-1".parse::<Owner>().is_err());
/// # Ok::<_, domain::owner::OwnerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Owner {
    /// A donor who signs in: one key for all of their gifts.
    Donor(DonorId),
    /// One gift of somebody who does not.
    Donation(DonationId),
}

impl Owner {
    /// Whose a donation's personal data is.
    pub fn of(donation: &DonationId, giver: &Giver) -> Owner {
        match giver {
            Giver::Donor(donor) => Owner::Donor(donor.clone()),
            Giver::Guest => Owner::Donation(*donation),
        }
    }
}

impl Donation {
    /// Whose its personal data is.
    pub fn owner(&self) -> Owner {
        Owner::of(&self.id, &self.giver)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Donor(donor) => write!(f, "donor#{donor}"),
            Owner::Donation(donation) => write!(f, "donation#{donation}"),
        }
    }
}

/// How long after an erasure a gift still counts as one of before it: clocks differ, and one under way was begun before it.
pub const SLACK_SECS: i64 = 60;

/// Until when gifts that were made are erased with their owner's data; what was made later is by somebody who gives again, and stays.
///
/// ```
/// use domain::owner::erased_until;
/// let erased_at = "2026-11-23T12:00:00Z".parse()?;
/// assert_eq!(erased_until(erased_at).to_string(), "2026-11-23T12:01:00Z");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub const fn erased_until(erased_at: Moment) -> Moment {
    erased_at.plus_seconds(SLACK_SECS)
}

/// A text names no owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not donor#… or donation#…")]
pub struct OwnerError;

impl FromStr for Owner {
    type Err = OwnerError;
    fn from_str(text: &str) -> Result<Owner, OwnerError> {
        match text.split_once('#') {
            Some(("donor", id)) => id.parse().map(Owner::Donor).map_err(|_| OwnerError),
            Some(("donation", id)) => id.parse().map(Owner::Donation).map_err(|_| OwnerError),
            _ => Err(OwnerError),
        }
    }
}

impl TryFrom<String> for Owner {
    type Error = OwnerError;
    fn try_from(text: String) -> Result<Owner, OwnerError> {
        text.parse()
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> String {
        owner.to_string()
    }
}
