//! Corrections: every stage and every act of every person; what they may move; what they are kept as.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use domain::correction::{Act, Correction, CorrectionFault, CorrectionStage, Step, Unfit, out_of_suspense, transfer};
use domain::donation::{Charge, ChargeKind, Place};
use domain::journal::{Account, MovementKind, TransferError, UnknownAccount, rules};
use domain::money::Money;
use domain::purpose::Fund;
use proptest::prelude::*;

use crate::chains::first_tail;
use crate::given::{NOON, accounts, charge, riyals};

const PLACE: Place = Place { chain: 3, seq: 17, index: 0 };

fn account(name: &str) -> Account {
    name.parse().unwrap()
}

fn correction(digit: &str) -> Correction {
    Correction {
        id: digit.repeat(32).parse().unwrap(),
        case: "c".repeat(32),
        payment: None,
        transfers: vec![transfer(account("zakat:wells"), account("zakat:clinic"), riyals(10), None).unwrap()],
        note: "The gift was for the clinic.".to_owned(),
        asked_by: "asker".to_owned(),
        asked_at: NOON,
        version: 1,
        stage: CorrectionStage::Asked,
    }
}

fn stages() -> [CorrectionStage; 4] {
    let at = NOON.plus_seconds(60);
    let declined = |by: &str| CorrectionStage::Declined { by: by.to_owned(), at };
    let done = CorrectionStage::Done { by: "approver-1".to_owned(), at, place: PLACE };
    [CorrectionStage::Asked, done, declined("approver-1"), declined("asker")]
}

/// Every stage, every act, and every person that makes a difference: whoever asked, whoever decided, anybody else.
#[test]
fn every_stage_meets_every_act_of_every_person() {
    use Act::{Approve, Decline};
    let (same, over) = (CorrectionFault::SamePerson, CorrectionFault::Over);
    let people = ["asker", "approver-1", "approver-2"];
    let (book, decline, repeat) = (Ok(Step::Book), Ok(Step::Decline), Ok(Step::Repeat));
    let (done, declined) = (Err(over("done")), Err(over("declined")));
    let table = [
        ("asked", Approve, [Err(same), book, book]),
        ("asked", Decline, [decline, decline, decline]),
        ("done", Approve, [Err(same), repeat, repeat]),
        ("done", Decline, [done, done, done]),
        ("declined", Approve, [declined, declined, declined]),
        ("declined", Decline, [declined, repeat, declined]),
        ("declined", Approve, [declined, declined, declined]),
        ("declined", Decline, [repeat, declined, declined]),
    ];
    let cells: Vec<_> = stages().into_iter().flat_map(|stage| [(stage.clone(), Approve), (stage, Decline)]).collect();
    assert_eq!(cells.len(), table.len());
    for ((stage, act), (code, told, expected)) in cells.into_iter().zip(table) {
        assert_eq!((stage.code(), act), (code, told));
        let correction = Correction { stage, ..correction("a") };
        for (person, expected) in people.into_iter().zip(expected) {
            assert_eq!(correction.act(act, person), expected, "{code} {act:?} {person}");
        }
    }
    let codes: BTreeSet<&str> = stages().iter().map(CorrectionStage::code).collect();
    assert_eq!(codes, BTreeSet::from(CorrectionStage::CODES));
}

/// Over any two acts of any people: what is done was agreed to by another than whoever asked, and stays done; what is declined is never booked.
#[test]
fn no_two_acts_lead_around_the_second_person() {
    let step = |correction: &Correction, act: Act, person: &str| match correction.act(act, person) {
        Ok(Step::Book) => correction.turned(CorrectionStage::Done { by: person.to_owned(), at: NOON, place: PLACE }),
        Ok(Step::Decline) => correction.turned(CorrectionStage::Declined { by: person.to_owned(), at: NOON }),
        Ok(Step::Repeat) | Err(_) => correction.clone(),
    };
    let people = ["asker", "approver-1", "approver-2"];
    let acts: Vec<(Act, &str)> =
        [Act::Approve, Act::Decline].into_iter().flat_map(|act| people.map(|person| (act, person))).collect();
    for (first, who) in &acts {
        for (second, other) in &acts {
            let asked = correction("a");
            let one = step(&asked, *first, who);
            let two = step(&one, *second, other);
            for now in [&one, &two] {
                if let CorrectionStage::Done { by, .. } = &now.stage {
                    assert_ne!(*by, asked.asked_by);
                }
            }
            let is_over = one.stage != CorrectionStage::Asked;
            assert!(!is_over || two == one, "{first:?} {who}, then {second:?} {other}");
            assert!(two.version <= 2 && two.transfers == asked.transfers && two.note == asked.note);
        }
    }
}

/// Each pair of accounts: what a correction may move is what the journal takes, and nothing else.
#[test]
fn every_pair_of_accounts() {
    for debit in accounts() {
        for credit in accounts() {
            let made = transfer(debit.clone(), credit.clone(), riyals(1), None);
            let expected = match (debit.fund(), credit.fund()) {
                _ if debit == credit => Err(Unfit::Transfer(TransferError::SameAccount)),
                (Some(from), Some(to)) if from != to => Err(Unfit::Transfer(TransferError::FundsMixed(from, to))),
                (Some(fund), None) | (None, Some(fund)) => Err(Unfit::OneSided(fund)),
                (Some(_), Some(_)) | (None, None) => Ok(()),
            };
            let is_allowed = debit != credit && rules::of_movement(MovementKind::Corrected, &debit, &credit);
            assert_eq!(made.is_ok(), is_allowed, "{debit} to {credit}");
            assert_eq!(made.map(|_| ()), expected, "{debit} to {credit}");
            let nothing = transfer(debit.clone(), credit, Money::ZERO, None);
            assert_eq!(nothing.unwrap_err(), Unfit::Transfer(TransferError::Nothing));
        }
    }
    let first = transfer(account("zakat:wells"), account("zakat:clinic"), riyals(1), None).unwrap();
    let of = |debit: &str, credit: &str| transfer(account(debit), account(credit), riyals(1), Some(&first)).map(|_| ());
    assert_eq!(of("zakat:clinic", "zakat:orphans"), Ok(()));
    assert_eq!(of("waqf:wells", "waqf:clinic"), Err(Unfit::AnotherFund));
    assert_eq!(of("bank", "bank_suspense"), Err(Unfit::AnotherFund));
}

/// The page takes whatever a correction may move, and finds the one booked that was asked for.
#[test]
fn a_correction_is_one_movement_however_often_it_is_agreed_to() {
    let (one, other) = (correction("a"), correction("b"));
    let movement = one.movement(NOON);
    assert_eq!((movement.kind, movement.happened_at), (MovementKind::Corrected, NOON));
    assert_eq!(movement.transfers, one.transfers);
    assert_eq!(movement.reference, one.movement(NOON.plus_seconds(9)).reference);
    assert_ne!(movement.reference, other.movement(NOON).reference);
    first_tail().write_movements(vec![movement], NOON).verify(&first_tail()).unwrap();
    assert_eq!(one.since(), NOON);
    assert!(stages()[1..].iter().all(|stage| one.turned(stage.clone()).since() == NOON.plus_seconds(60)));
}

#[test]
fn a_correction_is_stored_in_this_form_and_read_as_it_is_written() {
    let all = stages().map(|stage| correction("a").turned(stage));
    insta::assert_json_snapshot!(&all);
    for correction in all {
        let text = serde_json::to_string(&correction).unwrap();
        assert_eq!(serde_json::from_str::<Correction>(&text).unwrap(), correction);
    }
}

/// What somebody wrote into the table is held to the rules again.
#[test]
fn what_breaks_a_rule_cannot_be_read() {
    let text = serde_json::to_string(&correction("a")).unwrap();
    let row = r#"{"debit":"zakat:wells","credit":"zakat:clinic","amount_minor":1000}"#;
    assert!(text.contains(row));
    let rows = [
        r#"{"debit":"zakat:wells","credit":"waqf:clinic","amount_minor":1000}"#,
        r#"{"debit":"zakat:wells","credit":"bank","amount_minor":1000}"#,
        r#"{"debit":"zakat:wells","credit":"zakat:wells","amount_minor":1000}"#,
        r#"{"debit":"zakat:wells","credit":"zakat:clinic","amount_minor":0}"#,
        r#"{"debit":"zakat:wells","credit":"zakat:clinic","amount_minor":-1}"#,
        r#"{"debit":"wells","credit":"zakat:clinic","amount_minor":1000}"#,
        "",
    ];
    for other in rows {
        assert!(serde_json::from_str::<Correction>(&text.replace(row, other)).is_err(), "{other}");
    }
    let mixed = format!(r#"{row},{{"debit":"bank","credit":"bank_suspense","amount_minor":1}}"#);
    assert!(serde_json::from_str::<Correction>(&text.replace(row, &mixed)).is_err());
}

#[test]
fn every_account_has_a_name_of_its_own() {
    let mut names = String::new();
    for account in accounts() {
        assert_eq!(account.to_string().parse(), Ok(account.clone()));
        assert_eq!(serde_json::from_str::<Account>(&serde_json::to_string(&account).unwrap()).unwrap(), account);
        if account.fund().is_none_or(|fund| fund == Fund::Zakat) {
            writeln!(names, "{account}").unwrap();
        }
    }
    let unique: BTreeSet<String> = accounts().iter().map(ToString::to_string).collect();
    assert_eq!(unique.len(), accounts().len());
    insta::assert_snapshot!(names);
}

fn any_account() -> impl Strategy<Value = Account> {
    let slug = "[a-z0-9][a-z0-9-]{1,38}[a-z0-9]";
    let restricted = (0..3, prop::sample::select(Fund::ALL), slug).prop_map(|(kind, fund, name)| match kind {
        0 => Account::Opportunity(fund, name.parse().unwrap()),
        1 => Account::Payable(fund, name.parse().unwrap()),
        _ => Account::Receivable(fund, name.parse().unwrap()),
    });
    let free: Vec<Account> = accounts().into_iter().filter(|account| account.fund().is_none()).collect();
    prop_oneof![3 => restricted, 1 => prop::sample::select(free)]
}

proptest! {
    #[test]
    fn an_account_is_read_as_it_is_written(account in any_account()) {
        prop_assert_eq!(account.to_string().parse(), Ok(account.clone()));
    }

    /// A text that is read is the very name of what it was read as: no account has two names.
    #[test]
    fn any_text_is_the_name_of_one_account_or_of_none(text in "(zakat|waqf|payable|fees|bank|clearing|x)?(:[a-z-]{0,12}){0,3}") {
        match text.parse::<Account>() {
            Ok(account) => prop_assert_eq!(account.to_string(), text),
            Err(error) => prop_assert_eq!(error, UnknownAccount),
        }
    }

    #[test]
    fn whatever_is_written_is_no_account_or_its_own_name(text in "\\PC{0,60}") {
        if let Ok(account) = text.parse::<Account>() {
            prop_assert_eq!(account.to_string(), text);
        }
    }
}

/// What leaves suspense is counted, less what comes back.
#[test]
fn what_leaves_suspense_is_counted() {
    let one = |debit: &str, credit: &str, amount| transfer(account(debit), account(credit), riyals(amount), None).unwrap();
    let (clearing, bank) = ("clearing:moyasar", "bank_suspense");
    let table = [
        (vec![one(bank, clearing, 4)], 0),
        (vec![one("suspense", bank, 4), one(bank, clearing, 2)], 400),
        (vec![one("suspense", bank, 4), one("suspense", clearing, 2)], 600),
        (vec![one("suspense", bank, 4), one(clearing, "suspense", 5)], -100),
        (vec![one(bank, "suspense", 4)], -400),
    ];
    for (transfers, expected) in table {
        assert_eq!(out_of_suspense(&transfers), expected, "{transfers:?}");
    }
}

/// Of an orphan what stands can be taken out once, and what was taken out can be brought back once; of what is owed back, or has its donation, nothing.
#[test]
fn no_more_is_taken_out_than_stands_of_a_payment() {
    let orphan = charge(ChargeKind::Orphan, "p", riyals(10), riyals(2));
    let taken = orphan.taken_out(500).unwrap();
    assert_eq!((taken.taken_out_minor, taken.rest(), taken.version), (riyals(5), riyals(3), orphan.version + 1));
    let all = taken.taken_out(300).unwrap();
    assert_eq!((all.taken_out_minor, all.rest(), all.stands()), (riyals(8), Money::ZERO, false));
    let (least, most) = (i64::MIN, i64::MAX);
    for (from, beyond) in
        [(&orphan, 801), (&taken, 301), (&all, 1), (&orphan, -1), (&taken, -501), (&all, least), (&all, most)]
    {
        assert_eq!(from.taken_out(beyond), None, "{beyond}");
    }
    let brought_back = all.taken_out(-800).unwrap();
    assert_eq!((brought_back.rest(), brought_back.out()), (orphan.rest(), Money::ZERO));
    assert_eq!((brought_back.taken_out_minor, brought_back.brought_back_minor), (riyals(8), riyals(8)));
    assert_eq!((brought_back.taken_out(-1), brought_back.taken_out(801)), (None, None), "not twice");
    for kind in [ChargeKind::Second, ChargeKind::Late, ChargeKind::Assigned] {
        assert_eq!(Charge { kind, ..orphan.clone() }.taken_out(1), None, "{kind:?}");
        assert_eq!(Charge { kind, ..taken.clone() }.taken_out(-1), None, "{kind:?}");
    }
    let whole = charge(ChargeKind::Orphan, "p", riyals(10), Money::ZERO);
    let part = whole.taken_out(1).unwrap();
    assert!(whole.is_orphan() && !part.is_orphan() && part.taken_out(-1).unwrap().is_orphan());
}
