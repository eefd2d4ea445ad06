//! The sides of reconciliation: a table that an accountant can read, and that nothing is lost or met twice whatever the sides say.

use domain::case::Reason;
use domain::donation::{Charge, ChargeKind, Donation, SettledBy, State};
use domain::journal::{Account, MovementKind};
use domain::moment::Day;
use domain::money::Money;
use domain::payment::{Method, PaymentRef, Provider};
use domain::purpose::Fund;
use domain::reconcile::bank::{
    BankLine, Direction, LinePlace, MOST_BALANCE_MINOR, MOST_LINES, Payers, Statement, StatementError, movement,
};
use domain::reconcile::payment::{Difference, Figures, Known, Standing, Told, compare};
use domain::reconcile::tally::{Sums, Tally};
use proptest::prelude::*;

use crate::given::{NOON, donation, halalas, line, riyals};

fn payment(number: usize) -> PaymentRef {
    PaymentRef { provider: Provider::Moyasar, payment: format!("p-{number}").parse().unwrap() }
}

fn figures((captured, refunded, fee): (u64, u64, u64)) -> Figures {
    Figures { captured_minor: halalas(captured), refunded_minor: halalas(refunded), fee_minor: halalas(fee) }
}

fn told(number: usize, sums: (u64, u64, u64)) -> Told {
    let amount_minor = halalas(sums.0.max(1));
    let (currency, is_voided, donation) = ("SAR".to_owned(), false, None);
    Told { payment: payment(number), donation, amount_minor, currency, figures: figures(sums), is_voided }
}

fn charge(number: usize, (captured, refunded, fee): (u64, u64, u64)) -> Charge {
    Charge {
        payment: payment(number),
        kind: ChargeKind::Orphan,
        donation: None,
        captured_minor: halalas(captured),
        refunded_minor: halalas(refunded),
        taken_out_minor: Money::ZERO,
        brought_back_minor: Money::ZERO,
        fee_minor: halalas(fee),
        method: Method::Mada,
        version: 0,
    }
}

/// A donation that this payment settled, refunded so far.
fn settled(number: usize, refunded: u64, fee: u64) -> Donation {
    let settled_by =
        SettledBy { payment: payment(number), method: Method::Mada, captured_at: NOON, fee_minor: halalas(fee) };
    let state = match refunded {
        0 => State::Settled { settled_by },
        _ => State::PartlyRefunded { settled_by, refunded_minor: halalas(refunded) },
    };
    donation(state, vec![line(Fund::Sadaqa, "wells", riyals(50))])
}

#[test]
fn what_the_sides_say_and_what_follows() {
    use Reason::{AmountDiffers, CaptureDiffers, FeeBeyondCapture, FeeDiffers, PaymentMissing, RefundDiffers};
    let behind = |reason, amount| Standing::Behind(Difference { reason, amount_minor: halalas(amount) });
    let differs = |reason, amount| Standing::Differs(Difference { reason, amount_minor: halalas(amount) });
    // Taken, given back, fee: at the provider, then in the books.
    let table = [
        ((0, 0, 0), None, Standing::NoMoney),
        ((500, 0, 9), None, behind(PaymentMissing, 500)),
        ((500, 0, 9), Some((500, 0, 9)), Standing::Matches),
        ((500, 200, 9), Some((500, 200, 9)), Standing::Matches),
        ((500, 200, 9), Some((500, 0, 9)), behind(RefundDiffers, 200)),
        ((500, 200, 9), Some((500, 300, 9)), differs(RefundDiffers, 100)),
        ((500, 500, 9), Some((500, 0, 9)), behind(RefundDiffers, 500)),
        ((500, 501, 9), Some((500, 0, 9)), differs(AmountDiffers, 501)),
        ((500, 0, 9), Some((500, 0, 0)), behind(FeeDiffers, 9)),
        ((500, 0, 0), Some((500, 0, 9)), differs(FeeDiffers, 9)),
        ((500, 0, 500), Some((500, 0, 0)), behind(FeeDiffers, 500)),
        ((500, 0, 501), Some((500, 0, 0)), differs(FeeBeyondCapture, 500)),
        ((500, 0, 9), Some((400, 0, 9)), differs(CaptureDiffers, 100)),
        ((0, 0, 0), Some((400, 0, 9)), differs(CaptureDiffers, 400)),
    ];
    for (at_provider, in_books, expected) in table {
        let charge = in_books.map(|booked| charge(1, booked));
        let known = Known { donation: None, charge: charge.as_ref() };
        assert_eq!(compare(&told(1, at_provider), known), expected, "{at_provider:?} {in_books:?}");
    }
}

/// It has settled the donation that it names, and stands as an orphan besides: telling it again brings that out of the books.
#[test]
fn a_gift_that_is_an_orphan_besides_is_booked_twice() {
    let gift = settled(1, 0, 7);
    let total = gift.total().halalas();
    let standing = |number, sums| {
        let orphan = charge(number, sums);
        compare(&told(1, (total, 0, 7)), Known { donation: Some(&gift), charge: Some(&orphan) })
    };
    let twice = Standing::Behind(Difference { reason: Reason::BookedTwice, amount_minor: gift.total() });
    assert_eq!(standing(1, (total, 0, 7)), twice);
    assert_eq!(standing(1, (total, total, 7)), twice, "the fee stands yet");
    assert_eq!(standing(1, (total, total, 0)), Standing::Matches);
    let found = Charge { kind: ChargeKind::Assigned, ..charge(1, (total, 0, 7)) };
    let known = Known { donation: Some(&gift), charge: Some(&found) };
    assert_eq!(compare(&told(1, (total, 0, 7)), known), Standing::Matches);
    let known = Known { donation: None, charge: Some(&charge(1, (total, 0, 7))) };
    assert_eq!(compare(&told(1, (total, 0, 7)), known), Standing::Matches, "an orphan of no gift");
}

/// People took an orphan out of suspense, in part or whole: what goes back once nothing is left is for a person, by the same name as settlement's. Beside a gift it is the gift that it went back from, and the
/// donor has it twice.
#[test]
fn what_went_back_of_what_people_took_out_of_suspense_is_for_a_person() {
    let taken = charge(1, (5_000, 1_000, 7)).taken_out(3_000).unwrap();
    let all = Charge { fee_minor: Money::ZERO, ..taken.taken_out(1_000).unwrap() };
    let of = |donation, charge, sums| compare(&told(1, sums), Known { donation, charge: Some(charge) });
    let difference = |reason, amount| Difference { reason, amount_minor: halalas(amount) };
    let behind = |reason, amount| Standing::Behind(difference(reason, amount));
    let differs = |reason, amount| Standing::Differs(difference(reason, amount));
    assert_eq!(of(None, &taken, (5_000, 1_000, 7)), Standing::Matches);
    assert_eq!(of(None, &taken, (5_000, 2_001, 7)), behind(Reason::RefundDiffers, 1_001), "of which some is left");
    assert_eq!(of(None, &all, (5_000, 1_000, 0)), Standing::Matches);
    assert_eq!(of(None, &all, (5_000, 1_001, 0)), differs(Reason::RefundBeyondCapture, 1_001));
    assert_eq!(of(None, &all, (5_000, 5_001, 0)), differs(Reason::AmountDiffers, 5_001));
    assert_eq!(of(None, &all, (5_000, 999, 0)), differs(Reason::RefundDiffers, 1));
    let (gift, other) = (settled(1, 0, 7), settled(2, 0, 7));
    assert_eq!(of(Some(&gift), &all, (5_000, 1_001, 7)), behind(Reason::RefundDiffers, 1_001));
    assert_eq!(of(Some(&gift), &all, (5_000, 0, 7)), differs(Reason::BookedTwice, 5_000));
    assert_eq!(of(Some(&gift), &taken, (5_000, 0, 7)), behind(Reason::BookedTwice, 5_000), "the rest leaves the books");
    let found = Charge { kind: ChargeKind::Assigned, ..taken.clone() };
    assert_eq!(of(Some(&gift), &found, (5_000, 0, 7)), differs(Reason::BookedTwice, 5_000));
    assert_eq!(of(Some(&other), &all, (5_000, 1_001, 0)), differs(Reason::RefundBeyondCapture, 1_001));
}

/// It was booked before its metadata named a donation, which waits for as much: telling it again settles that one.
#[test]
fn an_orphan_that_names_a_donation_which_waits_for_it_is_behind() {
    let of = |state: State| donation(state, vec![line(Fund::Sadaqa, "wells", riyals(50))]);
    let total = 5_000;
    let standing = |gift: &Donation, charge: &Charge, sums| {
        compare(&told(1, sums), Known { donation: Some(gift), charge: Some(charge) })
    };
    let behind = Standing::Behind(Difference { reason: Reason::DonationUnknown, amount_minor: halalas(total) });
    let orphan = charge(1, (total, 0, 7));
    let failed = State::Failed { reason: "declined".to_owned() };
    for waits in [State::Awaiting, failed.clone(), State::Cancelled, State::Expired] {
        assert_eq!(standing(&of(waits), &orphan, (total, 0, 7)), behind);
    }
    let given_up = Donation { dropped: true, ..of(failed) };
    let settled_by_another = settled(2, 0, 7);
    for gift in [&given_up, &settled_by_another] {
        assert_eq!(standing(gift, &orphan, (total, 0, 7)), Standing::Matches);
    }
    let dearer = donation(State::Awaiting, vec![line(Fund::Sadaqa, "wells", riyals(51))]);
    assert_eq!(standing(&dearer, &orphan, (total, 0, 7)), Standing::Matches, "of another amount");
    let gone = charge(1, (total, 100, 7));
    assert_eq!(standing(&of(State::Awaiting), &gone, (total, 100, 7)), Standing::Matches, "some of it went back");
}

#[test]
fn a_gift_is_compared_with_the_payment_that_settled_it_and_with_no_other() {
    let gift = settled(1, 0, 7);
    let total = gift.total().halalas();
    let known = Known { donation: Some(&gift), charge: None };
    assert_eq!(compare(&told(1, (total, 0, 7)), known), Standing::Matches);
    let again = compare(&told(2, (total, 0, 7)), known);
    assert_eq!(again.difference().unwrap().reason, Reason::PaymentMissing, "a second charge that is not kept yet");
    let other = compare(&told(2, (total + 1, 0, 7)), known);
    assert_eq!(other.difference().unwrap(), Difference { reason: Reason::AmountDiffers, amount_minor: halalas(total + 1) });
    let foreign = Told { currency: "EUR".to_owned(), ..told(2, (total, 0, 7)) };
    assert_eq!(compare(&foreign, known).difference().unwrap().reason, Reason::CurrencyDiffers);
    let voided = Told { is_voided: true, ..told(1, (0, 0, 0)) };
    assert_eq!(compare(&voided, known).difference().unwrap().reason, Reason::VoidAfterCapture);
}

/// Where nothing is taken, nothing follows from it.
fn sums(least: u64) -> impl Strategy<Value = (u64, u64, u64)> {
    (least..4, 0..4u64, 0..4u64).prop_map(|(captured, refunded, fee)| match captured {
        0 => (0, 0, 0),
        _ => (captured * 500, refunded * 200, fee * 3),
    })
}

fn plus(one: Sums, other: Sums) -> Sums {
    Sums {
        payments: one.payments + other.payments,
        captured_minor: one.captured_minor + other.captured_minor,
        refunded_minor: one.refunded_minor + other.refunded_minor,
        fee_minor: one.fee_minor + other.fee_minor,
    }
}

/// Recounted naively.
fn sum<'f>(all: impl Iterator<Item = &'f (u64, u64, u64)>) -> Sums {
    let signed = |sum: u64| i64::try_from(sum).unwrap();
    all.fold(Sums::default(), |sum, (captured, refunded, fee)| Sums {
        payments: sum.payments + 1,
        captured_minor: sum.captured_minor + signed(*captured),
        refunded_minor: sum.refunded_minor + signed(*refunded),
        fee_minor: sum.fee_minor + signed(*fee),
    })
}

proptest! {
    #[test]
    fn every_payment_ends_once_and_sums_are_conserved(
        sides in proptest::collection::vec((proptest::option::of(sums(0)), proptest::option::of(sums(1))), 0..40),
    ) {
        let mut tally = Tally::default();
        let mut differences = 0;
        for (number, (at_provider, in_books)) in sides.iter().enumerate() {
            let charge = in_books.map(|booked| charge(number, booked));
            match at_provider {
                Some(at_provider) => {
                    let known = Known { donation: None, charge: charge.as_ref() };
                    differences += u64::from(tally.add(&told(number, *at_provider), known).difference().is_some());
                }
                None => if let Some(booked) = in_books {
                    tally.add_unknown(figures(*booked));
                    differences += 1;
                },
            }
        }
        let took = |sums: &&(u64, u64, u64)| sums.0 > 0;
        let met = sides.iter().filter(|(at_provider, in_books)| at_provider.is_some() || in_books.is_some()).count() as u64;
        prop_assert_eq!(tally.told, sum(sides.iter().filter_map(|(told, _)| told.as_ref()).filter(took)));
        prop_assert_eq!(tally.booked, sum(sides.iter().filter_map(|(_, booked)| booked.as_ref())));
        prop_assert_eq!(tally.told, plus(tally.matched, tally.differing_told));
        prop_assert_eq!(tally.booked, plus(tally.matched, tally.differing_booked));
        prop_assert_eq!(tally.matched.payments + tally.without_money + tally.differences, met);
        prop_assert_eq!(tally.differences, differences);
    }

    #[test]
    fn every_line_is_booked_for_what_it_moves(lines in proptest::collection::vec(any_line(), 0..30), opening in -5_000..5_000i64) {
        let closing_minor = opening + lines.iter().map(BankLine::signed_minor).sum::<i64>();
        let statement = statement(opening, closing_minor, lines);
        prop_assert_eq!(statement.check(), Ok(()));
        let payers = payers();
        let (mut moved, mut references) = (0, std::collections::BTreeSet::new());
        for (index, line) in statement.lines.iter().enumerate() {
            let place = LinePlace { document: "d", statement: 0, line: index + 1 };
            let Some(movement) = movement(place, line, payers.payer(line)) else {
                prop_assert!(line.amount_minor.is_zero());
                continue;
            };
            prop_assert!(references.insert(movement.reference), "each is another matter");
            for transfer in &movement.transfers {
                let of_bank = |account: &Account| i64::from(*account == Account::Bank);
                moved += transfer.amount().signed_halalas() * (of_bank(transfer.debit()) - of_bank(transfer.credit()));
            }
            let is_payout = movement.kind == MovementKind::PaidOut;
            prop_assert_eq!(is_payout, payers.payer(line).is_some());
        }
        prop_assert_eq!(moved, closing_minor - opening);
        let off = Statement { closing_minor: closing_minor + 1, ..statement };
        let is_off = matches!(off.check(), Err(StatementError::DoesNotAddUp { .. }));
        prop_assert!(is_off);
    }
}

fn day() -> Day {
    "2026-11-24".parse().unwrap()
}

fn statement(opening_minor: i64, closing_minor: i64, lines: Vec<BankLine>) -> Statement {
    Statement { account: "SA00".to_owned(), closes_on: day(), opening_minor, closing_minor, lines }
}

/// The bounds of what is believed, from both sides.
#[test]
fn a_statement_too_long_or_too_large_is_none() {
    let line = || BankLine {
        amount_minor: halalas(1),
        direction: Direction::In,
        is_reversal: false,
        booked_on: day(),
        value_on: day(),
        references: Vec::new(),
    };
    let long = |count: usize| statement(0, count as i64, vec![line(); count]).check();
    assert_eq!((long(MOST_LINES), long(MOST_LINES + 1)), (Ok(()), Err(StatementError::TooLong)));
    assert_eq!(MOST_BALANCE_MINOR, 1_000_000_000_000_000, "ten million million riyals");
    let standing = |balance: i64| statement(balance, balance, Vec::new()).check();
    for sign in [1, -1] {
        assert_eq!(standing(sign * MOST_BALANCE_MINOR), Ok(()));
        assert_eq!(standing(sign * (MOST_BALANCE_MINOR + 1)), Err(StatementError::TooLarge));
    }
    assert_eq!((standing(i64::MIN), standing(i64::MAX)), (Err(StatementError::TooLarge), Err(StatementError::TooLarge)));
    // A balance beyond the bound is none, even where the lines would lead from it to one within.
    let opens_beyond = statement(-MOST_BALANCE_MINOR - 1, -MOST_BALANCE_MINOR, vec![line()]);
    assert_eq!(opens_beyond.check(), Err(StatementError::TooLarge));
    assert_eq!(
        statement(5, 5, vec![line()]).check(),
        Err(StatementError::DoesNotAddUp { found_minor: 6, closing_minor: 5 })
    );
}

fn payers() -> Payers {
    Payers::new([(Provider::Moyasar, "MOYASAR".to_owned())])
}

fn any_line() -> impl Strategy<Value = BankLine> {
    let references = proptest::sample::select(vec!["moyasar-1", "MOYASAR 2", "NOT MOYASAR", "", "م"]);
    (0..1_000u64, any::<bool>(), any::<bool>(), references).prop_map(|(amount, is_in, is_reversal, reference)| BankLine {
        amount_minor: halalas(amount),
        direction: if is_in { Direction::In } else { Direction::Out },
        is_reversal,
        booked_on: day(),
        value_on: day(),
        references: vec![reference.to_owned()],
    })
}

#[test]
fn a_payer_is_named_at_the_start_of_a_reference_and_only_for_money_that_comes_in() {
    let line = |reference: &str, direction, is_reversal| BankLine {
        amount_minor: halalas(1),
        direction,
        is_reversal,
        booked_on: day(),
        value_on: day(),
        references: vec![reference.to_owned()],
    };
    let table = [
        ("MOYASAR-20261123", Direction::In, false, true),
        ("moyasar", Direction::In, false, true),
        ("MOYASA", Direction::In, false, false),
        ("TO MOYASAR", Direction::In, false, false),
        ("", Direction::In, false, false),
        ("ميسر", Direction::In, false, false),
        ("MOYASAR-20261123", Direction::In, true, false),
        ("MOYASAR-20261123", Direction::Out, false, false),
    ];
    for (reference, direction, is_reversal, expected) in table {
        let line = line(reference, direction, is_reversal);
        assert_eq!(payers().payer(&line).is_some(), expected, "{line:?}");
    }
    let nobody = Payers::new([(Provider::Moyasar, String::new())]);
    assert_eq!(nobody.payer(&line("MOYASAR-1", Direction::In, false)), None, "an empty name is nobody's");
}
