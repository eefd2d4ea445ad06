//! The state in a file: JSON with a version, written beside the old file and then put in its place.

use std::io::{Error, ErrorKind};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::state::State;

/// The form of the file. A file of another form is refused, not guessed at.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Saving<'a> {
    version: u32,
    state: &'a State,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
struct Saved {
    state: State,
}

pub(crate) fn write(state: &State) -> std::io::Result<Vec<u8>> {
    serde_json::to_vec(&Saving { version: VERSION, state }).map_err(Error::other)
}

/// A crash leaves the old file or the new one.
pub(crate) fn replace(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

/// `None` if there is no such file.
pub(crate) fn read(path: &Path) -> std::io::Result<Option<State>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let Version { version } = serde_json::from_slice(&text)?;
    if version != VERSION {
        let problem = format!("{} has version {version}, and this reads version {VERSION}", path.display());
        return Err(Error::new(ErrorKind::InvalidData, problem));
    }
    let Saved { state } = serde_json::from_slice(&text)?;
    Ok(Some(state))
}
