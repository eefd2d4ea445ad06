//! Every form of message that was ever sent is still read: `corpus/v<version>/` keeps one of each, and none is ever deleted.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use domain::id::DonationId;
use domain::journal::ChainId;
use domain::message::{Envelope, Message, MessageError, PaymentReported, Reached, VERSION};
use domain::notice::Notice;
use domain::owner::Owner;
use domain::payment::{Happening, Method, PaymentFact};
use proptest::prelude::*;
use serde_json::Value;

use crate::given::{NOON, any_of, fact, halalas, payment};

/// Every name in every message. A name is added here only after asking: does it tell anything about a person?
const NAMES: [&str; 45] = [
    "after",
    "again",
    "amount_minor",
    "attempt",
    "batch",
    "captured_at",
    "case",
    "chain",
    "currency",
    "disputed_minor",
    "donation",
    "erasure_due",
    "event",
    "fold_requested",
    "from",
    "hold_dropped",
    "hold_due",
    "hold_spent",
    "kind",
    "look_requested",
    "made_at",
    "method",
    "notice_due",
    "number",
    "offering",
    "owner",
    "page_committed",
    "payment",
    "payment_reported",
    "payment_told",
    "provider",
    "reason",
    "received_at",
    "refund_approved",
    "refund_due",
    "refunded_minor",
    "retraction",
    "seq",
    "shares_moved",
    "shares_sought",
    "slaughterhouse",
    "status",
    "updates_kept",
    "version",
    "what",
];

fn corpus() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let versions = fs::read_dir(folder).unwrap().map(|version| version.unwrap().path());
    let files = versions.flat_map(|version| fs::read_dir(version).unwrap()).map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect();
    files.sort();
    files
}

/// The message's name, as it is written. No catch-all: a new message stops the build until it is named here, and the test
/// below until it is in the corpus.
fn name(message: &Message) -> &'static str {
    match message {
        Message::PaymentReported(_) => "payment_reported",
        Message::LookRequested { .. } => "look_requested",
        Message::PaymentTold(fact) => match fact.happening {
            Happening::Captured { .. } => "payment_told captured",
            Happening::Failed { .. } => "payment_told failed",
            Happening::Voided => "payment_told voided",
            Happening::Refunded { .. } => "payment_told refunded",
            Happening::Disputed { .. } => "payment_told disputed",
            Happening::DisputeWon { .. } => "payment_told dispute_won",
            Happening::DisputeLost { .. } => "payment_told dispute_lost",
        },
        Message::PageCommitted { .. } => "page_committed",
        Message::FoldRequested {} => "fold_requested",
        Message::HoldDue { .. } => "hold_due",
        Message::HoldSpent { .. } => "hold_spent",
        Message::HoldDropped { .. } => "hold_dropped",
        Message::SharesMoved { .. } => "shares_moved",
        Message::SharesSought(_) => "shares_sought",
        Message::RefundDue { .. } => "refund_due",
        Message::RefundApproved { .. } => "refund_approved",
        Message::ErasureDue { after: None, .. } => "erasure_due",
        Message::ErasureDue { after: Some(_), .. } => "erasure_due after",
        Message::NoticeDue(notice) => match notice {
            Notice::Thanks { .. } => "notice_due thanks",
            Notice::Failure { .. } => "notice_due failure",
            Notice::Refund { .. } => "notice_due refund",
            Notice::ChargeReturned { .. } => "notice_due charge_returned",
            Notice::Sacrifice { again: 0, .. } => "notice_due sacrifice",
            Notice::Sacrifice { .. } => "notice_due sacrifice again",
            Notice::SacrificeTakenBack { .. } => "notice_due sacrifice_taken_back",
        },
        Message::UpdatesKept { from: None, .. } => "updates_kept",
        Message::UpdatesKept { from: Some(_), .. } => "updates_kept part",
    }
}

const ALL: [&str; 29] = [
    "erasure_due",
    "erasure_due after",
    "fold_requested",
    "hold_dropped",
    "hold_due",
    "hold_spent",
    "look_requested",
    "notice_due charge_returned",
    "notice_due failure",
    "notice_due refund",
    "notice_due sacrifice",
    "notice_due sacrifice again",
    "notice_due sacrifice_taken_back",
    "notice_due thanks",
    "page_committed",
    "payment_reported",
    "payment_told captured",
    "payment_told dispute_lost",
    "payment_told dispute_won",
    "payment_told disputed",
    "payment_told failed",
    "payment_told refunded",
    "payment_told voided",
    "refund_approved",
    "refund_due",
    "shares_moved",
    "shares_sought",
    "updates_kept",
    "updates_kept part",
];

fn any_fact() -> impl Strategy<Value = PaymentFact> {
    let happening = prop_oneof![
        (any_of(Method::ALL), any::<i32>(), 0u64..1_000).prop_map(|(method, later, fee)| Happening::Captured {
            method,
            captured_at: NOON.plus_seconds(later.into()),
            fee_minor: halalas(fee),
        }),
        ".{0,20}".prop_map(|reason| Happening::Failed { reason }),
        Just(Happening::Voided),
        any::<u32>().prop_map(|sum| Happening::Refunded { refunded_minor: halalas(sum.into()) }),
        any::<u32>().prop_map(|sum| Happening::Disputed { disputed_minor: halalas(sum.into()) }),
        any::<u32>().prop_map(|sum| Happening::DisputeWon { disputed_minor: halalas(sum.into()) }),
        any::<u32>().prop_map(|sum| Happening::DisputeLost { disputed_minor: halalas(sum.into()) }),
    ];
    let donation = prop::option::of(any::<[u8; 16]>().prop_map(DonationId::from_bytes));
    ("[A-Za-z0-9_-]{1,64}", donation, 0u32..9, any::<u32>(), "[A-Z]{3}", happening).prop_map(
        |(id, donation, attempt, amount, currency, happening)| PaymentFact {
            donation,
            attempt,
            currency,
            ..fact(&id, halalas(amount.into()), happening)
        },
    )
}

fn any_notice() -> impl Strategy<Value = Notice> {
    let donation = || any::<[u8; 16]>().prop_map(DonationId::from_bytes);
    prop_oneof![
        donation().prop_map(|donation| Notice::Thanks { donation }),
        (donation(), any::<u32>()).prop_map(|(donation, attempt)| Notice::Failure { donation, attempt }),
        (donation(), any::<u32>())
            .prop_map(|(donation, sum)| Notice::Refund { donation, refunded_minor: halalas(sum.into()) }),
        (donation(), "[a-z0-9]{1,64}", any::<u32>()).prop_map(|(donation, id, sum)| Notice::ChargeReturned {
            donation,
            payment: payment(&id),
            refunded_minor: halalas(sum.into()),
        }),
        (donation(), "[a-z]{3,40}", any::<u32>(), any::<i32>(), 0..3_u32).prop_map(
            |(donation, offering, number, later, again)| {
                let received_at = NOON.plus_seconds(later.into());
                Notice::Sacrifice { donation, offering: offering.parse().unwrap(), number, received_at, again }
            }
        ),
        (donation(), "[a-z]{3,40}", any::<u32>(), "[0-9a-f]{32}").prop_map(|(donation, offering, number, retraction)| {
            let (offering, retraction) = (offering.parse().unwrap(), retraction.parse().unwrap());
            Notice::SacrificeTakenBack { donation, offering, number, retraction }
        }),
    ]
}

fn any_owner() -> impl Strategy<Value = Owner> {
    prop_oneof![
        "[A-Za-z0-9_-]{1,64}".prop_map(|donor| Owner::Donor(donor.parse().unwrap())),
        any::<[u8; 16]>().prop_map(|donation| Owner::Donation(DonationId::from_bytes(donation))),
    ]
}

fn any_message() -> impl Strategy<Value = Message> {
    let donation = || any::<[u8; 16]>().prop_map(DonationId::from_bytes);
    let reported = |(id, event, kind, amount, status): (String, String, String, u32, String)| {
        let currency = "SAR".to_owned();
        let amount_minor = halalas(amount.into());
        Message::PaymentReported(PaymentReported { payment: payment(&id), event, kind, amount_minor, currency, status })
    };
    prop_oneof![
        ("[a-z0-9-]{1,64}", ".{0,20}", ".{0,20}", any::<u32>(), ".{0,20}").prop_map(reported),
        ("[a-z0-9]{1,64}", "[0-9a-f]{32}").prop_map(|(id, case)| Message::LookRequested { payment: payment(&id), case }),
        any_fact().prop_map(Message::PaymentTold),
        any_fact().prop_map(Message::SharesSought),
        donation().prop_map(|donation| Message::SharesMoved { donation }),
        (any::<u64>(), any::<u64>()).prop_map(|(random, seq)| Message::page_committed(ChainId::any(random), seq)),
        Just(Message::FoldRequested {}),
        donation().prop_map(|donation| Message::HoldDue { donation }),
        donation().prop_map(|donation| Message::HoldSpent { donation }),
        donation().prop_map(|donation| Message::HoldDropped { donation }),
        ("[a-z0-9]{1,64}", any::<u32>())
            .prop_map(|(id, sum)| Message::RefundDue { payment: payment(&id), refunded_minor: halalas(sum.into()) }),
        donation().prop_map(|donation| Message::RefundApproved { donation }),
        (any_owner(), prop::option::of((donation(), any::<i32>()))).prop_map(|(owner, after)| Message::ErasureDue {
            owner,
            after: after.map(|(donation, later)| Reached { donation, made_at: NOON.plus_seconds(later.into()) }),
        }),
        ("[a-z]{3,40}", "[0-9a-f]{32}", prop::option::of(any::<u32>())).prop_map(|(house, batch, from)| {
            Message::UpdatesKept { slaughterhouse: house.parse().unwrap(), batch: batch.parse().unwrap(), from }
        }),
        any_notice().prop_map(Message::NoticeDue),
    ]
}

#[test]
fn every_message_ever_sent_is_still_read() {
    let mut names = BTreeSet::new();
    for (path, text) in corpus() {
        let message = Envelope::read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        names.insert(name(&message));
        let version = path.parent().unwrap().file_name().unwrap().to_string_lossy();
        insta::assert_debug_snapshot!(format!("{version}_{}", path.file_stem().unwrap().to_string_lossy()), message);
    }
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ALL, "the corpus holds every message");
}

/// What is written today is what stands in the corpus of today's version: a changed form needs a new version.
#[test]
fn messages_of_this_version_are_written_as_they_stand_in_the_corpus() {
    let version = format!("v{VERSION}");
    let of_this_version = |path: &Path| path.parent().unwrap().ends_with(&version);
    for (path, text) in corpus().into_iter().filter(|(path, _)| of_this_version(path)) {
        let written = Envelope::from(Envelope::read(&text).unwrap()).write();
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(value(&written), value(&text), "{}", path.display());
    }
}

fn names_in(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            names.insert(name.clone());
            names_in(value, names);
        }),
        Value::Array(values) => values.iter().for_each(|value| names_in(value, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn no_message_carries_personal_data() {
    let mut names = BTreeSet::new();
    for (_, text) in corpus() {
        names_in(&serde_json::from_str(&text).unwrap(), &mut names);
    }
    let known: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(names, known);
}

#[test]
fn what_is_no_message_is_told_by_its_name() {
    let table = [
        ("", MessageError::NotAMessage),
        ("{", MessageError::NotAMessage),
        ("null", MessageError::NotAMessage),
        ("[]", MessageError::NotAMessage),
        ("{}", MessageError::NotAMessage),
        (r#"{"fold_requested":{}}"#, MessageError::NotAMessage),
        (r#"{"version":"1","fold_requested":{}}"#, MessageError::NotAMessage),
        (r#"{"version":-1,"fold_requested":{}}"#, MessageError::NotAMessage),
        (r#"{"version":1,"fold_requested":{}} and more"#, MessageError::NotAMessage),
        (r#"{"version":0,"fold_requested":{}}"#, MessageError::VersionUnknown(0)),
        (r#"{"version":2,"fold_requested":{}}"#, MessageError::VersionUnknown(2)),
        (r#"{"version":2,"whatever":[1,2]}"#, MessageError::VersionUnknown(2)),
        (r#"{"version":257,"fold_requested":{}}"#, MessageError::VersionUnknown(257)),
        (r#"{"version":1}"#, MessageError::NotOfItsVersion(1)),
        (r#"{"version":1,"fold_wished":{}}"#, MessageError::NotOfItsVersion(1)),
        (r#"{"version":1,"page_committed":{"chain":3}}"#, MessageError::NotOfItsVersion(1)),
        (r#"{"version":1,"page_committed":{"chain":300,"seq":1}}"#, MessageError::NotOfItsVersion(1)),
        (r#"{"version":1,"hold_due":{"donation":"xyz"}}"#, MessageError::NotOfItsVersion(1)),
        (
            r#"{"version":1,"refund_due":{"provider":"moyasar","payment":"a/b","refunded_minor":1}}"#,
            MessageError::NotOfItsVersion(1),
        ),
        (
            r#"{"version":1,"refund_due":{"provider":"moyasar","payment":"ab","refunded_minor":1.5}}"#,
            MessageError::NotOfItsVersion(1),
        ),
    ];
    for (text, error) in table {
        assert_eq!(Envelope::read(text), Err(error), "{text}");
        assert!(serde_json::from_str::<Envelope>(text).is_err(), "{text}");
    }
    let newer = Envelope::read(r#"{"version":9,"x":{}}"#).unwrap_err();
    assert_eq!(newer.to_string(), "version 9 of messages is not known here; 1 is the newest that is");
}

#[test]
fn a_message_cut_short_anywhere_is_an_error() {
    for (path, text) in corpus() {
        let text = text.trim_end();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            assert!(Envelope::read(&text[..end]).is_err(), "{} up to {end}", path.display());
        }
    }
}

proptest! {
    #[test]
    fn any_message_is_read_as_it_is_written(message in any_message()) {
        let text = Envelope::from(message.clone()).write();
        prop_assert_eq!(Envelope::read(&text), Ok(message));
    }

    #[test]
    fn any_text_is_an_error_and_never_a_panic(text in ".{0,200}") {
        prop_assert!(Envelope::read(&text).is_err());
    }

    /// Well within the 1 MiB of a batch of ten.
    #[test]
    fn a_message_is_small(message in any_message()) {
        prop_assert!(Envelope::from(message).write().len() < 1_024);
    }
}
