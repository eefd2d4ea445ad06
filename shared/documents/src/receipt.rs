//! The receipt of a gift, as PDF: in Arabic and English, to be printed, kept, and checked by anyone who is shown it.
//!
//! **Promise.** The same [`Receipt`] set with the same [`Fonts`] is the same bytes, today and in ten years. What the donor or a charity wrote is set as it was
//! written: it comes in as data and is never read as the typesetter's language. Numbers, dates and Latin words keep their order within the Arabic. The
//! document's metadata name the receipt's number and nothing of the donor.
//!
//! **Cost.** A [`Press`] reads its fonts once; the first receipt of a press is several times as dear as the next, because the typesetter remembers
//! what it has set. It forgets what is older than [`crate::press::REMEMBERED`] documents, so that its memory does not grow.
//!
//! **Bounds.** Twenty lines of the longest names ([`domain::donation::MOST_LINES`], [`domain::catalogue::LONGEST_TITLE_CHARS`]) are a few pages.

mod labels;
mod qr;
mod view;

use std::sync::LazyLock;

use domain::catalogue::Bilingual;
use domain::moment::{Day, Moment};
use domain::money::Money;
use domain::payment::{Method, PaymentRef};
use domain::purpose::Fund;
use domain::receipt::{Code, Serial};

use crate::press::Template;
pub use crate::press::{Fonts, Press, PressError};

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| Template::new("receipt", include_str!("receipt/receipt.typ")));

/// The form of the document. Raised with every change of what it looks like or says, so that a receipt that was kept before is set anew.
pub const FORM: u32 = 1;

/// How many of the last characters of a payment's reference are shown: enough to find it on a statement, too few to ask for it by.
const SHOWN_OF_REFERENCE: usize = 4;

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its number.
    pub serial: Serial,
    /// The code to check it by.
    pub code: Code,
    /// Where it is checked, with the code in it: what the square of the code holds.
    pub check_url: String,
    /// The donor's name; none where the gift is anonymous, or no name was given, or it was erased.
    pub donor: Option<Name>,
    /// When the money was taken.
    pub captured_at: Moment,
    /// How it was paid.
    pub method: Method,
    /// The payment; only its last characters are shown.
    pub payment: PaymentRef,
    /// What was given to.
    pub lines: Vec<Line>,
    /// What was given back of it; nothing when it is zero.
    pub refunded: Money,
}

impl Press {
    /// The receipt as PDF.
    ///
    /// # Errors
    /// When the template is at fault. The error does not say what the receipt says.
    pub fn pdf(&self, receipt: &Receipt) -> Result<Vec<u8>, PressError> {
        // The number is unique for good, and is no secret.
        self.set(&TEMPLATE, ("receipt", &view::json(receipt)), &receipt.serial.to_string())
    }
}

/// A donor's name: shown on the receipt, and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(pub String);

impl std::fmt::Debug for Name {
    /// Not what it is: it may end in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Name(…)")
    }
}

/// A part of the gift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it was given to.
    pub project: Bilingual,
    /// The number of the campaign's licence.
    pub licence: String,
    /// The licensed body.
    pub charity: Bilingual,
    /// The number of its licence.
    pub charity_licence: String,
    /// The fund that restricts the money.
    pub fund: Fund,
    /// How much.
    pub amount: Money,
}

impl Receipt {
    /// What was given, before anything was given back.
    pub fn total(&self) -> Money {
        // Checked when the donation is made: the sum of its lines is at most MOST_DONATION.
        Money::sum(self.lines.iter().map(|line| line.amount)).unwrap_or(Money::ZERO)
    }

    /// What stands of it.
    pub fn stands(&self) -> Money {
        self.total().minus(self.refunded).unwrap_or(Money::ZERO)
    }

    /// The day on which the money was taken, in Riyadh.
    pub fn day(&self) -> Day {
        self.captured_at.day()
    }

    /// Everything that it says, as one text: equal for two receipts exactly when they look the same. Holds the donor's name.
    pub fn said(&self) -> String {
        format!("{FORM} {}", view::json(self))
    }
}
