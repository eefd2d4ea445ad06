//! The words of notices: one template for each notice, channel and language, versioned by their folder.
//!
//! Placeholders are checked by the compiler: a template that names what is not there does not build. A new wording goes into a new folder (`v2`) beside the old
//! one, so that what was sent at any time stands in the repository as it was sent.

use askama::Template;
use domain::catalogue::Bilingual;
use domain::money::Money;
use domain::notice::Notice;
use domain::purpose::Language;
use platform::sender::{Address, Words};

/// An SMS in Arabic holds 70 characters, and 67 where several are joined. Three are what a donor reads without wondering, and what the platform pays for.
pub const MOST_SMS_CHARS: usize = 3 * 67;

/// The longest project's name in a short message, in characters; longer ones end with an ellipsis.
const LONGEST_PROJECT_CHARS: usize = 36;

/// A gift, as far as words can speak of it.
#[derive(Debug, Clone)]
pub struct Gift {
    /// What was given.
    pub total: Money,
    /// What the first line was given to.
    pub project: Option<Bilingual>,
    /// How many other lines there are.
    pub others: usize,
    /// Where the receipt is checked, once there is one.
    pub receipt_url: Option<String>,
    /// Amount and project are not to be shown, nor where they are.
    pub is_discreet: bool,
    /// The language of the words.
    pub language: Language,
}

/// A template could not be filled.
#[derive(Debug, thiserror::Error)]
#[error("a template could not be filled")]
pub struct WordsError(#[from] askama::Error);

/// What may be shown of the gift. Nothing, where the donor wants it so.
struct Shown {
    /// The amount that the notice is about.
    amount: String,
    project: String,
    url: Option<String>,
    /// The number of the animal that the notice is about.
    animal: Option<u32>,
}

macro_rules! templates {
    ($($name:ident = $file:literal;)+) => {
        $(
            #[derive(Template)]
            #[template(path = $file, escape = "none")]
            struct $name<'a> {
                shown: Option<&'a Shown>,
            }
        )+
    };
}

templates! {
    ThanksShortAr = "v1/short/thanks.ar.txt";
    ThanksShortEn = "v1/short/thanks.en.txt";
    ThanksEmailAr = "v1/email/thanks.ar.txt";
    ThanksEmailEn = "v1/email/thanks.en.txt";
    FailureShortAr = "v1/short/failure.ar.txt";
    FailureShortEn = "v1/short/failure.en.txt";
    FailureEmailAr = "v1/email/failure.ar.txt";
    FailureEmailEn = "v1/email/failure.en.txt";
    RefundShortAr = "v1/short/refund.ar.txt";
    RefundShortEn = "v1/short/refund.en.txt";
    RefundEmailAr = "v1/email/refund.ar.txt";
    RefundEmailEn = "v1/email/refund.en.txt";
    ReturnedShortAr = "v1/short/returned.ar.txt";
    ReturnedShortEn = "v1/short/returned.en.txt";
    ReturnedEmailAr = "v1/email/returned.ar.txt";
    ReturnedEmailEn = "v1/email/returned.en.txt";
    SacrificeShortAr = "v1/short/sacrifice.ar.txt";
    SacrificeShortEn = "v1/short/sacrifice.en.txt";
    SacrificeEmailAr = "v1/email/sacrifice.ar.txt";
    SacrificeEmailEn = "v1/email/sacrifice.en.txt";
    TakenBackShortAr = "v1/short/taken_back.ar.txt";
    TakenBackShortEn = "v1/short/taken_back.en.txt";
    TakenBackEmailAr = "v1/email/taken_back.ar.txt";
    TakenBackEmailEn = "v1/email/taken_back.en.txt";
}

/// The words of a notice, for the channel of this address.
///
/// # Errors
/// When a template cannot be filled.
pub fn of(notice: &Notice, gift: &Gift, to: &Address) -> Result<Words, WordsError> {
    let is_short = match to {
        Address::Sms(_) | Address::Push(_) => true,
        Address::Email(_) => false,
    };
    let shown = (!gift.is_discreet).then(|| shown(notice, gift, is_short));
    let text = text(notice, gift.language, is_short, shown.as_ref())?;
    Ok(if is_short {
        let subject = match gift.language {
            Language::Arabic => "إحسان",
            Language::English => "Ihsan",
        };
        Words { subject: subject.to_owned(), text }
    } else {
        // The first line of a letter is its subject.
        let (subject, text) = text.split_once('\n').unwrap_or((text.as_str(), ""));
        Words { subject: subject.to_owned(), text: text.trim_start().to_owned() }
    })
}

fn shown(notice: &Notice, gift: &Gift, is_short: bool) -> Shown {
    let amount = match notice {
        Notice::Thanks { .. } | Notice::Failure { .. } | Notice::Sacrifice { .. } | Notice::SacrificeTakenBack { .. } => {
            gift.total
        }
        Notice::Refund { refunded_minor, .. } | Notice::ChargeReturned { refunded_minor, .. } => *refunded_minor,
    };
    let animal = match notice {
        Notice::Sacrifice { number, .. } | Notice::SacrificeTakenBack { number, .. } => Some(*number),
        Notice::Thanks { .. } | Notice::Failure { .. } | Notice::Refund { .. } | Notice::ChargeReturned { .. } => None,
    };
    Shown { amount: amount.to_string(), project: project(gift, is_short), url: gift.receipt_url.clone(), animal }
}

/// The first project's name, and how many others there are.
fn project(gift: &Gift, is_short: bool) -> String {
    let name = gift.project.as_ref().map_or("", |name| match gift.language {
        Language::Arabic => name.ar.as_str(),
        Language::English => name.en.as_str(),
    });
    let name = if is_short { shortened(name) } else { name.to_owned() };
    match (gift.others, gift.language) {
        (0, _) => name,
        (others, Language::Arabic) => format!("{name} (+{others})"),
        (others, Language::English) => format!("{name} (+{others} more)"),
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_PROJECT_CHARS {
        return name.to_owned();
    }
    let kept: String = name.chars().take(LONGEST_PROJECT_CHARS - 1).collect();
    format!("{}…", kept.trim_end())
}

#[rustfmt::skip]
fn text(notice: &Notice, language: Language, is_short: bool, shown: Option<&Shown>) -> Result<String, askama::Error> {
    use Language::{Arabic, English};
    match (notice, language, is_short) {
        (Notice::Thanks { .. }, Arabic, true) => ThanksShortAr { shown }.render(),
        (Notice::Thanks { .. }, English, true) => ThanksShortEn { shown }.render(),
        (Notice::Thanks { .. }, Arabic, false) => ThanksEmailAr { shown }.render(),
        (Notice::Thanks { .. }, English, false) => ThanksEmailEn { shown }.render(),
        (Notice::Failure { .. }, Arabic, true) => FailureShortAr { shown }.render(),
        (Notice::Failure { .. }, English, true) => FailureShortEn { shown }.render(),
        (Notice::Failure { .. }, Arabic, false) => FailureEmailAr { shown }.render(),
        (Notice::Failure { .. }, English, false) => FailureEmailEn { shown }.render(),
        (Notice::Refund { .. }, Arabic, true) => RefundShortAr { shown }.render(),
        (Notice::Refund { .. }, English, true) => RefundShortEn { shown }.render(),
        (Notice::Refund { .. }, Arabic, false) => RefundEmailAr { shown }.render(),
        (Notice::Refund { .. }, English, false) => RefundEmailEn { shown }.render(),
        (Notice::ChargeReturned { .. }, Arabic, true) => ReturnedShortAr { shown }.render(),
        (Notice::ChargeReturned { .. }, English, true) => ReturnedShortEn { shown }.render(),
        (Notice::ChargeReturned { .. }, Arabic, false) => ReturnedEmailAr { shown }.render(),
        (Notice::ChargeReturned { .. }, English, false) => ReturnedEmailEn { shown }.render(),
        (Notice::Sacrifice { .. }, Arabic, true) => SacrificeShortAr { shown }.render(),
        (Notice::Sacrifice { .. }, English, true) => SacrificeShortEn { shown }.render(),
        (Notice::Sacrifice { .. }, Arabic, false) => SacrificeEmailAr { shown }.render(),
        (Notice::Sacrifice { .. }, English, false) => SacrificeEmailEn { shown }.render(),
        (Notice::SacrificeTakenBack { .. }, Arabic, true) => TakenBackShortAr { shown }.render(),
        (Notice::SacrificeTakenBack { .. }, English, true) => TakenBackShortEn { shown }.render(),
        (Notice::SacrificeTakenBack { .. }, Arabic, false) => TakenBackEmailAr { shown }.render(),
        (Notice::SacrificeTakenBack { .. }, English, false) => TakenBackEmailEn { shown }.render(),
    }
}

#[cfg(test)]
mod tests;
