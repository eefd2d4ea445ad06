//! A donor's own donations.
//!
//! By an index that may lag behind by a moment; what it finds is read from the table itself. A page is bounded by `limit`, and goes on from the
//! time of its last donation: of two that one donor made in the same millisecond, astride two pages, the second would be missed.

use domain::moment::Moment;
use platform::auth;
use platform::http::{Answer, Call, Problem};

use crate::Deps;
use crate::answer::{Mine, View};
use crate::fault::{CURSOR_UNKNOWN, Found, NUMBER_UNUSABLE, problem};

/// Donations of a page, when the caller does not say.
pub const USUAL_LIMIT: u8 = 20;
/// The most donations of a page: what a phone shows in a few screens, and one batch read.
pub const MOST_LIMIT: u8 = 50;

/// Lists the donor's donations, the latest first.
pub async fn list(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let donor = auth::donor(call)?;
    let faults = |found: Found| problem(vec![found], call.language());
    let limit = limit(call.query("limit")).map_err(faults)?;
    let before = before(call.query("cursor")).map_err(faults)?;
    let donations = deps.table.donations_of(&donor, before, i32::from(limit)).await?;
    let now = deps.clock.now();
    let is_full = donations.len() >= usize::from(limit);
    let next = donations.last().filter(|_| is_full).map(|last| last.made_at.millis().to_string());
    let donations = donations.iter().map(|donation| View::of(donation, now)).collect();
    Ok(Answer::json(200, &Mine { donations, next }))
}

fn limit(text: Option<&str>) -> Result<u8, Found> {
    let Some(text) = text else { return Ok(USUAL_LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=MOST_LIMIT).contains(limit));
    limit.ok_or_else(|| NUMBER_UNUSABLE.at("?limit"))
}

/// A cursor is the time of the last donation that was shown.
fn before(text: Option<&str>) -> Result<Moment, Found> {
    let Some(text) = text else { return Ok(Moment::from_millis(i64::MAX)) };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let millis = text.parse().ok().filter(|_| digits);
    millis.map(Moment::from_millis).ok_or_else(|| CURSOR_UNKNOWN.at("?cursor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_cursors_are_bounded() {
        assert_eq!(limit(None), Ok(USUAL_LIMIT));
        assert_eq!(limit(Some("50")), Ok(50));
        for bad in ["0", "51", "-1", "1e3", "", "٥"] {
            assert!(limit(Some(bad)).is_err(), "{bad}");
        }
        assert_eq!(before(Some("1795467600000")), Ok(Moment::from_millis(1_795_467_600_000)));
        for bad in ["", "-1", "+1", "x", "99999999999999999999"] {
            assert!(before(Some(bad)).is_err(), "{bad}");
        }
    }
}
