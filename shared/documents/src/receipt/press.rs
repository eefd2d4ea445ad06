//! The press: fonts and template, read once, and receipts set with them.

use std::sync::LazyLock;

use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use super::{Receipt, view};

/// Receipts after which the typesetter forgets what it remembered of one.
pub const REMEMBERED: usize = 8;

/// Which is set first where a family has the letter; the next where not.
const FAMILIES: &[&str] = &["IBM Plex Sans Arabic", "DejaVu Sans"];

const TEMPLATE: &str = include_str!("receipt.typ");

static MAIN: LazyLock<FileId> = LazyLock::new(|| file("/receipt.typ"));
static DATA: LazyLock<FileId> = LazyLock::new(|| file("/receipt.json"));

fn file(path: &'static str) -> FileId {
    FileId::new(RootedPath::new(VirtualRoot::Project, VirtualPath::new(path).expect("a path of ours")))
}

/// Fonts to set receipts with.
#[derive(Clone, Default)]
pub struct Fonts(Vec<Font>);

impl Fonts {
    /// DejaVu Sans, regular and bold, which come with the crate of that name: they have Arabic, Latin, and the Persian and Urdu letters.
    pub fn embedded() -> Fonts {
        Fonts::default().and(dejavu::sans::regular()).and(dejavu::sans::bold())
    }

    /// These and the fonts in a file's bytes (TrueType, OpenType); bytes that are no font add nothing.
    pub fn and(mut self, bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Fonts {
        self.0.extend(Font::iter(Bytes::new(bytes)));
        self
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// A receipt could not be set: a fault of the template's, never of what it says.
#[derive(Debug, thiserror::Error)]
#[error("the receipt could not be set: {0}")]
pub struct PressError(String);

/// Sets receipts.
pub struct Press {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    families: Vec<&'static str>,
    template: Source,
}

/// What the typesetter sees while it sets one receipt.
struct Sheet<'a> {
    press: &'a Press,
    data: Bytes,
}

impl Press {
    /// With these fonts.
    pub fn new(fonts: Fonts) -> Press {
        let book = FontBook::from_fonts(&fonts.0);
        let has = |family: &&&str| book.contains_family(&family.to_lowercase());
        Press {
            library: LazyHash::new(Library::default()),
            families: FAMILIES.iter().filter(has).copied().collect(),
            book: LazyHash::new(book),
            fonts: fonts.0,
            template: Source::new(*MAIN, TEMPLATE.to_owned()),
        }
    }

    /// The receipt as PDF.
    ///
    /// # Errors
    /// When the template is at fault. The error does not say what the receipt says.
    pub fn pdf(&self, receipt: &Receipt) -> Result<Vec<u8>, PressError> {
        let data = format!("{{\"fonts\":{},\"receipt\":{}}}", families(&self.families), view::json(receipt));
        let sheet = Sheet { press: self, data: Bytes::from_string(data) };
        let document = typst::compile::<PagedDocument>(&sheet).output;
        let options = PdfOptions {
            // The number is unique for good, and is no secret.
            ident: Smart::Custom(receipt.serial.to_string()),
            creator: Smart::Custom(None),
            ..PdfOptions::default()
        };
        let pdf = document.and_then(|document| typst_pdf::pdf(&document, &options));
        typst::comemo::evict(REMEMBERED);
        pdf.map_err(|faults| PressError(described(&faults)))
    }
}

fn families(families: &[&str]) -> String {
    serde_json::to_string(families).expect("names can be written as JSON")
}

fn described(faults: &[SourceDiagnostic]) -> String {
    faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; ")
}

impl World for Sheet<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.press.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.press.book
    }

    fn main(&self) -> FileId {
        *MAIN
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == *MAIN { Ok(self.press.template.clone()) } else { Err(absent(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == *DATA { Ok(self.data.clone()) } else { Err(absent(id)) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.press.fonts.get(index).cloned()
    }

    /// None: a receipt does not know when it is set.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn absent(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}
