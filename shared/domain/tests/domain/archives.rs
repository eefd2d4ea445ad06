//! Files of the archive: where they stand, and that they are read as they were written or not at all.

use domain::journal::archive::{ArchiveError, key, prefix, read, write};
use domain::journal::{ChainId, Page, PageError};
use proptest::prelude::*;

use crate::chains::{first_tail, salts};
use crate::given::{NOON, any_entry};

/// Pages that follow from one another, the last of them a seal.
fn pages() -> impl Strategy<Value = Vec<Page>> {
    prop::collection::vec(prop::collection::vec(any_entry(), 1..3), 0..6).prop_map(|pages| {
        let mut tail = first_tail();
        let mut written = Vec::new();
        for entries in pages {
            let salts = salts(entries.len());
            let page = tail.write(entries, &salts, NOON);
            tail = page.tail();
            written.push(page);
        }
        written.push(tail.seal(NOON));
        written
    })
}

/// Found by rebuilding and by an auditor without us: the names are the archive's form as much as the bytes.
#[test]
fn a_file_stands_in_its_days_folder_by_its_chain_and_its_first_page() {
    let (day, chain) = (NOON.day(), ChainId::new(3).unwrap());
    assert_eq!(prefix(day), "archive/2026-11-23/");
    assert_eq!(key(day, chain, 17), "archive/2026-11-23/chain-03/000000000017.cbor");
}

#[test]
fn a_file_of_no_page_is_empty() {
    assert_eq!(write(&[]), Vec::<u8>::new());
    assert_eq!(read(&[]), Ok(Vec::new()));
}

#[test]
fn what_is_no_page_is_told_by_where_it_stands() {
    let seal = first_tail().seal(NOON);
    let file = write(std::slice::from_ref(&seal));
    assert_eq!(read(&[file.as_slice(), &[0x01]].concat()), Err(ArchiveError::Frame(file.len())), "a number");
    let Err(ArchiveError::Page { index, source }) = read(&[file.as_slice(), &[0x41, 0x00]].concat()) else {
        panic!("a page of one byte")
    };
    assert_eq!(index, 1);
    assert!(matches!(source, PageError::Unreadable(_)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_file_is_read_as_it_is_written_and_not_when_it_is_cut_short(pages in pages(), cut in any::<prop::sample::Index>()) {
        let file = write(&pages);
        prop_assert_eq!(read(&file), Ok(pages.clone()));
        let cut = cut.index(file.len());
        match read(&file[..cut]) {
            // Between two pages: that the rest is missing is found by the chain.
            Ok(some) => prop_assert_eq!(write(&some), &file[..cut]),
            Err(error) => prop_assert!(matches!(error, ArchiveError::Frame(at) if at < cut)),
        }
    }
}
