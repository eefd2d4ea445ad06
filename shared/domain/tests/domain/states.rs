//! What each state of a donation allows, and the forms in which donations and what belongs to them are stored.

use domain::catalogue::{Bilingual, Charity, Opportunity, Standing};
use domain::donation::{ChargeKind, Donation, Giver, Place, Sealed, Secrecy, State};
use domain::journal::ChainId;
use domain::leaf_key::{LeafKey, LeafKeyError};
use domain::moment::Moment;
use domain::money::Money;
use domain::owner::{Owner, OwnerError};
use domain::purpose::{Fund, Programme, Region, Track};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::given::{NOON, charge, donation, hold, line, riyals, settled_by};

fn all_states() -> Vec<State> {
    let settled_by = settled_by("own");
    vec![
        State::Awaiting,
        State::Failed { reason: "declined".to_owned() },
        State::Cancelled,
        State::Expired,
        State::Settled { settled_by: settled_by.clone() },
        State::PartlyRefunded { settled_by: settled_by.clone(), refunded_minor: riyals(30) },
        State::Disputed { settled_by: settled_by.clone(), refunded_minor: riyals(30) },
        State::Refunded { settled_by, refunded_minor: riyals(100) },
    ]
}

fn full(state: State) -> Donation {
    let lines = vec![line(Fund::Zakat, "wells", riyals(60)), line(Fund::Waqf, "clinic", riyals(40))];
    let mut donation = donation(state, lines);
    donation.giver = Giver::Donor("subject-1".parse().unwrap());
    donation.hold = hold(&donation);
    donation.personal = Some(Sealed { key: "donor#subject-1".to_owned(), text: "bm9pc2U=".to_owned() });
    donation.place = Some(Place { chain: 3, seq: 17, index: 42 });
    donation
}

fn read_as_written<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value, "{text}");
}

#[test]
fn what_each_state_allows() {
    //   state             payable  settled
    let table = [
        ("awaiting", true, false),
        ("failed", true, false),
        ("cancelled", false, false),
        ("expired", false, false),
        ("settled", false, true),
        ("partly_refunded", false, true),
        ("disputed", false, true),
        ("refunded", false, true),
    ];
    let states = all_states();
    assert_eq!(table.len(), states.len());
    for (state, row) in states.iter().zip(table) {
        assert_eq!((state.code(), state.is_payable(), state.settled_by().is_some()), row);
    }
}

#[test]
fn only_what_waits_for_a_payment_expires_and_at_the_very_moment() {
    for state in all_states() {
        let donation = full(state.clone());
        let before = Moment::from_millis(donation.expires_at.millis() - 1);
        assert_eq!(donation.state_at(before), state);
        let expired = if state.is_payable() { State::Expired } else { state };
        assert_eq!(donation.state_at(donation.expires_at), expired);
        assert_eq!(donation.state_at(donation.expires_at.plus_seconds(1)), expired);
    }
}

#[test]
fn a_donation_is_stored_in_this_form() {
    insta::assert_json_snapshot!(full(State::PartlyRefunded { settled_by: settled_by("own"), refunded_minor: riyals(30) }));
    insta::assert_json_snapshot!("state_fields", all_states());
}

#[test]
fn a_donation_is_read_as_it_is_written() {
    for state in all_states() {
        read_as_written(&full(state.clone()));
        read_as_written(&donation(state, vec![line(Fund::Zakat, "wells", riyals(100))]));
    }
}

#[test]
fn a_charge_is_stored_in_this_form() {
    let mut orphan = charge(ChargeKind::Orphan, "orphan", riyals(100), Money::ZERO);
    orphan.donation = None;
    let charges = [
        charge(ChargeKind::Second, "second", riyals(100), riyals(30)),
        charge(ChargeKind::Late, "late", riyals(100), Money::ZERO),
        orphan,
    ];
    insta::assert_json_snapshot!(charges);
    charges.iter().for_each(read_as_written);
}

#[test]
fn an_opportunity_is_stored_in_this_form() {
    let text = |ar: &str, en: &str| Bilingual { ar: ar.to_owned(), en: en.to_owned() };
    let capped = Opportunity {
        id: "wells-jazan-2026".parse().unwrap(),
        charity: "water-society".parse().unwrap(),
        title: text("آبار جازان", "Wells for Jazan"),
        description: text("حفر آبار", "Digging wells"),
        licence: "L-1001".to_owned(),
        fund: Fund::Sadaqa,
        programme: Programme::Projects,
        track: Track::Development,
        region: Region::Jazan,
        target_minor: Some(riyals(50_000)),
        standing: Standing::Open,
    };
    let open = Opportunity { target_minor: None, standing: Standing::Closed, ..capped.clone() };
    assert!(capped.is_capped() && !open.is_capped());
    let charity = Charity {
        id: "water-society".parse().unwrap(),
        name: text("جمعية الماء", "Water Society"),
        licence: "1".into(),
        region: Region::Jazan,
    };
    insta::assert_json_snapshot!((&capped, &open, &charity));
    read_as_written(&capped);
    read_as_written(&open);
    read_as_written(&charity);
}

#[test]
fn a_text_fits_when_both_languages_do() {
    let fits = |ar: &str, en: &str| Bilingual { ar: ar.to_owned(), en: en.to_owned() }.fits(4);
    assert!(fits("ماء", "four"));
    assert!(fits("آبار", "fo"), "characters count, not bytes");
    assert!(!fits("ماء", "fives") && !fits("ماء", " ") && !fits("", "four"));
}

#[test]
fn what_is_due_is_what_was_taken_and_not_given_back_but_an_orphan_waits_for_a_person() {
    for (kind, due) in [(ChargeKind::Second, 70), (ChargeKind::Late, 70), (ChargeKind::Orphan, 0)] {
        assert_eq!(charge(kind, "p", riyals(100), riyals(30)).due(), riyals(due));
    }
}

#[test]
fn a_donation_is_the_sum_of_its_lines() {
    assert_eq!(full(State::Awaiting).total(), riyals(100));
    assert_eq!(full(State::Awaiting).attempt().unwrap().number, 2);
    assert_eq!(full(State::Awaiting).made_at, NOON);
}

#[test]
fn a_place_is_on_one_of_the_chains() {
    let on = |chain: u8| Place { chain, seq: 1, index: 0 }.chain_id();
    assert_eq!(on(3), ChainId::new(3));
    assert!(on(0).is_some() && on(15).is_some());
    assert_eq!(on(16), None);
}

#[test]
fn leaves_are_salted_by_the_donors_key_or_by_what_is_kept_until_the_donor_is_erased() {
    let key = LeafKey::from_bytes([9; 32]);
    let salted = |leaf_key, forgotten| Donation { leaf_key, forgotten, ..full(State::Awaiting) }.secrecy();
    assert_eq!(salted(Some(key), false), Secrecy::Agreed(key));
    assert_eq!(salted(Some(key), true), Secrecy::Agreed(key), "its key is destroyed elsewhere");
    assert_eq!(salted(None, false), Secrecy::Kept);
    assert_eq!(salted(None, true), Secrecy::Erased);
}

#[test]
fn a_leaf_key_is_read_as_it_is_written_and_in_no_other_form() {
    let key = LeafKey::from_bytes(std::array::from_fn(|place| place as u8));
    let written = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    assert_eq!((key.to_string().as_str(), format!("{key:?}").as_str()), (written, written));
    assert_eq!((written.parse(), key.bytes()[31]), (Ok(key), 31));
    read_as_written(&key);
    for bad in ["", &written[2..], &format!("{written}00"), &written.to_uppercase(), &written.replace('0', "g")] {
        assert_eq!(bad.parse::<LeafKey>(), Err(LeafKeyError), "{bad}");
        assert!(serde_json::from_str::<LeafKey>(&format!("{bad:?}")).is_err());
    }
}

/// A donor's gifts are erased together, a guest's each by itself.
#[test]
fn personal_data_belongs_to_the_donor_or_to_the_gift() {
    let donors = full(State::Awaiting);
    let guests = Donation { giver: Giver::Guest, ..donors.clone() };
    assert_eq!(donors.owner(), Owner::Donor("subject-1".parse().unwrap()));
    assert_eq!(guests.owner(), Owner::Donation(guests.id));
    for (owner, written) in
        [(donors.owner(), "donor#subject-1".to_owned()), (guests.owner(), format!("donation#{}", guests.id))]
    {
        assert_eq!((owner.to_string(), written.parse()), (written.clone(), Ok(owner.clone())));
        read_as_written(&owner);
    }
    for bad in ["", "subject-1", "donor#", "donor#a#b", "donation#subject-1", "guest#subject-1"] {
        assert_eq!(bad.parse::<Owner>(), Err(OwnerError), "{bad}");
    }
}
