//! Every notice in every channel and language: what it says, what it hides, how long it is.
#![allow(clippy::unwrap_used)]

use domain::id::DonationId;
use domain::payment::{PaymentRef, Provider};
use domain::person::{Device, PushNetwork};

use super::*;

const DONATION: DonationId = DonationId::from_bytes([7; 16]);

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn sacrifice(number: u32) -> Notice {
    let received_at = domain::moment::Moment::from_millis(1_810_780_500_000);
    Notice::Sacrifice { donation: DONATION, offering: "camel-makkah".parse().unwrap(), number, received_at, again: 0 }
}

fn taken_back(number: u32) -> Notice {
    let (offering, retraction) = ("camel-makkah".parse().unwrap(), "0a".repeat(16).parse().unwrap());
    Notice::SacrificeTakenBack { donation: DONATION, offering, number, retraction }
}

fn notices() -> [(&'static str, Notice); 6] {
    let payment = PaymentRef { provider: Provider::Moyasar, payment: "p-1".parse().unwrap() };
    [
        ("thanks", Notice::Thanks { donation: DONATION }),
        ("failure", Notice::Failure { donation: DONATION, attempt: 1 }),
        ("refund", Notice::Refund { donation: DONATION, refunded_minor: money("20") }),
        ("returned", Notice::ChargeReturned { donation: DONATION, payment, refunded_minor: money("50") }),
        ("sacrifice", sacrifice(38)),
        ("taken_back", taken_back(38)),
    ]
}

fn addresses() -> [Address; 3] {
    let device = Device { service: PushNetwork::Fcm, token: "token".to_owned() };
    [Address::Sms("+966551234567".to_owned()), Address::Push(device), Address::Email("a@example.org".to_owned())]
}

fn gift(language: Language, is_discreet: bool) -> Gift {
    let project = Bilingual { ar: "حفر آبار في جازان".to_owned(), en: "Wells in Jazan".to_owned() };
    Gift {
        total: money("1050.50"),
        project: Some(project),
        others: 0,
        receipt_url: Some("https://api.example/v1/receipts/0C00000024230C9J6CT3ADHQ70WG".to_owned()),
        is_discreet,
        language,
    }
}

#[test]
fn every_wording() {
    let mut all = String::new();
    for (name, notice) in notices() {
        for to in addresses() {
            for language in [Language::Arabic, Language::English] {
                for discreet in [false, true] {
                    let words = of(&notice, &gift(language, discreet), &to).unwrap();
                    let how = if discreet { ", discreet" } else { "" };
                    all += &format!("== {name}, {}, {}{how}\n", to.channel(), language.code());
                    all += &format!("[{}]\n{}\n", words.subject, words.text);
                }
            }
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn what_is_discreet_shows_neither_amount_nor_project_nor_where_they_are() {
    for (name, notice) in notices() {
        for to in addresses() {
            for language in [Language::Arabic, Language::English] {
                let Words { subject, text } = of(&notice, &gift(language, true), &to).unwrap();
                let all = format!("{subject} {text}");
                assert!(!all.chars().any(|character| character.is_ascii_digit()), "{name}: {all}");
                for hidden in ["جازان", "Jazan", "http"] {
                    assert!(!all.contains(hidden), "{name}: {all}");
                }
            }
        }
    }
}

/// With the largest amount, the longest name and many lines, and an address of the API of forty characters.
#[test]
fn an_sms_is_three_parts_at_most() {
    for (name, notice) in notices() {
        let notice = match notice {
            Notice::Refund { donation, .. } => Notice::Refund { donation, refunded_minor: money("50000000.00") },
            Notice::ChargeReturned { donation, payment, .. } => {
                Notice::ChargeReturned { donation, payment, refunded_minor: money("50000000.00") }
            }
            Notice::Sacrifice { .. } => sacrifice(999_999),
            Notice::SacrificeTakenBack { .. } => taken_back(999_999),
            other => other,
        };
        for language in [Language::Arabic, Language::English] {
            let long = "مشروع ".repeat(40);
            let gift = Gift {
                total: money("50000000.00"),
                project: Some(Bilingual { ar: long.clone(), en: long }),
                others: 19,
                receipt_url: Some(format!("https://{}/v1/receipts/0C00000024230C9J6CT3ADHQ70WG", "a".repeat(40))),
                ..gift(language, false)
            };
            let words = of(&notice, &gift, &addresses()[0]).unwrap();
            let units = words.text.encode_utf16().count();
            assert!(units <= MOST_SMS_CHARS, "{name}, {}: {units}: {}", language.code(), words.text);
        }
    }
}
