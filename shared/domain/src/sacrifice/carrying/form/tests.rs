//! Both forms say the same; what is wrong with a form is wrong as a whole, what is wrong in a row there alone.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::moment::Moment;

fn refusals(rows: &[Row]) -> Vec<Option<Refusal>> {
    rows.iter().map(|row| row.update.as_ref().err().copied()).collect()
}

#[test]
fn columns_come_in_any_order_and_only_once() {
    let body = "\u{FEFF}by, animal ,slaughtered_at\nLIC-7,camel-makkah-7,2027-05-16T07:05:00+03:00\n,camel-makkah-8,\n";
    let rows = read(Form::Csv, body.as_bytes()).unwrap();
    assert_eq!(refusals(&rows), [None, Some(Refusal::NothingTold)]);
    assert_eq!((rows[0].number, rows[1].number), (1, 2));
    for (body, error) in [
        ("animal,animal\na,b\n", FormError::Column(2)),
        ("animal,price\na,b\n", FormError::Column(2)),
        ("by\nLIC-7\n", FormError::NoAnimal),
        ("animal\n", FormError::Empty),
        ("", FormError::NoAnimal),
        ("animal,by\ncamel-makkah-7\n", FormError::Csv(2)),
    ] {
        assert_eq!(read(Form::Csv, body.as_bytes()), Err(error), "{body}");
    }
    assert!(matches!(read(Form::Csv, b"animal\n\xFF\xFE\n"), Err(FormError::Csv(_))), "not UTF-8");
}

#[test]
fn json_of_another_form_is_none() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"updates":{}}"#,
        r#"{"updates":[{"animal":7}]}"#,
        r#"{"updates":[{"animal":"camel-makkah-7","name":"x"}]}"#,
        r#"{"updates":[{"by":"LIC-7"}]}"#,
        r#"{"updates":[{"animal":"camel-makkah-7","portions":-1}]}"#,
        r#"{"updates":[],"more":1}"#,
    ] {
        assert!(matches!(read(Form::Json, body.as_bytes()), Err(FormError::Json { .. })), "{body}");
    }
    assert_eq!(read(Form::Json, br#"{"updates":[]}"#), Err(FormError::Empty));
}

#[test]
fn a_bad_row_spoils_no_other() {
    let body = "animal,slaughtered_at,by,portions\n\
        camel-makkah-7,2027-05-16T07:05:00+03:00,LIC-7,\n\
        camel makkah,2027-05-16T07:05:00+03:00,LIC-7,\n\
        camel-makkah-8,now,LIC-7,\n\
        camel-makkah-9,,,many\n\
        camel-makkah-10,2027-05-16T07:05:00+03:00,LIC-8,\n";
    let rows = read(Form::Csv, body.as_bytes()).unwrap();
    let expected =
        [None, Some(Refusal::AnimalMalformed), Some(Refusal::TimeMalformed), Some(Refusal::DistributionMalformed), None];
    assert_eq!(refusals(&rows), expected);
    assert_eq!(rows[3].animal.as_ref().unwrap().number, 9);
}

#[test]
fn there_is_a_most() {
    let row = Told { animal: "camel-makkah-7".to_owned(), by: "L1".to_owned(), ..Told::default() };
    for form in [Form::Json, Form::Csv] {
        let most = vec![row.clone(); MOST_ROWS];
        assert_eq!(read(form, &write(form, &most)).unwrap().len(), MOST_ROWS);
        let more = vec![row.clone(); MOST_ROWS + 1];
        assert_eq!(read(form, &write(form, &more)), Err(FormError::TooMany));
    }
}

#[test]
fn the_form_is_told_by_the_kind() {
    for (kind, form) in [
        ("application/json", Some(Form::Json)),
        ("Application/JSON; charset=utf-8", Some(Form::Json)),
        ("text/csv;header=present", Some(Form::Csv)),
        ("text/plain", None),
        ("", None),
    ] {
        assert_eq!(Form::of(kind), form, "{kind}");
    }
}

#[test]
fn a_form_is_told_by_the_kind_that_it_is_sent_with() {
    for form in Form::ALL {
        assert_eq!(Form::of(form.content_type()), Some(*form));
    }
}

/// Lambda takes six megabytes; the gateway sends a body as base64, four signs for three bytes.
#[test]
fn the_largest_body_reaches_a_function() {
    assert_eq!(MOST_BYTES, 4_194_304, "four mebibytes");
    assert!(MOST_BYTES.div_ceil(3) * 4 < 6_000_000);
}

fn told() -> impl Strategy<Value = Told> {
    let text = || prop_oneof![Just(String::new()), "[a-zA-Z0-9,\" :+-]{1,20}".prop_map(|text| text.trim().to_owned())];
    let time = prop_oneof![
        Just(String::new()),
        (0..4_000_000_000_000_i64).prop_map(|millis| Moment::from_millis(millis).to_string()),
        text(),
    ];
    let evidence = prop::collection::vec("[0-9a-f]{32}", 0..8);
    let by = prop_oneof!["[A-Z]{1,3}-[0-9]{1,5}", text()];
    let country = prop_oneof!["[A-Z]{2}", text()];
    let rest = (text(), country, prop::option::of(0..9_000_u32));
    ((1..99_u32), time, by, evidence, rest).prop_map(|(number, slaughtered_at, by, evidence, rest)| Told {
        animal: format!("camel-makkah-{number}"),
        slaughtered_at,
        by,
        evidence,
        distributed_to: rest.0,
        country: rest.1,
        portions: rest.2,
    })
}

proptest! {
    #[test]
    fn both_forms_say_the_same(told in prop::collection::vec(told(), 1..20)) {
        let json = read(Form::Json, &write(Form::Json, &told)).unwrap();
        let csv = read(Form::Csv, &write(Form::Csv, &told)).unwrap();
        prop_assert_eq!(&json, &csv);
        prop_assert_eq!(json.len(), told.len());
        for row in json {
            if let Ok(update) = row.update {
                prop_assert_eq!(Told::from(&update).read(update.animal.clone()), Ok(update));
            }
        }
    }

    #[test]
    fn nothing_makes_a_reader_panic(body in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        for form in [Form::Json, Form::Csv] {
            let _ = (read(form, &body), read(form, text.as_bytes()), read(form, format!("animal,by\n{text}").as_bytes()));
        }
    }
}
