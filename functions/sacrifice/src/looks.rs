//! What is left of an offering, by a look at all its lots.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::OpportunityId;
use domain::sacrifice::lot::largest;
use domain::sacrifice::{Offering, Room, Selling};
use platform::http::Problem;

use crate::Deps;
use crate::kept::Kept;

/// Up to so many shares are *few*, and counted: of more an opening sells in a second or two what would make the count wrong before it is read.
pub const FEW_SHARES: u32 = 100;

/// What is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Shares that nobody has claimed.
    pub shares: u32,
    /// The most of them on one lot.
    pub largest: u8,
}

/// How much that is, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// More than [`FEW_SHARES`].
    Plenty,
    /// So many.
    Few(u32),
    /// Nothing; what is held and not paid may come back.
    SoldOut,
}

impl Left {
    /// What these lots have.
    pub fn of(rooms: &[Room]) -> Left {
        Left { shares: rooms.iter().map(|room| u32::from(room.free)).sum(), largest: largest(rooms) }
    }

    /// How much it is.
    pub const fn availability(self) -> Availability {
        match self.shares {
            0 => Availability::SoldOut,
            shares if shares <= FEW_SHARES => Availability::Few(shares),
            _ => Availability::Plenty,
        }
    }
}

/// The last look at each offering.
#[derive(Debug, Default)]
pub struct Looks(Mutex<BTreeMap<OpportunityId, Arc<Kept<Left>>>>);

impl Looks {
    fn at(&self, offering: &OpportunityId) -> Arc<Kept<Left>> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(looks.entry(offering.clone()).or_default())
    }

    /// Lets go of what was seen of an offering.
    pub async fn forget(&self, offering: &OpportunityId) {
        self.at(offering).forget().await;
    }
}

/// What is left of an offering: by a look where it is sold now, or was before its opening was put off. Before it opens for the first time all of it is left, and no lot is read, however many wait for it; once it is closed nothing is to
/// be had, and nothing is told.
///
/// # Errors
/// 503 when the table is busy.
pub async fn left(deps: &Deps, offering: &Offering) -> Result<Option<Left>, Problem> {
    match offering.selling(deps.clock.now()) {
        Selling::Opens(_) if !offering.was_open => {
            Ok(Some(Left { shares: offering.quota, largest: offering.species.lot_shares() }))
        }
        Selling::Closed(_) => Ok(None),
        Selling::Open | Selling::Opens(_) => {
            let rooms = async { deps.table.rooms(&offering.id).await.map(|rooms| Left::of(&rooms)) };
            let left = deps.looks.at(&offering.id).fresh(&deps.clock, rooms).await?;
            Ok(Some(*left))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_counted_and_many_are_plenty() {
        let rooms = |free: &[u8]| {
            let rooms: Vec<Room> = (0..).zip(free).map(|(lot, free)| Room { lot, free: *free }).collect();
            Left::of(&rooms)
        };
        assert_eq!(rooms(&[]), Left { shares: 0, largest: 0 });
        assert_eq!(rooms(&[]).availability(), Availability::SoldOut);
        assert_eq!(rooms(&[3, 7, 1]), Left { shares: 11, largest: 7 });
        assert_eq!(rooms(&[3, 7, 1]).availability(), Availability::Few(11));
        assert_eq!(rooms(&[10; 10]).availability(), Availability::Few(FEW_SHARES));
        assert_eq!(rooms(&[16; 7]).availability(), Availability::Plenty);
    }
}
