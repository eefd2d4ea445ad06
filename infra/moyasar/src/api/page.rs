//! Lists: 40 objects a page, newest first, with `meta`; and what a query string asks for.

use serde::Serialize;

use crate::error::ApiError;
use crate::payment::Metadata;
use crate::time;

/// Objects on a page, as documented.
const PER_PAGE: usize = 40;

/// A query string, decoded.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn read(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(key, _)| key == name)?;
        Some(&pair.1)
    }

    /// A bound in time; an unreadable one is 400.
    pub(crate) fn time(&self, name: &str) -> Result<Option<u64>, ApiError> {
        match self.get(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => {
                time::read(text).map(Some).ok_or_else(|| ApiError::field(name, "must be an ISO 8601 date or time"))
            }
        }
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok()
    }

    /// Whether `metadata[key]=value` of the query all hold.
    pub(crate) fn holds_for(&self, metadata: Option<&Metadata>) -> bool {
        self.0.iter().all(|(name, value)| {
            let Some(key) = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']')) else {
                return true;
            };
            metadata.and_then(|metadata| metadata.get(key)).is_some_and(|held| match held.as_str() {
                Some(text) => text == value,
                None => &held.to_string() == value,
            })
        })
    }

    /// Whether anything but the page and the time of making is asked for.
    pub(crate) fn filters(&self) -> bool {
        self.0.iter().any(|(name, _)| !matches!(name.as_str(), "page" | "created[gt]" | "created[lt]"))
    }
}

/// Where a page stands in its list.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Meta {
    current_page: usize,
    next_page: Option<usize>,
    prev_page: Option<usize>,
    total_pages: usize,
    total_count: usize,
}

/// One page of `items`, which stand oldest first, of those that are to be kept.
///
/// Without a filter the page is cut out of the list; with one, the whole window is looked through.
pub(crate) fn page<'a, T>(items: &'a [T], query: &Query, keep: impl Fn(&T) -> bool) -> (Vec<&'a T>, Meta) {
    let current = query.number("page").filter(|page| *page > 0).unwrap_or(1);
    let skip = (current - 1).saturating_mul(PER_PAGE);
    let newest = items.iter().rev();
    if !query.filters() {
        return (newest.skip(skip).take(PER_PAGE).collect(), meta(current, items.len()));
    }
    let kept: Vec<&T> = newest.filter(|item| keep(item)).collect();
    let total = kept.len();
    (kept.into_iter().skip(skip).take(PER_PAGE).collect(), meta(current, total))
}

fn meta(current: usize, total_count: usize) -> Meta {
    let total_pages = total_count.div_ceil(PER_PAGE);
    Meta {
        current_page: current,
        next_page: (current < total_pages).then(|| current + 1),
        prev_page: (current > 1).then(|| current - 1),
        total_pages,
        total_count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut_newest_first() {
        let items: Vec<u32> = (0..95).collect();
        let table = [
            ("", 94, 40, (1, Some(2), None)),
            ("page=2", 54, 40, (2, Some(3), Some(1))),
            ("page=3", 14, 15, (3, None, Some(2))),
            ("page=0", 94, 40, (1, Some(2), None)),
        ];
        for (text, first, length, (current, next, prev)) in table {
            let (found, meta) = page(&items, &Query::read(text), |_| true);
            assert_eq!((found.first().copied(), found.len()), (Some(&first), length), "{text}");
            assert_eq!((meta.current_page, meta.next_page, meta.prev_page), (current, next, prev), "{text}");
            assert_eq!((meta.total_pages, meta.total_count), (3, 95));
        }
        let (found, meta) = page(&items, &Query::read("page=9"), |_| true);
        assert!(found.is_empty());
        assert_eq!(meta.total_count, 95);
    }

    #[test]
    fn a_filter_counts_what_it_keeps() {
        let items: Vec<u32> = (0..95).collect();
        let (found, meta) = page(&items, &Query::read("status=even&page=2"), |item| item % 2 == 0);
        assert_eq!((found.len(), meta.total_count, meta.total_pages), (8, 48, 2));
    }
}
