//! Why a row is refused, and what whoever sent it can do.

use crate::case::Reason;
use crate::purpose::{Language, codes};

codes!(
    /// Why a row is refused.
    Refusal, "refusal" {
        /// The animal's name cannot be read.
        AnimalMalformed = 0 "animal_malformed",
        /// The time cannot be read.
        TimeMalformed = 1 "time_malformed",
        /// Who slaughtered is no number.
        StaffNumberMalformed = 2 "staff_number_malformed",
        /// An id of evidence cannot be read.
        EvidenceMalformed = 3 "evidence_malformed",
        /// To whom, where or in how many portions cannot be read, or is missing.
        DistributionMalformed = 4 "distribution_malformed",
        /// Only one of time and number is told.
        SlaughterIncomplete = 5 "slaughter_incomplete",
        /// The row says nothing.
        NothingTold = 6 "nothing_told",
        /// More evidence or distributions than one animal has.
        TooMuchTold = 7 "too_much_told",
        /// There is no such animal on a list of this slaughterhouse.
        AnimalUnknown = 8 "animal_unknown",
        /// It was slaughtered outside the season.
        OutsideSeason = 9 "outside_season",
        /// It is said to be slaughtered later than it was told.
        InTheFuture = 10 "in_the_future",
        /// Where the place lies is not known, and so not when its season is.
        PlaceUnlocated = 11 "place_unlocated",
        /// Evidence is not there.
        EvidenceMissing = 12 "evidence_missing",
        /// Evidence is neither a photo nor a video of a type that is taken.
        EvidenceTypeUnknown = 13 "evidence_type_unknown",
        /// Something else was told of the animal before.
        Differs = 14 "differs",
        /// The meat of this rite is for the poor of Makkah, and was given elsewhere.
        MeatElsewhere = 15 "meat_elsewhere",
        /// What stands in the place of evidence is not what was told.
        EvidenceDiffers = 16 "evidence_differs",
        /// An operator and an approver have taken this word back.
        TakenBack = 17 "taken_back",
    }
);

impl Refusal {
    /// The matter for a person that it is, if the slaughterhouse alone cannot put it right.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Refusal::OutsideSeason => Some(Reason::OutsideSeason),
            Refusal::PlaceUnlocated => Some(Reason::PlaceUnlocated),
            Refusal::Differs | Refusal::TakenBack => Some(Reason::SlaughterDiffers),
            Refusal::EvidenceDiffers => Some(Reason::EvidenceDiffers),
            Refusal::AnimalMalformed
            | Refusal::TimeMalformed
            | Refusal::StaffNumberMalformed
            | Refusal::EvidenceMalformed
            | Refusal::DistributionMalformed
            | Refusal::SlaughterIncomplete
            | Refusal::NothingTold
            | Refusal::TooMuchTold
            | Refusal::AnimalUnknown
            | Refusal::InTheFuture
            | Refusal::EvidenceMissing
            | Refusal::EvidenceTypeUnknown
            | Refusal::MeatElsewhere => None,
        }
    }

    /// What to do, in that language.
    pub const fn advice(self, language: Language) -> &'static str {
        let (arabic, english) = self.texts();
        match language {
            Language::Arabic => arabic,
            Language::English => english,
        }
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Refusal::AnimalMalformed => {
                ("اكتب رقم الرأس كما هو في الكشف", "Write the animal as the list has it, such as camel-makkah-7")
            }
            Refusal::TimeMalformed => (
                "اكتب الوقت بصيغة RFC 3339 مع فرق التوقيت",
                "Write the time as RFC 3339 with its distance from UTC: 2027-05-16T07:05:00+03:00",
            ),
            Refusal::StaffNumberMalformed => (
                "اكتب رقم الرخصة أو الرقم الوظيفي، لا الاسم",
                "Write a licence or staff number, never a name: capital letters, digits and hyphens",
            ),
            Refusal::EvidenceMalformed => (
                "اكتب رمز الصورة أو المقطع كما أُعطي عند الرفع",
                "Write the evidence id as it was given when the upload was asked for",
            ),
            Refusal::DistributionMalformed => (
                "اكتب الجهة ورمز الدولة وعدد الحصص معًا",
                "Write receiver, country of two capital letters and portions, all three",
            ),
            Refusal::SlaughterIncomplete => ("اكتب وقت الذبح ومن ذبح معًا", "Write both when it was slaughtered and by whom"),
            Refusal::NothingTold => ("الصف لا يذكر شيئًا", "The row says nothing of the animal"),
            Refusal::TooMuchTold => {
                ("أكثر مما يُقبل لرأس واحد", "More evidence or distributions than are taken of one animal")
            }
            Refusal::AnimalUnknown => {
                ("ليس هذا الرأس في كشوفكم؛ راجع أحدث كشف", "This animal is on none of your lists; look at the latest one")
            }
            Refusal::OutsideSeason => (
                "الوقت خارج أيام النحر؛ صححه إن كان خطأ، وإلا فسيتواصل معكم المشرف",
                "Outside the days of sacrifice: send it again if the time is wrong; else an operator will speak with you",
            ),
            Refusal::InTheFuture => ("الوقت لم يأت بعد؛ صحح الساعة", "This time has not come yet: look at your clock"),
            Refusal::PlaceUnlocated => (
                "لا يُعرف موقع المسلخ بعد؛ أعد الإرسال بعد أن يسجله المشرف",
                "Where the place lies is not recorded yet: send it again once an operator has done so",
            ),
            Refusal::EvidenceMissing => {
                ("ارفع الصورة أو المقطع ثم أعد الإرسال", "Upload the evidence first, then send the row again")
            }
            Refusal::EvidenceTypeUnknown => {
                ("نوع الملف غير مقبول؛ ارفعه من جديد", "The file is of no type that is taken: upload it anew")
            }
            Refusal::MeatElsewhere => (
                "لحم هذا النسك لفقراء الحرم؛ صحح الدولة إن كانت خطأ",
                "The meat of this rite is for the poor of Makkah: look at the country",
            ),
            Refusal::EvidenceDiffers => (
                "رُفع غير ما ذُكر تحت هذا الرمز؛ ارفعه برمز آخر، وسيتواصل معكم المشرف",
                "Something else was uploaded in its place since it was told: upload it under another id; an operator will speak with you",
            ),
            Refusal::TakenBack => (
                "سُحب هذا القول؛ أرسل الصواب، وإن كان هو الصواب فأخبر المشرف",
                "This word was taken back: send what is right; if this was, tell the operator",
            ),
            Refusal::Differs => (
                "قيل غير ذلك عن هذا الرأس من قبل، والأول باقٍ حتى ينظر المشرف",
                "Something else was told of this animal before; that stands until an operator has looked at it",
            ),
        }
    }
}
