//! Updates come in: signed, kept as they came, and sent on their way.
//!
//! **Phases**, and what a crash after each leaves:
//! 1. who calls, the idempotency key, the form, the size; the signature over the body, by a registered key; the rows, as far as their form goes. Nothing is kept of what fails here;
//! 2. the batch of this key, if it is known: another body is a conflict;
//! 3. the body and the signed note over it, in the bucket, under the hash of the body: again is the same, and nothing is written over;
//! 4. the batch, put if absent: from here on it is known;
//! 5. a message. A batch without one is sent again under its key, and is told then; so 202 is answered only once the queue has it.

use domain::id::SlaughterhouseId;
use domain::message::Message;
use domain::proof::note::{self, NoteError};
use domain::sacrifice::carrying::form::{self, FormError, MOST_BYTES, MOST_ROWS};
use domain::sacrifice::carrying::{Batch, Form, Statement};
use http::header::LOCATION;
use platform::http::{Answer, Call, HeaderName, Problem, idempotency_key};
use platform::telemetry;
use std::time::Duration;

use crate::progress::Progress;
use crate::{Deps, itself, kept_by_nobody};

/// The header that has the signature.
const SIGNATURE: &str = "ihsan-signature";
/// Says that an earlier request has made what is answered.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The kind of a signed note.
const NOTE: &str = "text/plain; charset=utf-8";

/// A body whose signature holds.
struct Signed {
    batch: Batch,
    body: Vec<u8>,
    note: String,
}

/// `POST /v1/sacrifice/slaughterhouses/{id}/updates`.
///
/// # Errors
/// 401 without a signature, 403 with one that does not hold; 400 for the idempotency key and for a body that is not of its form; 413, 415; 409 when the key was used for another body; 503 when something is busy.
pub(crate) async fn take(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let house = itself(call)?;
    let signed = signed(deps, call, house).await?;
    let known = deps.table.batch(&signed.batch.slaughterhouse, &signed.batch.batch).await?;
    let (batch, is_new) = match known {
        Some(known) => (known, false),
        None => keep(deps, &signed).await?,
    };
    if batch.sha256 != signed.batch.sha256 {
        return Err(reused());
    }
    let (slaughterhouse, id) = (batch.slaughterhouse.clone(), batch.batch.clone());
    deps.carrying.send(Message::UpdatesKept { slaughterhouse, batch: id, from: None }, Duration::ZERO).await?;
    if is_new {
        telemetry::count("slaughterhouses", "UpdatesReceived", batch.rows.into());
    }
    let answer = Answer::json(202, &Progress::begun(&batch)).with_header(LOCATION, &Progress::url(&batch));
    Ok(kept_by_nobody(if is_new { answer } else { answer.with_header(REPLAYED, "true") }))
}

async fn signed(deps: &Deps, call: &Call, house: SlaughterhouseId) -> Result<Signed, Problem> {
    let key = idempotency_key(call.header("idempotency-key"))?;
    let form = Form::of(call.header("content-type").unwrap_or_default()).ok_or_else(of_no_form)?;
    let body = call.body().ok_or_else(|| Problem::malformed("the body is not valid base64"))?;
    if body.len() > MOST_BYTES {
        return Err(Problem::too_large(MOST_BYTES));
    }
    let signature = call.header(SIGNATURE).map(str::trim).filter(|text| !text.is_empty()).ok_or_else(unsigned)?;
    let keys = deps.table.house_keys(&house).await?;
    let keys = keys.map(|keys| keys.verifiers()).transpose().map_err(Problem::ours)?.unwrap_or_default();
    let statement = Statement::of(&house, key, form, &body);
    let text = statement.to_string();
    let signed_by = note::verify(&text, signature, &keys).map_err(|why| untrue(&why))?;
    let rows = form::read(form, &body).map_err(|why| of_another_form(&why))?.len();
    let batch = Batch {
        batch: Batch::id(&house, key),
        slaughterhouse: house,
        form,
        sha256: statement.sha256,
        rows: u32::try_from(rows).map_err(Problem::ours)?,
        signed_by: signed_by.to_string(),
        received_at: deps.clock.now(),
    };
    Ok(Signed { batch, note: note::with_signature(&text, signature), body: body.into_owned() })
}

/// The batch that stands then, and whether it is this one.
async fn keep(deps: &Deps, signed: &Signed) -> Result<(Batch, bool), Problem> {
    let batch = &signed.batch;
    let (body, note) = (batch.key(), batch.note_key());
    deps.bucket.keep(&body, batch.form.content_type(), signed.body.clone()).await.map_err(Problem::try_again)?;
    deps.bucket.keep(&note, NOTE, signed.note.clone().into_bytes()).await.map_err(Problem::try_again)?;
    Ok(match deps.table.keep_batch(batch).await? {
        None => (batch.clone(), true),
        Some(before) => (before, false),
    })
}

fn of_no_form() -> Problem {
    let english = "Send application/json or text/csv";
    Problem::new(415, "content_type_unknown", "أرسل application/json أو text/csv", english)
}

fn of_another_form(why: &FormError) -> Problem {
    match why {
        FormError::TooMany => Problem::too_large(MOST_ROWS).with_detail(&format!("at most {MOST_ROWS} rows")),
        FormError::Json { .. } | FormError::Csv(_) | FormError::Column(_) | FormError::NoAnimal | FormError::Empty => {
            Problem::malformed(&why.to_string())
        }
    }
}

fn unsigned() -> Problem {
    let english = "The header Ihsan-Signature is required: `verify sign` makes it";
    Problem::new(401, "signature_missing", "الترويسة Ihsan-Signature مطلوبة", english)
}

fn untrue(why: &NoteError) -> Problem {
    match why {
        NoteError::Unsigned => Problem::new(
            403,
            "signature_unknown",
            "لم يوقع بمفتاح مسجل لهذا المسلخ",
            "Not signed by a key that is registered for this slaughterhouse",
        ),
        NoteError::False => Problem::new(
            403,
            "signature_false",
            "التوقيع لا يطابق ما أُرسل",
            "The signature is not over this body, key and form",
        ),
        NoteError::NotAKey | NoteError::Keys | NoteError::NotANote => {
            Problem::new(403, "signature_unreadable", "التوقيع غير مقروء", "The signature cannot be read")
        }
    }
}

fn reused() -> Problem {
    Problem::new(
        409,
        "idempotency_key_reused",
        "استُخدم هذا المفتاح لملف آخر",
        "This Idempotency-Key was used for another body",
    )
}
