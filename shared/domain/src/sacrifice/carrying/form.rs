//! Bodies with updates, read: JSON and CSV.
//!
//! What is wrong with the form (no JSON, a column that is not known) makes the whole body worthless, and is told to whoever sends it. What is wrong in one row makes that row worthless and no other.

use serde::Deserialize;

use super::refusal::Refusal;
use super::update::{Told, Update};
use crate::purpose::codes;
use crate::sacrifice::animal::AnimalName;

/// The most rows of one body: a large slaughterhouse's day.
pub const MOST_ROWS: usize = 10_000;
/// The most bytes of one body: what Lambda takes is six megabytes, and base64 makes a third more of it.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The columns of CSV, in any order. The names are those of JSON.
pub const COLUMNS: [&str; 7] = ["animal", "slaughtered_at", "by", "evidence", "distributed_to", "country", "portions"];

codes!(
    /// The forms in which updates come.
    Form, "form of updates" {
        /// `{"updates":[…]}`
        Json = 0 "json",
        /// A line for each row under a line of names.
        Csv = 1 "csv",
    }
);

impl Form {
    /// The form of a body with this `Content-Type`, whatever its parameters are.
    pub fn of(content_type: &str) -> Option<Form> {
        match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/json" => Some(Form::Json),
            "text/csv" => Some(Form::Csv),
            _ => None,
        }
    }

    /// The kind, as `Content-Type` has it.
    pub const fn content_type(self) -> &'static str {
        match self {
            Form::Json => "application/json",
            Form::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// A body is not of its form. None of these repeats what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Not JSON of this form.
    #[error("not the JSON that was agreed on, at line {line}, column {column}")]
    Json {
        /// Where it stops making sense.
        line: usize,
        /// The column of that line.
        column: usize,
    },
    /// Not CSV in UTF-8, or a line has more or fewer fields than the first.
    #[error("not CSV in UTF-8 with as many fields in each line, at line {0}")]
    Csv(u64),
    /// A column is not known, or stands twice.
    #[error("column {0} is not known, or stands twice")]
    Column(usize),
    /// There is no column of that name.
    #[error("the column animal is missing")]
    NoAnimal,
    /// No row at all.
    #[error("there are no rows")]
    Empty,
    /// Too many.
    #[error("more than {MOST_ROWS} rows")]
    TooMany,
}

/// A row, with its number from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number within the body, from one; a line of names is not counted.
    pub number: u32,
    /// The animal it is about, if that could be read.
    pub animal: Option<AnimalName>,
    /// What it says.
    pub update: Result<Update, Refusal>,
}

impl Row {
    fn of(number: u32, told: Option<&Told>, animal: &str) -> Row {
        match (animal.parse::<AnimalName>(), told) {
            (Err(_), _) => Row { number, animal: None, update: Err(Refusal::AnimalMalformed) },
            (Ok(animal), Some(told)) => Row { number, animal: Some(animal.clone()), update: told.read(animal) },
            // The one part of a row that is no text is the number of portions.
            (Ok(animal), None) => Row { number, animal: Some(animal), update: Err(Refusal::DistributionMalformed) },
        }
    }
}

/// The rows of a body.
///
/// # Errors
/// When it is not of its form.
pub fn read(form: Form, body: &[u8]) -> Result<Vec<Row>, FormError> {
    let rows = match form {
        Form::Json => json(body)?,
        Form::Csv => csv(body)?,
    };
    if rows.is_empty() { Err(FormError::Empty) } else { Ok(rows) }
}

fn json(body: &[u8]) -> Result<Vec<Row>, FormError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        updates: Vec<Told>,
    }
    let body: Body =
        serde_json::from_slice(body).map_err(|error| FormError::Json { line: error.line(), column: error.column() })?;
    if body.updates.len() > MOST_ROWS {
        return Err(FormError::TooMany);
    }
    Ok((1..).zip(&body.updates).map(|(number, told)| Row::of(number, Some(told), &told.animal)).collect())
}

fn csv(body: &[u8]) -> Result<Vec<Row>, FormError> {
    // Spreadsheets put a mark of their own before UTF-8.
    let body = body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(body);
    let mut reader = ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(body);
    let broken = |error: ::csv::Error| FormError::Csv(error.position().map_or(1, ::csv::Position::line));
    let places = places(reader.headers().map_err(broken)?)?;
    let mut rows = Vec::new();
    for (number, record) in (1..).zip(reader.records()) {
        let record = record.map_err(broken)?;
        if rows.len() == MOST_ROWS {
            return Err(FormError::TooMany);
        }
        let field = |column: usize| places[column].and_then(|place| record.get(place)).unwrap_or_default();
        let portions = match field(6) {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        };
        let told = portions.map(|portions| Told {
            animal: field(0).to_owned(),
            slaughtered_at: field(1).to_owned(),
            by: field(2).to_owned(),
            evidence: field(3).split_ascii_whitespace().map(str::to_owned).collect(),
            distributed_to: field(4).to_owned(),
            country: field(5).to_owned(),
            portions,
        });
        rows.push(Row::of(number, told.as_ref(), field(0)));
    }
    Ok(rows)
}

/// Where each of [`COLUMNS`] stands.
fn places(names: &::csv::StringRecord) -> Result<[Option<usize>; COLUMNS.len()], FormError> {
    let mut places = [None; COLUMNS.len()];
    for (place, name) in names.iter().enumerate() {
        let column = COLUMNS.iter().position(|known| *known == name).filter(|column| places[*column].is_none());
        places[column.ok_or(FormError::Column(place + 1))?] = Some(place);
    }
    if places[0].is_some() { Ok(places) } else { Err(FormError::NoAnimal) }
}

/// Rows as a body of this form: what a slaughterhouse's program writes.
///
/// # Panics
/// Never: memory takes it.
pub fn write(form: Form, updates: &[Told]) -> Vec<u8> {
    match form {
        Form::Json => serde_json::to_vec(&serde_json::json!({ "updates": updates })).expect("texts can be written"),
        Form::Csv => {
            let mut writer = ::csv::Writer::from_writer(Vec::new());
            writer.write_record(COLUMNS).expect("memory takes it");
            for told in updates {
                let (evidence, portions) = (told.evidence.join(" "), told.portions.map(|portions| portions.to_string()));
                let record = [
                    told.animal.as_str(),
                    &told.slaughtered_at,
                    &told.by,
                    &evidence,
                    &told.distributed_to,
                    &told.country,
                    portions.as_deref().unwrap_or_default(),
                ];
                writer.write_record(record).expect("memory takes it");
            }
            writer.into_inner().expect("memory takes it")
        }
    }
}

#[cfg(test)]
mod tests;
