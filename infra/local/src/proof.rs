//! The proof: money in at the provider = money in the journal's pages = the totals.
//!
//! Three sources that share nothing but the money: what the provider says was taken and given back, payment by payment; what
//! the pages of all chains book, every page verified against the one before it; what the follower's totals say of the
//! provider's clearing account. All in whole halalas.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use domain::journal::{ChainId, Entry, EntryKind, MovementKind, Page, Tail};
use moyasar_sandbox::PaymentFacts;
use platform::table::{Table, TableError};
use tokio::time::Instant;

use crate::stack::Inside;

/// Pages read at once.
const PAGES: i32 = 100;
/// Between two looks whether everything has come to rest.
const LOOK: Duration = Duration::from_millis(100);

/// Sums of one source, in halalas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Money that came in.
    pub taken: u64,
    /// Money that was given back.
    pub returned: u64,
}

/// What was found. It holds when nothing is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// By the provider.
    pub provider: Sums,
    /// By the journal.
    pub journal: Sums,
    /// By the totals.
    pub totals: Sums,
    /// Payments that took money, at the provider.
    pub payments: usize,
    /// Donations settled, by the journal.
    pub settled: usize,
    /// Pages of the journal, seals included.
    pub pages: usize,
    /// Sentences about what is wrong.
    pub wrong: Vec<String>,
}

impl Proof {
    /// Whether nothing is wrong.
    pub fn holds(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Looks at everything as it is now. Take it when nothing is under way: see [`rest`].
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn take(inside: &Inside) -> Result<Self, TableError> {
        let mut proof = Self::default();
        let pages = pages(inside.table(), &mut proof.wrong).await?;
        let truth = inside.sandbox().payments();
        proof.pages = pages.len();
        proof.settled = entries(&pages).filter(|entry| entry.kind == EntryKind::Settled).count();
        proof.payments = truth.iter().filter(|payment| payment.taken > 0).count();
        proof.provider = Sums {
            taken: truth.iter().map(|payment| payment.taken).sum(),
            returned: truth.iter().map(|payment| payment.refunded).sum(),
        };
        proof.journal = sums(entries(&pages));
        proof.totals = totals(inside.table(), &pages, &mut proof.wrong).await?;
        compare_payments(&pages, &truth, &mut proof.wrong);
        proof.compare();
        Ok(proof)
    }

    fn compare(&mut self) {
        for (name, sums) in [("the journal books", self.journal), ("the totals say", self.totals)] {
            if sums != self.provider {
                self.wrong.push(format!(
                    "{name} {} in and {} back, the provider {} and {} (halalas)",
                    sums.taken, sums.returned, self.provider.taken, self.provider.returned
                ));
            }
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |sums: Sums| format!("SAR {:>14} in, SAR {:>10} back", riyals(sums.taken), riyals(sums.returned));
        writeln!(f, "  provider   {}   {} payments", line(self.provider), self.payments)?;
        writeln!(f, "  journal    {}   {} gifts on {} pages", line(self.journal), self.settled, self.pages)?;
        writeln!(f, "  totals     {}", line(self.totals))?;
        if self.holds() {
            return write!(f, "  proven: the three agree, each payment is booked once, every chain of pages holds");
        }
        write!(f, "  NOT PROVEN:\n    {}", self.wrong.join("\n    "))
    }
}

/// Halalas as riyals with two places.
pub fn riyals(halalas: u64) -> String {
    format!("{}.{:02}", halalas / 100, halalas % 100)
}

/// Waits until no webhook and no message waits and the totals have come to the end of every chain; `false` when that took longer
/// than `patience`.
///
/// # Errors
/// When the table cannot be read.
pub async fn rest(inside: &Inside, patience: Duration) -> Result<bool, TableError> {
    let until = Instant::now() + patience;
    loop {
        if inside.is_quiet() && is_followed(inside.table()).await? {
            return Ok(true);
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn is_followed(table: &Table) -> Result<bool, TableError> {
    let cursors = table.cursors().await?;
    for chain in ChainId::all() {
        if !table.pages(chain, cursors.of(chain), 1).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Every page of every chain, each verified against the one before it.
async fn pages(table: &Table, wrong: &mut Vec<String>) -> Result<Vec<Page>, TableError> {
    let mut all = Vec::new();
    for chain in ChainId::all() {
        let mut tail = Tail::empty(chain);
        loop {
            let pages = table.pages(chain, tail.next_seq, PAGES).await?;
            if pages.is_empty() {
                break;
            }
            for page in pages {
                if let Err(error) = page.verify(&tail) {
                    wrong.push(format!("page {} of chain {chain}: {error}", page.seq));
                }
                tail = page.tail();
                all.push(page);
            }
        }
    }
    Ok(all)
}

/// How often each donation stands settled in the journal, by its id.
///
/// # Errors
/// When the table cannot be read.
pub async fn settled_counts(table: &Table) -> Result<BTreeMap<String, u64>, TableError> {
    let mut counts = BTreeMap::new();
    for entry in entries(&pages(table, &mut Vec::new()).await?) {
        if let (EntryKind::Settled, Some(donation)) = (entry.kind, entry.donation) {
            *counts.entry(donation.to_string()).or_default() += 1;
        }
    }
    Ok(counts)
}

fn entries(pages: &[Page]) -> impl Iterator<Item = &Entry> {
    pages.iter().flat_map(Page::entries)
}

fn sums<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Sums {
    let mut sums = Sums::default();
    for entry in entries {
        let amount = entry.moved_minor().unsigned_abs();
        match entry.kind {
            EntryKind::Settled | EntryKind::SecondCharge | EntryKind::LateCharge | EntryKind::Orphan => sums.taken += amount,
            EntryKind::Refunded | EntryKind::ChargeReturned => sums.returned += amount,
            // The provider played with here opens no disputes, and forgets of no payment whose it is.
            EntryKind::Disputed
            | EntryKind::DisputeWon
            | EntryKind::DisputeLost
            | EntryKind::FeeCharged
            | EntryKind::Assigned => {}
        }
    }
    sums
}

/// The totals of the provider's clearing account; they must equal what the pages give when folded afresh.
async fn totals(table: &Table, pages: &[Page], wrong: &mut Vec<String>) -> Result<Sums, TableError> {
    let mut kept = table.totals("").await?;
    let mut folded = domain::totals::fold(pages);
    for delta in [&mut kept, &mut folded] {
        delta.values_mut().for_each(|names| names.retain(|_, sum| *sum != 0));
        delta.retain(|_, names| !names.is_empty());
    }
    if kept != folded {
        wrong.push("the totals are not what the journal gives when it is folded afresh".to_owned());
    }
    let balances = kept.get("ACC").cloned().unwrap_or_default();
    let of = |name: &str| balances.get(name).copied().unwrap_or(0);
    let positive = |sum: i64| u64::try_from(sum).unwrap_or(0);
    // What the provider keeps and what it has paid to the bank leave its clearing account too, and were not given back.
    let returned = of("c:clearing:moyasar") - of("d:fees:moyasar") - paid_out(pages);
    Ok(Sums { taken: positive(of("d:clearing:moyasar")), returned: positive(returned) })
}

fn paid_out(pages: &[Page]) -> i64 {
    let movements = pages.iter().flat_map(Page::movements).filter(|movement| movement.kind == MovementKind::PaidOut);
    movements.flat_map(|movement| &movement.transfers).map(|transfer| transfer.amount().signed_halalas()).sum()
}

/// Each payment that took money is booked once, with what was taken and given back; nothing else is booked.
fn compare_payments(pages: &[Page], truth: &[PaymentFacts], wrong: &mut Vec<String>) {
    let mut booked: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in entries(pages) {
        booked.entry(entry.payment.payment.to_string()).or_default().push(entry);
    }
    for payment in truth {
        let entries = booked.remove(&payment.id.to_string()).unwrap_or_default();
        let incomes = entries.iter().filter(|entry| sums([**entry]).taken > 0).count();
        let expected = Sums { taken: payment.taken, returned: payment.refunded };
        if sums(entries.iter().copied()) != expected || incomes != usize::from(payment.taken > 0) {
            wrong.push(format!("payment {} took {} and is booked {incomes} times", payment.id, payment.taken));
        }
    }
    wrong.extend(booked.into_keys().map(|payment| format!("payment {payment} is booked, but the provider knows none")));
}
