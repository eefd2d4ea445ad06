//! How a signed-in donor wants to be told of all their gifts, those of before and those to come.
//!
//! What was said with a gift itself holds for that gift as well: of the two, the one that wants less to be heard. A guest says it with each gift.

use platform::auth;
use platform::http::{Answer, Call, Problem};
use serde_json::Value;

use crate::answer::Preferences;
use crate::fault::problem;
use crate::{Deps, command};

/// What the donor has said; nothing particular if they never did.
pub async fn show(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let donor = auth::donor(call)?;
    let telling = deps.table.tellings(std::slice::from_ref(&donor)).await?.remove(&donor).unwrap_or_default();
    Ok(Answer::json(200, &Preferences::of(&telling)))
}

/// Keeps what the donor says, in place of what they said before. Again changes nothing.
pub async fn keep(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let donor = auth::donor(call)?;
    let body: Value = call.json()?;
    let telling = command::telling(&body).map_err(|found| problem(found, call.language()))?;
    deps.table.keep_telling(&donor, &telling, deps.clock.now()).await?;
    Ok(Answer::json(200, &Preferences::of(&telling)))
}
