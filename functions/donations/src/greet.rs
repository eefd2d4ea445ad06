//! A guest's first call.

use platform::http::{Answer, Problem};

use crate::Deps;
use crate::answer::Guest;

/// A new guest token. It says nothing about a person; it keeps one guest's idempotency keys apart from another's.
pub async fn greet(deps: &Deps) -> Result<Answer, Problem> {
    let (guest_token, until) = deps.door.identifiers().await?.guest_token(&deps.random, deps.clock.now());
    Ok(Answer::json(201, &Guest { guest_token, expires_at: until.to_string() }))
}
