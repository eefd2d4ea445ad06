//! What an operator sends, read and held against every rule that needs nothing but the text itself. Everything that is wrong is told at
//! once, each with its place.

mod charity;
mod opportunity;

pub use charity::CharityDraft;
pub use opportunity::{LEAST_TARGET, OpportunityDraft, fits};

use domain::catalogue::LONGEST_LICENCE_CHARS;
use domain::money::to_latin;
use platform::http::Faults;

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
