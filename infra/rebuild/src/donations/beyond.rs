//! What was booked after the pages were read.

use std::collections::HashSet;

use domain::id::DonationId;
use domain::journal::Tail;
use platform::table::Table;

use super::finding::{About, Finding};
use super::{Print, print};
use crate::{RebuildError, pages};

/// The pages after those that were read, as far as they were needed.
pub(super) struct Beyond {
    ends: Vec<Tail>,
    payments: HashSet<Print>,
    donations: HashSet<DonationId>,
}

impl Beyond {
    pub(super) fn after(ends: Vec<Tail>) -> Beyond {
        Beyond { ends, payments: HashSet::new(), donations: HashSet::new() }
    }

    /// Whether something was booked since of what this is about. Reads on if it does not know of it yet.
    pub(super) async fn has(&mut self, table: &Table, finding: &Finding) -> Result<bool, RebuildError> {
        if !self.knows(finding) {
            self.read_on(table).await?;
        }
        Ok(self.knows(finding))
    }

    fn knows(&self, finding: &Finding) -> bool {
        let payment = finding.payment.as_ref().is_some_and(|payment| self.payments.contains(&print(payment)));
        payment
            || match &finding.about {
                About::Donation(id) => self.donations.contains(id),
                About::Charge(payment) => self.payments.contains(&print(payment)),
                About::Movement(_) | About::Entry(_) => false,
            }
    }

    async fn read_on(&mut self, table: &Table) -> Result<(), RebuildError> {
        for end in &mut self.ends {
            loop {
                let pages = pages::after(table, *end).await?;
                let Some(last) = pages.last() else { break };
                *end = last.tail();
                for entry in pages.iter().flat_map(domain::journal::Page::entries) {
                    self.payments.insert(print(&entry.payment));
                    self.donations.extend(entry.donation);
                }
                let movements = pages.iter().flat_map(domain::journal::Page::movements);
                self.payments.extend(movements.filter_map(|movement| movement.payment.as_ref()).map(print));
            }
        }
        Ok(())
    }
}
