//! What a slaughterhouse is to carry out: the URLs of its lists.
//!
//! **Cost.** One query; the URLs are signed here.

use std::time::Duration;

use domain::sacrifice::list::{FileKind, IssuedList, ListFile};
use platform::bucket::Download;
use platform::http::{Answer, Call, Problem};
use serde::Serialize;

use crate::{Deps, house, kept_by_nobody};

/// How long a document's URL serves: as long as a file takes over a poor line, too short to be passed on.
pub const LINK_SECS: u32 = 300;

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

/// `GET /v1/sacrifice/slaughterhouses/{id}/lists`.
///
/// # Errors
/// 401, 403, 404; 503 when the table is busy.
pub(crate) async fn lists(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
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
    Ok(kept_by_nobody(Answer::json(200, &Lists { slaughterhouse: house.as_str(), lists, expires_at })))
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
