//! When an offering is sold, and the day on which it is slaughtered.

use domain::hijri::Sighted;
use domain::moment::Moment;
use domain::sacrifice::rite::Days;
use domain::sacrifice::{FeastDay, Rite};
use platform::http::Faults;
use serde::Deserialize;

/// A day of the feast as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DayDraft {
    year: i64,
    day: i64,
    #[serde(default)]
    sighted: Option<String>,
}

/// The day, or that there is none; nothing where that is wrong.
pub(super) fn day(draft: Option<&DayDraft>, rite: Option<Rite>, faults: &mut Faults) -> Option<Option<FeastDay>> {
    let rite = rite?;
    match (draft, rite.rules().days) {
        (None, Days::Any) => Some(None),
        (None, Days::Feast) => {
            faults.add("/day", "day_needed", "يلزم يوم من أيام العيد", "This rite needs a day of the feast");
            None
        }
        (Some(_), Days::Any) => {
            let english = "This rite is tied to no day of the feast";
            faults.add("/day", "day_not_of_rite", "لا يرتبط هذا النسك بأيام العيد", english);
            None
        }
        (Some(draft), Days::Feast) => read(draft, faults).map(Some),
    }
}

fn read(draft: &DayDraft, faults: &mut Faults) -> Option<FeastDay> {
    let sighted = match draft.sighted.as_deref() {
        None | Some("as_published") => Some(Sighted::AsPublished),
        Some("day_before") => Some(Sighted::DayBefore),
        Some("day_after") => Some(Sighted::DayAfter),
        Some(_) => {
            let choices = "as_published, day_before, day_after";
            faults.add("/day/sighted", "unknown_code", choices, choices);
            None
        }
    };
    let parts = i32::try_from(draft.year).ok().zip(u8::try_from(draft.day).ok());
    let day = parts.map(|(year, day)| FeastDay { year, day, sighted: Sighted::AsPublished });
    let day = day.filter(|day| day.gregorian().is_some());
    if day.is_none() {
        let english = "A day from 10 to 13 of Dhu al-Hijjah, in a year from 1300 to 1600";
        faults.add("/day", "day_unknown", "يوم من 10 إلى 13 ذي الحجة، في سنة من 1300 إلى 1600", english);
    }
    Some(FeastDay { sighted: sighted?, ..day? })
}

/// When the sale opens and closes: in this order. An opening that has passed opens at once. Whether it closes early enough depends on what stands: [`crate::rules::in_time`].
pub(super) fn times(opens: &str, closes: &str, faults: &mut Faults) -> Option<(Moment, Moment)> {
    let opens_at = time("/opens_at", opens, faults);
    let closes_at = time("/closes_at", closes, faults);
    let (opens_at, closes_at) = (opens_at?, closes_at?);
    if closes_at <= opens_at {
        faults.add("/closes_at", "closes_before_opening", "الإغلاق بعد الفتح", "A sale closes after it opens");
    }
    Some((opens_at, closes_at))
}

fn time(pointer: &str, text: &str, faults: &mut Faults) -> Option<Moment> {
    let moment = text.parse().ok();
    if moment.is_none() {
        faults.add(
            pointer,
            "time_unreadable",
            "وقت مثل 2027-05-01T09:00:00+03:00",
            "A time such as 2027-05-01T09:00:00+03:00",
        );
    }
    moment
}
