//! Why not, as problem documents.

use domain::case::Reason;
use domain::correction::CorrectionFault;
use domain::donation::RefundFault;
use domain::money::Money;
use domain::purpose::Language;
use platform::http::{Fault, Problem};

/// Why a refund cannot be asked for, agreed to or declined.
pub fn problem(fault: RefundFault, language: Language) -> Problem {
    match fault {
        RefundFault::NotPaid => not_paid(),
        RefundFault::AnotherOpen => {
            Problem::new(409, "refund_open", "هناك طلب رد آخر لم يُحسم", "Another refund of this donation is open")
        }
        RefundFault::TooMany => Problem::new(
            409,
            "too_many_refunds",
            "طلبات الرد أكثر من المسموح",
            "There were too many refunds of this donation",
        ),
        RefundFault::Nothing => Problem::new(409, "nothing_to_refund", "لا يوجد ما يُرد", "There is nothing to give back"),
        RefundFault::NoSuchLine(line) => {
            Problem::new(409, "line_unknown", "البند غير موجود أو مكرر", "There is no such line, or it is named twice")
                .with_detail(&format!("line {line}"))
        }
        RefundFault::LineExceeded { line, stands } => exceeded(stands, language).with_detail(&format!("line {line}")),
        RefundFault::DonationExceeded { stands } => exceeded(stands, language),
        RefundFault::NoSuchRefund => Problem::not_found(),
        RefundFault::SamePerson => {
            Problem::new(403, "same_person", "لا يوافق على الطلب من قدّمه", "Whoever asked for a refund cannot agree to it")
        }
        RefundFault::Over(stage) => {
            Problem::new(409, "refund_over", "لم يعد طلب الرد قابلًا للتغيير", "The refund has come too far")
                .with_detail(stage)
        }
    }
}

/// Why a correction cannot be agreed to or declined.
pub fn correction(fault: CorrectionFault) -> Problem {
    match fault {
        CorrectionFault::SamePerson => Problem::new(
            403,
            "same_person",
            "لا يوافق على الطلب من قدّمه",
            "Whoever asked for a correction cannot agree to it",
        ),
        CorrectionFault::Over(stage) => {
            Problem::new(409, "correction_over", "لم يعد طلب التصحيح قابلًا للتغيير", "The correction has come too far")
                .with_detail(stage)
        }
    }
}

/// Less stands than is asked for.
fn exceeded(stands: Money, language: Language) -> Problem {
    let (arabic, english) = ("القائم من التبرع أقل من المطلوب", "Less stands of the donation than is asked for");
    let detail = match language {
        Language::Arabic => arabic,
        Language::English => english,
    };
    let code = "refund_exceeds";
    let (pointer, detail, remains) = ("/lines".to_owned(), detail.to_owned(), Some(stands.to_string()));
    Problem::new(409, code, arabic, english).with_faults(vec![Fault { pointer, code, detail, remains }])
}

/// 409: something else stands of the animal than what was asked to be taken back.
pub fn words_moved() -> Problem {
    Problem::new(
        409,
        "words_moved",
        "لم يعد ما طُلب سحبه قائمًا عن هذا الرأس؛ اطلب من جديد",
        "What was asked to be taken back does not stand of this animal any more: ask anew",
    )
}

/// 409: there is no money in it.
pub fn not_paid() -> Problem {
    Problem::new(409, "not_paid", "لم يُدفع هذا التبرع", "This donation is not paid")
}

/// 422: another request had this key.
pub fn key_reused() -> Problem {
    Problem::new(
        422,
        "idempotency_key_reused",
        "استُخدم هذا المفتاح لطلب آخر",
        "This Idempotency-Key was used for another request",
    )
}

/// 409: what is told does not go with what is known.
pub fn contradicts(reason: Reason) -> Problem {
    Problem::new(409, "contradicts", "يخالف ما هو مسجل عن هذا التبرع", "It contradicts what is known of this donation")
        .with_detail(reason.code())
}

/// 409: somebody closed the case before.
pub fn case_closed(by: &str) -> Problem {
    Problem::new(409, "case_closed", "أُغلقت هذه الحالة", "This case is closed").with_detail(&format!("by {by}"))
}

/// 409: what a correction would take out of suspense is not there any more, or what it would bring back is not out.
pub fn suspense_spent() -> Problem {
    Problem::new(
        409,
        "suspense_spent",
        "لم يعد هذا المبلغ كله معلقًا من هذه الدفعة، أو لم يعد كله خارج المعلق",
        "So much of this payment does not stand in suspense any more, or is not out of it any more",
    )
    .with_detail("decline the correction, and ask for another if something is left")
}

/// 409: the same again would come to the same end.
pub fn replay_cannot_help(reason: Reason) -> Problem {
    Problem::new(
        409,
        "replay_cannot_help",
        "لا تنفع إعادة المعالجة في هذه الحالة؛ اتبع الإجراء المقترح ثم أغلقها",
        "A replay cannot help here; do what is suggested, then close the case",
    )
    .with_detail(reason.code())
}

/// 409: not enough was kept of it.
pub fn nothing_to_replay() -> Problem {
    Problem::new(
        409,
        "nothing_to_replay",
        "لم يُحفظ من الحدث ما يكفي لإعادة معالجته",
        "Not enough of the event is kept to replay it",
    )
}

/// 409: it is kept, and the code still cannot read it.
pub fn still_unreadable() -> Problem {
    Problem::new(
        409,
        "still_unreadable",
        "ما زال الحدث المحفوظ غير مقروء؛ أصلح القراءة وانشرها أولًا",
        "The event that is kept still cannot be read; mend the reading and deploy first",
    )
}
