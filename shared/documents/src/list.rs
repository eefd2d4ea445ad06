//! What a slaughterhouse is to carry out on a day: a row for each share of each animal, with the name on whose behalf it is.
//!
//! **Promise.** The same [`ExecutionList`] gives the same bytes. What people wrote is set and written as they wrote it, and is never read as the typesetter's language nor run by a spreadsheet.
//!
//! **CSV.** One table for all: a header, a row for each share, and a last row with the sums.
//!
//! **PDF.** In Arabic, the header's row on every page. A list of thousands of rows is several documents of up to [`ROWS_OF_A_PART`] rows each, so that the memory for it is that of one; each says which part of how many
//! it is, and all of them the sums of the whole. An animal's rows stay together in one part.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::catalogue::Bilingual;
use domain::hijri::HijriDate;
use domain::purpose::Language;
use domain::sacrifice::feast::FeastDay;
use domain::sacrifice::{ListDay, Rite, Species};
use serde::Serialize;

pub use crate::press::{Fonts, Press, PressError};
use crate::press::{Template, runs};
use crate::spreadsheet::{csv, guarded};

/// The form of the documents. Raised with every change of what they look like or say, so that a list is made anew.
pub const FORM: u32 = 1;
/// The most rows of one document: some dozen pages.
pub const ROWS_OF_A_PART: usize = 400;

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| Template::new("list", include_str!("list/list.typ")));

/// On whose behalf a share is.
#[derive(Clone, PartialEq, Eq)]
pub enum Behalf {
    /// A person's, by the name that the donor gave.
    Name(String),
    /// The name was erased.
    Erased,
    /// No name is there.
    Unnamed,
    /// The platform's own.
    Platform,
}

impl std::fmt::Debug for Behalf {
    /// Not the name: it may end in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Behalf::Name(_) => "Name(…)",
            Behalf::Erased => "Erased",
            Behalf::Unnamed => "Unnamed",
            Behalf::Platform => "Platform",
        })
    }
}

impl Behalf {
    fn text(&self) -> &str {
        match self {
            Behalf::Name(name) => name,
            Behalf::Erased => "اسم محذوف بطلب صاحبه",
            Behalf::Unnamed => "—",
            Behalf::Platform => "المنصة",
        }
    }
}

/// A share of an animal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the animal is called.
    pub animal: String,
    /// Its kind.
    pub species: Species,
    /// What it is slaughtered for.
    pub rite: Rite,
    /// Which of its shares, from one.
    pub share: u8,
    /// On whose behalf.
    pub behalf: Behalf,
    /// From when and until when, on the place's clocks, where that is known.
    pub span: Option<(String, String)>,
}

/// All that is to be carried out at a slaughterhouse on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionList {
    /// The slaughterhouse's id.
    pub slaughterhouse: String,
    /// What its places are called.
    pub places: Vec<Bilingual>,
    /// The day.
    pub day: ListDay,
    /// The list's number, from one.
    pub version: u32,
    /// The shares, animal by animal.
    pub rows: Vec<Row>,
}

/// How many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Animals.
    pub animals: u32,
    /// Shares.
    pub shares: u32,
}

impl ExecutionList {
    /// How many animals and shares there are.
    pub fn sums(&self) -> Sums {
        let of_kinds = self.sums_by_species();
        let all = of_kinds.values();
        Sums { animals: all.clone().map(|sums| sums.animals).sum(), shares: all.map(|sums| sums.shares).sum() }
    }

    fn sums_by_species(&self) -> BTreeMap<Species, Sums> {
        let mut found: BTreeMap<Species, Sums> = BTreeMap::new();
        let mut last = None;
        for row in &self.rows {
            let sums = found.entry(row.species).or_default();
            sums.shares += 1;
            sums.animals += u32::from(last != Some(&row.animal));
            last = Some(&row.animal);
        }
        found
    }

    /// The list as CSV.
    pub fn csv(&self) -> Vec<u8> {
        let header = ["رقم الرأس", "النوع", "النسك", "السهم", "من", "عن", "من وقت", "إلى وقت"];
        let of_row = |row: &Row| {
            let (from, until) = row.span.clone().unwrap_or_default();
            let (share, of) = (row.share.to_string(), row.species.shares().to_string());
            let (species, rite) = (row.species.names().0.to_owned(), row.rite.names().0.to_owned());
            [row.animal.clone(), species, rite, share, of, guarded(row.behalf.text()), from, until]
        };
        let Sums { animals, shares } = self.sums();
        let mut last: [String; 8] = Default::default();
        (last[0], last[1], last[3]) = ("المجموع".to_owned(), animals.to_string(), shares.to_string());
        csv(std::iter::once(header.map(str::to_owned)).chain(self.rows.iter().map(of_row)).chain([last]))
    }

    /// The rows of each document: whole animals.
    pub fn parts(&self) -> Vec<&[Row]> {
        let (mut parts, mut begins) = (Vec::new(), 0);
        while begins < self.rows.len() {
            let mut ends = (begins + ROWS_OF_A_PART).min(self.rows.len());
            let is_within = |at: usize| at < self.rows.len() && self.rows[at].animal == self.rows[at - 1].animal;
            while ends > begins + 1 && is_within(ends) {
                ends -= 1;
            }
            parts.push(&self.rows[begins..ends]);
            begins = ends;
        }
        if parts.is_empty() {
            parts.push(&[]);
        }
        parts
    }

    /// The day, in Arabic.
    fn day(&self) -> String {
        match self.day {
            ListDay::Feast(year, day) => {
                let date = FeastDay { year, day, sighted: domain::hijri::Sighted::AsPublished }.hijri();
                let month = date.map_or("", |date: HijriDate| date.month_name(Language::Arabic));
                format!("{day} {month} {year} هـ")
            }
            ListDay::Closed(day) => format!("{day}"),
        }
    }
}

impl Press {
    /// A part of a list as PDF, its number from zero.
    ///
    /// # Errors
    /// When the template is at fault. The error does not say what the list says.
    pub fn list(&self, list: &ExecutionList, part: usize) -> Result<Vec<u8>, PressError> {
        let parts = list.parts();
        let rows = parts.get(part).copied().unwrap_or_default();
        let said = serde_json::to_string(&view(list, rows, (part + 1, parts.len()))).expect("a list can be written as JSON");
        let ident = format!("{}/{}/{}/{part}", list.slaughterhouse, list.day, list.version);
        self.set(&TEMPLATE, ("list", &said), &ident)
    }
}

#[derive(Serialize)]
struct View<'a> {
    slaughterhouse: &'a str,
    places: Vec<&'a str>,
    day: String,
    is_feast: bool,
    version: u32,
    part: usize,
    parts: usize,
    sums: Vec<SumView>,
    rows: Vec<RowView<'a>>,
}

#[derive(Serialize)]
struct SumView {
    name: &'static str,
    #[serde(flatten)]
    sums: Sums,
}

#[derive(Serialize)]
struct RowView<'a> {
    animal: &'a str,
    /// Whether the row is set off: every other animal is.
    tinted: bool,
    species: &'static str,
    rite: &'static str,
    share: String,
    behalf: &'a str,
    runs: &'static str,
    from: &'a str,
    until: &'a str,
}

fn view<'a>(list: &'a ExecutionList, rows: &'a [Row], (part, parts): (usize, usize)) -> View<'a> {
    let by_species = list.sums_by_species().into_iter().map(|(species, sums)| SumView { name: species.names().0, sums });
    let all = SumView { name: "المجموع", sums: list.sums() };
    let (mut tinted, mut last) = (false, "");
    let rows = rows.iter().map(|row| {
        tinted ^= row.animal != last && !last.is_empty();
        last = &row.animal;
        row_view(row, tinted)
    });
    let rows = rows.collect();
    View {
        slaughterhouse: &list.slaughterhouse,
        places: list.places.iter().map(|name| name.ar.as_str()).collect(),
        day: list.day(),
        is_feast: matches!(list.day, ListDay::Feast(..)),
        version: list.version,
        part,
        parts,
        sums: by_species.chain([all]).collect(),
        rows,
    }
}

fn row_view(row: &Row, tinted: bool) -> RowView<'_> {
    let (from, until) = row.span.as_ref().map_or(("", ""), |(from, until)| (from.as_str(), until.as_str()));
    RowView {
        animal: &row.animal,
        tinted,
        species: row.species.names().0,
        rite: row.rite.names().0,
        share: format!("{} / {}", row.share, row.species.shares()),
        behalf: row.behalf.text(),
        runs: runs(row.behalf.text()),
        from,
        until,
    }
}
