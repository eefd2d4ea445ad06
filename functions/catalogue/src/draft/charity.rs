//! A charity as an operator sends it.

use domain::catalogue::{Bilingual, Charity, LONGEST_TITLE_CHARS};
use domain::id::CharityId;
use domain::purpose::Language;
use platform::http::{Faults, Problem};
use serde::Deserialize;

use super::licence;

/// The body of `PUT /v1/charities/{id}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharityDraft {
    name: Bilingual,
    licence: String,
    region: String,
}

impl CharityDraft {
    /// The charity it describes.
    ///
    /// # Errors
    /// 422 with everything that is wrong.
    pub fn check(self, id: &str, language: Language) -> Result<Charity, Problem> {
        let mut faults = Faults::new(language);
        let id: Option<CharityId> = faults.id("{id}", id);
        let name = faults.bilingual("/name", self.name, LONGEST_TITLE_CHARS);
        let licence = licence(&self.licence, &mut faults);
        let region = faults.code("/region", &self.region);
        faults.tell()?;
        let charity = id.zip(region).map(|(id, region)| Charity { id, name, licence, region });
        charity.ok_or_else(|| Problem::ours("a part that is missing was told as a fault"))
    }
}
