//! The names of codes in Arabic and in English.

use domain::payment::Method;
use domain::purpose::{Fund, Programme, Track};

/// Arabic and English.
pub(crate) type Pair = (&'static str, &'static str);

/// A fund's name in Arabic and in English.
pub const fn fund(fund: Fund) -> Pair {
    match fund {
        Fund::Zakat => ("الزكاة", "Zakat"),
        Fund::Sadaqa => ("الصدقة", "Sadaqa"),
        Fund::Waqf => ("الوقف", "Waqf"),
        Fund::Kaffara => ("الكفارة", "Kaffara"),
        Fund::Adahi => ("الأضاحي", "Adahi"),
    }
}

pub(crate) const fn programme(programme: Programme) -> Pair {
    match programme {
        Programme::Projects => ("فرص التبرع", "Projects"),
        Programme::Zakat => ("الزكاة", "Zakat"),
        Programme::Gift => ("الهدية", "Gift"),
        Programme::Adahi => ("الأضاحي", "Adahi"),
        Programme::Sms => ("الرسائل النصية", "SMS giving"),
        Programme::Recurring => ("التبرع الدوري", "Recurring giving"),
        Programme::Kaffara => ("الكفارات", "Kaffara"),
        Programme::Waqf => ("الوقف", "Waqf"),
        Programme::FastGiving => ("التبرع السريع", "Fast giving"),
    }
}

pub(crate) const fn track(track: Track) -> Pair {
    match track {
        Track::Care => ("المسار الرعوي", "Care"),
        Track::Development => ("المسار التنموي", "Development"),
    }
}

pub(crate) const fn method(method: Method) -> Pair {
    match method {
        Method::Mada => ("مدى", "mada"),
        Method::Visa => ("فيزا", "Visa"),
        Method::Mastercard => ("ماستركارد", "Mastercard"),
        Method::Amex => ("أمريكان إكسبريس", "American Express"),
        Method::ApplePay => ("أبل باي", "Apple Pay"),
        Method::SamsungPay => ("سامسونج باي", "Samsung Pay"),
        Method::StcPay => ("إس تي سي باي", "STC Pay"),
        Method::Other => ("وسيلة أخرى", "Other"),
    }
}
