//! The pages of a sealed day, for what they say of payments and of the bank. That they are unbroken and unchanged is proven by the day's report; here it is
//! only held that none is left out.

use domain::journal::{ChainId, Page, PageKind};
use platform::table::{DaySeal, Span, Table};

use crate::ReconcileError;

/// Pages held at once: within a megabyte, which is what one query gives.
const PAGES: i32 = 16;

/// Hands every page of the day to `each`.
///
/// # Errors
/// When the table cannot be reached, or a page is missing or of another day.
pub(crate) async fn read(table: &Table, seal: &DaySeal, mut each: impl FnMut(&Page)) -> Result<(), ReconcileError> {
    for span in &seal.chains {
        let not_there = |seq| ReconcileError::Books { day: seal.day, chain: span.chain, seq };
        let chain = ChainId::new(span.chain).ok_or_else(|| not_there(span.first))?;
        let mut seq = span.first;
        while seq <= span.seal {
            let most = i32::try_from(span.seal - seq + 1).unwrap_or(PAGES).min(PAGES);
            let pages = table.pages(chain, seq, most).await?;
            if pages.is_empty() {
                return Err(not_there(seq));
            }
            for page in pages {
                if page.seq != seq || page.day != seal.day || (seq == span.seal && !is_seal(&page, span)) {
                    return Err(not_there(seq));
                }
                each(&page);
                seq += 1;
            }
        }
    }
    Ok(())
}

fn is_seal(page: &Page, span: &Span) -> bool {
    matches!(page.kind, PageKind::Seal) && page.hash().to_string() == span.hash
}
