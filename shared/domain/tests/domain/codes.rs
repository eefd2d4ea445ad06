//! The closed lists: their codes stand in tables, messages and reports, their numbers in journal pages. Neither ever changes, and none is
//! given to another meaning.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use domain::case::Reason;
use domain::case::duty::{Action, Owner};
use domain::donation::RefundReason;
use domain::journal::{Account, MovementKind};
use domain::payment::{Method, Provider};
use domain::purpose::{Fund, Language, Programme, Region, Track};
use minicbor::Encode;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::given::ENTRY_KINDS;

/// The number that pages keep for it.
fn number(member: &impl Encode<()>) -> u8 {
    let bytes = minicbor::to_vec(member).unwrap();
    minicbor::decode(&bytes).unwrap()
}

/// One line for each member, after checking that it is read as it is written, everywhere.
fn list<T>(name: &str, all: &[T], code: fn(T) -> &'static str) -> String
where
    T: Copy + PartialEq + std::fmt::Debug + std::str::FromStr<Err: std::fmt::Debug> + Serialize + DeserializeOwned,
    T: Encode<()> + for<'b> minicbor::Decode<'b, ()>,
{
    let mut text = format!("{name}\n");
    for member in all {
        let code = code(*member);
        assert_eq!(code.parse::<T>().unwrap(), *member);
        assert_eq!(serde_json::to_string(member).unwrap(), format!("{code:?}"));
        assert_eq!(serde_json::from_str::<T>(&format!("{code:?}")).unwrap(), *member);
        assert_eq!(minicbor::decode::<T>(&minicbor::to_vec(member).unwrap()).unwrap(), *member);
        writeln!(text, "  {:>2} {code}", number(member)).unwrap();
    }
    let distinct: BTreeSet<&str> = all.iter().map(|member| code(*member)).collect();
    let numbers: BTreeSet<u8> = all.iter().map(number).collect();
    assert_eq!((distinct.len(), numbers.len()), (all.len(), all.len()), "{name}");
    text
}

#[test]
fn codes_and_their_numbers_never_change() {
    let lists = [
        list("fund", Fund::ALL, Fund::code),
        list("track", Track::ALL, Track::code),
        list("programme", Programme::ALL, Programme::code),
        list("region", Region::ALL, Region::code),
        list("language", Language::ALL, Language::code),
        list("provider", Provider::ALL, Provider::code),
        list("method", Method::ALL, Method::code),
        list("reason", Reason::ALL, Reason::code),
        list("owner", Owner::ALL, Owner::code),
        list("action", Action::ALL, Action::code),
        list("refund reason", RefundReason::ALL, RefundReason::code),
    ];
    insta::assert_snapshot!(lists.concat());
}

#[test]
fn kinds_of_entry_and_of_account_keep_their_numbers() {
    let mut text = String::from("kind of entry\n");
    for kind in ENTRY_KINDS {
        writeln!(text, "  {:>2} {kind:?}", number(&kind)).unwrap();
    }
    text.push_str("kind of movement\n");
    for kind in MovementKind::ALL {
        writeln!(text, "  {:>2} {}", number(kind), kind.code()).unwrap();
    }
    text.push_str("account\n");
    for account in [
        Account::Clearing(Provider::Moyasar),
        Account::Opportunity(Fund::Waqf, "clinic".parse().unwrap()),
        Account::RefundsPayable,
        Account::RefundsSuspense,
        Account::Suspense,
        Account::Disputes(Provider::Moyasar),
        Account::Fees(Provider::Moyasar),
        Account::Bank,
        Account::BankSuspense,
        Account::Payable(Fund::Zakat, "birr".parse().unwrap()),
        Account::Receivable(Fund::Zakat, "birr".parse().unwrap()),
        Account::Own,
    ] {
        writeln!(text, "  {:02x?} {account}", minicbor::to_vec(&account).unwrap()).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn regions_have_these_names() {
    let line = |region: &Region| format!("{} {} {}\n", region.code(), region.names().0, region.names().1);
    insta::assert_snapshot!(Region::ALL.iter().map(line).collect::<String>());
}

#[test]
fn a_regions_number_is_that_of_its_code() {
    for region in Region::ALL {
        assert_eq!(region.code(), format!("SA-{:02}", number(region)));
    }
}

#[test]
fn a_number_that_stands_for_nothing_is_refused() {
    assert!(minicbor::decode::<Region>(&[13]).is_err());
    assert!(minicbor::decode::<Fund>(&[5]).is_err());
    assert!(minicbor::decode::<Provider>(&[7]).is_err());
}

proptest! {
    /// The error may be logged, so it never repeats a long text.
    #[test]
    fn any_other_text_is_an_error_of_bounded_length(text in ".{0,300}") {
        prop_assume!(!Fund::ALL.iter().any(|fund| fund.code() == text));
        let error = text.parse::<Fund>().unwrap_err().to_string();
        prop_assert!(error.ends_with("is no fund") && error.chars().count() < 500, "{}", error);
    }
}
