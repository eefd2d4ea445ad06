//! What money is for: the fund that restricts it, the programme, track and region it serves.
//!
//! Each of these is a closed list with a stable code. The codes stand in the table, in messages, in the API and in reports;
//! the numbers behind them stand in journal pages and must never be given to another meaning.

/// A text is none of the codes of its list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {list}")]
pub struct UnknownCode {
    pub(crate) list: &'static str,
    pub(crate) text: String,
}

/// A closed list of codes, each with the number that pages keep for it.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident, $list:literal { $($(#[$vdoc:meta])* $variant:ident = $number:literal $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, minicbor::Encode, minicbor::Decode,
        )]
        #[serde(try_from = "String", into = "&'static str")]
        #[cbor(index_only)]
        pub enum $name {
            $($(#[$vdoc])* #[n($number)] $variant,)+
        }

        impl $name {
            /// Every member, in the order of their numbers.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $($name::$variant => $code,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::purpose::UnknownCode;
            fn from_str(text: &str) -> Result<$name, $crate::purpose::UnknownCode> {
                match text {
                    $($code => Ok($name::$variant),)+
                    _ => Err($crate::purpose::UnknownCode { list: $list, text: text.chars().take(40).collect() }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::purpose::UnknownCode;
            fn try_from(text: String) -> Result<$name, $crate::purpose::UnknownCode> {
                text.parse()
            }
        }

        impl From<$name> for &'static str {
            fn from(member: $name) -> &'static str {
                member.code()
            }
        }
    };
}
pub(crate) use codes;

codes!(
    /// The restriction on money. Money never crosses from one fund to another.
    Fund, "fund" {
        /// Zakat: owed to the eight kinds of recipient and to nobody else.
        Zakat = 0 "zakat",
        /// Voluntary charity.
        Sadaqa = 1 "sadaqa",
        /// Endowment: the capital is kept.
        Waqf = 2 "waqf",
        /// Expiation.
        Kaffara = 3 "kaffara",
        /// Sacrifice.
        Adahi = 4 "adahi",
    }
);

codes!(
    /// Every project is one or the other, with different measures of success.
    Track, "track" {
        /// Relief of a present need (المسار الرعوي).
        Care = 0 "care",
        /// What lasts and makes independent (المسار التنموي).
        Development = 1 "development",
    }
);

codes!(
    /// The programme through which an opportunity is given to.
    Programme, "programme" {
        /// Giving to a charity's project.
        Projects = 0 "projects",
        /// Zakat.
        Zakat = 1 "zakat",
        /// Giving in someone's name.
        Gift = 2 "gift",
        /// Sacrifice.
        Adahi = 3 "adahi",
        /// Giving by short message.
        Sms = 4 "sms",
        /// A gift repeated by the day, week or month.
        Recurring = 5 "recurring",
        /// Expiation.
        Kaffara = 6 "kaffara",
        /// Endowment.
        Waqf = 7 "waqf",
        /// A gift in one step to where the need is greatest.
        FastGiving = 8 "fast_giving",
    }
);

codes!(
    /// The thirteen regions by ISO 3166-2 code. SA-13 is not in use.
    Region, "region" {
        /// الرياض
        Riyadh = 1 "SA-01",
        /// مكة المكرمة
        Makkah = 2 "SA-02",
        /// المدينة المنورة
        Madinah = 3 "SA-03",
        /// المنطقة الشرقية
        EasternProvince = 4 "SA-04",
        /// القصيم
        Qassim = 5 "SA-05",
        /// حائل
        Hail = 6 "SA-06",
        /// تبوك
        Tabuk = 7 "SA-07",
        /// الحدود الشمالية
        NorthernBorders = 8 "SA-08",
        /// جازان
        Jazan = 9 "SA-09",
        /// نجران
        Najran = 10 "SA-10",
        /// الباحة
        Bahah = 11 "SA-11",
        /// الجوف
        Jawf = 12 "SA-12",
        /// عسير
        Asir = 14 "SA-14",
    }
);

impl Region {
    /// The region's name in Arabic and in English.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Region::Riyadh => ("الرياض", "Riyadh"),
            Region::Makkah => ("مكة المكرمة", "Makkah"),
            Region::Madinah => ("المدينة المنورة", "Madinah"),
            Region::EasternProvince => ("المنطقة الشرقية", "Eastern Province"),
            Region::Qassim => ("القصيم", "Qassim"),
            Region::Hail => ("حائل", "Hail"),
            Region::Tabuk => ("تبوك", "Tabuk"),
            Region::NorthernBorders => ("الحدود الشمالية", "Northern Borders"),
            Region::Jazan => ("جازان", "Jazan"),
            Region::Najran => ("نجران", "Najran"),
            Region::Bahah => ("الباحة", "Bahah"),
            Region::Jawf => ("الجوف", "Jawf"),
            Region::Asir => ("عسير", "Asir"),
        }
    }
}

codes!(
    /// The language a person is answered in.
    Language, "language" {
        /// العربية
        Arabic = 0 "ar",
        /// English
        English = 1 "en",
    }
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn there_are_thirteen_regions_and_none_is_the_thirteenth() {
        assert_eq!(Region::ALL.len(), 13);
        assert!("SA-13".parse::<Region>().is_err());
        assert_eq!("SA-14".parse(), Ok(Region::Asir));
    }

    #[test]
    fn codes_are_read_as_they_are_written() {
        for fund in Fund::ALL {
            assert_eq!(fund.code().parse(), Ok(*fund));
            assert_eq!(serde_json::from_str::<Fund>(&serde_json::to_string(fund).unwrap()).unwrap(), *fund);
        }
    }
}
