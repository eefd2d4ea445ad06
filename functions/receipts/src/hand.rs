//! Handing the document to whoever holds the gift.

use std::time::Duration;

use domain::hash::Hash;
use domain::id::DonationId;
use platform::bucket::{BucketError, Download};
use platform::http::{Answer, Call, Problem};
use serde::Serialize;

use crate::{Deps, content};

/// How long the document's URL serves: as long as a phone takes to follow it, too short to be passed on.
pub const LINK_SECS: u32 = 60;

const PDF: &str = "application/pdf";

/// What is answered.
#[derive(Serialize)]
struct Handed {
    /// The receipt's number.
    serial: String,
    /// The code to check it by.
    code: String,
    /// Where anyone checks it.
    check_url: String,
    /// Where the document is fetched.
    url: String,
    /// Until when.
    expires_at: String,
}

/// The receipt of the path's donation.
pub async fn receipt(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let donation = deps.door.holder(call).await?;
    let receipt = content::of(deps, &donation).await?;
    let key = key(&donation.id, &receipt.said());
    let file = format!("receipt-{}.pdf", receipt.serial);
    let download = Download { file: &file, content_type: PDF };
    if !deps.bucket.has(&key).await.map_err(one_moment)? {
        let pdf = deps.press().pdf(&receipt).map_err(Problem::ours)?;
        deps.bucket.keep_download(&key, download, pdf).await.map_err(one_moment)?;
    }
    let now = deps.clock.now();
    let serves = Duration::from_secs(LINK_SECS.into());
    let handed = Handed {
        url: deps.bucket.link(&key, download, now, serves).await.map_err(one_moment)?,
        serial: receipt.serial.to_string(),
        code: receipt.code.to_string(),
        check_url: receipt.check_url,
        expires_at: now.plus_seconds(LINK_SECS.into()).to_string(),
    };
    Ok(Answer::json(200, &handed))
}

/// Where the document is kept: beside all others of its donation, so that an erasure finds them, under a hash of what it says. The hash goes over a name, and whoever
/// lists the bucket could try names; but whoever can list it can read it.
fn key(donation: &DonationId, said: &str) -> String {
    format!("{}{}.pdf", domain::receipt::folder(donation), Hash::of(&[said.as_bytes()]))
}

fn one_moment(error: BucketError) -> Problem {
    Problem::try_again(error)
}
