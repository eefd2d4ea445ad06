//! Every target takes bytes of chance, and texts of chance, which come further.

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_target_takes_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::ALL.iter().for_each(|target| (target.run)(&bytes));
    }

    #[test]
    fn every_target_takes_any_text(text in "\\PC{0,80}") {
        fuzz::ALL.iter().for_each(|target| (target.run)(text.as_bytes()));
    }

    /// JSON of any shape, with the names that our readers know.
    #[test]
    fn every_target_takes_any_json(value in any_json()) {
        let text = value.to_string();
        fuzz::ALL.iter().for_each(|target| (target.run)(text.as_bytes()));
    }
}

/// The names of members that our readers know.
const NAMES: &str = "\
    lines amount opportunity donor name mobile email id status data metadata currency type secret_token source \
    time day v what payment refunded title target body headers mute updates animal slaughtered_at by evidence \
    portions reason outcome note case transfers debit credit slaughter distributed rite species price place quota \
    methods kind content_type bytes keys kid kty jwks_uri payments meta current_page total_pages total_count after \
    compare offering Records";

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let names = prop::sample::select(Vec::from_iter(NAMES.split_whitespace()));
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        "\\PC{0,12}".prop_map(serde_json::Value::from),
        Just(serde_json::Value::from("the stage's webhook secret")),
        Just(serde_json::Value::from("SAR")),
        Just(serde_json::Value::from("paid")),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::vec((names.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}
