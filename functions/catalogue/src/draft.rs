//! What an operator sends, read and held against every rule that needs nothing but the text itself. Everything that is wrong is told at
//! once, each with its place.

mod charity;
mod opportunity;

pub use charity::CharityDraft;
pub use opportunity::{LEAST_TARGET, OpportunityDraft, fits};

use domain::catalogue::{Bilingual, LONGEST_LICENCE_CHARS};
use domain::money::to_latin;
use platform::http::Faults;

/// A text in both languages, without blanks around it.
fn bilingual(pointer: &str, text: Bilingual, longest: usize, faults: &mut Faults) -> Bilingual {
    let mut checked = |language: &str, text: String| {
        let text = text.trim().to_owned();
        one_text(&format!("{pointer}/{language}"), &text, longest, faults);
        text
    };
    Bilingual { ar: checked("ar", text.ar), en: checked("en", text.en) }
}

fn one_text(pointer: &str, text: &str, longest: usize, faults: &mut Faults) {
    if text.is_empty() {
        faults.add(pointer, "empty", "مطلوب بالعربية والإنجليزية", "Needed in Arabic and in English");
    }
    if text.chars().count() > longest {
        let english = format!("At most {longest} characters");
        faults.add(pointer, "too_long", &format!("{longest} حرفًا على الأكثر"), &english);
    }
    // Invisible marks that turn the direction of writing can make an amount read as another one.
    let is_hidden = |c: char| (c.is_control() && c != '\n') || ('\u{202A}'..='\u{202E}').contains(&c);
    if text.chars().any(is_hidden) {
        let english = "No control characters and no direction overrides";
        faults.add(pointer, "control_characters", "لا تُقبل محارف التحكم ولا قلب الاتجاه", english);
    }
}

/// A licence number as it is shown: Latin letters and digits, with hyphens and slashes inside. Arabic-Indic digits are read as Latin ones.
fn licence(text: &str, faults: &mut Faults) -> String {
    let number: String = text.trim().chars().map(to_latin).collect();
    let edges = [number.chars().next(), number.chars().last()];
    let is_number = number.chars().count() <= LONGEST_LICENCE_CHARS
        && number.chars().any(|c| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '/')
        && edges.into_iter().flatten().all(|c| c.is_ascii_alphanumeric());
    if !is_number {
        let arabic = "رقم ترخيص من 40 محرفًا على الأكثر: حروف لاتينية وأرقام وبينها - أو /";
        let english = "A licence number of at most 40 characters: Latin letters and digits, with - or / inside";
        faults.add("/licence", "malformed_licence", arabic, english);
    }
    number
}
