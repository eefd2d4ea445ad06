//! The figures of a day: a fold of its pages, in one pass, with memory for sums and not for gifts.
//!
//! Pure: the same pages in any order give the same figures. Every sum is in halalas.
//!
//! **What is told.** Money given and money given back, gifts and lines: in all, and by each thing a line is for. A refund counts on the day on
//! which it is booked, under what its line was for. Which line of several a refund was meant for is not always known; such money is
//! [`DayFigures::unassigned_minor`] until it is. Payments that are nobody's gift are [`Apart`], so that what came in at the provider is explained
//! to the halala: see [`DayFigures::check`].
//!
//! **Bounds.** One [`Figures`] for each charity and opportunity that was given to, and a few dozen others.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::Purpose;
use crate::id::{CharityId, OpportunityId};
use crate::journal::{Account, Entry, EntryKind, Movement, Page, Transfer};
use crate::moment::Day;
use crate::payment::Method;
use crate::purpose::{Fund, Programme, Region, Track};

/// What was given to one thing, and given back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Given, in halalas.
    pub given_minor: i64,
    /// Given back, in halalas.
    pub returned_minor: i64,
    /// Gifts with at least one line for it.
    pub gifts: u64,
    /// Lines for it.
    pub lines: u64,
}

impl Figures {
    /// What stays of it, in halalas; below zero when more was given back on this day than given.
    pub const fn net_minor(&self) -> i64 {
        self.given_minor - self.returned_minor
    }
}

/// Payments that are nobody's gift, in halalas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Apart {
    /// Paid again for a donation that another payment had settled.
    pub second_minor: i64,
    /// Paid after what the donation held had been given up.
    pub late_minor: i64,
    /// Paid for no donation that is known, less what was found to be one's on the day: below nothing where that came in before. What went back of it by then stays in `returned_minor`.
    pub orphan_minor: i64,
    /// Of any of these, given back.
    pub returned_minor: i64,
}

/// What moved through one account, in halalas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turnover {
    /// Debited.
    pub debit_minor: i64,
    /// Credited.
    pub credit_minor: i64,
}

/// The figures of a day. Each table of slices adds up to [`DayFigures::all`] in money; gifts of several lines may count in several slices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayFigures {
    /// All of it.
    pub all: Figures,
    /// By fund.
    pub funds: BTreeMap<Fund, Figures>,
    /// By programme.
    pub programmes: BTreeMap<Programme, Figures>,
    /// By track.
    pub tracks: BTreeMap<Track, Figures>,
    /// By region.
    pub regions: BTreeMap<Region, Figures>,
    /// By charity.
    pub charities: BTreeMap<CharityId, Figures>,
    /// By opportunity.
    pub opportunities: BTreeMap<OpportunityId, Figures>,
    /// By how it was paid.
    pub methods: BTreeMap<Method, Figures>,
    /// Given back without it being known for which line, less what earlier days or this one have assigned since.
    pub unassigned_minor: i64,
    /// Taken back by providers until a dispute is decided, less what was decided on this day. What is corrected of it moved at no provider, and shows in its account alone.
    pub disputed_minor: i64,
    /// What providers keep for collecting, as booked on this day, less what was taken back because it had been booked twice. No fund bears it.
    pub fees_minor: i64,
    /// What providers paid to the bank, as booked on this day.
    pub paid_out_minor: i64,
    /// Payments that are nobody's gift.
    pub apart: Apart,
    /// What moved through each account, opportunities and charities summed by their fund.
    pub accounts: BTreeMap<String, Turnover>,
    /// Entries.
    pub entries: u64,
    /// Movements without a donor.
    pub movements: u64,
    /// Pages, seals included.
    pub pages: u64,
}

/// A rule that a day's figures break: a fault of the books or of this fold, never of a donor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// A page of another day.
    #[error("a page of {found} stands among those of {expected}")]
    OtherDay {
        /// The day that is folded.
        expected: Day,
        /// The page's.
        found: Day,
    },
    /// A transfer to or from an opportunity does not say what it is for.
    #[error("a transfer of {0} does not say what it is for")]
    Purposeless(OpportunityId),
    /// Debits and credits differ.
    #[error("debits of {debit_minor} and credits of {credit_minor} halalas do not balance")]
    Unbalanced {
        /// All debits.
        debit_minor: i64,
        /// All credits.
        credit_minor: i64,
    },
    /// The slices of a table do not add up.
    #[error("the {0} do not add up to the whole")]
    Slices(&'static str),
    /// What moved at the providers is not what the figures explain.
    #[error("{moved_minor} halalas moved at the providers and {explained_minor} are explained")]
    Unexplained {
        /// Debits less credits of the clearing accounts.
        moved_minor: i64,
        /// What the figures say.
        explained_minor: i64,
    },
}

impl DayFigures {
    /// Adds a page of `day`.
    ///
    /// # Errors
    /// When the page is of another day, or an entry does not say what its money is for. The figures are not to be used then.
    pub fn add(&mut self, day: Day, page: &Page) -> Result<(), Disagreement> {
        if page.day != day {
            return Err(Disagreement::OtherDay { expected: day, found: page.day });
        }
        self.pages += 1;
        page.movements().iter().for_each(|movement| self.add_movement(movement));
        page.entries().iter().try_for_each(|entry| self.add_entry(entry))
    }

    fn add_entry(&mut self, entry: &Entry) -> Result<(), Disagreement> {
        self.entries += 1;
        let mut seen = Seen::default();
        for transfer in &entry.transfers {
            self.move_accounts(transfer);
            let amount = transfer.amount().signed_halalas();
            let disputes = |account: &Account| i64::from(matches!(account, Account::Disputes(_)));
            self.disputed_minor += amount * (disputes(transfer.debit()) - disputes(transfer.credit()));
            if transfer.is_fee() {
                self.fees_minor += transfer.fee_minor();
                continue;
            }
            match entry.kind {
                EntryKind::Settled => self.given(entry, transfer, &mut seen)?,
                EntryKind::Refunded | EntryKind::DisputeLost => self.returned(entry, transfer)?,
                // Nothing but its fee moves.
                EntryKind::FeeCharged => {}
                EntryKind::Disputed | EntryKind::DisputeWon => {}
                EntryKind::SecondCharge => self.apart.second_minor += transfer.amount().signed_halalas(),
                EntryKind::LateCharge => self.apart.late_minor += transfer.amount().signed_halalas(),
                EntryKind::Orphan => self.apart.orphan_minor += transfer.amount().signed_halalas(),
                EntryKind::Assigned => self.apart.orphan_minor -= transfer.amount().signed_halalas(),
                EntryKind::ChargeReturned => self.apart.returned_minor += transfer.amount().signed_halalas(),
            }
        }
        Ok(())
    }

    /// What moved without a donor: of what was given, and of disputes, nothing changes.
    fn add_movement(&mut self, movement: &Movement) {
        self.movements += 1;
        for transfer in &movement.transfers {
            self.move_accounts(transfer);
            let amount = transfer.amount().signed_halalas();
            let clearing = |account: &Account| i64::from(matches!(account, Account::Clearing(_)));
            self.paid_out_minor += amount * (clearing(transfer.credit()) - clearing(transfer.debit()));
        }
    }

    fn move_accounts(&mut self, transfer: &Transfer) {
        let amount = transfer.amount().signed_halalas();
        self.accounts.entry(transfer.debit().balance()).or_default().debit_minor += amount;
        self.accounts.entry(transfer.credit().balance()).or_default().credit_minor += amount;
    }

    fn given(&mut self, entry: &Entry, transfer: &Transfer, seen: &mut Seen) -> Result<(), Disagreement> {
        let Account::Opportunity(fund, opportunity) = transfer.credit() else { return Ok(()) };
        let purpose = purpose(transfer, opportunity)?;
        let amount = transfer.amount().signed_halalas();
        let slice = Slice { fund: *fund, opportunity, purpose, method: entry.method };
        self.each(&slice, |name, figures| {
            figures.given_minor += amount;
            figures.lines += 1;
            figures.gifts += u64::from(seen.is_new(name));
        });
        Ok(())
    }

    /// From an opportunity, back to the donor or to make up for what stood unassigned; or back before it is known from which.
    fn returned(&mut self, entry: &Entry, transfer: &Transfer) -> Result<(), Disagreement> {
        let amount = transfer.amount().signed_halalas();
        if let Account::Opportunity(fund, opportunity) = transfer.debit() {
            let purpose = purpose(transfer, opportunity)?;
            let slice = Slice { fund: *fund, opportunity, purpose, method: entry.method };
            self.each(&slice, |_, figures| figures.returned_minor += amount);
        }
        if *transfer.debit() == Account::RefundsSuspense {
            self.unassigned_minor += amount;
        }
        if *transfer.credit() == Account::RefundsSuspense {
            self.unassigned_minor -= amount;
        }
        Ok(())
    }

    /// The figures of everything that a line belongs to, each with a name of its own.
    fn each(&mut self, slice: &Slice<'_>, mut change: impl FnMut(Name, &mut Figures)) {
        let Slice { fund, opportunity, purpose, method } = slice;
        change(Name::All, &mut self.all);
        change(Name::Fund(*fund), self.funds.entry(*fund).or_default());
        change(Name::Programme(purpose.programme), self.programmes.entry(purpose.programme).or_default());
        change(Name::Track(purpose.track), self.tracks.entry(purpose.track).or_default());
        change(Name::Region(purpose.region), self.regions.entry(purpose.region).or_default());
        let charity = &purpose.charity;
        change(Name::Charity(charity.clone()), self.charities.entry(charity.clone()).or_default());
        let opportunity = *opportunity;
        change(Name::Opportunity(opportunity.clone()), self.opportunities.entry(opportunity.clone()).or_default());
        change(Name::Method(*method), self.methods.entry(*method).or_default());
    }

    /// The most given to first; of those that were given the same, in the order of their ids.
    pub fn top(&self, most: usize) -> Vec<(&OpportunityId, Figures)> {
        let mut all: Vec<_> = self.opportunities.iter().map(|(id, figures)| (id, *figures)).collect();
        all.sort_by_key(|(id, figures)| (std::cmp::Reverse(figures.given_minor), *id));
        all.truncate(most);
        all
    }

    /// That the figures agree among themselves and with what moved at the providers.
    ///
    /// # Errors
    /// The first rule that they break.
    pub fn check(&self) -> Result<(), Disagreement> {
        let debit_minor: i64 = self.accounts.values().map(|turnover| turnover.debit_minor).sum();
        let credit_minor: i64 = self.accounts.values().map(|turnover| turnover.credit_minor).sum();
        if debit_minor != credit_minor {
            return Err(Disagreement::Unbalanced { debit_minor, credit_minor });
        }
        self.check_slices()?;
        let clearing = self.accounts.iter().filter(|(account, _)| account.starts_with("clearing:"));
        let moved_minor = clearing.map(|(_, turnover)| turnover.debit_minor - turnover.credit_minor).sum();
        let Apart { second_minor, late_minor, orphan_minor, returned_minor } = self.apart;
        let apart_minor = second_minor + late_minor + orphan_minor - returned_minor;
        let gone_minor = self.unassigned_minor + self.disputed_minor + self.fees_minor + self.paid_out_minor;
        let explained_minor = self.all.net_minor() + apart_minor - gone_minor;
        if moved_minor == explained_minor { Ok(()) } else { Err(Disagreement::Unexplained { moved_minor, explained_minor }) }
    }

    fn check_slices(&self) -> Result<(), Disagreement> {
        let tables = [
            ("funds", sum(self.funds.values())),
            ("programmes", sum(self.programmes.values())),
            ("tracks", sum(self.tracks.values())),
            ("regions", sum(self.regions.values())),
            ("charities", sum(self.charities.values())),
            ("opportunities", sum(self.opportunities.values())),
            ("methods", sum(self.methods.values())),
        ];
        let whole = (self.all.given_minor, self.all.returned_minor, self.all.lines);
        match tables.into_iter().find(|(_, sum)| *sum != whole) {
            Some((table, _)) => Err(Disagreement::Slices(table)),
            None => Ok(()),
        }
    }
}

/// What a line belongs to.
struct Slice<'a> {
    fund: Fund,
    opportunity: &'a OpportunityId,
    purpose: &'a Purpose,
    method: Method,
}

/// What figures are of.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    All,
    Fund(Fund),
    Programme(Programme),
    Track(Track),
    Region(Region),
    Charity(CharityId),
    Opportunity(OpportunityId),
    Method(Method),
}

/// What a gift was counted for already: it counts once for each, however many of its lines do.
#[derive(Default)]
struct Seen(BTreeSet<Name>);

impl Seen {
    fn is_new(&mut self, name: Name) -> bool {
        self.0.insert(name)
    }
}

fn purpose<'t>(transfer: &'t Transfer, opportunity: &OpportunityId) -> Result<&'t Purpose, Disagreement> {
    transfer.purpose().ok_or_else(|| Disagreement::Purposeless(opportunity.clone()))
}

fn sum<'f>(figures: impl Iterator<Item = &'f Figures>) -> (i64, i64, u64) {
    figures.fold((0, 0, 0), |(given, returned, lines), figures| {
        (given + figures.given_minor, returned + figures.returned_minor, lines + figures.lines)
    })
}
