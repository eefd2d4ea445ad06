//! Photos and videos go straight to the bucket: a slaughterhouse asks for a form, and uploads by it what the form names and nothing else.
//!
//! Each form has an id of its own, under which updates name what was uploaded. Its policy fixes the key, the type, the number of bytes and, where the slaughterhouse tells it, their SHA-256; so nothing larger,
//! and nothing that a browser would run, comes into the bucket. Nothing is kept here: what was never uploaded is not there, and `carrying` finds that out.

use domain::hash::Hash;
use domain::id::EvidenceId;
use domain::sacrifice::carrying::evidence::{MediaType, Medium, key};
use platform::bucket::Wanted;
use platform::http::{Answer, Call, Faults, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::{Deps, itself, kept_by_nobody};

/// How long a form serves, in seconds: a video of two hundred megabytes over a poor line, and the queue before it.
pub const FORM_SECS: i64 = 3_600;

/// The body of `POST /v1/sacrifice/slaughterhouses/{id}/evidence`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceDraft {
    kind: String,
    content_type: String,
    bytes: u64,
    #[serde(default)]
    sha256: Option<String>,
}

#[derive(Serialize)]
struct Form<'a> {
    /// The id by which updates name it.
    evidence: &'a str,
    /// Where the form is posted to.
    url: &'a str,
    /// Its fields; the file stands behind them as `file`.
    fields: BTreeMap<&'a str, &'a str>,
    /// Until when it serves.
    expires_at: String,
}

/// What is to be uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Of which type.
    pub media_type: MediaType,
    /// How large.
    pub bytes: u64,
    /// Its hash, where the slaughterhouse tells it.
    pub sha256: Option<Hash>,
}

/// `POST /v1/sacrifice/slaughterhouses/{id}/evidence`.
///
/// # Errors
/// 401, 403, 404; 400 and 422 for the body; 503 when there is nothing to sign with.
pub(crate) async fn form(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let house = itself(call)?;
    let asked = call.object::<EvidenceDraft>()?.check(Faults::new(call.language()))?;
    let id: EvidenceId = hex(deps.random.bytes::<16>()).parse().map_err(Problem::ours)?;
    let now = deps.clock.now();
    let until = now.plus_seconds(FORM_SECS);
    let key = key(&house, &id);
    let wanted = Wanted { key: &key, content_type: asked.media_type.code(), bytes: asked.bytes, sha256: asked.sha256 };
    let upload = deps.bucket.upload(wanted, now, until).await.map_err(Problem::try_again)?;
    let fields = upload.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let form = Form { evidence: id.as_str(), url: &upload.url, fields, expires_at: until.to_string() };
    Ok(kept_by_nobody(Answer::json(201, &form)))
}

fn hex(bytes: [u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl EvidenceDraft {
    /// What is to be uploaded.
    ///
    /// # Errors
    /// 422, with each fault and its place.
    pub fn check(self, mut faults: Faults) -> Result<Asked, Problem> {
        let medium: Option<Medium> = faults.code("/kind", &self.kind);
        let media_type: Option<MediaType> = faults.code("/content_type", &self.content_type);
        if let (Some(medium), Some(media_type)) = (medium, media_type)
            && media_type.medium() != medium
        {
            let english = "This type is not of the kind that is told";
            faults.add("/content_type", "type_of_another_kind", "النوع لا يوافق المذكور", english);
        }
        if let Some(most) = medium.map(Medium::most_bytes)
            && !(1..=most).contains(&self.bytes)
        {
            let english = format!("From 1 to {most} bytes");
            faults.add("/bytes", "size_unusable", &format!("من 1 إلى {most} بايت"), &english);
        }
        let sha256: Option<Option<Hash>> = match &self.sha256 {
            None => Some(None),
            Some(text) => text.parse().ok().map(Some),
        };
        if sha256.is_none() {
            faults.add("/sha256", "hash_unreadable", "64 من أرقام الست عشرية", "64 lower-case hex digits");
        }
        faults.tell()?;
        match (media_type, sha256) {
            (Some(media_type), Some(sha256)) => Ok(Asked { media_type, bytes: self.bytes, sha256 }),
            _ => Err(Problem::malformed("a part could not be read")),
        }
    }
}
