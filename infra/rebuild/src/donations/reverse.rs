//! The other way round: what the table says is in the books, held against where it stands there.

use std::collections::HashSet;

use domain::donation::{Place, is_first};
use domain::id::DonationId;
use domain::journal::page::CHAINS;
use domain::journal::{EntryKind, Page};
use platform::table::{Kept, Table};

use super::finding::{About, Compared, Finding, What};
use super::{Print, print};
use crate::RebuildError;

/// Which donation each entry of a chain settles, as eight bytes of its id; nought for entries that settle none.
#[derive(Debug, Default)]
struct Settled {
    /// For each page, the number of its first entry.
    starts: Vec<u32>,
    ids: Vec<u64>,
}

impl Settled {
    fn at(&self, place: Place) -> Option<u64> {
        let page = usize::try_from(place.seq).ok()?;
        let start = *self.starts.get(page)? as usize;
        let end = self.starts.get(page + 1).map_or(self.ids.len(), |end| *end as usize);
        self.ids.get(start..end)?.get(usize::from(place.index)).copied()
    }
}

/// What stands in the pages, in little memory.
#[derive(Debug)]
pub(super) struct Stands {
    chains: Vec<Settled>,
    apart: HashSet<Print>,
}

impl Default for Stands {
    fn default() -> Stands {
        Stands { chains: (0..CHAINS).map(|_| Settled::default()).collect(), apart: HashSet::new() }
    }
}

impl Stands {
    /// Adds the next page of its chain.
    pub(super) fn add(&mut self, page: &Page) {
        let settled = &mut self.chains[usize::from(page.chain.number())];
        // Four thousand million entries on one chain: a hundred years of the largest campaigns.
        settled.starts.push(u32::try_from(settled.ids.len()).unwrap_or(u32::MAX));
        for entry in page.entries() {
            let is_gift = entry.kind == EntryKind::Settled;
            settled.ids.push(entry.donation.filter(|_| is_gift).map_or(0, short));
            if !is_gift && is_first(entry.kind) {
                self.apart.insert(print(&entry.payment));
            }
        }
    }

    /// Reads the whole table through, and tells of what says that it is in the books and is not.
    pub(super) async fn hold_all(&self, table: &Table, found: &mut Compared) -> Result<(), RebuildError> {
        let mut from = None;
        loop {
            let page = table.kept(from).await?;
            for kept in page.kept {
                let finding = match kept {
                    Kept::Donation { id, is_paid, place } => self.donation(id, is_paid, place),
                    Kept::Charge(payment) => (!self.apart.contains(&print(&payment)))
                        .then(|| Finding::of(About::Charge(payment), What::Unfounded(None))),
                };
                found.findings.extend(finding);
            }
            from = page.next;
            if from.is_none() {
                return Ok(());
            }
        }
    }

    fn donation(&self, id: DonationId, is_paid: bool, place: Option<Place>) -> Option<Finding> {
        let settles = place.and_then(|place| self.chains.get(usize::from(place.chain))?.at(place));
        let is_so = is_paid && settles == Some(short(id));
        (!is_so).then(|| Finding::of(About::Donation(id), What::Unfounded(place)))
    }
}

/// Eight bytes of an id: of two donations with the same, one in some eighteen million million million, the other would be believed.
fn short(id: DonationId) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&id.bytes()[..8]);
    u64::from_be_bytes(bytes)
}
