//! Matters for a person.

use domain::case::Case;

use super::key::Key;
use super::{Table, TableError};

impl Table {
    /// Sets a matter aside; the same matter again changes nothing, so that what a person wrote to it stays.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn open_case(&self, case: &Case) -> Result<(), TableError> {
        self.put_new(&Key::case(&case.id()), case).await.map(|_| ())
    }

    /// A matter by its id.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn case(&self, id: &str) -> Result<Option<Case>, TableError> {
        self.get(&Key::case(id)).await
    }
}
