//! The press: fonts, read once, and documents set with them by templates.

use std::path::Path;

use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

/// Documents after which the typesetter forgets what it remembered of one.
pub const REMEMBERED: usize = 8;

/// Which is set first where a family has the letter; the next where not.
const FAMILIES: &[&str] = &["IBM Plex Sans Arabic", "DejaVu Sans"];

/// What a kind of document looks like: a template, which reads what it says from a file of data.
pub(crate) struct Template {
    main: FileId,
    data: FileId,
    source: Source,
}

impl Template {
    /// The template of this name and text; it reads `NAME.json`.
    pub(crate) fn new(name: &str, text: &str) -> Template {
        let main = file(&format!("/{name}.typ"));
        Template { main, data: file(&format!("/{name}.json")), source: Source::new(main, text.to_owned()) }
    }
}

fn file(path: &str) -> FileId {
    FileId::new(RootedPath::new(VirtualRoot::Project, VirtualPath::new(path).expect("a path of ours")))
}

/// Fonts to set documents with.
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

    /// The built-in ones, and before them those of a folder, which a deployment may bring. A folder that is not there or a file that cannot be read is no error: a document in the plainer
    /// font is one.
    pub fn with_folder(folder: Option<&str>) -> Fonts {
        let entries = folder.and_then(|folder| Path::new(folder).read_dir().ok()).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "ttf"));
        // In one order everywhere: the same document is the same bytes.
        paths.sort();
        paths.into_iter().filter_map(|path| std::fs::read(path).ok()).fold(Fonts::embedded(), Fonts::and)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// A document could not be set: a fault of the template's, never of what it says.
#[derive(Debug, thiserror::Error)]
#[error("the document could not be set: {0}")]
pub struct PressError(String);

/// Sets documents.
pub struct Press {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    families: Vec<&'static str>,
}

/// What the typesetter sees while it sets one document.
struct Sheet<'a> {
    press: &'a Press,
    template: &'a Template,
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
        }
    }

    /// A document as PDF. `said` is what it says, as JSON, under the name `member`; `ident` is unique for good, and no secret.
    ///
    /// # Errors
    /// When the template is at fault. The error does not say what the document says.
    pub(crate) fn set(&self, template: &Template, (member, said): (&str, &str), ident: &str) -> Result<Vec<u8>, PressError> {
        let data = format!("{{\"fonts\":{},\"{member}\":{said}}}", families(&self.families));
        let sheet = Sheet { press: self, template, data: Bytes::from_string(data) };
        let document = typst::compile::<PagedDocument>(&sheet).output;
        let options =
            PdfOptions { ident: Smart::Custom(ident.to_owned()), creator: Smart::Custom(None), ..PdfOptions::default() };
        let pdf = document.and_then(|document| typst_pdf::pdf(&document, &options));
        typst::comemo::evict(REMEMBERED);
        pdf.map_err(|faults| PressError(described(&faults)))
    }
}

/// Where a text runs: as its first letter does (rules P2 and P3 of the bidirectional algorithm, for the scripts that names here are written
/// in).
pub(crate) fn runs(text: &str) -> &'static str {
    let runs_left = |c: char| matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}');
    match text.chars().find(|c| c.is_alphabetic()) {
        Some(letter) if !runs_left(letter) => "ltr",
        Some(_) | None => "rtl",
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
        self.template.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.main { Ok(self.template.source.clone()) } else { Err(absent(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.template.data { Ok(self.data.clone()) } else { Err(absent(id)) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.press.fonts.get(index).cloned()
    }

    /// None: a document does not know when it is set.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn absent(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}
