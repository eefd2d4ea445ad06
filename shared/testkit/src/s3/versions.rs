//! Versions of objects: what is put in another's place, or deleted without naming a version, stays until its version is deleted.
//!
//! Every bucket has them. The latest is the file; earlier ones are in memory and end with the process. Bounds: objects put whole and deleted one by one, as our code does.
//! A version is listed and deleted by its id, and not read by it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use crate::wire::{Request, Response};

/// The id of what was put before this process began.
const OF_BEFORE: &str = "null";
/// Versions of one page of a listing at most, by S3.
const MOST: usize = 1_000;

/// The versions of all objects.
#[derive(Default)]
pub(super) struct Versions {
    given: u64,
    objects: BTreeMap<Name, Object>,
}

/// Bucket and key.
type Name = (String, String);

#[derive(Default)]
struct Object {
    /// The id of the file, if it was put since.
    latest: Option<String>,
    /// The others, the first first.
    earlier: Vec<Version>,
}

struct Version {
    id: String,
    /// None for a mark of deletion.
    body: Option<Bytes>,
}

/// What a request asks for, where versions make a difference.
pub(super) enum Asked {
    List(Listing),
    Put(Name),
    Delete(Name),
    DeleteVersion(Name, String),
}

pub(super) struct Listing {
    bucket: String,
    prefix: String,
    most: usize,
    after: Option<(String, String)>,
}

impl Asked {
    /// None where they make none.
    pub(super) fn of(request: &Request) -> Option<Asked> {
        let uri = request.uri();
        let (bucket, key) =
            uri.path().trim_start_matches('/').split_once('/').unwrap_or((uri.path().trim_start_matches('/'), ""));
        let query: BTreeMap<String, String> = uri.query().unwrap_or_default().split('&').map(pair).collect();
        let name = (bucket.to_owned(), decoded(key));
        match (request.method(), key) {
            (&Method::GET, "") if query.contains_key("versions") => Some(Asked::List(Listing {
                bucket: name.0,
                prefix: query.get("prefix").cloned().unwrap_or_default(),
                most: query.get("max-keys").and_then(|most| most.parse().ok()).unwrap_or(MOST).min(MOST),
                after: query.get("key-marker").cloned().zip(query.get("version-id-marker").cloned()),
            })),
            (_, "") => None,
            (&Method::PUT, _) => Some(Asked::Put(name)),
            (&Method::DELETE, _) => Some(match query.get("versionId") {
                Some(id) => Asked::DeleteVersion(name, id.clone()),
                None => Asked::Delete(name),
            }),
            _ => None,
        }
    }
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (decoded(name), decoded(value))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn file(root: &Path, (bucket, key): &Name) -> PathBuf {
    root.join(bucket).join(key)
}

/// The file's bytes, if there is one.
pub(super) fn latest(root: &Path, name: &Name) -> Option<Bytes> {
    std::fs::read(file(root, name)).ok().map(Bytes::from)
}

impl Versions {
    fn id(&mut self) -> String {
        self.given += 1;
        format!("version-{:08}", self.given)
    }

    /// After a put: what was there before is an earlier version now.
    pub(super) fn put(&mut self, name: Name, before: Option<Bytes>) -> String {
        let id = self.id();
        let object = self.objects.entry(name).or_default();
        let was = object.latest.replace(id.clone()).unwrap_or_else(|| OF_BEFORE.to_owned());
        object.earlier.extend(before.map(|body| Version { id: was, body: Some(body) }));
        id
    }

    /// After a deletion that names no version: a mark stands before what was there.
    pub(super) fn mark(&mut self, name: Name, before: Option<Bytes>) {
        let id = self.id();
        let object = self.objects.entry(name).or_default();
        let was = object.latest.take().unwrap_or_else(|| OF_BEFORE.to_owned());
        object.earlier.extend(before.map(|body| Version { id: was, body: Some(body) }));
        object.earlier.push(Version { id, body: None });
    }

    /// Whether this version is the file.
    pub(super) fn is_latest(&self, root: &Path, name: &Name, id: &str) -> bool {
        let latest = self.objects.get(name).and_then(|object| object.latest.as_deref()).unwrap_or(OF_BEFORE);
        latest == id && file(root, name).exists()
    }

    /// Deletes a version, the file of which is gone already if it was the latest; gives back the one that is the latest then, if it is to be made the file.
    pub(super) fn delete(&mut self, root: &Path, name: &Name, id: &str) -> Option<Bytes> {
        let object = self.objects.get_mut(name)?;
        object.earlier.retain(|version| version.id != id);
        if file(root, name).exists() {
            return None;
        }
        object.latest = None;
        object.earlier.last()?.body.as_ref()?;
        let Version { id, body } = object.earlier.pop()?;
        object.latest = Some(id);
        body
    }

    /// The bodies of all versions that are not the latest, by bucket and key.
    pub(super) fn earlier(&self) -> Vec<(String, Bytes)> {
        let objects =
            self.objects.iter().flat_map(|((_, key), object)| object.earlier.iter().map(move |version| (key, version)));
        objects.filter_map(|(key, version)| Some((key.clone(), version.body.clone()?))).collect()
    }

    /// S3's answer to a listing.
    pub(super) fn list(&self, root: &Path, listing: &Listing) -> Response {
        let mut names = Vec::new();
        files(&root.join(&listing.bucket), "", &mut names);
        let known = self.objects.keys().filter(|(bucket, _)| *bucket == listing.bucket).map(|(_, key)| key.clone());
        names.extend(known);
        names.retain(|key| key.starts_with(&listing.prefix));
        names.sort();
        names.dedup();
        let all: Vec<_> = names.into_iter().flat_map(|key| self.of(root, (listing.bucket.clone(), key))).collect();
        let after = listing.after.as_ref();
        let begin = after.and_then(|(key, id)| all.iter().position(|row| row.key == *key && row.id == *id));
        let rest = &all[begin.map_or(0, |at| at + 1)..];
        answer(listing, &rest[..rest.len().min(listing.most)], rest.len() > listing.most)
    }

    /// The latest first.
    fn of(&self, root: &Path, name: Name) -> Vec<Row> {
        let mut rows = Vec::new();
        let object = self.objects.get(&name);
        let row = |id: &str, is_mark: bool| Row { key: name.1.clone(), id: id.to_owned(), is_mark, is_latest: false };
        if file(root, &name).is_file() {
            rows.push(row(object.and_then(|object| object.latest.as_deref()).unwrap_or(OF_BEFORE), false));
        }
        let earlier = object.into_iter().flat_map(|object| object.earlier.iter().rev());
        rows.extend(earlier.map(|version| row(&version.id, version.body.is_none())));
        if let Some(first) = rows.first_mut() {
            first.is_latest = true;
        }
        rows
    }
}

struct Row {
    key: String,
    id: String,
    is_mark: bool,
    is_latest: bool,
}

fn files(folder: &Path, under: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{under}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}

fn answer(listing: &Listing, rows: &[Row], more: bool) -> Response {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListVersionsResult>");
    let _infallible = write!(
        xml,
        "<Name>{}</Name><Prefix>{}</Prefix><MaxKeys>{}</MaxKeys><IsTruncated>{more}</IsTruncated>",
        escaped(&listing.bucket),
        escaped(&listing.prefix),
        listing.most
    );
    if let Some(last) = rows.last().filter(|_| more) {
        let (key, id) = (escaped(&last.key), &last.id);
        let _infallible = write!(xml, "<NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>{id}</NextVersionIdMarker>");
    }
    for Row { key, id, is_mark, is_latest } in rows {
        let element = if *is_mark { "DeleteMarker" } else { "Version" };
        let key = escaped(key);
        let _infallible = write!(
            xml,
            "<{element}><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{is_latest}</IsLatest></{element}>"
        );
    }
    xml.push_str("</ListVersionsResult>");
    let mut response = Response::new(Bytes::from(xml));
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/xml"));
    response
}

/// S3's answer to the deletion of a version: the same whether there was one or not.
pub(super) fn deleted() -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
