//! What is wrong with a request, said in the caller's language.

use domain::purpose::Language;
use platform::http::{Fault, Problem};

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
    #[cfg(test)]
    pub fn codes(&self) -> Vec<String> {
        self.found.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect()
    }
}
