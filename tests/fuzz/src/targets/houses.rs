//! What slaughterhouses send, and what an operator registers of them.

use domain::id::SlaughterhouseId;
use domain::moment::Moment;
use domain::proof::note;
use domain::purpose::Language;
use domain::sacrifice::AnimalName;
use domain::sacrifice::carrying::form::{self, MOST_ROWS};
use domain::sacrifice::carrying::keys::MOST_KEYS;
use domain::sacrifice::carrying::update::Told;
use domain::sacrifice::carrying::{Form, Statement};
use platform::http::Faults;
use slaughterhouses::evidence::EvidenceDraft;
use slaughterhouses::keys::KeysDraft;

use super::{TRUSTED, is_read_again};

/// What a slaughterhouse sends: updates in both forms, the signature over them, the statement that is signed. What nobody has signed is signed by nobody.
pub fn updates(bytes: &[u8]) {
    for form in [Form::Json, Form::Csv] {
        let Ok(rows) = form::read(form, bytes) else { continue };
        assert!((1..=MOST_ROWS).contains(&rows.len()));
        for update in rows.into_iter().filter_map(|row| row.update.ok()) {
            assert_eq!(update.animal.to_string().parse().as_ref(), Ok(&update.animal));
            assert!(update.slaughtered.is_some() || !update.evidence.is_empty() || update.distribution.is_some());
            assert_eq!(Told::from(&update).read(update.animal.clone()), Ok(update));
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let trusted = std::slice::from_ref(&*TRUSTED);
    assert!(note::verify("what was sent\n", text, trusted).is_err());
    if let Ok(statement) = text.parse::<Statement>() {
        assert_eq!(statement.to_string(), text);
    }
    if let Ok(animal) = text.parse::<AnimalName>() {
        assert_eq!(animal.to_string(), text);
    }
}

/// What is to be uploaded. The form that is given for it is for no more bytes than its kind may have.
pub fn evidence(bytes: &[u8]) {
    let Ok(draft) = serde_json::from_slice::<EvidenceDraft>(bytes) else { return };
    if let Ok(asked) = draft.check(Faults::new(Language::English)) {
        assert!((1..=asked.media_type.medium().most_bytes()).contains(&asked.bytes), "{asked:?}");
    }
}

/// The keys of a slaughterhouse. What is registered verifies, bears its name, and is kept as it is.
pub fn house_keys(bytes: &[u8]) {
    let Ok(draft) = serde_json::from_slice::<KeysDraft>(bytes) else { return };
    let house: SlaughterhouseId = "makkah-1".parse().expect("an id");
    let Ok(keys) = draft.check(house.clone(), Moment::from_millis(0), Faults::new(Language::English)) else { return };
    let verifiers = keys.verifiers().expect("they were read");
    assert!(verifiers.len() <= MOST_KEYS && verifiers.len() == keys.keys.len());
    assert!(verifiers.iter().all(|key| key.key_name().name == house.as_str()), "{keys:?}");
    is_read_again(&keys);
}
