//! Where a listing goes on: opaque to clients, and only for the filter that it was made under.
//!
//! It names the last thing that was answered, so that what is added or closed meanwhile neither repeats nor skips anything else. It is no
//! secret and opens nothing: one that is made up by hand begins elsewhere in the same public list.

use data_encoding::BASE64URL_NOPAD;
use domain::hash::Hash;

/// Bytes of the filter's hash in a cursor. It tells filters apart; nothing depends on its being hard to match.
const MARK_BYTES: usize = 8;

/// A cursor after the thing named `last`, under this filter.
pub fn after(filter: &str, last: &str) -> String {
    let mut bytes = mark(filter).to_vec();
    bytes.extend_from_slice(last.as_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

/// The name of the last thing that was answered, if this is a cursor under this filter.
pub fn read(filter: &str, cursor: &str) -> Option<String> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let (made_under, last) = bytes.split_at_checked(MARK_BYTES)?;
    (made_under == mark(filter)).then(|| String::from_utf8(last.to_vec()).ok()).flatten()
}

fn mark(filter: &str) -> [u8; MARK_BYTES] {
    let hash = Hash::of(&[b"cursor", filter.as_bytes()]);
    let mut mark = [0; MARK_BYTES];
    mark.copy_from_slice(&hash.bytes()[..MARK_BYTES]);
    mark
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_under_its_own_filter_only(filter in ".{0,40}", other in ".{0,40}", last in "[a-z0-9#-]{3,60}") {
            let cursor = after(&filter, &last);
            prop_assert_eq!(read(&filter, &cursor), Some(last));
            if filter != other {
                prop_assert_eq!(read(&other, &cursor), None);
            }
        }

        #[test]
        fn any_text_is_a_cursor_or_not_and_never_a_panic(text in ".{0,80}") {
            let _ = read("", &text);
        }
    }
}
