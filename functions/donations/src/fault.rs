//! What can be wrong with a request: a stable code, and a sentence in Arabic and in English.

use domain::hijri::{HijriDate, Sighted};
use domain::moment::Moment;
use domain::money::MoneyError;
use domain::purpose::Language;
use domain::sacrifice::FeastDay;
use platform::http::{Fault, Problem};

/// The most faults that one answer tells: more help nobody, and a hostile body could have thousands.
pub const MOST_FAULTS: usize = 50;

/// One way to be wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The stable code.
    pub code: &'static str,
    arabic: &'static str,
    english: &'static str,
}

/// Something wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// A JSON pointer into the body; `?name` for a query parameter.
    pub pointer: String,
    /// What is wrong.
    pub wrong: &'static Wrong,
    /// What could still be given, where that is what is wrong: an amount, or shares.
    pub remains: Option<String>,
    /// When it would not be wrong, or has become so.
    pub at: Option<Moment>,
    /// The day of the feast that it is about, where the place has one: by how its moon was seen the time's Hijri date is told.
    pub day: Option<FeastDay>,
    /// How many are allowed, where that is what is wrong.
    pub allowed: Option<u8>,
    /// When it began to be looked at, where it is so only for a moment: it is not said of a look that is too old ([`crate::shares::told`]).
    pub seen_at: Option<Moment>,
}

impl Wrong {
    /// It is so there.
    pub fn at(&'static self, pointer: impl Into<String>) -> Found {
        Found { pointer: pointer.into(), wrong: self, remains: None, at: None, day: None, allowed: None, seen_at: None }
    }
}

impl Found {
    fn told(self, language: Language) -> Fault {
        let detail = match language {
            Language::Arabic => self.wrong.arabic,
            Language::English => self.wrong.english,
        };
        Fault {
            pointer: self.pointer,
            code: self.wrong.code,
            detail: match (self.at, self.allowed) {
                (Some(at), _) => told_with(detail, (at, self.day), language),
                (None, Some(allowed)) => format!("{detail} ({allowed})"),
                (None, None) => detail.to_owned(),
            },
            remains: self.remains,
        }
    }
}

/// What was sent is right, and was right a moment ago, or will be.
const CONFLICTS: [&Wrong; 7] =
    [&OVER_FUNDED, &SALE_NOT_OPEN, &SALE_CLOSED, &SOLD_OUT, &NO_ROOM_IN_ONE, &TOO_FEW_LEFT, &LIMIT_REACHED];

/// The sentence with a time in it: as the clock in Riyadh shows it, and by the calendar of Umm al-Qura, the month of the feast as its moon was seen.
fn told_with(sentence: &str, (at, feast): (Moment, Option<FeastDay>), language: Language) -> String {
    let published = || HijriDate::of(at.day(), Sighted::AsPublished);
    let hijri = feast.map_or_else(published, |feast| feast.hijri_of(at.day()));
    let ((year, _, day), month) = (hijri.parts(), hijri.month_name(language));
    match language {
        Language::Arabic => format!("{sentence} ({day} {month} {year} هـ، {at})"),
        Language::English => format!("{sentence} ({day} {month} {year} AH, {at})"),
    }
}

/// All that is wrong, as a problem. Where nothing is wrong but what is left, or the time, the problem says so by its own code.
pub fn problem(found: Vec<Found>, language: Language) -> Problem {
    let first = found.first().map(|found| found.wrong);
    let conflict = first.filter(|first| CONFLICTS.contains(first) && found.iter().all(|found| found.wrong == *first));
    let faults = found.into_iter().take(MOST_FAULTS).map(|found| found.told(language)).collect();
    match conflict {
        Some(wrong) => Problem::new(409, wrong.code, wrong.arabic, wrong.english).with_faults(faults),
        None => Problem::invalid(faults),
    }
}

macro_rules! wrongs {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $arabic:literal, $english:literal;)+) => {
        $($(#[$doc])* pub const $name: Wrong = Wrong { code: $code, arabic: $arabic, english: $english };)+

        /// All of them, for the description of the API.
        pub const ALL: &[Wrong] = &[$($name,)+];
    };
}

wrongs! {
    /// A member that must be there is not.
    REQUIRED = "required", "حقل مطلوب", "This is required";
    /// A member that nothing is known of.
    UNKNOWN_FIELD = "unknown_field", "حقل غير معروف", "Nothing is known of this field";
    /// Another type of JSON than is taken.
    WRONG_TYPE = "wrong_type", "نوع القيمة غير صحيح", "This is not of the right type";
    /// No line.
    LINES_MISSING = "lines_missing", "يلزم بند واحد على الأقل", "At least one line is needed";
    /// More than [`domain::donation::MOST_LINES`].
    TOO_MANY_LINES = "too_many_lines", "البنود أكثر من المسموح", "There are more lines than one gift may have";
    /// The same opportunity as a line before.
    OPPORTUNITY_TWICE = "opportunity_twice", "الفرصة مكررة في التبرع", "This opportunity stands in the gift already";
    /// No such opportunity.
    OPPORTUNITY_UNKNOWN = "opportunity_unknown", "فرصة التبرع غير موجودة", "There is no such opportunity";
    /// It takes no gifts.
    OPPORTUNITY_CLOSED = "opportunity_closed", "فرصة التبرع مغلقة", "This opportunity takes no gifts now";
    /// It has no licence to take gifts.
    NOT_LICENSED = "not_licensed", "فرصة التبرع غير مرخصة", "This opportunity has no licence to take gifts";
    /// Less remains.
    OVER_FUNDED = "over_funded", "المتبقي أقل من المبلغ", "Less remains than was to be given";
    /// An offering is sold by the share, and the line asks for none.
    SHARES_NEEDED = "shares_needed", "تُباع الأضاحي بالأسهم؛ اذكر عدد الأسهم", "This is sold by the share: say how many";
    /// The line asks for shares of something that is not sold by the share.
    OFFERING_UNKNOWN = "offering_unknown", "لا يُباع هذا بالأسهم", "This is not sold by the share";
    /// A second sacrifice in one gift.
    OFFERINGS_TWO = "offerings_two", "أضحية واحدة في كل تبرع؛ قدّم الأخرى على حدة", "One gift has one sacrifice; give the other apart";
    /// Not a number of shares of one animal.
    SHARES_UNUSABLE = "shares_unusable", "عدد الأسهم من 1 إلى 7", "The shares are from 1 to 7";
    /// A part of an animal, for a rite of which it is given whole.
    WHOLE_ANIMALS = "whole_animals", "لا يُشترك في هذا النسك؛ اطلب الرأس كاملًا", "For this rite an animal is given whole: ask for all its shares";
    /// Not a name for each share.
    NAMES_COUNT = "names_count", "اسم لكل سهم", "There must be a name for each share";
    /// The wakala is not accepted, or not in the wording that stands.
    WAKALA_REFUSED = "wakala_refused", "تلزم الموافقة على الوكالة بصيغتها الحالية", "The wakala must be accepted in its present wording";
    /// Not what the shares cost.
    PRICE_DIFFERS = "price_differs", "المبلغ غير سعر الأسهم", "The amount is not the price of the shares";
    /// The sale has not opened.
    SALE_NOT_OPEN = "sale_not_open", "لم يُفتح البيع بعد", "The sale is not open yet";
    /// The sale has closed.
    SALE_CLOSED = "sale_closed", "أُغلق البيع", "The sale is closed";
    /// No share is left.
    SOLD_OUT = "sold_out", "نفدت الأسهم", "Every share is sold";
    /// Shares are left, but not so many in one animal.
    NO_ROOM_IN_ONE = "no_room_in_one", "لا تكفي الأسهم الباقية في رأس واحد؛ ويمكن طلبها متفرقة حيث يُشترك في الرأس", "So many are not left in one animal; where animals are shared they may be asked for apart";
    /// Shares are left, but not so many in all animals together.
    TOO_FEW_LEFT = "too_few_left", "الباقي من الأسهم أقل مما طُلب", "Fewer are left in all than were asked for";
    /// More than one giver may have.
    LIMIT_REACHED = "limit_reached", "أكثر مما يجوز لمتبرع واحد", "More than one giver may have of it";
    /// No decimal number.
    AMOUNT_UNREADABLE = "amount_unreadable", "المبلغ غير مقروء", "The amount is not a decimal number";
    /// A JSON number with a fraction.
    AMOUNT_A_FRACTION = "amount_a_fraction", "اكتب المبلغ نصًا مثل \"10.50\"", "Write an amount with a fraction as a text, such as \"10.50\"";
    /// Less than nothing.
    AMOUNT_NEGATIVE = "amount_negative", "المبلغ لا يكون سالبًا", "An amount cannot be negative";
    /// More than two places.
    AMOUNT_TOO_PRECISE = "amount_too_precise", "المبلغ بمنزلتين عشريتين على الأكثر", "An amount has at most two decimal places";
    /// Below [`domain::donation::LEAST_LINE`].
    AMOUNT_TOO_SMALL = "amount_too_small", "أقل مبلغ ريال واحد", "The least amount is one riyal";
    /// Above [`domain::donation::MOST_DONATION`].
    AMOUNT_TOO_LARGE = "amount_too_large", "المبلغ أكبر من المسموح", "The amount is larger than one gift may be";
    /// Empty, or longer than [`crate::command::LONGEST_NAME_CHARS`].
    NAME_LENGTH = "name_length", "الاسم فارغ أو أطول من المسموح", "The name is empty or too long";
    /// Control or direction characters.
    NAME_CHARACTERS = "name_characters", "في الاسم رموز غير مسموحة", "The name has characters that are not allowed";
    /// Not a Saudi mobile.
    MOBILE_UNUSABLE = "mobile_unusable", "رقم الجوال غير صحيح", "This is not a Saudi mobile number";
    /// Not an e-mail address.
    EMAIL_UNUSABLE = "email_unusable", "البريد الإلكتروني غير صحيح", "This is not an e-mail address";
    /// Not a device of a known push service.
    DEVICE_UNUSABLE = "device_unusable", "الجهاز غير معروف", "This is not a device of a known push service";
    /// Not a kind of notices.
    MUTE_UNKNOWN = "mute_unknown", "اختر من thanks و failure و refund", "Choose among thanks, failure and refund";
    /// Neither Arabic nor English.
    LANGUAGE_UNKNOWN = "language_unknown", "اللغة ar أو en", "The language is ar or en";
    /// Not on the allow-list.
    RETURN_URL_REFUSED = "return_url_refused", "رابط العودة غير مسموح", "The return URL is not on the allow-list";
    /// Not a whole number within bounds.
    NUMBER_UNUSABLE = "number_unusable", "رقم غير صحيح", "This is not a whole number within bounds";
    /// Not a cursor of ours.
    CURSOR_UNKNOWN = "cursor_unknown", "المؤشر غير صحيح", "This is not a cursor of ours";
}

/// Why a text is no amount.
pub const fn of_money(error: MoneyError) -> &'static Wrong {
    match error {
        MoneyError::NotANumber => &AMOUNT_UNREADABLE,
        MoneyError::Negative => &AMOUNT_NEGATIVE,
        MoneyError::TooPrecise => &AMOUNT_TOO_PRECISE,
        MoneyError::TooLarge => &AMOUNT_TOO_LARGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_its_own() {
        let codes: BTreeSet<&str> = ALL.iter().map(|wrong| wrong.code).collect();
        assert_eq!(codes.len(), ALL.len());
    }

    #[test]
    fn a_time_is_told_by_the_moon_as_it_was_seen() {
        let closed = "2027-05-15T18:00:00Z".parse().ok();
        let told = |sighted| {
            let day = Some(FeastDay { year: 1448, day: 10, sighted });
            Found { at: closed, day, ..SALE_CLOSED.at("/lines/0/opportunity") }.told(Language::English).detail
        };
        assert_eq!(told(Sighted::AsPublished), "The sale is closed (9 Dhu al-Hijjah 1448 AH, 2027-05-15T18:00:00Z)");
        assert_eq!(told(Sighted::DayAfter), "The sale is closed (8 Dhu al-Hijjah 1448 AH, 2027-05-15T18:00:00Z)");
        assert_eq!(told(Sighted::DayBefore), "The sale is closed (10 Dhu al-Hijjah 1448 AH, 2027-05-15T18:00:00Z)");
        let undated = Found { at: closed, ..SALE_CLOSED.at("/lines/0/opportunity") }.told(Language::Arabic).detail;
        assert_eq!(undated, "أُغلق البيع (9 ذو الحجة 1448 هـ، 2027-05-15T18:00:00Z)");
    }

    #[test]
    fn only_over_funded_is_a_conflict() {
        let over = || OVER_FUNDED.at("/lines/0/amount");
        assert_eq!(problem(vec![over()], Language::English).status(), 409);
        assert_eq!(problem(vec![over(), REQUIRED.at("/x")], Language::English).status(), 422);
    }
}
