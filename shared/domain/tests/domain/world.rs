//! A small world in memory that does what settlement does with the table: it looks up the donation that a fact names, and the charge
//! where one is needed, decides, and writes what was decided. A fact that has to wait comes again after the others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::case::Reason;
use domain::donation::{Attempt, Back, Charge, Decision, Donation, State, decide, donation_of, needs_charge};
use domain::journal::{Account, Entry, EntryKind};
use domain::payment::{PaymentFact, PaymentRef, Provider};

use crate::given::NOON;

/// What may happen to a donation.
#[derive(Debug, Clone)]
pub enum Step {
    /// A provider tells something.
    Told(PaymentFact),
    /// The donor gives it up.
    Cancel,
    /// It was not paid in time.
    Expire,
    /// What it held is given back, and named no longer.
    Release,
    /// The donor tries again after a decline.
    TryAgain,
}

#[derive(Debug, Default, Clone)]
pub struct World {
    pub donation: Option<Donation>,
    pub charges: BTreeMap<PaymentRef, Charge>,
    pub entries: Vec<Entry>,
    pub cases: BTreeSet<(PaymentRef, Reason)>,
}

impl World {
    pub fn new(donation: Option<Donation>) -> World {
        World { donation, ..World::default() }
    }

    /// Takes every step, and those facts again that had to wait, until only such are left as wait in vain: these are returned.
    pub fn live(&mut self, steps: Vec<Step>) -> Vec<Step> {
        let mut queue = VecDeque::from(steps);
        let mut waited = 0;
        while waited < queue.len() {
            let Some(step) = queue.pop_front() else { break };
            if self.step(&step) {
                waited = 0;
            } else {
                waited += 1;
                queue.push_back(step);
            }
        }
        queue.into()
    }

    /// Whether the step is done; else it has to wait.
    fn step(&mut self, step: &Step) -> bool {
        match (step, &mut self.donation) {
            (Step::Told(fact), _) => return self.told(fact),
            (Step::Cancel, Some(donation)) if donation.state.is_payable() => donation.state = State::Cancelled,
            (Step::Expire, Some(donation)) if donation.state.is_payable() => donation.state = State::Expired,
            (Step::Release, Some(donation)) if !donation.state.is_payable() => donation.hold.clear(),
            (Step::TryAgain, Some(donation)) if matches!(donation.state, State::Failed { .. }) => {
                let number = donation.attempts.len() as u32 + 1;
                donation.attempts.push(Attempt { number, provider: Provider::Moyasar, reference: number.to_string() });
                donation.state = State::Awaiting;
            }
            (Step::Cancel | Step::Expire | Step::Release | Step::TryAgain, _) => {}
        }
        true
    }

    fn told(&mut self, fact: &PaymentFact) -> bool {
        let named = self.donation.as_ref().filter(|donation| fact.donation == Some(donation.id));
        let about = donation_of(&fact.payment, fact.donation, (named, self.charges.get(&fact.payment)));
        let fact = &PaymentFact { donation: about, ..fact.clone() };
        let named = self.donation.as_ref().filter(|donation| fact.donation == Some(donation.id));
        let charge = if needs_charge(named, fact) { self.charges.get(&fact.payment) } else { None };
        let (entries, case) = match decide(named, charge, fact, NOON).unwrap() {
            Decision::Book { state, back, entry, case } => {
                self.turn(state, back);
                (vec![entry], case)
            }
            Decision::Keep { charge, entry, case } => {
                self.charges.insert(charge.payment.clone(), charge);
                (vec![entry], case)
            }
            Decision::Assign { state, charge, found, follows, case } => {
                let back = named.unwrap().back.clone();
                self.charges.insert(charge.payment.clone(), charge);
                self.turn(state, back);
                ([found].into_iter().chain(follows).collect(), case)
            }
            Decision::Change { state, back } => {
                self.turn(state, back);
                (Vec::new(), None)
            }
            Decision::SetAside(reason) => (Vec::new(), Some(reason)),
            Decision::Repeat | Decision::Nothing => (Vec::new(), None),
            Decision::Wait | Decision::Seek => return false,
        };
        self.entries.extend(entries);
        self.cases.extend(case.map(|case| (fact.payment.clone(), case)));
        true
    }

    fn turn(&mut self, state: State, back: Back) {
        let donation = self.donation.as_mut().unwrap();
        donation.state = state;
        donation.back = back;
    }

    /// What each account holds: debits less credits.
    pub fn balances(&self) -> BTreeMap<Account, i64> {
        let mut balances = BTreeMap::new();
        for transfer in self.entries.iter().flat_map(|entry| &entry.transfers) {
            *balances.entry(transfer.debit().clone()).or_default() += transfer.amount().signed_halalas();
            *balances.entry(transfer.credit().clone()).or_default() -= transfer.amount().signed_halalas();
        }
        balances.retain(|_, balance| *balance != 0);
        balances
    }

    pub fn balance(&self, account: &Account) -> i64 {
        self.balances().get(account).copied().unwrap_or_default()
    }

    /// What the opportunities hold together, as a credit.
    pub fn given(&self) -> i64 {
        -self.balances().iter().filter(|(account, _)| account.fund().is_some()).map(|(_, balance)| balance).sum::<i64>()
    }

    /// By payment: how often it was booked as taken, what was taken, what was refunded. Disputes are not in it.
    pub fn by_payment(&self) -> BTreeMap<PaymentRef, (usize, i64, i64)> {
        let clearing = Account::Clearing(Provider::Moyasar);
        let mut payments: BTreeMap<PaymentRef, (usize, i64, i64)> = BTreeMap::new();
        let is_disputed =
            |entry: &&Entry| matches!(entry.kind, EntryKind::Disputed | EntryKind::DisputeWon | EntryKind::DisputeLost);
        for entry in self.entries.iter().filter(|entry| !is_disputed(entry)) {
            let (times, taken, back) = payments.entry(entry.payment.clone()).or_default();
            let is_income = !matches!(entry.kind, EntryKind::Refunded | EntryKind::ChargeReturned | EntryKind::FeeCharged);
            *times += usize::from(is_income);
            for transfer in entry.principal() {
                *taken += if *transfer.debit() == clearing { transfer.amount().signed_halalas() } else { 0 };
                *back += if *transfer.credit() == clearing { transfer.amount().signed_halalas() } else { 0 };
            }
        }
        payments
    }
}
