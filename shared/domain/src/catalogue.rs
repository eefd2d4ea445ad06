//! What can be given to: charities and their opportunities.

use serde::{Deserialize, Serialize};

use crate::id::{CharityId, OpportunityId};
use crate::money::{Money, halalas};
use crate::purpose::{Fund, Programme, Region, Track};

/// The longest title or name in either language, in characters: what fits on a card of the app.
pub const LONGEST_TITLE_CHARS: usize = 120;
/// The longest description in either language, in characters: keeps an opportunity well under one item's 400 KB and a page of
/// a hundred of them under the gateway's answer limit.
pub const LONGEST_DESCRIPTION_CHARS: usize = 2_000;
/// The longest licence number, in characters.
pub const LONGEST_LICENCE_CHARS: usize = 40;

/// A text in Arabic and in English; neither may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// العربية
    pub ar: String,
    /// English
    pub en: String,
}

impl Bilingual {
    /// Whether both texts are there and within `longest` characters.
    pub fn fits(&self, longest: usize) -> bool {
        [&self.ar, &self.en].into_iter().all(|text| !text.trim().is_empty() && text.chars().count() <= longest)
    }
}

/// A body licensed to receive gifts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charity {
    /// Its id.
    pub id: CharityId,
    /// Its name.
    pub name: Bilingual,
    /// The number of its licence, shown with every appeal and receipt.
    pub licence: String,
    /// The region of its seat.
    pub region: Region,
}

/// Whether an opportunity takes gifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It takes gifts.
    Open,
    /// It takes no gifts for the time being, or any more.
    Closed,
}

/// Something to give to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opportunity {
    /// Its id.
    pub id: OpportunityId,
    /// The charity that carries it out.
    pub charity: CharityId,
    /// Its title.
    pub title: Bilingual,
    /// What is done with the money, and for whom.
    pub description: Bilingual,
    /// The number of the campaign's licence.
    pub licence: String,
    /// The fund that restricts its money.
    pub fund: Fund,
    /// The programme it belongs to.
    pub programme: Programme,
    /// Its track.
    pub track: Track,
    /// Where it serves.
    pub region: Region,
    /// What it needs; nothing beyond it is taken. Without one it takes gifts without an end.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_halalas")]
    pub target_minor: Option<Money>,
    /// Whether it takes gifts.
    pub standing: Standing,
}

/// What a journal entry keeps of an opportunity, so that reports need no other source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Purpose {
    /// The programme.
    #[n(0)]
    pub programme: Programme,
    /// The track.
    #[n(1)]
    pub track: Track,
    /// The region.
    #[n(2)]
    pub region: Region,
    /// The charity.
    #[n(3)]
    pub charity: CharityId,
}

impl Opportunity {
    /// Whether nothing beyond a target is taken.
    pub const fn is_capped(&self) -> bool {
        self.target_minor.is_some()
    }

    /// What a journal entry keeps of it.
    pub fn purpose(&self) -> Purpose {
        Purpose { programme: self.programme, track: self.track, region: self.region, charity: self.charity.clone() }
    }
}

/// As [`halalas`], for an amount that may be missing.
pub mod optional_halalas {
    use super::{Money, halalas};
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes halalas or nothing.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(amount: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => halalas::serialize(amount, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads halalas or nothing.
    ///
    /// # Errors
    /// When there is something that is not a whole number within bounds.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
        #[derive(Deserialize)]
        struct Amount(#[serde(with = "halalas")] Money);
        Ok(Option::<Amount>::deserialize(deserializer)?.map(|Amount(amount)| amount))
    }
}
