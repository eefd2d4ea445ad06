//! Slaughterhouses: what each is to carry out, handed to it and to nobody else.
//!
//! **Promise.** A slaughterhouse is given the URLs of its own lists, operators those of any; each serves for [`LINK_SECS`]. The documents bear names: this function alone can read them, and it is called
//! by nobody but those two.
//!
//! **Cost.** One query; the URLs are signed here.
//!
//! **Failure.** A busy table is a 503 that says when to try again; nothing is decided here.

use std::time::Duration;

use domain::id::SlaughterhouseId;
use domain::sacrifice::list::{FileKind, IssuedList, ListFile};
use http::header::CACHE_CONTROL;
use platform::auth::Officer;
use platform::bucket::{Bucket, Download};
use platform::http::{Answer, Call, HttpRequest, HttpResponse, Problem, Role, Route, respond};
use platform::table::Table;
use platform::{Clock, ConfigError, Platform};
use serde::Serialize;

/// The routes of this function, and who may take them.
pub const ROUTES: &[Route] = &[Route { key: "GET /v1/sacrifice/slaughterhouses/{id}/lists", role: Role::Slaughterhouse }];

/// Whose token says that it is a slaughterhouse's.
const SLAUGHTERHOUSE: &str = "slaughterhouse";
/// How long a document's URL serves: as long as a file takes over a poor line, too short to be passed on.
pub const LINK_SECS: u32 = 300;
/// What is said of the answer: it is one slaughterhouse's, and nobody keeps it.
const NOT_KEPT: &str = "private, no-store";

/// What the function is given, once for each environment.
pub struct Deps {
    table: Table,
    bucket: Bucket,
    clock: Clock,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        let bucket = Bucket::new(&platform.aws, &platform.settings)?;
        Ok(Deps { table: platform.table()?, bucket, clock: platform.clock.clone() })
    }
}

#[derive(Serialize)]
struct Lists<'a> {
    slaughterhouse: &'a str,
    /// By day, the latest of each first.
    lists: Vec<ListView>,
    /// Until when the URLs serve.
    expires_at: String,
}

#[derive(Serialize)]
struct ListView {
    day: String,
    version: u32,
    /// Whether no later one supersedes it.
    is_latest: bool,
    animals: u32,
    shares: u32,
    made_at: String,
    files: Vec<FileView>,
}

#[derive(Serialize)]
struct FileView {
    kind: FileKind,
    name: String,
    sha256: String,
    url: String,
}

/// Answers one call.
pub async fn handle(deps: &Deps, request: HttpRequest) -> HttpResponse {
    let call = Call::new(request);
    let result = Box::pin(route(deps, &call)).await;
    respond(&call, result)
}

async fn route(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    match call.route() {
        "GET /v1/sacrifice/slaughterhouses/{id}/lists" => lists(deps, call).await,
        _ => Err(Problem::not_found()),
    }
}

/// Whose lists are asked for, if the caller may have them.
fn house(call: &Call) -> Result<SlaughterhouseId, Problem> {
    let officer = Officer::of(call, &["operator", SLAUGHTERHOUSE])?;
    if officer.role == SLAUGHTERHOUSE && officer.subject != call.path("id") {
        return Err(Problem::forbidden());
    }
    call.path("id").parse().map_err(|_| Problem::not_found())
}

/// `GET /v1/sacrifice/slaughterhouses/{id}/lists`.
async fn lists(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let house = house(call)?;
    let now = deps.clock.now();
    let mut issued = deps.table.lists_of(&house).await?;
    issued.retain(|list| list.is_kept(now));
    issued.sort_by_key(|list| (list.day, std::cmp::Reverse(list.version)));
    let mut lists = Vec::new();
    for (place, list) in issued.iter().enumerate() {
        let is_latest = place == 0 || issued[place - 1].day != list.day;
        lists.push(view(deps, list, is_latest).await?);
    }
    let expires_at = now.plus_seconds(LINK_SECS.into()).to_string();
    let answer = Answer::json(200, &Lists { slaughterhouse: house.as_str(), lists, expires_at });
    Ok(answer.with_header(CACHE_CONTROL, NOT_KEPT))
}

async fn view(deps: &Deps, list: &IssuedList, is_latest: bool) -> Result<ListView, Problem> {
    let mut files = Vec::new();
    for file in &list.files {
        files.push(FileView {
            kind: file.kind,
            name: file.name.clone(),
            sha256: file.sha256.to_string(),
            url: link(deps, file).await?,
        });
    }
    Ok(ListView {
        day: list.day.to_string(),
        version: list.version,
        is_latest,
        animals: list.animals,
        shares: list.shares,
        made_at: list.made_at.to_string(),
        files,
    })
}

async fn link(deps: &Deps, file: &ListFile) -> Result<String, Problem> {
    let download = Download { file: &file.name, content_type: file.kind.content_type() };
    let serves = Duration::from_secs(LINK_SECS.into());
    let link = deps.bucket.link(&file.key, download, deps.clock.now(), serves).await;
    link.map_err(Problem::try_again)
}
