//! Lists of what a slaughterhouse is to carry out on a day: what is kept of one, and what is signed of it.
//!
//! The documents themselves bear names, and stand in the bucket. What is signed is a text that names each of them with the hash of its bytes, as a signed note
//! ([`crate::proof::note`]): whoever has a document and the note finds out whether a byte of it was changed, without asking us.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::close::ListDay;
use crate::hash::Hash;
use crate::id::{OpportunityId, SlaughterhouseId};
use crate::moment::Moment;
use crate::purpose::codes;

/// How long a list is kept, in seconds: sixty days, as the bucket deletes its documents.
pub const KEPT_SECS: i64 = 60 * 24 * 3_600;

/// What the statement is about: it stands behind the signers' name, as in every text that they sign.
const SUBJECT: &str = "/execution-list";

codes!(
    /// The kinds of documents that a list is of.
    FileKind, "kind of file" {
        /// Rows for programs and spreadsheets.
        Csv = 0 "csv",
        /// Pages for people.
        Pdf = 1 "pdf",
        /// The signed note over the others.
        Note = 2 "note",
    }
);

impl FileKind {
    /// The kind, as `Content-Type` has it.
    pub const fn content_type(self) -> &'static str {
        match self {
            FileKind::Csv => "text/csv; charset=utf-8",
            FileKind::Pdf => "application/pdf",
            FileKind::Note => "text/plain; charset=utf-8",
        }
    }
}

/// A document of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFile {
    /// What it is.
    pub kind: FileKind,
    /// The file's name.
    pub name: String,
    /// The hash of its bytes.
    pub sha256: Hash,
    /// Where in the bucket it stands.
    pub key: String,
}

/// A list that went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedList {
    /// Whose it is.
    pub slaughterhouse: SlaughterhouseId,
    /// Of which day.
    pub day: ListDay,
    /// Its number, from one. A later one supersedes it.
    pub version: u32,
    /// A hash of all that it says but names: a list that says the same is not made again.
    pub fingerprint: Hash,
    /// The offerings whose animals are on it.
    pub offerings: Vec<OpportunityId>,
    /// How many animals.
    pub animals: u32,
    /// How many shares.
    pub shares: u32,
    /// The documents.
    pub files: Vec<ListFile>,
    /// When it was made.
    pub made_at: Moment,
    /// Until when it is kept, in seconds since 1970: the table's `ttl`.
    pub ttl: i64,
}

impl IssuedList {
    /// Whether it is still kept.
    pub const fn is_kept(&self, now: Moment) -> bool {
        now.seconds() < self.ttl
    }
}

/// The folder of a slaughterhouse's lists in the bucket.
pub fn folder(slaughterhouse: &SlaughterhouseId) -> String {
    format!("execution/{slaughterhouse}/")
}

/// What is signed of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The name of those who sign.
    pub by: String,
    /// Whose list.
    pub slaughterhouse: SlaughterhouseId,
    /// Of which day.
    pub day: ListDay,
    /// Its number.
    pub version: u32,
    /// How many animals.
    pub animals: u32,
    /// How many shares.
    pub shares: u32,
    /// The documents: their names and the hashes of their bytes.
    pub files: Vec<(String, Hash)>,
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}{SUBJECT}", self.by)?;
        writeln!(f, "slaughterhouse {}\nday {}\nversion {}", self.slaughterhouse, self.day, self.version)?;
        writeln!(f, "animals {}\nshares {}", self.animals, self.shares)?;
        self.files.iter().try_for_each(|(name, hash)| writeln!(f, "sha256 {hash} {name}"))
    }
}

/// A text is no statement about a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a statement about an execution list")]
pub struct NotAStatement;

impl FromStr for Statement {
    type Err = NotAStatement;

    fn from_str(text: &str) -> Result<Statement, NotAStatement> {
        let mut lines = text.lines();
        let statement = read(&mut lines).ok_or(NotAStatement)?;
        // The same in other bytes is another text.
        if statement.to_string() == text { Ok(statement) } else { Err(NotAStatement) }
    }
}

fn read<'t>(lines: &mut impl Iterator<Item = &'t str>) -> Option<Statement> {
    let by = lines.next()?.strip_suffix(SUBJECT)?.to_owned();
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    let (slaughterhouse, day) = (field("slaughterhouse")?.parse().ok()?, field("day")?.parse().ok()?);
    let (version, animals, shares) = (field("version")?, field("animals")?, field("shares")?);
    let (version, animals, shares) = (version.parse().ok()?, animals.parse().ok()?, shares.parse().ok()?);
    let file = |line: &str| {
        let (hash, name) = line.strip_prefix("sha256 ")?.split_once(' ')?;
        Some((name.to_owned(), hash.parse().ok()?))
    };
    let files = lines.map(file).collect::<Option<Vec<_>>>()?;
    Some(Statement { by, slaughterhouse, day, version, animals, shares, files })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn statement() -> Statement {
        Statement {
            by: "ihsan.example".to_owned(),
            slaughterhouse: "makkah-1".parse().unwrap(),
            day: "1448-12-10".parse().unwrap(),
            version: 2,
            animals: 3,
            shares: 15,
            files: vec![("a.csv".to_owned(), Hash::of(&[b"a"])), ("a b.pdf".to_owned(), Hash::of(&[b"b"]))],
        }
    }

    #[test]
    fn a_list_is_kept_for_sixty_days_and_not_a_second_longer() {
        assert_eq!(KEPT_SECS, 60 * 86_400);
        let made_at: Moment = "2027-05-15T00:00:00Z".parse().unwrap();
        let list = IssuedList {
            slaughterhouse: "makkah-1".parse().unwrap(),
            day: "1448-12-10".parse().unwrap(),
            version: 1,
            fingerprint: Hash::of(&[b"a"]),
            offerings: Vec::new(),
            animals: 0,
            shares: 0,
            files: Vec::new(),
            made_at,
            ttl: made_at.seconds() + KEPT_SECS,
        };
        let ends: Moment = "2027-07-14T00:00:00Z".parse().unwrap();
        let before = Moment::from_millis(ends.millis() - 1);
        assert_eq!([made_at, before, ends, ends.plus_seconds(1)].map(|now| list.is_kept(now)), [true, true, false, false]);
    }

    #[test]
    fn documents_are_sent_as_what_they_are_from_the_folder_of_their_slaughterhouse() {
        let kinds = ["text/csv; charset=utf-8", "application/pdf", "text/plain; charset=utf-8"];
        assert_eq!(FileKind::ALL.iter().map(|kind| kind.content_type()).collect::<Vec<_>>(), kinds);
        assert_eq!(folder(&"makkah-1".parse().unwrap()), "execution/makkah-1/");
    }

    #[test]
    fn a_statement_is_read_as_it_is_written_and_in_no_other_bytes() {
        let text = statement().to_string();
        assert_eq!(text.parse(), Ok(statement()));
        assert!(text.starts_with(
            "ihsan.example/execution-list\nslaughterhouse makkah-1\nday 1448-12-10\nversion 2\nanimals 3\nshares 15\nsha256 "
        ));
        for other in [
            text.replace("version 2", "version 02"),
            text.trim_end().to_owned(),
            format!("{text}x\n"),
            text.replace("/execution-list", "/keys"),
            String::new(),
        ] {
            assert_eq!(other.parse::<Statement>(), Err(NotAStatement), "{other}");
        }
    }
}
