#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn returns() -> ReturnUrls {
    ReturnUrls::new("https://give.example").unwrap()
}

fn body() -> Value {
    json!({"lines": [{"opportunity": "wells-jazan", "amount": "10.50"}], "return_url": "https://give.example/thanks"})
}

fn faults(body: &Value) -> Vec<(String, &'static str)> {
    let faults = parse(body, &returns()).err().unwrap_or_default();
    faults.into_iter().map(|found| (found.pointer, found.wrong.code)).collect()
}

#[test]
fn a_command_is_what_the_body_says() {
    let command = parse(&body(), &returns()).unwrap();
    assert_eq!(command.lines[0].amount.unwrap().halalas(), 1_050);
    assert!(!command.anonymous && command.donor.is_none() && command.language.is_none());
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let body = json!({
        "lines": [{"opportunity": "wells-jazan", "amount": 10.5}, {"amount": "0.5", "fund": "zakat"}, 7],
        "anonymous": "no", "donor": {"mobile": "1", "age": 7}, "language": "fr", "return_url": "https://evil.example", "a/b~": 1,
    });
    let expected = [
        ("/a~1b~0", "unknown_field"),
        ("/lines/0/amount", "amount_a_fraction"),
        ("/lines/1/fund", "unknown_field"),
        ("/lines/1/opportunity", "required"),
        ("/lines/1/amount", "amount_too_small"),
        ("/lines/2", "wrong_type"),
        ("/anonymous", "wrong_type"),
        ("/donor/age", "unknown_field"),
        ("/donor/mobile", "mobile_unusable"),
        ("/language", "language_unknown"),
        ("/return_url", "return_url_refused"),
    ];
    assert_eq!(faults(&body), expected.map(|(pointer, code)| (pointer.to_owned(), code)));
}

#[test]
fn the_same_command_has_the_same_fingerprint_however_it_is_written() {
    let print = |body: &Value, key: &str| parse(body, &returns()).unwrap().fingerprint(key);
    let written_otherwise = json!({"anonymous": false, "return_url": "https://GIVE.example/thanks", "donor": {},
               "lines": [{"amount": "١٠٫٥", "opportunity": "wells-jazan"}]});
    assert_eq!(print(&body(), "k"), print(&written_otherwise, "k"));
    assert_ne!(print(&body(), "k"), print(&body(), "l"));
}

#[test]
fn fingerprints_tell_which_fields_differ() {
    let print = |body: &Value| parse(body, &returns()).unwrap().fingerprint("k");
    let changes = [
        ("lines", json!([{"opportunity": "wells-jazan", "amount": "10.51"}])),
        ("anonymous", json!(true)),
        ("donor", json!({"name": "أحمد"})),
        ("language", json!("en")),
        ("return_url", json!("https://give.example/other")),
    ];
    for (field, value) in changes {
        let mut changed = body();
        changed[field] = value;
        assert_eq!(differing(&print(&body()), &print(&changed)), [field]);
    }
    assert!(differing(&print(&body()), &print(&body())).is_empty());
}

proptest! {
    #[test]
    fn any_json_is_a_command_or_faults_and_never_a_panic(text in "[\\[\\]{}\",:a-z0-9.]{0,200}") {
        if let Ok(body) = serde_json::from_str::<Value>(&text) {
            let _ = parse(&body, &returns());
        }
    }

    #[test]
    fn no_amount_beyond_the_bounds_gets_in(halalas in any::<u64>(), whole in any::<u64>()) {
        for amount in [json!(format!("{}.{:02}", halalas / 100, halalas % 100)), json!(whole)] {
            let mut body = body();
            body["lines"][0]["amount"] = amount;
            if let Ok(command) = parse(&body, &returns()) {
                prop_assert!((LEAST_LINE..=MOST_DONATION).contains(&command.lines[0].amount.unwrap()));
            }
        }
    }

    #[test]
    fn any_text_is_a_mobile_or_none(text in ".{0,40}") {
        if let Some(number) = mobile(&text) {
            prop_assert!(number.starts_with("+9665") && number.len() == 13);
        }
    }
}
