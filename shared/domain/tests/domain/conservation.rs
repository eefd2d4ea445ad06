//! Whatever facts come, in whatever order, as often as they like: every payment is booked once, and no halala is lost.
//!
//! The facts go through a small [world](crate::world) in memory, which does with them what settlement does with the table.

use std::collections::BTreeMap;

use domain::case::Reason;
use domain::donation::{Charge, ChargeKind, Dispute, Donation, Outcome, State, needs_charge};
use domain::journal::{Account, Entry, EntryKind};
use domain::money::Money;
use domain::payment::{Happening, PaymentFact, Provider};
use domain::purpose::Fund;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::given::{any_fund, captured, captured_for, donation, fact, halalas, hold, line, payment, riyals};
use crate::world::{Step, World};

/// What is true of one payment at the provider.
#[derive(Debug, Clone)]
struct Truth {
    /// The whole amount.
    amount: Money,
    /// Whether it failed before it was paid.
    failed: bool,
    /// Whether it was paid.
    captured: bool,
    /// What the provider says it keeps, each time that it tells of the capture, ascending; the last may be more than was captured, and counts for nothing then.
    fees: Vec<Money>,
    /// The sums of refunds after each, ascending; none unless it was paid.
    refunds: Vec<Money>,
    /// A dispute, as it stands at the end; none unless it was paid.
    dispute: Option<Dispute>,
}

impl Truth {
    fn facts(&self, id: &str) -> Vec<PaymentFact> {
        let fact = |happening| fact(id, self.amount, happening);
        let mut facts = Vec::new();
        if self.failed {
            facts.push(fact(Happening::Failed { reason: "declined".to_owned() }));
            facts.push(fact(Happening::Voided));
        }
        if self.captured {
            // A void of a payment that was captured contradicts it, and is a case of its own.
            facts.retain(|fact| fact.happening != Happening::Voided);
            facts.extend(self.fees.iter().map(|fee| fact(captured_for(*fee))));
            facts.extend(self.refunds.iter().map(|sum| fact(Happening::Refunded { refunded_minor: *sum })));
            if let Some(Dispute { disputed_minor, outcome }) = self.dispute {
                facts.push(fact(Happening::Disputed { disputed_minor }));
                match outcome {
                    Outcome::Open => {}
                    Outcome::Won => facts.push(fact(Happening::DisputeWon { disputed_minor })),
                    Outcome::Lost => facts.push(fact(Happening::DisputeLost { disputed_minor })),
                }
            }
        }
        facts
    }

    /// What the provider keeps of it in truth.
    fn fee(&self) -> i64 {
        let believable = self.fees.iter().filter(|fee| **fee <= self.amount);
        believable.max().map_or(0, |fee| fee.signed_halalas())
    }

    fn back(&self) -> Money {
        self.refunds.last().copied().unwrap_or_default()
    }

    /// What a dispute in these states is about.
    fn disputed(&self, outcomes: &[Outcome]) -> i64 {
        let dispute = self.dispute.filter(|dispute| outcomes.contains(&dispute.outcome));
        dispute.map_or(0, |dispute| dispute.disputed_minor.signed_halalas())
    }
}

/// A donation, and what is true of the payments that name it; told in two different ways.
#[derive(Debug, Clone)]
struct History {
    donation: Donation,
    truths: Vec<Truth>,
    told: Vec<PaymentFact>,
    told_otherwise: Vec<PaymentFact>,
}

impl History {
    fn steps(&self) -> Vec<Step> {
        self.told.iter().cloned().map(Step::Told).collect()
    }
}

fn name(number: usize) -> String {
    format!("payment-{number}")
}

fn any_donation() -> impl Strategy<Value = Donation> {
    let one = (any_fund(), 0usize..3, 1u64..=20_000);
    let states = vec![State::Awaiting, State::Failed { reason: "declined".to_owned() }, State::Cancelled, State::Expired];
    (prop::collection::vec(one, 1..4), prop::sample::select(states), any::<bool>()).prop_map(|(lines, state, holds)| {
        let name = |number: usize| ["wells", "clinic", "orphans"][number];
        let lines = lines.into_iter().map(|(fund, number, amount)| line(fund, name(number), halalas(amount))).collect();
        let mut donation = donation(state, lines);
        donation.hold = if holds { hold(&donation) } else { Vec::new() };
        donation
    })
}

/// One in eight payments is not of the donation's amount.
fn any_truth(total: Money) -> impl Strategy<Value = Truth> {
    let refunds = prop::collection::vec(1..=1_000u64, 0..4);
    let outcome = prop::sample::select(vec![Outcome::Open, Outcome::Won, Outcome::Lost]);
    let dispute = prop::option::weighted(0.4, (1..=1_000u64, outcome));
    // Thousandths of the whole, now and then more than the whole.
    let fees = prop::collection::vec(prop_oneof![8 => 0u64..100, 1 => 1_001u64..1_100], 1..4);
    let all = (0u8..8, any::<bool>(), prop::bool::weighted(0.85), refunds, dispute, fees);
    all.prop_map(move |(other, failed, captured, parts, dispute, fees)| {
        let amount = if other == 0 { total.plus(halalas(1)).unwrap() } else { total };
        // Thousandths of the whole, so that the whole itself comes up, rounded up so that none is nothing.
        let mut refunds: Vec<Money> = parts.iter().map(|part| halalas((amount.halalas() * part).div_ceil(1_000))).collect();
        if parts.len() == 3 {
            refunds.push(amount);
        }
        refunds.sort();
        refunds.dedup();
        if !captured {
            refunds.clear();
        }
        let dispute = dispute.filter(|_| captured).map(|(part, outcome)| {
            let disputed_minor = halalas((amount.halalas() * part).div_ceil(1_000));
            Dispute { disputed_minor, outcome }
        });
        let fee = |part: u64| halalas((amount.halalas() * part).div_ceil(1_000));
        let mut fees: Vec<Money> = fees.into_iter().map(fee).collect();
        fees.sort();
        Truth { amount, failed, captured, fees, refunds, dispute }
    })
}

/// All facts, some of them more than once, in any order.
fn any_telling(facts: Vec<PaymentFact>) -> impl Strategy<Value = Vec<PaymentFact>> {
    let times = prop::collection::vec(1usize..4, facts.len());
    times
        .prop_map(move |times| {
            facts.iter().zip(times).flat_map(|(fact, times)| std::iter::repeat_n(fact.clone(), times)).collect::<Vec<_>>()
        })
        .prop_shuffle()
}

fn any_history(payments: std::ops::Range<usize>) -> impl Strategy<Value = History> {
    any_donation()
        .prop_flat_map(move |donation| {
            let truths = prop::collection::vec(any_truth(donation.total()), payments.clone());
            (Just(donation), truths)
        })
        .prop_flat_map(|(donation, truths)| {
            let facts: Vec<PaymentFact> =
                truths.iter().enumerate().flat_map(|(number, truth)| truth.facts(&name(number))).collect();
            (Just(donation), Just(truths), any_telling(facts.clone()), any_telling(facts))
        })
        .prop_map(|(donation, truths, told, told_otherwise)| History { donation, truths, told, told_otherwise })
}

/// A donation, and what is told of the payments that name it.
pub fn any_telling_of_a_gift() -> impl Strategy<Value = (Donation, Vec<PaymentFact>)> {
    any_history(1..3).prop_map(|history| (history.donation, history.told))
}

/// What stands in the books at the end of a history.
pub fn any_entries() -> impl Strategy<Value = Vec<Entry>> {
    any_history(1..4).prop_map(|history| {
        let mut world = World::new(Some(history.donation.clone()));
        world.live(history.steps());
        world.entries
    })
}

/// What must be true at the end, whatever happened on the way.
fn check(world: &World, history: &History) -> TestCaseResult {
    let total = history.donation.total();
    let counted: Vec<(usize, &Truth)> =
        history.truths.iter().enumerate().filter(|(_, truth)| truth.captured && truth.amount == total).collect();
    let booked = world.by_payment();
    prop_assert_eq!(booked.len(), counted.len(), "only these payments are in the books");
    let (mut clearing, mut fees) = (0, 0);
    for (number, truth) in &counted {
        let truly = (1, truth.amount.signed_halalas(), truth.back().signed_halalas());
        prop_assert_eq!(booked.get(&payment(&name(*number))), Some(&truly), "payment {}", number);
        clearing += truth.amount.signed_halalas() - truth.back().signed_halalas();
        fees += truth.fee();
    }
    // A dispute of what is nobody's gift is for a person; the gift's own is booked.
    let own = own(world, history);
    clearing -= own.map_or(0, |truth| truth.disputed(&[Outcome::Open, Outcome::Lost]));
    prop_assert_eq!(world.balance(&Account::Clearing(Provider::Moyasar)), clearing - fees);
    prop_assert_eq!(world.balance(&Account::Fees(Provider::Moyasar)), fees, "each fee is booked once");
    let open = own.map_or(0, |truth| truth.disputed(&[Outcome::Open]));
    prop_assert_eq!(world.balance(&Account::Disputes(Provider::Moyasar)), open);
    check_accounts(world, clearing)?;
    check_donation(world, history)?;
    let others = history.truths.iter().enumerate().filter(|(_, truth)| truth.captured && truth.amount != total);
    for (number, _) in others {
        let case = (payment(&name(number)), Reason::AmountDiffers);
        prop_assert!(world.cases.contains(&case), "another amount is a case");
    }
    Ok(())
}

/// What is true of the payment that settled the donation.
fn own<'h>(world: &World, history: &'h History) -> Option<&'h Truth> {
    let by = world.donation.as_ref()?.state.settled_by()?;
    (0..).zip(&history.truths).find(|(number, _)| payment(&name(*number)) == by.payment).map(|(_, truth)| truth)
}

fn check_accounts(world: &World, clearing: i64) -> TestCaseResult {
    let (payable, suspense) = (-world.balance(&Account::RefundsPayable), -world.balance(&Account::Suspense));
    let refunds_suspense = world.balance(&Account::RefundsSuspense);
    let disputes = world.balance(&Account::Disputes(Provider::Moyasar));
    prop_assert_eq!(world.given() + payable + suspense - refunds_suspense - disputes, clearing);
    let due: i64 = world.charges.values().map(|charge| charge.due().signed_halalas()).sum();
    prop_assert_eq!(payable, due, "what is owed back is what the charges say");
    for (account, balance) in world.balances() {
        // More may have gone back than came in: by a refund and a dispute of the same money.
        let may_be_overdrawn = matches!(account, Account::Clearing(_));
        let debit = matches!(account, Account::RefundsSuspense | Account::Disputes(_) | Account::Fees(_));
        let own_side = if debit { balance >= 0 } else { balance <= 0 };
        prop_assert!(own_side || may_be_overdrawn, "{} is on its own side", account);
    }
    Ok(())
}

/// The state says what the books say.
fn check_donation(world: &World, history: &History) -> TestCaseResult {
    let Some(donation) = &world.donation else { return Ok(()) };
    let total = donation.total().signed_halalas();
    let refunds_suspense = world.balance(&Account::RefundsSuspense);
    let settled = world.entries.iter().filter(|entry| entry.kind == EntryKind::Settled).count();
    let own = own(world, history);
    let (back, lost) = own.map_or((0, 0), |truth| (truth.back().signed_halalas(), truth.disputed(&[Outcome::Lost])));
    let gone = back + lost;
    let expected = match own {
        None => donation.state.code(),
        Some(truth) if truth.disputed(&[Outcome::Open]) > 0 => "disputed",
        Some(_) if gone >= total => "refunded",
        Some(_) if gone > 0 => "partly_refunded",
        Some(_) => "settled",
    };
    prop_assert_eq!(donation.state.code(), expected);
    prop_assert_eq!(donation.state.settled_by().is_some(), own.is_some());
    prop_assert_eq!(settled, usize::from(own.is_some()));
    prop_assert_eq!((donation.refunded().signed_halalas(), donation.gone().signed_halalas()), (back, gone));
    let given = if own.is_some() { total - gone } else { 0 };
    prop_assert_eq!(world.given() - refunds_suspense, given);
    let of_no_line = donation.lines.len() > 1 && gone > 0 && gone < total;
    prop_assert!(refunds_suspense == 0 || of_no_line || gone > total);
    if gone > total {
        let of = |reason| world.cases.iter().any(|(_, case)| *case == reason);
        prop_assert!(of(Reason::RefundBeyondCapture), "more went back than was taken: a case");
    }
    Ok(())
}

/// One step of somebody else's, at some point between the facts.
fn any_interference() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![Just(Step::Cancel), Just(Step::Expire), Just(Step::Release), Just(Step::TryAgain)];
    prop::collection::vec((0usize..20, step), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_payment_is_booked_once_whatever_happens_in_between(
        history in any_history(1..4), interference in any_interference(),
    ) {
        let mut steps = history.steps();
        for (place, step) in interference {
            steps.insert(place.min(steps.len()), step);
        }
        let mut world = World::new(Some(history.donation.clone()));
        prop_assert!(world.live(steps).is_empty(), "nothing waits in vain");
        check(&world, &history)?;
    }

    #[test]
    fn telling_it_all_again_changes_nothing(history in any_history(1..4)) {
        let mut world = World::new(Some(history.donation.clone()));
        world.live(history.steps());
        let before = world.clone();
        for fact in &history.told {
            let asked_early = needs_charge(Some(&history.donation), fact);
            prop_assert!(asked_early || !needs_charge(world.donation.as_ref(), fact), "a charge asked for late");
        }
        prop_assert!(world.live(history.told_otherwise.into_iter().map(Step::Told).collect()).is_empty());
        prop_assert_eq!(world.entries, before.entries);
        prop_assert_eq!(world.donation, before.donation);
        prop_assert_eq!(world.charges, before.charges);
    }

    /// With one payment, nothing depends on the order but which reason of a failure is shown: the first that was told.
    #[test]
    fn the_order_makes_no_difference_to_one_payment(history in any_history(1..2)) {
        let mut world = World::new(Some(history.donation.clone()));
        let mut other = world.clone();
        world.live(history.steps());
        other.live(history.told_otherwise.iter().cloned().map(Step::Told).collect());
        prop_assert_eq!(world.balances(), other.balances());
        prop_assert_eq!(without_reason(&world), without_reason(&other));
        let unversioned = |world: &World| world.charges.values().map(|charge| Charge { version: 0, ..charge.clone() }).collect::<Vec<_>>();
        prop_assert_eq!(unversioned(&world), unversioned(&other));
    }

    /// With several, the order decides which of them settles the donation; each is booked in full all the same, and one settles if any can.
    #[test]
    fn the_order_of_several_payments_decides_only_which_one_settles(history in any_history(2..4)) {
        let mut world = World::new(Some(history.donation.clone()));
        let mut other = world.clone();
        world.live(history.steps());
        other.live(history.told_otherwise.iter().cloned().map(Step::Told).collect());
        prop_assert_eq!(world.by_payment(), other.by_payment());
        // But for disputes, of which only the settling payment's is booked.
        let cleared = |world: &World| {
            let disputed = own(world, &history).map_or(0, |truth| truth.disputed(&[Outcome::Open, Outcome::Lost]));
            let fees = world.balance(&Account::Fees(Provider::Moyasar));
            world.balance(&Account::Clearing(Provider::Moyasar)) + fees + disputed
        };
        prop_assert_eq!(cleared(&world), cleared(&other));
        let settled = |world: &World| world.donation.as_ref().unwrap().state.settled_by().is_some();
        prop_assert_eq!(settled(&world), settled(&other));
        prop_assert_eq!(world.charges.len(), other.charges.len());
    }

    #[test]
    fn money_without_a_donation_is_kept_and_given_back_in_the_same_way(history in any_history(1..4)) {
        let mut world = World::new(None);
        prop_assert!(world.live(history.steps()).is_empty());
        let truly = |(number, truth): (usize, &Truth)| {
            let figures = (1, truth.amount.signed_halalas(), truth.back().signed_halalas());
            (payment(&name(number)), figures)
        };
        let paid = history.truths.iter().enumerate().filter(|(_, truth)| truth.captured).map(truly);
        prop_assert_eq!(world.by_payment(), paid.collect::<BTreeMap<_, _>>());
        let fees = world.balance(&Account::Fees(Provider::Moyasar));
        check_accounts(&world, world.balance(&Account::Clearing(Provider::Moyasar)) + fees)?;
        prop_assert!(world.charges.values().all(|charge| charge.kind == ChargeKind::Orphan && charge.due().is_zero()));
    }

    /// Looks at the provider that found no donation, and come after the gift is settled: what they book besides leaves the books once the capture is told again.
    #[test]
    fn what_looked_too_early_and_comes_late_makes_no_difference(
        history in any_history(1..2),
        late in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
    ) {
        let mut plain = World::new(Some(history.donation.clone()));
        plain.live(history.steps());
        if plain.donation.as_ref().unwrap().state.settled_by().is_none() {
            return Ok(());
        }
        let mut world = World::new(Some(history.donation.clone()));
        world.live(with_late_looks(&history.told, &late).into_iter().map(Step::Told).collect());
        prop_assert_eq!(world.balances(), plain.balances());
        prop_assert_eq!(without_reason(&world), without_reason(&plain));
        prop_assert!(world.charges.values().all(|charge| !charge.stands()));
        // Nobody is told of anything but that it was nobody's, and what the order of refunds and disputes makes of each other while not all of them are told.
        let of_order = [Reason::DonationUnknown, Reason::RefundUnassigned, Reason::RefundBeyondCapture];
        let is_of_order = |reason: &Reason| of_order.contains(reason);
        world.cases.retain(|case| !plain.cases.contains(case) && !is_of_order(&case.1));
        prop_assert!(world.cases.is_empty(), "{:?}", world.cases);
    }

    #[test]
    fn a_refund_without_its_capture_waits_and_books_nothing(history in any_history(1..4)) {
        let refunds = history.told.iter().filter(|fact| matches!(fact.happening, Happening::Refunded { .. })).cloned();
        let mut world = World::new(Some(history.donation.clone()));
        for waiting in world.live(refunds.map(Step::Told).collect()) {
            let Step::Told(fact) = waiting else { unreachable!("only facts were told") };
            prop_assert_eq!(fact.amount_minor, history.donation.total());
        }
        prop_assert!(world.entries.is_empty());
        prop_assert_eq!(world.donation.unwrap().state, history.donation.state);
    }
}

/// The facts, with copies of those of money that name no donation, each somewhere after the first capture; at the end one capture is told again.
pub fn with_late_looks(told: &[PaymentFact], late: &[(prop::sample::Index, prop::sample::Index)]) -> Vec<PaymentFact> {
    let is_capture = |fact: &PaymentFact| matches!(fact.happening, Happening::Captured { .. });
    let of_money = told.iter().filter(|fact| is_capture(fact) || matches!(fact.happening, Happening::Refunded { .. }));
    let of_money: Vec<&PaymentFact> = of_money.collect();
    let mut all = told.to_vec();
    if let Some(first) = told.iter().position(is_capture) {
        for (which, at) in late {
            let nameless = PaymentFact { donation: None, ..of_money[which.index(of_money.len())].clone() };
            all.insert(first + 1 + at.index(all.len() - first), nameless);
        }
    }
    all.extend(told.iter().find(|fact| is_capture(fact)).cloned());
    all
}

fn without_reason(world: &World) -> Option<State> {
    let state = world.donation.as_ref().map(|donation| donation.state.clone());
    state.map(|state| match state {
        State::Failed { .. } => State::Failed { reason: String::new() },
        other => other,
    })
}

pub fn gift(state: State) -> Donation {
    let mut donation = donation(state, vec![line(Fund::Zakat, "wells", riyals(100))]);
    donation.hold = hold(&donation);
    donation
}

/// The charge is known by then, and the hold is not: the charge goes first.
#[test]
fn a_late_charge_told_again_after_the_hold_is_released_settles_nothing() {
    let told = Step::Told(fact("late", riyals(100), captured()));
    let mut world = World::new(Some(gift(State::Expired)));
    world.live(vec![told.clone(), Step::Release, told]);
    assert_eq!(world.entries.len(), 1);
    assert_eq!(world.balance(&Account::RefundsPayable), -10_000);
}

#[test]
fn a_void_of_a_second_charge_is_a_case() {
    let told = |payment, happening| Step::Told(fact(payment, riyals(100), happening));
    let mut world = World::new(Some(gift(State::Awaiting)));
    world.live(vec![told("first", captured()), told("second", captured()), told("second", Happening::Voided)]);
    assert_eq!(world.cases.into_iter().map(|(_, reason)| reason).collect::<Vec<_>>(), [Reason::VoidAfterCapture]);
}
