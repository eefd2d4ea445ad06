//! Signed notes: as others' tools write and read them; keys that follow one another.

use domain::hash::Hash;
use domain::proof::checkpoint::Checkpoint;
use domain::proof::key;
use domain::proof::note::{self, NoteError, Signer, Signers, Verifier};

use crate::given::NOON;

/// The example of Go's `golang.org/x/mod/sumdb/note`, by which the form is tested elsewhere, too.
const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNATURE: &str =
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn signer(name: &str, seed: u8) -> Signer {
    Signer::new(name, &[seed; 32]).unwrap()
}

fn signers(seeds: &[u8]) -> Signers {
    let text: Vec<String> = seeds.iter().map(|seed| signer("ihsan.example", *seed).secret()).collect();
    Signers::read(&text.join("\n")).unwrap()
}

fn trusted(seeds: &[u8]) -> Vec<Verifier> {
    seeds.iter().map(|seed| signer("ihsan.example", *seed).verifier()).collect()
}

#[test]
fn a_note_is_signed_in_the_bytes_of_the_published_example() {
    let signers = Signers::read(SECRET).unwrap();
    let note = signers.sign(TEXT);
    assert_eq!(note, format!("{TEXT}\n{SIGNATURE}"));
    let public: Verifier = PUBLIC.parse().unwrap();
    assert_eq!(signers.verifiers(), std::slice::from_ref(&public));
    assert_eq!(public.to_string(), PUBLIC);
    assert_eq!(SECRET.parse::<Signer>().unwrap().secret(), SECRET);
    let (text, by) = note::open(&note, &[public]).unwrap();
    assert_eq!((text, by[0].to_string().as_str()), (TEXT, "PeterNeumann+c74f20a3"));
    assert_eq!(note::text(&note), Some(TEXT), "whoever has signed it");
    assert_eq!(note::text(TEXT), None);
    assert_eq!(signers.name(), "PeterNeumann");
}

#[test]
fn a_key_that_is_none_is_refused_and_no_secret_is_printed() {
    let bad = [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ];
    for text in bad {
        assert_eq!(text.parse::<Verifier>(), Err(NoteError::NotAKey), "{text}");
        assert_eq!(format!("PRIVATE+KEY+{text}").parse::<Signer>().unwrap_err(), NoteError::NotAKey, "{text}");
    }
    for name in ["", "two words", "a+b"] {
        assert_eq!(Signer::new(name, &[1; 32]).unwrap_err(), NoteError::NotAKey, "{name:?}");
    }
    let spaced = PUBLIC.replace("PeterNeumann", "Peter Neumann");
    assert_eq!(spaced.parse::<Verifier>(), Err(NoteError::NotAKey));
    assert_eq!(Signers::read(" \n").unwrap_err(), NoteError::Keys);
    let two = format!("{}\n{}", signer("a", 1).secret(), signer("b", 2).secret());
    assert_eq!(Signers::read(&two).unwrap_err(), NoteError::Keys);
    let printed = format!("{:?}", Signers::read(SECRET).unwrap());
    assert!(printed.contains("c74f20a3") && !printed.contains("AYEK"), "{printed}");
}

/// Whoever verifies fetches by these names, years from now.
#[test]
fn what_is_published_stands_where_it_always_stood() {
    let day = NOON.day();
    assert_eq!((key::LOG, key::CHECKPOINT), ("proofs/log.json", "proofs/checkpoint.txt"));
    assert_eq!(key::day(day), "proofs/day/2026-11-23/day.json");
    assert_eq!(key::pages(day), "proofs/day/2026-11-23/pages");
    let public: Verifier = PUBLIC.parse().unwrap();
    assert_eq!(key::keys(std::slice::from_ref(&public)), "proofs/keys/c74f20a3.txt");
    assert_eq!(key::keys(&[public.clone(), public]), "proofs/keys/c74f20a3-c74f20a3.txt");
}

#[test]
fn a_changed_note_is_found() {
    let note = signers(&[1]).sign("one\n\ntwo\n");
    assert_eq!(note::open(&note, &trusted(&[1])).unwrap().0, "one\n\ntwo\n");
    for at in 0..note.len() {
        let mut bytes = note.clone().into_bytes();
        bytes[at] ^= 1 << (at % 8);
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        assert!(note::open(&changed, &trusted(&[1])).is_err(), "byte {at}");
    }
    assert_eq!(note::open(&note, &trusted(&[2])), Err(NoteError::Unsigned));
    assert_eq!(note::open("one\n", &trusted(&[1])), Err(NoteError::NotANote));
    // Of others, whose signatures are of other lengths, nothing is judged.
    let witnessed = format!("{note}— witness.example {}\n", data_encoding::BASE64.encode(&[7; 76]));
    assert!(note::open(&witnessed, &trusted(&[1])).is_ok());
}

#[test]
fn a_new_key_follows_an_old_one() {
    let state = |size| Checkpoint { origin: "ihsan.example".to_owned(), size, root: Hash::of(&[&[7]]) }.to_string();
    let (before, during, after) = (signers(&[1]), signers(&[2, 1]), signers(&[2]));
    let (old, new) = (trusted(&[1]), trusted(&[2]));
    let first = before.sign(&state(1));
    let second = during.sign(&state(2));
    let third = after.sign(&state(3));
    // While both sign, whoever trusts either verifies.
    assert!(Checkpoint::open(&second, &old).is_ok() && Checkpoint::open(&second, &new).is_ok());
    assert_eq!(Checkpoint::open(&second, &trusted(&[1, 2])).unwrap().1.len(), 2);
    // Afterwards whoever trusts the old one learns the new one from the list that both have signed.
    assert_eq!(Checkpoint::open(&third, &old), Err(NoteError::Unsigned));
    let list = during.sign(&note::key_list(&during.verifiers()));
    let learnt = note::learn(&list, &old).unwrap();
    assert_eq!(learnt, trusted(&[2, 1]));
    assert!(Checkpoint::open(&third, &learnt).is_ok());
    // What the old one signed stays signed; a list that nobody trusted has signed teaches nothing.
    assert!(Checkpoint::open(&first, &old).is_ok());
    assert_eq!(note::learn(&after.sign(&note::key_list(&after.verifiers())), &old), Err(NoteError::Unsigned));
    assert!(note::learn(&first, &old).is_err(), "a checkpoint is no list of keys");
    assert!(Checkpoint::open(&list, &old).is_err(), "a list of keys is no checkpoint");
}

#[test]
fn a_key_of_another_name_signs_no_checkpoint_of_this_log() {
    let text = Checkpoint { origin: "ihsan.example".to_owned(), size: 1, root: Hash::NONE }.to_string();
    let other = Signers::read(&signer("other.example", 1).secret()).unwrap();
    let note = other.sign(&text);
    assert_eq!(Checkpoint::open(&note, &other.verifiers()), Err(NoteError::Unsigned));
    let list = other.sign(&note::key_list(&trusted(&[9])));
    assert_eq!(note::learn(&list, &other.verifiers()), Err(NoteError::Keys));
}

#[test]
fn a_checkpoint_has_one_form() {
    let checkpoint = Checkpoint { origin: "ihsan.example".to_owned(), size: 12, root: Hash::of(&[b"x"]) };
    let text = checkpoint.to_string();
    assert_eq!(text, "ihsan.example\n12\nLXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=\n");
    assert_eq!(Checkpoint::read(&text), Some(checkpoint));
    for other in [text.replace("12", "012"), text.replace("12", "+12"), format!("{text}more\n"), text.trim().to_owned()] {
        assert_eq!(Checkpoint::read(&other), None, "{other}");
    }
}
