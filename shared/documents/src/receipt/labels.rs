//! What stands on every receipt, in Arabic and in English.

use serde::Serialize;

/// Arabic and English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Both {
    pub(super) ar: String,
    pub(super) en: String,
}

impl Both {
    pub(super) fn of((ar, en): (&str, &str)) -> Both {
        Both { ar: ar.to_owned(), en: en.to_owned() }
    }
}

/// Whoever gave and is not named.
pub(super) const ANONYMOUS: (&str, &str) = ("فاعل خير", "Anonymous");

/// The texts by the name that the template calls them by.
pub(super) const ALL: &[(&str, &str, &str)] = &[
    ("platform", "إحسان", "Ihsan"),
    ("purpose", "المنصة الوطنية للعمل الخيري", "National platform for charitable giving"),
    ("title", "إيصال تبرع", "Donation receipt"),
    ("serial", "رقم الإيصال", "Receipt number"),
    ("donor", "المتبرع", "Donor"),
    ("date", "التاريخ", "Date"),
    ("hijri", "التاريخ الهجري", "Hijri date"),
    ("method", "طريقة الدفع", "Paid by"),
    ("reference", "مرجع العملية", "Payment reference"),
    ("project", "المشروع", "Project"),
    ("charity", "الجهة المرخصة", "Licensed body"),
    ("licence", "رقم الترخيص", "Licence no."),
    ("fund", "وعاء المال", "Fund"),
    ("amount", "المبلغ", "Amount"),
    ("currency", "ريال سعودي", "SAR"),
    ("total", "الإجمالي", "Total"),
    ("words", "المبلغ بالحروف", "In words"),
    ("returned", "المبلغ المعاد", "Given back"),
    ("stands", "المبلغ القائم", "What stands"),
    (
        "whole_back",
        "أُعيد هذا التبرع كاملًا إلى المتبرع، ولا يُعتد بهذا الإيصال.",
        "This gift was given back whole; the receipt is void.",
    ),
    ("part_back", "أُعيد جزء من هذا التبرع إلى المتبرع.", "A part of this gift was given back."),
    ("check", "للتحقق من هذا الإيصال", "Check this receipt"),
    (
        "check_how",
        "امسح الرمز أو افتح العنوان: يظهر المبلغ والتاريخ ووعاء المال، ولا شيء سواها.",
        "Scan the square or open the address: it shows amount, date and fund, and nothing else.",
    ),
    ("thanks", "تقبل الله منكم، وجعله في ميزان حسناتكم.", "Thank you for your gift."),
];
