//! The same matter told twice is one case; two matters are two.

use std::collections::BTreeMap;

use domain::case::{Case, Reason};
use domain::id::DonationId;
use proptest::prelude::*;

use crate::given::{DONATION, NOON, any_of, halalas, payment};

fn case(reason: Reason, payment_id: Option<&str>, donation: Option<DonationId>, amount: u64, evidence: &str) -> Case {
    let amount_minor = halalas(amount);
    let (payment, evidence) = (payment_id.map(payment), evidence.to_owned());
    Case { reason, payment, donation, amount_minor, evidence, opened_at: NOON }
}

/// A case of today that is told again after an update must not become a second one.
#[test]
fn ids_never_change() {
    let cases = [
        case(Reason::AmountDiffers, Some("p-1"), Some(DONATION), 9_000, "fact"),
        case(Reason::DonationUnknown, Some("p-1"), None, 9_000, "fact"),
        case(Reason::Malformed, None, None, 0, "raw/2026/11/23/1"),
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
