//! `decisions.md` is what [`decide`] does: every combination has exactly one row, and does what the row says.

use domain::case::Reason;
use domain::donation::{Charge, ChargeKind, Decision, Dispute, Donation, Outcome, State, decide, needs_charge};
use domain::journal::{Account, Entry, EntryKind};
use domain::money::Money;
use domain::payment::{Happening, PaymentFact};
use domain::purpose::Fund;
use domain::sacrifice::Reservation;

use crate::given::{
    self, NOON, captured, captured_for, charge, donation, fact, halalas, hold, line, payment, riyals, settled_by,
};

const TABLE: &str = include_str!("decisions.md");

/// The columns that are conditions, each with all its values.
const COLUMNS: [&[&str]; 7] = [
    &[
        "absent",
        "awaiting",
        "held anew",
        "failed",
        "given up",
        "cancelled",
        "expired",
        "settled",
        "partly refunded",
        "disputed",
        "dispute won",
        "dispute lost",
        "refunded",
    ],
    &[
        "captured",
        "captured for 2",
        "captured for 150",
        "latest attempt failed",
        "earlier attempt failed",
        "latest attempt voided",
        "earlier attempt voided",
        "refunded 0",
        "refunded 20",
        "refunded 30",
        "refunded 50",
        "refunded 100",
        "refunded 150",
        "disputed 60",
        "disputed 40",
        "won 60",
        "won 40",
        "lost 60",
        "lost 40",
    ],
    &["own", "other"],
    &["none", "second", "late", "orphan", "returning", "taken in part", "taken out", "assigned"],
    &["no", "yes", "shares", "lost shares", "shares and yes"],
    &["100", "90", "0"],
    &["SAR", "USD"],
];

/// The cells of the rows of the table with this many columns, without its head.
fn rows(columns: usize) -> Vec<Vec<&'static str>> {
    let lines = TABLE.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    let cells = lines.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    cells.filter(|cells| cells.len() == columns).skip(2).collect()
}

fn speaks_about(row: &[&str], combination: &[&str]) -> bool {
    row.iter().zip(combination).all(|(cell, value)| *cell == "any" || cell.split(", ").any(|one| one == *value))
}

fn combinations() -> Vec<Vec<&'static str>> {
    COLUMNS.iter().fold(vec![Vec::new()], |combinations, values| {
        let with = |so_far: &Vec<&'static str>| {
            values.iter().map(|value| so_far.iter().copied().chain([*value]).collect()).collect::<Vec<_>>()
        };
        combinations.iter().flat_map(with).collect()
    })
}

fn state(code: &str) -> State {
    let settled_by = settled_by("own");
    match code {
        "awaiting" | "held anew" => State::Awaiting,
        "failed" | "given up" => State::Failed { reason: "declined".to_owned() },
        "cancelled" => State::Cancelled,
        "expired" => State::Expired,
        "settled" | "dispute won" => State::Settled { settled_by },
        "disputed" => State::Disputed { settled_by, refunded_minor: Money::ZERO },
        "dispute lost" => State::PartlyRefunded { settled_by, refunded_minor: Money::ZERO },
        "refunded" => State::Refunded { settled_by, refunded_minor: riyals(100) },
        "partly refunded" => State::PartlyRefunded { settled_by, refunded_minor: riyals(30) },
        part => {
            State::PartlyRefunded { settled_by, refunded_minor: part.strip_suffix(" refunded").unwrap().parse().unwrap() }
        }
    }
}

/// The dispute of a donation in this state.
fn dispute(code: &str) -> Option<Dispute> {
    let outcome = match code {
        "disputed" => Outcome::Open,
        "dispute won" => Outcome::Won,
        "dispute lost" => Outcome::Lost,
        _ => return None,
    };
    Some(Dispute { disputed_minor: riyals(60), outcome })
}

fn told(words: &str) -> (u32, Happening) {
    match words {
        "captured" => (2, captured()),
        "captured for 2" => (2, captured_for(riyals(2))),
        "captured for 150" => (2, captured_for(riyals(150))),
        "latest attempt failed" => (2, Happening::Failed { reason: "no funds".to_owned() }),
        "earlier attempt failed" => (1, Happening::Failed { reason: "no funds".to_owned() }),
        "latest attempt voided" => (2, Happening::Voided),
        "earlier attempt voided" => (1, Happening::Voided),
        sums => {
            let (what, sum) = sums.split_once(' ').unwrap();
            let sum: Money = sum.parse().unwrap();
            let happening = match what {
                "refunded" => Happening::Refunded { refunded_minor: sum },
                "disputed" => Happening::Disputed { disputed_minor: sum },
                "won" => Happening::DisputeWon { disputed_minor: sum },
                "lost" => Happening::DisputeLost { disputed_minor: sum },
                other => panic!("{other}"),
            };
            (2, happening)
        }
    }
}

/// What a combination of the columns stands for.
fn scene(combination: &[&str]) -> (Option<Donation>, Option<Charge>, PaymentFact) {
    let [what, happening, of, kept, held, paid, currency] = combination else { panic!("seven columns") };
    let donation = (*what != "absent").then(|| {
        let mut donation = donation(state(what), vec![line(Fund::Zakat, "wells", riyals(100))]);
        donation.back.dispute = dispute(what);
        donation.dropped = ["given up", "held anew"].contains(what);
        donation.hold = if held.ends_with("yes") { hold(&donation) } else { Vec::new() };
        let shares = || Reservation::new("camel-makkah".parse().unwrap(), 3, 1);
        donation.reservation =
            held.contains("shares").then(|| Reservation { is_lost: held.starts_with("lost"), ..shares() });
        donation
    });
    let charge = match *kept {
        "second" => Some(charge(ChargeKind::Second, of, riyals(100), Money::ZERO)),
        "late" => Some(charge(ChargeKind::Late, of, riyals(100), Money::ZERO)),
        "orphan" => Some(charge(ChargeKind::Orphan, of, riyals(100), Money::ZERO)),
        "taken in part" => charge(ChargeKind::Orphan, of, riyals(100), Money::ZERO).taken_out(6_000),
        "taken out" => charge(ChargeKind::Orphan, of, riyals(100), Money::ZERO).taken_out(10_000),
        "assigned" => Some(charge(ChargeKind::Assigned, of, riyals(100), Money::ZERO)),
        "returning" => Some(charge(ChargeKind::Second, of, riyals(100), riyals(30))),
        _ => None,
    };
    let (attempt, happening) = told(happening);
    let fact = PaymentFact { attempt, currency: (*currency).to_owned(), ..fact(of, paid.parse().unwrap(), happening) };
    (donation, charge, fact)
}

/// A decision in the table's words: what becomes of it, and the books.
fn words(decision: &Decision) -> (String, String) {
    let with_case = |text: String, case: &Option<_>| match case {
        Some(reason) => format!("{text}; case: {reason}"),
        None => text,
    };
    match decision {
        Decision::Book { entry, case, .. } if entry.kind == EntryKind::FeeCharged => {
            (with_case("fee booked".to_owned(), case), books(entry))
        }
        Decision::Keep { entry, .. } if entry.kind == EntryKind::FeeCharged => {
            ("charge's fee booked".to_owned(), books(entry))
        }
        Decision::Book { state, entry, case, .. } => (with_case(state_words(state), case), books(entry)),
        Decision::Keep { charge, entry, case } => (with_case(charge_words(charge), case), books(entry)),
        Decision::Assign { state, found, follows, case, .. } => {
            let settles = follows.iter().any(|entry| entry.kind == EntryKind::Settled);
            let of_found = format!("orphan found, {}", state_words(state));
            let text = if settles { of_found } else { "orphan of its own gift taken out".to_owned() };
            (with_case(text, case), [found].into_iter().chain(follows).map(books).collect::<Vec<_>>().join("; "))
        }
        Decision::Change { state, .. } => (state_words(state), String::new()),
        Decision::Repeat => ("repeat".to_owned(), String::new()),
        Decision::Nothing => ("nothing".to_owned(), String::new()),
        Decision::Wait => ("wait".to_owned(), String::new()),
        Decision::Seek => ("look for it again".to_owned(), String::new()),
        Decision::SetAside(reason) => (format!("set aside: {reason}"), String::new()),
    }
}

fn state_words(state: &State) -> String {
    match state {
        State::PartlyRefunded { refunded_minor, .. } => format!("partly refunded, {refunded_minor} in all"),
        State::Disputed { refunded_minor, .. } => format!("disputed, {refunded_minor} refunded in all"),
        other => other.code().to_owned(),
    }
}

fn charge_words(charge: &Charge) -> String {
    match charge.kind {
        _ if !charge.refunded_minor.is_zero() => format!("charge given back, {} in all", charge.refunded_minor),
        ChargeKind::Second => format!("kept as second charge; {} owed back", charge.due()),
        ChargeKind::Late => format!("kept as late charge; {} owed back", charge.due()),
        ChargeKind::Orphan => "kept as orphan".to_owned(),
        ChargeKind::Assigned => "assigned".to_owned(),
    }
}

fn books(entry: &Entry) -> String {
    let account = |account: &Account| match account {
        Account::Clearing(_) => "clearing".to_owned(),
        Account::Disputes(_) => "disputes".to_owned(),
        Account::Fees(_) => "fees".to_owned(),
        Account::Opportunity(_, id) if id.as_str() == "wells" => "opportunity".to_owned(),
        Account::Opportunity(_, id) => id.to_string(),
        other => other.to_string(),
    };
    let transfer =
        |t: &domain::journal::Transfer| format!("Dr {}, Cr {} {}", account(t.debit()), account(t.credit()), t.amount());
    entry.transfers.iter().map(transfer).collect::<Vec<_>>().join("; ")
}

#[test]
fn every_combination_has_one_row_and_does_what_it_says() {
    let rows = rows(9);
    let mut spoken = vec![0u32; rows.len()];
    for combination in combinations() {
        let matching: Vec<usize> = (0..rows.len()).filter(|row| speaks_about(&rows[*row][..7], &combination)).collect();
        let [row] = matching.as_slice() else { panic!("{} rows speak about {combination:?}", matching.len()) };
        spoken[*row] += 1;
        let (donation, charge, fact) = scene(&combination);
        let decision = decide(donation.as_ref(), charge.as_ref(), &fact, NOON).unwrap();
        let (result, books) = words(&decision);
        assert_eq!((result.as_str(), books.as_str()), (rows[*row][7], rows[*row][8]), "{combination:?}");
    }
    for (row, times) in rows.iter().zip(spoken) {
        assert!(times > 0, "no combination is spoken about by {row:?}");
    }
}

#[test]
fn a_gift_of_two_lines() {
    for row in rows(4) {
        let lines = vec![line(Fund::Zakat, "first", riyals(60)), line(Fund::Waqf, "second", riyals(40))];
        let mut donation = donation(state(row[0]), lines);
        donation.back.dispute = dispute(row[0]);
        let (_, happening) = told(row[1]);
        let decision = decide(Some(&donation), None, &fact("own", riyals(100), happening), NOON).unwrap();
        let (result, books) = words(&decision);
        assert_eq!((result.as_str(), books.as_str()), (row[2], row[3]), "{row:?}");
    }
}

#[test]
fn a_charge_makes_a_difference_only_where_it_is_asked_for() {
    for combination in combinations() {
        let (donation, charge, fact) = scene(&combination);
        if !needs_charge(donation.as_ref(), &fact) {
            let with = decide(donation.as_ref(), charge.as_ref(), &fact, NOON);
            assert_eq!(with, decide(donation.as_ref(), None, &fact, NOON), "{combination:?}");
        }
    }
}

#[test]
fn what_is_decided_is_about_the_payment_and_the_donation_of_the_fact() {
    for combination in combinations() {
        let (donation, charge, fact) = scene(&combination);
        let (Decision::Book { entry, .. } | Decision::Keep { entry, .. }) =
            decide(donation.as_ref(), charge.as_ref(), &fact, NOON).unwrap()
        else {
            continue;
        };
        assert_eq!((entry.payment, entry.donation), (payment(combination[2]), Some(given::DONATION)));
    }
}

/// Each write of a charge is on condition of the version before.
#[test]
fn a_charge_is_kept_in_its_next_version() {
    for combination in combinations() {
        let (donation, charge, fact) = scene(&combination);
        let charge = charge.map(|charge| Charge { version: 4, ..charge });
        let decision = decide(donation.as_ref(), charge.as_ref(), &fact, NOON).unwrap();
        if let Decision::Keep { charge: kept, .. } | Decision::Assign { charge: kept, .. } = decision {
            assert_eq!(kept.version, if charge.is_some() { 5 } else { 0 }, "{combination:?}");
        }
    }
}

/// What stood in suspense is kept as the donation's from then on, with all that was kept of it besides.
#[test]
fn a_charge_that_is_assigned_names_its_donation_and_is_an_orphan_no_more() {
    let mut met = 0;
    for combination in combinations() {
        let (donation, charge, fact) = scene(&combination);
        let decision = decide(donation.as_ref(), charge.as_ref(), &fact, NOON).unwrap();
        let Decision::Assign { charge: kept, found, follows, .. } = decision else { continue };
        let (was, of) = (charge.unwrap(), Some(given::DONATION));
        let (kind, version) = (ChargeKind::Assigned, was.version + 1);
        assert_eq!(kept, Charge { kind, version, donation: of, ..was }, "{combination:?}");
        assert_eq!((found.kind, found.donation, &found.payment), (EntryKind::Assigned, of, &fact.payment));
        let told = matches!(fact.happening, Happening::Captured { fee_minor, .. } if fee_minor == riyals(2));
        let settled = donation.unwrap().state.settled_by().is_some();
        let kind = if settled { told.then_some(EntryKind::FeeCharged) } else { Some(EntryKind::Settled) };
        assert_eq!(follows.map(|entry| (entry.kind, entry.donation)), kind.map(|kind| (kind, of)), "{combination:?}");
        met += 1;
    }
    assert!(met > 0);
}

/// On one page several cards may be tried, and be told of in any order: the failure of one comes after the success of another, for which what was given up is being claimed anew.
#[test]
fn a_failure_changes_nothing_while_a_payment_that_came_is_waited_for() {
    let waiting = donation(State::Awaiting, vec![line(Fund::Zakat, "wells", riyals(100))]);
    for dropped in [true, false] {
        let sought = Donation { sought: true, dropped, ..waiting.clone() };
        for happening in [Happening::Failed { reason: "no funds".to_owned() }, Happening::Voided] {
            let told = fact("other", riyals(100), happening);
            assert_eq!(decide(Some(&sought), None, &told, NOON).unwrap(), Decision::Nothing);
            assert!(matches!(decide(Some(&waiting), None, &told, NOON).unwrap(), Decision::Change { .. }));
        }
    }
}

#[test]
fn a_fee_is_at_most_what_was_captured() {
    let gift = donation(State::Awaiting, vec![line(Fund::Zakat, "wells", riyals(100))]);
    for (fee, booked, expected) in [
        (halalas(9_999), halalas(9_999), None),
        (halalas(10_000), halalas(10_000), None),
        (halalas(10_001), Money::ZERO, Some(Reason::FeeBeyondCapture)),
    ] {
        let told = fact("own", riyals(100), captured_for(fee));
        let Decision::Book { state, case, .. } = decide(Some(&gift), None, &told, NOON).unwrap() else {
            panic!("not booked")
        };
        assert_eq!((state.settled_by().unwrap().fee_minor, case), (booked, expected), "{fee}");
    }
}

/// Only a donation that breaks the bounds of making one has such a line; it is an error, never an empty entry.
#[test]
fn a_line_of_nothing_is_an_error() {
    let donation =
        donation(State::Awaiting, vec![line(Fund::Zakat, "wells", riyals(1)), line(Fund::Zakat, "clinic", Money::ZERO)]);
    decide(Some(&donation), None, &fact("own", halalas(100), captured()), NOON).unwrap_err();
}
