//! The same matter told twice is one case; two matters are two.

use std::collections::BTreeMap;

use domain::case::duty::{Action, Owner, Remedy};
use domain::case::kept::{APART_SECS, Closing, Kept, Replay, Standing, State};
use domain::case::{Case, Reason, document, provider_of};
use domain::id::DonationId;
use domain::payment::Provider;
use proptest::prelude::*;

use crate::given::{DONATION, NOON, any_of, halalas, payment};

fn case(reason: Reason, payment_id: Option<&str>, donation: Option<DonationId>, amount: u64, evidence: &str) -> Case {
    let amount_minor = halalas(amount);
    let (payment, evidence) = (payment_id.map(payment), evidence.to_owned());
    Case { reason, payment, donation, refund: None, amount_minor, evidence, opened_at: NOON }
}

/// A case of today that is told again after an update must not become a second one.
#[test]
fn ids_never_change() {
    let cases = [
        case(Reason::AmountDiffers, Some("p-1"), Some(DONATION), 9_000, "fact"),
        case(Reason::DonationUnknown, Some("p-1"), None, 9_000, "fact"),
        case(Reason::Malformed, None, None, 0, "raw/2026/11/23/1"),
        Case {
            refund: Some("0123456789abcdef0123456789abcdef".parse().unwrap()),
            ..case(Reason::RefundRefused, Some("p-1"), Some(DONATION), 9_000, "")
        },
    ];
    insta::assert_debug_snapshot!(cases.map(|case| case.id()));
}

#[test]
fn a_case_is_stored_in_this_form_and_read_as_it_is_written() {
    let whole = case(Reason::AmountDiffers, Some("p-1"), Some(DONATION), 9_000, "fact");
    let bare = case(Reason::Malformed, None, None, 0, "raw/2026/11/23/1");
    insta::assert_json_snapshot!([&whole, &bare]);
    for case in [whole, bare] {
        assert_eq!(serde_json::from_str::<Case>(&serde_json::to_string(&case).unwrap()).unwrap(), case);
    }
}

#[test]
fn two_matters_have_two_ids() {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    let donations = [None, Some(DONATION), Some(DonationId::from_bytes([1; 16]))];
    for reason in Reason::ALL {
        for payment in [None, Some("p-1"), Some("p-11"), Some("p")] {
            for donation in donations {
                for amount in [0, 1, 11, 111] {
                    for evidence in ["one", "another"] {
                        // Evidence tells two matters apart only where nothing else does.
                        if evidence == "another" && (payment.is_some() || donation.is_some()) {
                            continue;
                        }
                        let case = case(*reason, payment, donation, amount, evidence);
                        let matter = format!("{reason} {payment:?} {donation:?} {amount} {evidence}");
                        assert_eq!(ids.insert(case.id(), matter.clone()), None, "{matter}");
                    }
                }
            }
        }
    }
}

/// What tells two refused refunds of one sum apart is the refund; a case that names none keeps its id.
#[test]
fn a_refund_is_part_of_its_matter() {
    let refused = case(Reason::RefundRefused, Some("p-1"), Some(DONATION), 9_000, "");
    let named = |digit: &str| Case { refund: Some(digit.repeat(32).parse().unwrap()), ..refused.clone() };
    let ids = [refused.id(), named("1").id(), named("2").id()];
    assert_eq!(BTreeMap::from(ids.map(|id| (id, ()))).len(), 3);
}

/// One line for each reason: whose it is, what is suggested, and how it is taken up again.
#[test]
fn every_reason_has_an_owner_an_action_and_a_remedy() {
    let line = |reason: &Reason| {
        let remedy = match reason.remedy() {
            Remedy::LookAgain => "look again",
            Remedy::TellAgain => "tell again",
            Remedy::RefundAgain => "refund again",
            Remedy::None => "nothing",
        };
        format!("{reason}: {}, {}, {remedy}\n", reason.owner(), reason.action())
    };
    insta::assert_snapshot!(Reason::ALL.iter().map(line).collect::<String>());
    for owner in Owner::ALL {
        assert!(Reason::ALL.iter().any(|reason| reason.owner() == *owner), "{owner} has something to do");
    }
    for action in Action::ALL {
        let (arabic, english) = action.texts();
        assert!(!arabic.is_empty() && !arabic.contains(|c: char| c.is_ascii_alphabetic()), "{action}");
        assert!(!english.is_empty() && english.is_ascii(), "{action}");
        assert!(Reason::ALL.iter().any(|reason| reason.action() == *action), "{action} is suggested");
    }
}

fn closing(id: &str, secs: i64) -> Closing {
    Closing { id: id.to_owned(), by: "operator-1".to_owned(), at: NOON.plus_seconds(secs), note: "Done.".to_owned() }
}

fn replay(id: &str, secs: i64) -> Replay {
    Replay { id: id.to_owned(), by: "operator-1".to_owned(), at: NOON.plus_seconds(secs) }
}

/// The table of the module's documentation, cell by cell.
#[test]
fn what_becomes_of_a_matter() {
    let open = Kept::new(case(Reason::AmountDiffers, Some("p-1"), Some(DONATION), 9_000, "fact"));
    let closed = open.close(closing("c", 10)).unwrap();
    assert_eq!((&closed.state, closed.version), (&State::Closed(closing("c", 10)), 2));
    // Told again.
    assert_eq!(open.told_again(NOON.plus_seconds(APART_SECS - 1)), None);
    let noted = open.told_again(NOON.plus_seconds(APART_SECS)).unwrap();
    assert_eq!(noted, Kept { told_at: Some(NOON.plus_seconds(APART_SECS)), version: 2, ..open.clone() });
    let reopened = closed.told_again(NOON.plus_seconds(11)).unwrap();
    assert_eq!((&reopened.state, reopened.reopened, reopened.since()), (&State::Open, 1, NOON.plus_seconds(11)));
    assert_eq!(reopened.closed_before, [closing("c", 10)]);
    // A clock that is behind opens it all the same, and turns no time back.
    assert_eq!(closed.told_again(NOON.plus_seconds(-5)).unwrap().last_told(), NOON);
    // Closed.
    assert_eq!(closed.close(closing("d", 12)), None);
    assert_eq!(reopened.close(closing("d", 12)).unwrap().closing("c"), Some(&closing("c", 10)));
    // Replayed; what is told after that is news at once.
    let replayed = open.replayed(replay("r", 20));
    assert_eq!((&replayed.state, replayed.replay("r")), (&State::Open, Some(&replay("r", 20))));
    assert_eq!(replayed.told_again(NOON.plus_seconds(19)), None);
    let answered = replayed.told_again(NOON.plus_seconds(21)).unwrap();
    assert_eq!((answered.last_told(), answered.told_again(NOON.plus_seconds(22))), (NOON.plus_seconds(21), None));
    assert_eq!(closed.replayed(replay("r", 20)).state, closed.state);
}

#[test]
fn what_is_told_at_the_very_moment_of_a_replay_answers_it_and_what_was_told_before_does_not() {
    let open = Kept::new(case(Reason::AmountDiffers, Some("p-1"), Some(DONATION), 9_000, "fact"));
    let at = |secs| NOON.plus_seconds(secs);
    // Replayed in the moment in which it was opened, and told in that moment.
    assert_eq!(open.replayed(replay("r", 0)).told_again(at(0)).unwrap().last_told(), at(0));
    assert_eq!(open.replayed(replay("r", 20)).told_again(at(20)).unwrap().last_told(), at(20));
    // A replay from before it was last told, by a clock that is behind: it was answered.
    let told = open.told_again(at(100)).unwrap();
    assert_eq!(told.replayed(replay("r", 99)).told_again(at(101)), None);
    assert!(told.replayed(replay("r", 99)).told_again(at(160)).is_some(), "a minute has passed");
    // Only the last replay is asked: the earlier one was answered.
    let twice = told.replayed(replay("r", 99)).replayed(replay("s", 105));
    assert!(twice.told_again(at(105)).is_some());
    assert_eq!(twice.told_again(at(104)), None);
}

/// Listings are in the order in which matters came to stand as they do.
#[test]
fn a_matter_stands_so_since_it_was_opened_closed_or_opened_again() {
    let open = Kept::new(case(Reason::AmountDiffers, Some("p-1"), Some(DONATION), 9_000, "fact"));
    let at = |secs| NOON.plus_seconds(secs);
    assert_eq!((open.standing(), open.since(), open.last_told(), open.version), (Standing::Open, NOON, NOON, 1));
    let told = open.told_again(at(70)).unwrap();
    assert_eq!((told.standing(), told.since(), told.last_told(), told.version), (Standing::Open, NOON, at(70), 2));
    let closed = told.close(closing("c", 80)).unwrap();
    assert_eq!(
        (closed.standing(), closed.since(), closed.last_told(), closed.version),
        (Standing::Closed, at(80), at(70), 3)
    );
    let again = closed.told_again(at(90)).unwrap();
    assert_eq!((again.standing(), again.since(), again.last_told(), again.version), (Standing::Open, at(90), at(90), 4));
    let replayed = again.replayed(replay("r", 95));
    assert_eq!((replayed.version, replayed.reason()), (5, Reason::AmountDiffers));
    assert_eq!((Standing::Open.code(), Standing::Closed.code()), ("open", "closed"));
}

/// A matter that comes back for ever stays within an item: the latest twenty are kept, and found by their ids.
#[test]
fn the_latest_closings_and_replays_are_kept() {
    let mut kept = Kept::new(case(Reason::AmountDiffers, Some("p-1"), Some(DONATION), 9_000, "fact"));
    for number in 0..=20 {
        let at = i64::from(number) * 10;
        kept = kept.close(closing(&format!("c{number}"), at)).unwrap().told_again(NOON.plus_seconds(at + 1)).unwrap();
        kept = kept.replayed(replay(&format!("r{number}"), at + 2));
    }
    assert_eq!((kept.closed_before.len(), kept.replays.len(), kept.reopened), (20, 20, 21));
    assert_eq!((kept.closing("c0"), kept.replay("r0")), (None, None), "the earliest went");
    assert_eq!((kept.closing("c1"), kept.closing("c20")), (Some(&closing("c1", 10)), Some(&closing("c20", 200))));
    assert_eq!((kept.replay("r1"), kept.replay("r20")), (Some(&replay("r1", 12)), Some(&replay("r20", 202))));
    let closed = kept.close(closing("d", 300)).unwrap();
    assert_eq!((closed.closing("d"), closed.closing("e")), (Some(&closing("d", 300)), None));
}

#[test]
fn what_could_not_be_read_is_kept_under_its_provider_and_its_own_bytes() {
    let name = document(Provider::Moyasar, b"{}");
    assert_eq!(name, "set-aside/moyasar/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.json");
    assert_ne!(name, document(Provider::Moyasar, b"{ }"));
    assert_eq!(provider_of(&name), Some(Provider::Moyasar));
    for other in ["", "set-aside/", "set-aside/moyasar", "set-aside/nobody/1.json", "raw/moyasar/1.json"] {
        assert_eq!(provider_of(other), None, "{other}");
    }
}

#[test]
fn a_matter_is_stored_in_this_form_and_one_of_an_earlier_form_is_open() {
    let before = case(Reason::AmountDiffers, Some("p-1"), Some(DONATION), 9_000, "fact");
    let new = Kept::new(before.clone());
    let lived = new.close(closing("c", 10)).unwrap().told_again(NOON.plus_seconds(70)).unwrap().replayed(replay("r", 80));
    let lived = lived.close(closing("d", 90)).unwrap();
    insta::assert_json_snapshot!([&new, &lived]);
    for kept in [&new, &lived] {
        assert_eq!(serde_json::from_str::<Kept>(&serde_json::to_string(kept).unwrap()).unwrap(), *kept);
    }
    let read: Kept = serde_json::from_str(&serde_json::to_string(&before).unwrap()).unwrap();
    assert_eq!(read, Kept { version: 0, ..new });
}

proptest! {
    #[test]
    fn when_and_how_it_was_told_makes_no_difference(
        reason in any_of(Reason::ALL), id in "[a-z0-9]{1,64}", amount in 0u64..1_000_000, evidence in ".{0,40}", later in any::<u32>(),
    ) {
        let first = case(reason, Some(&id), None, amount, "fact");
        let again = Case { evidence, opened_at: NOON.plus_seconds(later.into()), ..first.clone() };
        prop_assert_eq!(first.id(), again.id());
        prop_assert!(first.id().len() == 32 && first.id().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
