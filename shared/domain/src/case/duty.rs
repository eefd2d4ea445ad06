//! Whose a matter is, and what to do about it: a row for each reason, so that a new one stops the build until both are decided.

use super::Reason;
use crate::purpose::codes;

codes!(
    /// Who looks after a matter: a queue of the platform's own people, never a person.
    Owner, "owner" {
        /// Speaks with the payment providers and their dashboards.
        Payments = 0 "payments",
        /// Keeps the books.
        Finance = 1 "finance",
        /// Mends the code.
        Engineering = 2 "engineering",
        /// Speaks with donors.
        DonorCare = 3 "donor_care",
        /// Speaks with slaughterhouses.
        Sacrifice = 4 "sacrifice",
    }
);

codes!(
    /// What is suggested to be done about a matter.
    Action, "action" {
        /// Compare what was told with the provider's dashboard.
        CompareWithProvider = 0 "compare_with_provider",
        /// Find out whose money it is.
        FindDonation = 1 "find_donation",
        /// Teach the code to read it.
        MendReading = 2 "mend_reading",
        /// Find out why the table refuses it.
        MendWriting = 3 "mend_writing",
        /// Say which lines a refund takes from.
        AssignRefund = 4 "assign_refund",
        /// Give back in another way.
        RefundOtherwise = 5 "refund_otherwise",
        /// Answer a dispute in time.
        AnswerDispute = 6 "answer_dispute",
        /// Compare the books with the provider's.
        CheckBooks = 7 "check_books",
        /// See that it does not go back twice.
        StopSecondReturn = 8 "stop_second_return",
        /// Settle with the charity what it owes.
        SettleWithCharity = 9 "settle_with_charity",
        /// Find out what a line of the bank's statement is.
        ExplainBankLine = 10 "explain_bank_line",
        /// Bring the statement that is missing, or the same one in a form that can be read.
        BringStatement = 11 "bring_statement",
        /// Give the donor the money back, or an animal another way.
        FindAnimal = 12 "find_animal",
        /// Bring in what the platform has given itself.
        PayOwnShares = 13 "pay_own_shares",
        /// Ask for the refund of a gift whose animal is not full.
        GiveBackShares = 14 "give_back_shares",
        /// See that donors have an animal that counts, or their money back.
        MakeGoodSacrifice = 15 "make_good_sacrifice",
        /// Record where a slaughterhouse lies.
        LocatePlace = 16 "locate_place",
        /// Ask a slaughterhouse which of its words is right.
        AskSlaughterhouse = 17 "ask_slaughterhouse",
        /// See to it that a slaughterhouse's list goes out.
        LetListGo = 18 "let_list_go",
        /// Ask the provider for what it has not paid out.
        AskForPayout = 19 "ask_for_payout",
        /// Find out what a payment was for, and make good for what it came in as besides.
        CoverGift = 20 "cover_gift",
    }
);

/// How a matter is taken up again, once what was wrong is put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The provider is asked what became of the payment; or, of what could not even be read, the document is read again.
    LookAgain,
    /// The fact is told to settlement again.
    TellAgain,
    /// What is owed is asked for again.
    RefundAgain,
    /// It was dealt with as far as the platform can: a person has to act, and then closes it.
    None,
}

impl Reason {
    /// Who looks after it.
    pub const fn owner(self) -> Owner {
        match self {
            Reason::AmountDiffers
            | Reason::CurrencyDiffers
            | Reason::ProviderDisagrees
            | Reason::VoidAfterCapture
            | Reason::DisputeOpened
            | Reason::DisputeOfCharge
            | Reason::PaymentMissing
            | Reason::PaymentUnknown => Owner::Payments,
            Reason::RefundUnassigned
            | Reason::RefundWithoutCapture
            | Reason::RefundBeyondCapture
            | Reason::DisputeDiffers
            | Reason::FeeBeyondCapture
            | Reason::RefundAfterPayout
            | Reason::CaptureDiffers
            | Reason::RefundDiffers
            | Reason::FeeDiffers
            | Reason::PayoutDiffers
            | Reason::PayoutLate
            | Reason::BankUnexplained
            | Reason::StatementUnreadable
            | Reason::StatementGap
            | Reason::BankDiffers
            | Reason::OwnShares
            | Reason::BookedTwice => Owner::Finance,
            Reason::Malformed | Reason::TypeUnknown | Reason::Unwritable => Owner::Engineering,
            Reason::DonationUnknown | Reason::RefundRefused | Reason::SharesMissing | Reason::AnimalUnfilled => {
                Owner::DonorCare
            }
            Reason::OutsideSeason
            | Reason::PlaceUnlocated
            | Reason::SlaughterDiffers
            | Reason::NotSlaughtered
            | Reason::ListLate
            | Reason::EvidenceDiffers => Owner::Sacrifice,
        }
    }

    /// What is suggested.
    pub const fn action(self) -> Action {
        match self {
            Reason::AmountDiffers
            | Reason::CurrencyDiffers
            | Reason::ProviderDisagrees
            | Reason::FeeBeyondCapture
            | Reason::PaymentMissing
            | Reason::PaymentUnknown
            | Reason::PayoutDiffers => Action::CompareWithProvider,
            Reason::PayoutLate => Action::AskForPayout,
            Reason::BookedTwice => Action::CoverGift,
            Reason::DonationUnknown => Action::FindDonation,
            Reason::Malformed | Reason::TypeUnknown => Action::MendReading,
            Reason::Unwritable => Action::MendWriting,
            Reason::RefundUnassigned => Action::AssignRefund,
            Reason::RefundRefused => Action::RefundOtherwise,
            Reason::DisputeOpened => Action::AnswerDispute,
            Reason::RefundWithoutCapture
            | Reason::VoidAfterCapture
            | Reason::RefundBeyondCapture
            | Reason::DisputeDiffers
            | Reason::CaptureDiffers
            | Reason::RefundDiffers
            | Reason::FeeDiffers
            | Reason::BankDiffers => Action::CheckBooks,
            Reason::DisputeOfCharge => Action::StopSecondReturn,
            Reason::RefundAfterPayout => Action::SettleWithCharity,
            Reason::BankUnexplained => Action::ExplainBankLine,
            Reason::StatementUnreadable | Reason::StatementGap => Action::BringStatement,
            Reason::SharesMissing => Action::FindAnimal,
            Reason::OwnShares => Action::PayOwnShares,
            Reason::AnimalUnfilled => Action::GiveBackShares,
            Reason::OutsideSeason | Reason::NotSlaughtered => Action::MakeGoodSacrifice,
            Reason::PlaceUnlocated => Action::LocatePlace,
            Reason::SlaughterDiffers | Reason::EvidenceDiffers => Action::AskSlaughterhouse,
            Reason::ListLate => Action::LetListGo,
        }
    }

    /// How it is taken up again. What was booked already, with a matter for a person besides, is not: told again it is a repeat. But a fee is
    /// booked when it is told later, and what was booked twice leaves the books.
    pub const fn remedy(self) -> Remedy {
        match self {
            Reason::AmountDiffers
            | Reason::CurrencyDiffers
            | Reason::ProviderDisagrees
            | Reason::RefundWithoutCapture
            | Reason::FeeBeyondCapture
            | Reason::Malformed
            | Reason::TypeUnknown
            | Reason::DonationUnknown
            | Reason::PaymentMissing
            | Reason::RefundDiffers
            | Reason::FeeDiffers
            | Reason::RefundBeyondCapture
            | Reason::BookedTwice => Remedy::LookAgain,
            Reason::Unwritable | Reason::VoidAfterCapture | Reason::DisputeDiffers => Remedy::TellAgain,
            Reason::RefundRefused => Remedy::RefundAgain,
            Reason::RefundUnassigned
            | Reason::DisputeOpened
            | Reason::DisputeOfCharge
            | Reason::RefundAfterPayout
            | Reason::PaymentUnknown
            | Reason::CaptureDiffers
            | Reason::PayoutDiffers
            | Reason::PayoutLate
            | Reason::BankUnexplained
            | Reason::StatementUnreadable
            | Reason::StatementGap
            | Reason::BankDiffers
            | Reason::SharesMissing
            | Reason::OwnShares
            | Reason::AnimalUnfilled
            | Reason::OutsideSeason
            | Reason::PlaceUnlocated
            | Reason::SlaughterDiffers
            | Reason::NotSlaughtered
            | Reason::ListLate
            | Reason::EvidenceDiffers => Remedy::None,
        }
    }
}

const MAKE_GOOD_SACRIFICE: (&str, &str) = (
    "اسأل المسلخ: إن كان الوقت خطأ فليرسل الصواب، وإلا فليُذبح غيرها في وقتها أو يُرد المبلغ إلى المتبرعين",
    "Ask the slaughterhouse: if it was done in time let it tell so, else see to other animals in time or to refunds",
);
const LOCATE_PLACE: (&str, &str) = (
    "سجل إحداثيات المكان في العرض، ثم اطلب من المسلخ إعادة الإرسال",
    "Record the place's coordinates in the offering, then ask the slaughterhouse to send again",
);
const ASK_SLAUGHTERHOUSE: (&str, &str) = (
    "اسأل المسلخ أي القولين أصح عن هذه الرؤوس؛ الأول محفوظ كما قيل",
    "Ask the slaughterhouse which of its words about these animals is right; the first stands as it was told",
);
const LET_LIST_GO: (&str, &str) = (
    "لم يصدر كشف المسلخ والذبح قريب: أغلق البيع الذي يؤخره أو سمّ مسلخه، وأخبر المسلخ",
    "The list is not out and the slaughter is near: close the sale that holds it back, or name its slaughterhouse; and tell the slaughterhouse",
);

const ASK_FOR_PAYOUT: (&str, &str) = (
    "قارن تحويلات المزود بكشوف البنك: إن نقص كشف فأحضره، وإلا فاطلب من المزود ما لم يحوله",
    "Compare the provider's payouts with the bank's statements: where a statement is missing bring it, else ask the provider for what it has not paid out",
);

const COVER_GIFT: (&str, &str) = (
    "المبلغ لدى المزود مرة واحدة وقُيّد مرتين: أعد رقم التبرع الصحيح إلى بيانات الدفعة لدى المزود ثم أعد المعالجة، فيخرج ما قُيّد معلقًا من الدفاتر من تلقاء نفسه؛ وما قُيّد لتبرع آخر، أو رُد إلى الدافع، تتحمله المنصة: صححه من حساب المنصة إلى حساب المزود",
    "The provider has this money once, and the books have it twice: put the right donation back into the payment's metadata and replay this, so that what stands in suspense leaves the books by itself. For a gift that has no money behind it, also because the money has gone back as a second or late charge, the platform pays: correct it from own to clearing",
);

impl Action {
    /// What is suggested, in Arabic and in English.
    pub const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Action::CompareWithProvider => (
                "قارن المبلغ والعملة والحالة والرسم بلوحة مزود الدفع؛ إن كان المزود محقًا فأعد المعالجة، وإلا فراجعه",
                "Compare amount, currency, status and fee with the provider's dashboard; if the provider is right, replay, else take it up with them",
            ),
            Action::FindDonation => (
                "أعد المعالجة أولًا فقد يكون قُيّد لتبرعه؛ ثم ابحث عن تبرعه، واكتب رقمه في بيانات الدفعة لدى المزود وأعد المعالجة، أو رده من لوحة المزود إن لم يُعرف وكان لا يزال معلقًا؛ وإن رُدّ بتحويل بنكي فصحّحه من المعلق إلى معلّق البنك",
                "Replay this first: its donation may have been found by now. If the money still stands in suspense, find out whose it is, write that donation's id into the payment's metadata at the provider and replay; if nobody knows, give it back on the dashboard; if it went back by bank transfer, correct it from suspense to bank_suspense",
            ),
            Action::MendReading => (
                "علّم البرنامج قراءة هذا الحدث، وانشره، ثم أعد المعالجة",
                "Teach the code to read this event, deploy, then replay",
            ),
            Action::MendWriting => (
                "اعرف لماذا يرفض الجدول هذه الكتابة، وأصلحه، ثم أعد المعالجة",
                "Find out why the table refuses this write, mend it, then replay",
            ),
            Action::AssignRefund => (
                "اسأل المتبرع من أي بند كان الرد، وأخبر الجهة، وأغلق الحالة بملاحظة؛ يبقى المبلغ في معلّق الردود حتى يُرد باقي التبرع",
                "Ask the donor which line was refunded, tell the charity, and close the case with a note; the money stays in refunds suspense until the rest of the gift has gone back",
            ),
            Action::RefundOtherwise => (
                "اعرف سبب رفض المزود؛ اطلب الرد من جديد أو ردّ المبلغ بتحويل بنكي",
                "Find out why the provider refuses; ask for the refund again, or give back by bank transfer",
            ),
            Action::AnswerDispute => (
                "أجب عن الاعتراض لدى المزود قبل انقضاء مهلته، ثم سجل نتيجته",
                "Answer the dispute at the provider before its time is over, then report how it ended",
            ),
            Action::CheckBooks => (
                "قارن الدفاتر بكشف المزود لهذه الدفعة، وصححها بقيد جديد إن اختلفا",
                "Compare the books with the provider's statement of this payment; where they differ, a new entry puts it right",
            ),
            Action::StopSecondReturn => (
                "تأكد ألا يُرد هذا المبلغ مرتين: بالاعتراض وبالرد",
                "See to it that this money does not go back twice, by the dispute and by a refund",
            ),
            Action::SettleWithCharity => (
                "على الجهة هذا المبلغ بعد رده للمتبرع؛ اخصمه من تحويلها القادم أو اطلبه منها",
                "The charity owes this money since it went back to the donor; keep it from its next payout, or ask for it",
            ),
            Action::ExplainBankLine => (
                "ابحث في كشف البنك المحفوظ عن أصل هذا المبلغ، وصحح قيده المعلق بقيد جديد",
                "Find out in the kept statement what this money is; a correction takes it out of bank suspense",
            ),
            Action::FindAnimal => (
                "اشترِ للمتبرع سهمًا آخر برضاه، أو اطلب رد المبلغ إليه",
                "Find another share with the donor's consent, or ask for the refund of the gift",
            ),
            Action::PayOwnShares => (
                "أكملت المنصة هذا الرأس بسهم على حسابها وقُيّد؛ أودِع ثمنه في البنك، ثم صحّح القيد من معلّق البنك إلى حساب المنصة",
                "The platform has a share of this animal, and it is booked: bring what it costs to the bank, then correct it from bank_suspense to own",
            ),
            Action::GiveBackShares => (
                "لم يكتمل رأس هذا المتبرع؛ اطلب رد المبلغ إليه، أو غيّر العرض ليكتمل على حساب المنصة",
                "This donor's animal is not full: ask for the refund of the gift, or let the offering be completed by the platform",
            ),
            Action::MakeGoodSacrifice => MAKE_GOOD_SACRIFICE,
            Action::LocatePlace => LOCATE_PLACE,
            Action::AskSlaughterhouse => ASK_SLAUGHTERHOUSE,
            Action::LetListGo => LET_LIST_GO,
            Action::AskForPayout => ASK_FOR_PAYOUT,
            Action::CoverGift => COVER_GIFT,
            Action::BringStatement => (
                "اطلب من البنك الكشف الناقص أو نسخة سليمة منه، وضعه بين الكشوف الواردة",
                "Ask the bank for the statement that is missing, or a sound copy, and put it among those that come in",
            ),
        }
    }
}
