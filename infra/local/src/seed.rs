//! A small catalogue, put through the operator's routes as an operator would: eight charities, the thirteen regions, both tracks,
//! capped projects and open ones, each with its licence.
//!
//! What is there already is left alone, so that a second start with the same data folder changes nothing.

use std::fmt;

use http::Method;
use serde_json::{Map, Value};

use crate::client::{Client, NoAnswer, Reply};
use crate::issuer::{Role, TokenError};
use crate::stack::Inside;

const CHARITIES: &str = include_str!("../seed/charities.json");
const OPPORTUNITIES: &str = include_str!("../seed/opportunities.json");
/// Who publishes the seed, by the audit log.
pub const OPERATOR: &str = "operator-1";

/// The catalogue could not be put.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A seed file is not of its form.
    #[error("a seed file cannot be read: {0}")]
    File(#[from] serde_json::Error),
    /// No token for the operator.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The gateway did not answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// The catalogue refused.
    #[error("{path} was refused: {}", Told(.reply))]
    Refused {
        /// What was put.
        path: String,
        /// What came back.
        reply: Box<Reply>,
    },
}

/// An answer in a line.
pub(crate) struct Told<'r>(pub(crate) &'r Reply);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.status, self.0.body)
    }
}

/// One thing to put: its path and its body.
pub type Put = (String, Value);

/// Everything of the seed, charities first.
///
/// # Errors
/// When a file is not of its form.
pub fn catalogue() -> Result<Vec<Put>, SeedError> {
    let mut puts = Vec::new();
    for (folder, text) in [("charities", CHARITIES), ("opportunities", OPPORTUNITIES)] {
        for mut body in serde_json::from_str::<Vec<Map<String, Value>>>(text)? {
            let id = body.remove("id").unwrap_or_default();
            puts.push((format!("/v1/{folder}/{}", id.as_str().unwrap_or_default()), Value::Object(body)));
        }
    }
    Ok(puts)
}

/// Puts what is not there yet. `done` is called after each.
///
/// # Errors
/// When the catalogue refuses, or does not answer.
pub async fn put(inside: &Inside, client: &Client, puts: &[Put], done: impl Fn()) -> Result<(), SeedError> {
    let token = format!("Bearer {}", inside.issuer().token(Role::Operator, OPERATOR)?);
    for (path, body) in puts {
        let found = client.call(Method::GET, path, &[], &Value::Null).await?;
        if found.status == 404 {
            let reply = client.call(Method::PUT, path, &[("authorization", &token)], body).await?;
            if !matches!(reply.status, 200 | 201 | 204) {
                return Err(SeedError::Refused { path: path.clone(), reply: Box::new(reply) });
            }
        }
        done();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_seed_covers_regions_and_tracks() {
        let puts = catalogue().unwrap();
        let of = |folder: &str| puts.iter().filter(|(path, _)| path.starts_with(folder)).collect::<Vec<_>>();
        let (charities, opportunities) = (of("/v1/charities/"), of("/v1/opportunities/"));
        let all = |field: &str| opportunities.iter().map(|(_, body)| body[field].to_string()).collect::<BTreeSet<_>>();
        assert_eq!((all("region").len(), all("track").len()), (13, 2));
        assert_eq!(all("licence").len(), opportunities.len());
        let known: BTreeSet<String> =
            charities.iter().map(|(path, _)| format!("\"{}\"", path.rsplit('/').next().unwrap())).collect();
        assert!(all("charity").is_subset(&known));
        assert!(opportunities.iter().any(|(_, body)| body.get("target").is_some()));
        assert!(opportunities.iter().any(|(_, body)| body.get("target").is_none()));
    }
}
