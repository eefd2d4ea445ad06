//! What a group of facts makes of the donations and charges that it is about: pure.
//!
//! Facts about one donation are folded one after another before anything is written, because one transaction takes one action for each
//! item: a capture and its refund that come together become one change of the donation and two entries on the page.

use std::collections::{BTreeMap, HashMap};

use domain::case::{Case, Reason};
use domain::donation::{Back, Charge, Decision, Donation, Secrecy, State, decide, donation_of, needs_charge};
use domain::id::DonationId;
use domain::journal::{Entry, EntryKind, TransferError};
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::{Happening, PaymentFact, PaymentRef};

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Donations by id.
    pub donations: HashMap<DonationId, Donation>,
    /// Charges by payment.
    pub charges: HashMap<PaymentRef, Charge>,
}

impl Known {
    fn donation(&self, fact: &PaymentFact) -> Option<&Donation> {
        fact.donation.as_ref().and_then(|id| self.donations.get(id))
    }

    /// The donation that the fact is about, whatever it names: see [`donation_of`].
    pub fn about(&self, fact: &PaymentFact) -> Option<DonationId> {
        donation_of(&fact.payment, fact.donation, (self.donation(fact), self.charges.get(&fact.payment)))
    }

    /// Whether the charge kept for the fact's payment makes a difference.
    pub fn needs_charge(&self, fact: &PaymentFact) -> bool {
        needs_charge(self.donation(fact), fact)
    }
}

/// What becomes of a donation.
#[derive(Debug, Clone)]
pub struct Turn {
    /// As it was read.
    pub read: Donation,
    /// The state it takes.
    pub state: State,
    /// What is known then of what goes back of it.
    pub back: Back,
}

/// The indexes of a donation's entries on the page.
#[derive(Debug, Clone, Default)]
pub struct Indexes {
    /// Of the one that settles it.
    pub settles: Option<usize>,
    /// Of the others, in order.
    pub others: Vec<usize>,
}

/// How an entry's leaf is salted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaf {
    /// As its donation's are, which can be given a proof of it.
    Of(DonationId, Secrecy),
    /// By chance, which nobody keeps: the payment is kept apart from the donation that it names, and nobody is given a proof of it.
    Apart,
    /// By nothing: the payment names no donation that is known, and there is nobody to unlink it from.
    Nobodys,
}

/// What is to be written and told.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The page's entries.
    pub entries: Vec<Entry>,
    /// How the entries' leaves are salted.
    pub leaves: Vec<Leaf>,
    /// Donations that the page books, and where on it.
    pub booked: Vec<(Turn, Indexes)>,
    /// Charges that the page books, as they are to stand.
    pub charges: Vec<Charge>,
    /// Donations that change without money.
    pub changed: Vec<Turn>,
    /// Matters for a person.
    pub cases: Vec<Case>,
    /// Donations that were settled before: to be told again.
    pub repeated: Vec<Donation>,
    /// Charges that were kept before: to be told again.
    pub repeated_charges: Vec<Charge>,
    /// Donations whose latest attempt to pay had failed before: to be told again.
    pub failed_before: Vec<Donation>,
    /// Captures for shares that were given up: others are to be looked for.
    pub sought: Vec<PaymentFact>,
    /// Indexes of facts that make sense only after others.
    pub waiting: Vec<usize>,
}

/// The state of the work while facts are folded.
struct Folding {
    read: Known,
    now: Known,
    booked: BTreeMap<DonationId, Indexes>,
    kept: BTreeMap<PaymentRef, ()>,
    plan: Plan,
}

/// Folds the facts, in order, over what was read.
///
/// # Errors
/// When an amount in a donation is nothing.
pub fn plan<'a>(read: Known, facts: impl IntoIterator<Item = &'a PaymentFact>, now: Moment) -> Result<Plan, TransferError> {
    let mut folding =
        Folding { now: read.clone(), read, booked: BTreeMap::new(), kept: BTreeMap::new(), plan: Plan::default() };
    for (index, fact) in facts.into_iter().enumerate() {
        folding.take(index, fact, now)?;
    }
    Ok(folding.finish())
}

impl Folding {
    fn take(&mut self, index: usize, fact: &PaymentFact, now: Moment) -> Result<(), TransferError> {
        let charge = self.now.charges.get(&fact.payment);
        let donation = self.now.about(fact);
        let found = (donation != fact.donation).then(|| PaymentFact { donation, ..fact.clone() });
        let fact = found.as_ref().unwrap_or(fact);
        match decide(self.now.donation(fact), charge, fact, now)? {
            Decision::Book { state, back, entry, case } => {
                self.case(fact, case, now);
                self.book(fact, (state, back), entry);
            }
            Decision::Keep { charge, entry, case } => {
                self.case(fact, case, now);
                self.enter_apart(fact, entry);
                self.kept.insert(charge.payment.clone(), ());
                self.now.charges.insert(charge.payment.clone(), charge);
            }
            Decision::Assign { state, charge, found, follows, case } => {
                self.case(fact, case, now);
                self.enter_apart(fact, found);
                let back = self.now.donation(fact).map(|donation| donation.back.clone()).unwrap_or_default();
                match follows {
                    Some(entry) => self.book(fact, (state, back), entry),
                    // The donation was settled before; what followed from it may have been lost.
                    None => self.repeat(fact),
                }
                self.kept.insert(charge.payment.clone(), ());
                self.now.charges.insert(charge.payment.clone(), charge);
            }
            Decision::Change { state, back } => self.change(fact, (state, back)),
            Decision::Repeat => self.repeat(fact),
            Decision::Wait => self.plan.waiting.push(index),
            Decision::Seek => self.plan.sought.push(fact.clone()),
            Decision::SetAside(reason) => {
                if reason == Reason::BookedTwice {
                    // It is its donation's all the same.
                    self.repeat(fact);
                }
                self.case(fact, Some(reason), now);
            }
            Decision::Nothing => self.fail_again(fact),
        }
        Ok(())
    }

    fn book(&mut self, fact: &PaymentFact, to: (State, Back), entry: Entry) {
        let (index, settles) = (self.plan.entries.len(), entry.kind == EntryKind::Settled);
        if entry.kind == EntryKind::FeeCharged {
            // The capture was told before; what followed from it may have been lost.
            self.repeat(fact);
        }
        let donation = self.now.donation(fact);
        self.plan.leaves.push(donation.map_or(Leaf::Nobodys, |donation| Leaf::Of(donation.id, donation.secrecy())));
        self.plan.entries.push(entry);
        self.change(fact, to);
        if let Some(id) = fact.donation {
            let indexes = self.booked.entry(id).or_default();
            if settles {
                indexes.settles = Some(index);
            } else {
                indexes.others.push(index);
            }
        }
    }

    fn change(&mut self, fact: &PaymentFact, (state, back): (State, Back)) {
        if let Some(donation) = fact.donation.and_then(|id| self.now.donations.get_mut(&id)) {
            donation.state = state;
            donation.back = back;
        }
    }

    fn enter_apart(&mut self, fact: &PaymentFact, entry: Entry) {
        self.plan.leaves.push(self.now.donation(fact).map_or(Leaf::Nobodys, |_| Leaf::Apart));
        self.plan.entries.push(entry);
    }

    /// What was booked before this batch is told again; what this batch books is told anyway. A payment that is kept apart is told as a
    /// charge and never as its donation's, which it did not settle; one that was found to be its donation's is told as that.
    fn repeat(&mut self, fact: &PaymentFact) {
        let settled_by = self.now.donation(fact).and_then(|donation| donation.state.settled_by());
        let is_own = settled_by.is_some_and(|by| by.payment == fact.payment);
        if !is_own && self.now.charges.contains_key(&fact.payment) {
            self.plan.repeated_charges.extend(self.read.charges.get(&fact.payment).cloned());
        } else {
            let settled = self.read.donation(fact).filter(|donation| donation.state.settled_by().is_some());
            self.plan.repeated.extend(settled.cloned());
        }
    }

    /// A failure that changes nothing any more is told again all the same: the first time may have ended between the change and the telling.
    fn fail_again(&mut self, fact: &PaymentFact) {
        let is_latest = |donation: &&Donation| donation.attempt().is_some_and(|latest| latest.number == fact.attempt);
        let has_failed = |donation: &&Donation| matches!(donation.state, State::Failed { .. });
        let failed = self.read.donation(fact).filter(has_failed).filter(is_latest);
        self.plan.failed_before.extend(failed.cloned());
    }

    fn case(&mut self, fact: &PaymentFact, reason: Option<Reason>, now: Moment) {
        let Some(reason) = reason else { return };
        self.plan.cases.push(matter(fact, reason, now));
    }

    fn finish(mut self) -> Plan {
        for (id, read) in &self.read.donations {
            let Some(now) = self.now.donations.get(id) else { continue };
            let turn = || Turn { read: read.clone(), state: now.state.clone(), back: now.back.clone() };
            match self.booked.get(id) {
                Some(indexes) => self.plan.booked.push((turn(), indexes.clone())),
                None if now.state != read.state || now.back != read.back => self.plan.changed.push(turn()),
                None => {}
            }
        }
        // In the order of their ids, so that the same facts make the same transaction.
        self.plan.booked.sort_by_key(|(turn, _)| turn.read.id);
        self.plan.changed.sort_by_key(|turn| turn.read.id);
        for payment in self.kept.keys() {
            if let Some(charge) = self.now.charges.get(payment) {
                // However often it changed in this batch, it is written once.
                let version = self.read.charges.get(payment).map_or(0, |read| read.version + 1);
                self.plan.charges.push(Charge { version, ..charge.clone() });
            }
        }
        self.plan
    }
}

/// A fact that is set aside for a person.
pub fn matter(fact: &PaymentFact, reason: Reason, now: Moment) -> Case {
    Case {
        reason,
        payment: Some(fact.payment.clone()),
        // Whoever finds that, from the payment or in the books, finds the same matter.
        donation: fact.donation.filter(|_| reason != Reason::BookedTwice),
        refund: None,
        amount_minor: about(fact),
        evidence: evidence(fact),
        opened_at: now,
    }
}

/// The sum that a fact is about: a second refund or another dispute of the same payment is another matter.
const fn about(fact: &PaymentFact) -> Money {
    match &fact.happening {
        Happening::Refunded { refunded_minor } => *refunded_minor,
        Happening::Disputed { disputed_minor }
        | Happening::DisputeWon { disputed_minor }
        | Happening::DisputeLost { disputed_minor } => *disputed_minor,
        Happening::Captured { .. } | Happening::Failed { .. } | Happening::Voided => fact.amount_minor,
    }
}

/// The fact as it came: enough to take it up again once the matter is put right. A fact carries no personal data.
pub fn evidence(fact: &PaymentFact) -> String {
    serde_json::to_string(fact).unwrap_or_default()
}
