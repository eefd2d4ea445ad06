//! What a donor is told, what is no news any more, and when people sleep.

use domain::donation::{Donation, State};
use domain::moment::Moment;
use domain::money::Money;
use domain::notice::{Kind, Notice, Telling, quiet_until};
use domain::person::{Device, Person, PushNetwork};
use domain::purpose::Fund;

use crate::given::{DONATION, donation, line, payment, riyals, settled_by};

fn notices() -> [Notice; 6] {
    [
        Notice::Thanks { donation: DONATION },
        Notice::Failure { donation: DONATION, attempt: 2 },
        Notice::Refund { donation: DONATION, refunded_minor: riyals(30) },
        Notice::ChargeReturned { donation: DONATION, payment: payment("p-2"), refunded_minor: riyals(100) },
        Notice::Sacrifice {
            donation: DONATION,
            offering: "camel-makkah".parse().unwrap(),
            number: 7,
            received_at: Moment::from_millis(5),
            again: 0,
        },
        Notice::SacrificeTakenBack {
            donation: DONATION,
            offering: "camel-makkah".parse().unwrap(),
            number: 7,
            retraction: "0a".repeat(16).parse().unwrap(),
        },
    ]
}

#[test]
fn each_notice_has_a_kind_and_a_name_of_its_own() {
    let expected = [
        (Kind::Thanks, "thanks"),
        (Kind::Failure, "failure#2"),
        (Kind::Refund, "refund#3000"),
        (Kind::Refund, "returned#moyasar#p-2#10000"),
        (Kind::Sacrifice, "sacrifice#camel-makkah#7"),
        (Kind::Sacrifice, "taken_back#0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"),
    ];
    for (notice, (kind, name)) in notices().iter().zip(expected) {
        assert_eq!((notice.kind(), notice.name().as_str(), *notice.donation()), (kind, name, DONATION));
    }
    let kinds = Kind::ALL.map(|kind| (kind.code(), kind.to_string(), kind.can_wait()));
    let expected = [("thanks", false), ("failure", false), ("refund", true), ("sacrifice", false)];
    assert_eq!(kinds, expected.map(|(code, can_wait)| (code, code.to_owned(), can_wait)));
}

/// Thanks, a failure of the latest attempt, thirty riyals given back, another payment given back, an animal's slaughter and that it is taken back (of a gift without shares, which is never so): which of them is still so in each state.
#[test]
fn a_notice_that_is_not_so_any_more_is_not_told() {
    let settled_by = || settled_by("own");
    let refunded = |amount| riyals(amount);
    let table = [
        (State::Awaiting, [false, false, false, true, false, false]),
        (State::Failed { reason: "declined".to_owned() }, [false, true, false, true, false, false]),
        (State::Cancelled, [false, false, false, true, false, false]),
        (State::Expired, [false, false, false, true, false, false]),
        (State::Settled { settled_by: settled_by() }, [true, false, false, true, false, false]),
        (
            State::PartlyRefunded { settled_by: settled_by(), refunded_minor: refunded(30) },
            [true, false, true, true, false, false],
        ),
        (
            State::PartlyRefunded { settled_by: settled_by(), refunded_minor: refunded(40) },
            [true, false, false, true, false, false],
        ),
        (
            State::Disputed { settled_by: settled_by(), refunded_minor: refunded(30) },
            [false, false, true, true, false, false],
        ),
        (
            State::Refunded { settled_by: settled_by(), refunded_minor: refunded(100) },
            [false, false, false, true, false, false],
        ),
    ];
    let of = |state: &State| donation(state.clone(), vec![line(Fund::Zakat, "wells", riyals(100))]);
    for (state, expected) in table {
        assert_eq!(notices().map(|notice| notice.is_still_so(&of(&state))), expected, "{state:?}");
    }
    let failed = of(&State::Failed { reason: "declined".to_owned() });
    let earlier = Notice::Failure { donation: DONATION, attempt: 1 };
    assert!(!earlier.is_still_so(&failed), "a later attempt failed, and is told");
    let none = Donation { attempts: Vec::new(), ..failed };
    assert!(!earlier.is_still_so(&none));
    let nothing = Notice::Refund { donation: DONATION, refunded_minor: Money::ZERO };
    assert!(!nothing.is_still_so(&of(&State::Settled { settled_by: settled_by() })), "nothing was given back");
}

#[test]
fn a_slaughter_is_news_for_whoever_keeps_shares() {
    let asks = domain::sacrifice::Shares { shares: 2, wakala: "1".to_owned(), accepted_at: Moment::from_millis(0) };
    let shares = domain::donation::Line { sacrifice: Some(asks), ..line(Fund::Adahi, "camels", riyals(100)) };
    let of = |state| donation(state, vec![shares.clone()]);
    let [.., slaughtered] = notices();
    for (state, is_so) in [
        (State::Awaiting, false),
        (State::Settled { settled_by: settled_by("own") }, true),
        (State::Refunded { settled_by: settled_by("own"), refunded_minor: riyals(100) }, false),
    ] {
        assert_eq!(slaughtered.is_still_so(&of(state.clone())), is_so, "{state:?}");
    }
}

#[test]
fn nobody_is_told_between_ten_in_the_evening_and_eight_in_the_morning() {
    let at = |text: &str| text.parse::<Moment>().unwrap();
    let table = [
        ("2026-11-23T07:59:59.999+03:00", Some("2026-11-23T08:00:00+03:00")),
        ("2026-11-23T08:00:00+03:00", None),
        ("2026-11-23T12:00:00+03:00", None),
        ("2026-11-23T21:59:59.999+03:00", None),
        ("2026-11-23T22:00:00+03:00", Some("2026-11-24T08:00:00+03:00")),
        ("2026-11-24T00:00:00+03:00", Some("2026-11-24T08:00:00+03:00")),
    ];
    for (now, until) in table {
        assert_eq!(quiet_until(at(now)), until.map(at), "{now}");
    }
}

#[test]
fn a_wish_to_hear_less_is_never_undone() {
    let wish = |discreet, mute: &[Kind]| Telling { discreet, mute: mute.iter().copied().collect() };
    assert!(wish(false, &[]).is_ordinary());
    assert!(!wish(true, &[]).is_ordinary() && !wish(false, &[Kind::Thanks]).is_ordinary());
    assert_eq!(wish(true, &[Kind::Thanks]).and(&wish(false, &[Kind::Refund])), wish(true, &[Kind::Thanks, Kind::Refund]));
    assert_eq!(wish(true, &[Kind::Thanks]).and(&wish(true, &[Kind::Thanks])), wish(true, &[Kind::Thanks]), "wished twice");
    assert_eq!(wish(false, &[Kind::Refund]).and(&wish(true, &[])), wish(true, &[Kind::Refund]));
    assert_eq!(wish(false, &[]).and(&wish(false, &[])), wish(false, &[]));
}

#[test]
fn one_way_to_reach_a_person_is_enough_and_none_is_printed() {
    let nobody =
        Person { name: Some("a name".to_owned()), mobile: None, email: None, device: None, on_behalf_of: Vec::new() };
    assert!(!nobody.can_be_told(), "a name is no way to reach anybody");
    let device = Device { service: PushNetwork::Fcm, token: "a token".to_owned() };
    assert_eq!(format!("{device:?}"), "Device(…)");
    let ways = [
        Person { mobile: Some("+966500000000".to_owned()), ..nobody.clone() },
        Person { email: Some("a@example.org".to_owned()), ..nobody.clone() },
        Person { device: Some(device), ..nobody },
    ];
    for person in ways {
        assert!(person.can_be_told());
        assert_eq!(format!("{person:?}"), "Person(…)");
    }
}
