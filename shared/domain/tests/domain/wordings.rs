//! What people read: names of animals, rites and meat, and what a slaughterhouse is advised, in both languages.

use std::collections::BTreeSet;

use domain::purpose::Language;
use domain::sacrifice::carrying::Refusal;
use domain::sacrifice::offering::Species;
use domain::sacrifice::rite::{Meat, Rite};

/// Each is written in its own language, and no two members of a list read the same.
fn are_told_apart(wordings: &[(&str, &str)]) {
    for (arabic, english) in wordings {
        assert!(arabic.contains(|sign| ('\u{600}'..='\u{6ff}').contains(&sign)), "{arabic}");
        assert!(english.is_ascii() && english.starts_with(|sign: char| sign.is_ascii_uppercase()), "{english}");
    }
    let (arabic, english): (BTreeSet<&str>, BTreeSet<&str>) = wordings.iter().copied().unzip();
    assert_eq!((arabic.len(), english.len()), (wordings.len(), wordings.len()), "{wordings:?}");
}

#[test]
fn animals_and_rites_are_called_as_the_field_calls_them() {
    let animals = ["غنم", "ماعز", "بقر", "إبل"];
    assert_eq!(Species::ALL.iter().map(|species| species.names().0).collect::<Vec<_>>(), animals);
    assert!(Species::ALL.iter().all(|species| species.names().1.to_lowercase() == species.code()));
    let rites = ["أضحية", "هدي", "عقيقة", "كفارة", "فدية"];
    assert_eq!(Rite::ALL.iter().map(|rite| rite.names().0).collect::<Vec<_>>(), rites);
    are_told_apart(&Rite::ALL.iter().map(|rite| rite.names()).collect::<Vec<_>>());
}

#[test]
fn who_has_the_meat_is_told_in_both_languages() {
    are_told_apart(&Meat::ALL.iter().map(|meat| meat.names()).collect::<Vec<_>>());
}

#[test]
fn each_refusal_has_an_advice_of_its_own_in_both_languages() {
    let both = |refusal: &Refusal| (refusal.advice(Language::Arabic), refusal.advice(Language::English));
    are_told_apart(&Refusal::ALL.iter().map(both).collect::<Vec<_>>());
    let example = Refusal::TimeMalformed.advice(Language::English).rsplit(' ').next().unwrap();
    assert!(example.parse::<domain::moment::Moment>().is_ok(), "an example is one that is taken: {example}");
}
