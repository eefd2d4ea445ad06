//! The form of a page never changes unseen: pages of years ago must still be read, and their hashes still hold.

use data_encoding::HEXLOWER;
use domain::donation::{Decision, State, decide};
use domain::hash::{Hash, leaf, tree_root};
use domain::journal::page::MOST_ENTRIES;
use domain::journal::{Entry, Page, PageError, PageKind, Transfer};
use domain::leaf_key::LeafKey;
use domain::payment::Happening;
use domain::purpose::Fund;
use proptest::prelude::*;

use crate::chains::{first_tail, salts};
use crate::given::{NOON, any_entry, any_movement, captured, donation, fact, line, riyals, settled_by};

fn entry_of(state: State, happening: Happening) -> Entry {
    let lines = vec![line(Fund::Zakat, "wells", riyals(60)), line(Fund::Waqf, "clinic", riyals(40))];
    let told = fact("own", riyals(100), happening);
    match decide(Some(&donation(state, lines)), None, &told, NOON).unwrap() {
        Decision::Book { entry, .. } | Decision::Keep { entry, .. } => entry,
        other => panic!("{other:?}"),
    }
}

/// One entry of each kind that money can make.
fn entries() -> Vec<Entry> {
    let refunded = |refunded| Happening::Refunded { refunded_minor: riyals(refunded) };
    vec![
        entry_of(State::Awaiting, captured()),
        entry_of(State::Settled { settled_by: settled_by("other") }, captured()),
        entry_of(State::Settled { settled_by: settled_by("own") }, refunded(30)),
        entry_of(State::PartlyRefunded { settled_by: settled_by("own"), refunded_minor: riyals(30) }, refunded(100)),
    ]
}

fn in_lines_of_32(bytes: &[u8]) -> String {
    bytes.chunks(32).map(|chunk| HEXLOWER.encode(chunk)).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_page_is_written_in_these_bytes() {
    let page = first_tail().write(entries(), &salts(4), NOON);
    let seal = page.tail().seal(NOON);
    let agreed = first_tail().write_agreed(entries(), (Some(LeafKey::from_bytes([9; 32])), &salts(4)), NOON);
    for (name, page) in [("entries", page), ("seal", seal), ("agreed", agreed)] {
        let text = format!("{}\nhash {}\n{page:#?}", in_lines_of_32(&page.bytes()), page.hash());
        insta::assert_snapshot!(format!("page_of_{name}"), text);
        assert_eq!(Page::read(&page.bytes()).unwrap(), page);
    }
}

#[test]
fn a_page_of_another_form_is_refused_by_name() {
    let mut bytes = first_tail().seal(NOON).bytes();
    assert_eq!(bytes[..2], [0x87, 3], "seven fields, the first of them the form");
    bytes[1] = 4;
    assert_eq!(Page::read(&bytes), Err(PageError::FormUnknown(4)));
}

/// Pages of the first form, as they were written: without leaves.
#[test]
fn pages_of_the_first_form_are_read_for_good() {
    let (entries, seal) = (include_str!("forms/form1-entries.hex"), include_str!("forms/form1-seal.hex"));
    let mut tail = first_tail();
    for kept in [entries, seal] {
        let (hex, hash) = kept.trim().split_once("\nhash ").unwrap();
        let bytes = HEXLOWER.decode(hex.replace('\n', "").as_bytes()).unwrap();
        let page = Page::read(&bytes).unwrap();
        page.verify(&tail).unwrap();
        assert_eq!((page.hash().to_string().as_str(), page.leaves()), (hash, None));
        tail = page.tail();
    }
}

/// Pages of the second form, as they were written: with leaves, and no salt of theirs is agreed on.
#[test]
fn pages_of_the_second_form_are_read_for_good() {
    let (entries, seal) = (include_str!("forms/form2-entries.hex"), include_str!("forms/form2-seal.hex"));
    let mut tail = first_tail();
    for kept in [entries, seal] {
        let (hex, hash) = kept.trim().split_once("\nhash ").unwrap();
        let bytes = HEXLOWER.decode(hex.replace('\n', "").as_bytes()).unwrap();
        let page = Page::read(&bytes).unwrap();
        page.verify(&tail).unwrap();
        assert_eq!((page.hash().to_string().as_str(), page.key()), (hash, None));
        assert_eq!(page.leaves().map_or(0, |leaves| leaves.hashes().len()), page.entries().len());
        tail = page.tail();
    }
}

#[test]
fn a_page_of_an_earlier_form_has_no_key() {
    let page = first_tail().write_agreed(entries(), (Some(LeafKey::from_bytes([9; 32])), &salts(4)), NOON);
    page.verify(&first_tail()).unwrap();
    assert_eq!(page.key(), Some(LeafKey::from_bytes([9; 32])));
    let mut bytes = page.bytes();
    bytes[1] = 2;
    assert_eq!(Page::read(&bytes).unwrap().verify(&first_tail()), Err(PageError::KeyBeforeItsForm));
}

/// The form says whether there are leaves; a page of one form with the contents of the other is none.
#[test]
fn a_page_has_leaves_if_and_only_if_its_form_says_so() {
    let mut bytes = first_tail().write(entries(), &salts(4), NOON).bytes();
    bytes[1] = 1;
    assert_eq!(Page::read(&bytes).unwrap().verify(&first_tail()), Err(PageError::WrongLeaves));
    let page = first_tail().write(entries(), &salts(4), NOON);
    let PageKind::Entries { entries, root, leaves, key } = page.kind.clone() else { panic!("entries were written") };
    let others = [
        None,
        Some(leaves.clone().unwrap().hashes()[1..].iter().copied().collect()),
        Some(leaves.unwrap().hashes().iter().rev().copied().collect()),
    ];
    for leaves in others {
        let mut page = page.clone();
        page.kind = PageKind::Entries { entries: entries.clone(), root, leaves, key };
        assert_eq!(page.verify(&first_tail()), Err(PageError::WrongLeaves));
    }
}

#[test]
fn the_same_page_in_other_bytes_is_refused() {
    let page = first_tail().write(entries(), &salts(4), NOON);
    let plain = page.bytes();
    let longer = [plain.as_slice(), &[0]].concat();
    assert_eq!(Page::read(&longer), Err(PageError::NotCanonical), "a byte after the end");
    let wider = [&[0x98, 7], &plain[1..]].concat();
    assert_eq!(Page::read(&wider), Err(PageError::NotCanonical), "seven in two bytes");
    let endless = [&[0x9f], &plain[1..], &[0xff]].concat();
    assert_eq!(Page::read(&endless), Err(PageError::NotCanonical), "an array without a length");
    let added = [&[0x88], &plain[1..], &[0xf6]].concat();
    assert_eq!(Page::read(&added), Err(PageError::NotCanonical), "a field that nobody knows");
}

#[test]
fn a_page_holds_its_bound_and_no_entry_more() {
    let entry = entries().remove(0);
    let written = |count: usize| first_tail().write(vec![entry.clone(); count], &salts(count), NOON);
    written(MOST_ENTRIES).verify(&first_tail()).unwrap();
    assert_eq!(written(MOST_ENTRIES + 1).verify(&first_tail()), Err(PageError::BadCount));
    assert_eq!(written(0).verify(&first_tail()), Err(PageError::BadCount));
    let empty = Entry { transfers: Vec::new(), ..entry.clone() };
    assert_eq!(first_tail().write(vec![entry, empty], &salts(2), NOON).verify(&first_tail()), Err(PageError::BadCount));
}

#[test]
#[should_panic(expected = "every entry has a salt")]
fn a_root_that_leaves_a_gift_out_is_never_written() {
    first_tail().write(entries(), &salts(3), NOON);
}

/// A full page of gifts of the most lines, with the longest ids, is well within an item.
#[test]
fn the_largest_page_fits_into_an_item() {
    let longest = |number: usize| format!("{number:02}{}", "o".repeat(38));
    let mut one = line(Fund::Kaffara, &longest(0), domain::donation::MOST_DONATION);
    one.purpose.charity = "c".repeat(40).parse().unwrap();
    let lines = (0..domain::donation::MOST_LINES)
        .map(|number| domain::donation::Line { opportunity: longest(number).parse().unwrap(), ..one.clone() })
        .collect();
    let gift = donation(State::Awaiting, lines);
    let told = fact(&"p".repeat(64), gift.total(), captured());
    let Decision::Book { entry, .. } = decide(Some(&gift), None, &told, NOON).unwrap() else { panic!("not booked") };
    let page = first_tail().write(vec![entry; MOST_ENTRIES], &salts(MOST_ENTRIES), NOON);
    assert!(page.bytes().len() < 300_000, "{} bytes", page.bytes().len());
}

proptest! {
    #[test]
    fn a_page_moves_what_its_entries_or_its_movements_do(
        entries in prop::collection::vec(any_entry(), 1..5), movements in prop::collection::vec(any_movement(), 1..5),
    ) {
        let of_entries: Vec<Transfer> = entries.iter().flat_map(|entry| entry.transfers.clone()).collect();
        let of_movements: Vec<Transfer> = movements.iter().flat_map(|movement| movement.transfers.clone()).collect();
        let page = first_tail().write(entries.clone(), &salts(entries.len()), NOON);
        prop_assert_eq!(page.transfers().cloned().collect::<Vec<_>>(), of_entries);
        prop_assert_eq!((page.entries(), page.movements()), (&entries[..], &[][..]));
        let page = page.tail().write_movements(movements.clone(), NOON);
        prop_assert_eq!(page.transfers().cloned().collect::<Vec<_>>(), of_movements);
        prop_assert_eq!((page.entries(), page.movements()), (&[][..], &movements[..]));
        prop_assert_eq!(page.tail().seal(NOON).transfers().count(), 0);
    }

    #[test]
    fn any_page_is_read_as_it_is_written(entries in prop::collection::vec(any_entry(), 1..20)) {
        let page = first_tail().write(entries.clone(), &salts(entries.len()), NOON);
        let bytes = page.bytes();
        prop_assert_eq!(&bytes, &page.clone().bytes());
        let read = Page::read(&bytes).unwrap();
        prop_assert_eq!(&read, &page);
        prop_assert_eq!(read.hash(), Hash::of(&[&bytes]), "the hash is that of the stored bytes");
        prop_assert!(page.verify(&first_tail()).is_ok());
        prop_assert_eq!(page.entries(), entries);
    }

    #[test]
    fn any_bytes_are_a_page_or_an_error_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Page::read(&bytes).is_err());
    }

    #[test]
    fn the_root_is_that_of_the_salted_leaves(entries in prop::collection::vec(any_entry(), 1..20)) {
        let salts = salts(entries.len());
        let leaves: Vec<Hash> = entries.iter().zip(&salts).map(|(entry, salt)| leaf(salt, &entry.bytes())).collect();
        let page = first_tail().write(entries, &salts, NOON);
        prop_assert_eq!(page.root(), Some(tree_root(&leaves)));
        prop_assert_eq!(page.leaves().unwrap().hashes(), leaves);
    }
}
