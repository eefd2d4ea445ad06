//! Pages outside of the table: a file of them, as the archive keeps it.
//!
//! A file is a CBOR sequence (RFC 8742) of byte strings, each a page in its one form, of one day and one chain, in order and without a gap. So a
//! page in the archive is, byte for byte, the page in the table, and has its hash.

use super::{ChainId, Page, PageError};
use crate::moment::Day;

/// Pages of one file at most: some two megabytes when every page is full.
pub const MOST_PAGES: usize = 64;

/// Why bytes are no file of pages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Not a sequence of byte strings.
    #[error("what stands at byte {0} is no page's frame")]
    Frame(usize),
    /// A page in it is none.
    #[error("page {index} of the file")]
    Page {
        /// Its index in the file.
        index: usize,
        /// Why.
        #[source]
        source: PageError,
    },
}

/// Where a day's files stand.
pub fn prefix(day: Day) -> String {
    format!("archive/{day}/")
}

/// Where the file stands whose first page is this one.
pub fn key(day: Day, chain: ChainId, first: u64) -> String {
    format!("archive/{day}/chain-{chain}/{first:012}.cbor")
}

/// The file of these pages.
pub fn write(pages: &[Page]) -> Vec<u8> {
    let mut encoder = minicbor::Encoder::new(Vec::new());
    for page in pages {
        encoder.bytes(&page.bytes()).expect("memory takes what is written");
    }
    encoder.into_writer()
}

/// The pages of a file. That they follow from one another is not looked at: see [`Page::verify`].
///
/// # Errors
/// The first thing in it that is no page.
pub fn read(bytes: &[u8]) -> Result<Vec<Page>, ArchiveError> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let mut pages = Vec::new();
    while decoder.position() < bytes.len() {
        let at = decoder.position();
        let page = decoder.bytes().map_err(|_| ArchiveError::Frame(at))?;
        pages.push(Page::read(page).map_err(|source| ArchiveError::Page { index: pages.len(), source })?);
    }
    Ok(pages)
}
