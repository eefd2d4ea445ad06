//! The pages of a chain, in order, each verified against the one before it.

use domain::journal::{Page, Tail};
use platform::table::{Table, TableError};

use crate::RebuildError;

/// Pages read at once.
const PAGES: i32 = 100;

/// The pages that follow this end, as many as one query gives, each verified; none at the end of the chain.
pub(crate) async fn after(table: &Table, mut tail: Tail) -> Result<Vec<Page>, RebuildError> {
    let chain = tail.chain;
    let pages = match table.pages(chain, tail.next_seq, PAGES).await {
        Ok(pages) => pages,
        Err(TableError::Page { seq, .. }) => return Err(RebuildError::Unreadable { chain, seq }),
        Err(error) => return Err(error.into()),
    };
    for page in &pages {
        page.verify(&tail).map_err(|source| RebuildError::Page { chain, seq: tail.next_seq, source })?;
        tail = page.tail();
    }
    Ok(pages)
}
