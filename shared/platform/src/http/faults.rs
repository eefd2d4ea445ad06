//! What is wrong with a request, said in the caller's language.

use domain::catalogue::Bilingual;
use domain::money::{Money, MoneyError};
use domain::purpose::Language;
use serde_json::Value;

use super::{Fault, Problem};

/// Gathers what is wrong, so that everything is told at once.
#[derive(Debug)]
pub struct Faults {
    language: Language,
    found: Vec<Fault>,
}

impl Faults {
    /// Nothing wrong so far.
    pub const fn new(language: Language) -> Faults {
        Faults { language, found: Vec::new() }
    }

    /// Something is wrong at `pointer`: a JSON pointer into the body, `?name` for a query parameter, `{name}` for a part of the path.
    pub fn add(&mut self, pointer: &str, code: &'static str, arabic: &str, english: &str) {
        let detail = match self.language {
            Language::Arabic => arabic,
            Language::English => english,
        };
        self.found.push(Fault { pointer: pointer.to_owned(), code, detail: detail.to_owned(), remains: None });
    }

    /// What was read of a part, or `None` and a fault.
    pub fn code<T: std::str::FromStr>(&mut self, pointer: &str, text: &str) -> Option<T> {
        let read = text.parse().ok();
        if read.is_none() {
            self.add(pointer, "unknown_code", "رمز غير معروف", "Not a known code");
        }
        read
    }

    /// What was read of an id, or `None` and a fault.
    pub fn id<T: std::str::FromStr>(&mut self, pointer: &str, text: &str) -> Option<T> {
        let read = text.parse().ok();
        if read.is_none() {
            let arabic = "من 3 إلى 40 من الحروف اللاتينية الصغيرة والأرقام والواصلات";
            self.add(pointer, "malformed_id", arabic, "3 to 40 lower-case letters, digits and inner hyphens");
        }
        read
    }

    /// An amount, at least `least`: a decimal text, or a whole number of riyals. Or `None` and a fault.
    pub fn amount(&mut self, pointer: &str, value: &Value, least: Money) -> Option<Money> {
        let read = match value {
            Value::String(text) => text.parse().map_err(unusable),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(riyals), _) => Money::from_riyals(riyals).ok_or(unusable(MoneyError::TooLarge)),
                (None, Some(_)) => Err(unusable(MoneyError::Negative)),
                // A JSON number with a fraction has been through a float on its way.
                (None, None) => Err(FRACTION),
            },
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(unusable(MoneyError::NotANumber)),
        };
        match read {
            Ok(amount) if amount >= least => return Some(amount),
            Ok(_) => {
                let (arabic, english) = (format!("{least} ريال على الأقل"), format!("At least SAR {least}"));
                self.add(pointer, "amount_too_small", &arabic, &english);
            }
            Err((code, arabic, english)) => self.add(pointer, code, arabic, english),
        }
        None
    }

    /// A text in both languages, without blanks around it.
    pub fn bilingual(&mut self, pointer: &str, text: Bilingual, longest: usize) -> Bilingual {
        let mut checked = |language: &str, text: String| {
            let text = text.trim().to_owned();
            self.one_text(&format!("{pointer}/{language}"), &text, longest);
            text
        };
        Bilingual { ar: checked("ar", text.ar), en: checked("en", text.en) }
    }

    fn one_text(&mut self, pointer: &str, text: &str, longest: usize) {
        if text.is_empty() {
            self.add(pointer, "empty", "مطلوب بالعربية والإنجليزية", "Needed in Arabic and in English");
        }
        if text.chars().count() > longest {
            let english = format!("At most {longest} characters");
            self.add(pointer, "too_long", &format!("{longest} حرفًا على الأكثر"), &english);
        }
        // Invisible marks that turn the direction of writing can make an amount read as another one.
        let is_hidden = |c: char| (c.is_control() && c != '\n') || ('\u{202A}'..='\u{202E}').contains(&c);
        if text.chars().any(is_hidden) {
            let english = "No control characters and no direction overrides";
            self.add(pointer, "control_characters", "لا تُقبل محارف التحكم ولا قلب الاتجاه", english);
        }
    }

    /// All that is wrong, as a 422; nothing wrong, nothing said.
    ///
    /// # Errors
    /// When anything is wrong.
    pub fn tell(self) -> Result<(), Problem> {
        if self.found.is_empty() { Ok(()) } else { Err(Problem::invalid(self.found)) }
    }

    /// What is wrong so far.
    pub fn into_list(self) -> Vec<Fault> {
        self.found
    }

    /// Places and codes of what is wrong so far.
    pub fn codes(&self) -> Vec<String> {
        self.found.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect()
    }
}

/// What is wrong with an amount: code, Arabic, English.
type Unusable = (&'static str, &'static str, &'static str);

const FRACTION: Unusable =
    ("amount_a_fraction", "اكتب المبلغ نصًا مثل \"10.50\"", "Write an amount with a fraction as a text, such as \"10.50\"");

/// Why a text is no amount: code, Arabic, English.
pub const fn unusable(error: MoneyError) -> Unusable {
    match error {
        MoneyError::NotANumber => ("amount_unreadable", "المبلغ غير مقروء", "The amount is not a decimal number"),
        MoneyError::Negative => ("amount_negative", "المبلغ لا يكون سالبًا", "An amount cannot be negative"),
        MoneyError::TooPrecise => {
            let english = "An amount has at most two decimal places";
            ("amount_too_precise", "المبلغ بمنزلتين عشريتين على الأكثر", english)
        }
        MoneyError::TooLarge => ("amount_too_large", "المبلغ أكبر من المسموح", "The amount is too large"),
    }
}
