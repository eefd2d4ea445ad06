//! What one row says of one animal.

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::id::{EvidenceId, ReceiverId, StaffNumber};
use crate::moment::Moment;
use crate::sacrifice::animal::AnimalName;
use crate::sacrifice::site::Country;

/// Pieces of evidence that one row names at most.
pub const MOST_EVIDENCE: usize = 6;
/// The most portions of one animal's meat that one row tells: a camel's are some hundreds.
pub const MOST_PORTIONS: u32 = 5_000;

/// To whom meat of an animal was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Distribution {
    /// The charity or organisation.
    pub to: ReceiverId,
    /// The country in which.
    pub country: Country,
    /// In how many portions.
    pub portions: u32,
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Of which animal.
    pub animal: AnimalName,
    /// When it was slaughtered, and by whom.
    pub slaughtered: Option<(Moment, StaffNumber)>,
    /// Photos and videos of it, each once.
    pub evidence: Vec<EvidenceId>,
    /// To whom its meat was given.
    pub distribution: Option<Distribution>,
}

/// A row as texts: the same in JSON and in CSV. What is empty is not told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// The animal's name: `camel-makkah-7`.
    pub animal: String,
    /// When it was slaughtered: RFC 3339 with its distance from UTC.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub slaughtered_at: String,
    /// By whom: a licence or staff number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// Ids of evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// To whom meat was given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub distributed_to: String,
    /// In which country.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// In how many portions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portions: Option<u32>,
}

impl Told {
    /// What it says, of an animal whose name was read.
    ///
    /// # Errors
    /// When a part of it cannot be read, only half of something is told, or nothing is.
    pub fn read(&self, animal: AnimalName) -> Result<Update, Refusal> {
        let update = Update {
            animal,
            slaughtered: self.slaughtered()?,
            evidence: self.evidence()?,
            distribution: self.distribution()?,
        };
        let is_empty = update.slaughtered.is_none() && update.evidence.is_empty() && update.distribution.is_none();
        if is_empty { Err(Refusal::NothingTold) } else { Ok(update) }
    }

    fn slaughtered(&self) -> Result<Option<(Moment, StaffNumber)>, Refusal> {
        match (self.slaughtered_at.as_str(), self.by.as_str()) {
            ("", "") => Ok(None),
            ("", _) | (_, "") => Err(Refusal::SlaughterIncomplete),
            (at, by) => {
                let at = at.parse().map_err(|_| Refusal::TimeMalformed)?;
                Ok(Some((at, by.parse().map_err(|_| Refusal::StaffNumberMalformed)?)))
            }
        }
    }

    fn evidence(&self) -> Result<Vec<EvidenceId>, Refusal> {
        if self.evidence.len() > MOST_EVIDENCE {
            return Err(Refusal::TooMuchTold);
        }
        let ids = self.evidence.iter().map(|id| id.parse());
        let mut ids = ids.collect::<Result<Vec<EvidenceId>, _>>().map_err(|_| Refusal::EvidenceMalformed)?;
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    fn distribution(&self) -> Result<Option<Distribution>, Refusal> {
        if self.distributed_to.is_empty() && self.country.is_empty() && self.portions.is_none() {
            return Ok(None);
        }
        let to = self.distributed_to.parse().map_err(|_| Refusal::DistributionMalformed)?;
        let country = self.country.parse().map_err(|_| Refusal::DistributionMalformed)?;
        let portions = self.portions.filter(|portions| (1..=MOST_PORTIONS).contains(portions));
        Ok(Some(Distribution { to, country, portions: portions.ok_or(Refusal::DistributionMalformed)? }))
    }
}

impl From<&Update> for Told {
    fn from(update: &Update) -> Told {
        let (slaughtered_at, by) =
            update.slaughtered.as_ref().map(|(at, by)| (at.to_string(), by.to_string())).unwrap_or_default();
        let given = update.distribution.as_ref();
        Told {
            animal: update.animal.to_string(),
            slaughtered_at,
            by,
            evidence: update.evidence.iter().map(ToString::to_string).collect(),
            distributed_to: given.map(|given| given.to.to_string()).unwrap_or_default(),
            country: given.map(|given| given.country.to_string()).unwrap_or_default(),
            portions: given.map(|given| given.portions),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told() -> Told {
        Told {
            animal: "camel-makkah-7".to_owned(),
            slaughtered_at: "2027-05-16T07:05:00+03:00".to_owned(),
            by: "LIC-2041".to_owned(),
            evidence: vec!["b".repeat(32), "a".repeat(32), "b".repeat(32)],
            distributed_to: "birr-jazan".to_owned(),
            country: "SA".to_owned(),
            portions: Some(120),
        }
    }

    fn read(told: &Told) -> Result<Update, Refusal> {
        told.read(told.animal.parse().unwrap())
    }

    #[test]
    fn a_row_says_a_slaughter_evidence_and_a_distribution() {
        let update = read(&told()).unwrap();
        assert_eq!(update.slaughtered.as_ref().unwrap().0.to_string(), "2027-05-16T04:05:00Z");
        assert_eq!(update.evidence.iter().map(EvidenceId::as_str).collect::<Vec<_>>(), ["a".repeat(32), "b".repeat(32)]);
        assert_eq!(update.distribution.as_ref().unwrap().portions, 120);
        assert_eq!(read(&Told::from(&update)), Ok(update));
    }

    #[test]
    fn a_row_may_say_one_thing_alone() {
        let nothing = Told { animal: told().animal, ..Told::default() };
        let slaughter = Told { slaughtered_at: told().slaughtered_at, by: told().by, ..nothing.clone() };
        let evidence = Told { evidence: told().evidence, ..nothing.clone() };
        let Told { distributed_to, country, portions, .. } = told();
        let distribution = Told { distributed_to, country, portions, ..nothing };
        let says = |told: &Told| {
            let update = read(told).unwrap();
            (update.slaughtered.is_some(), update.evidence.len(), update.distribution.is_some())
        };
        assert_eq!(
            [slaughter, evidence, distribution].each_ref().map(says),
            [(true, 0, false), (false, 2, false), (false, 0, true)]
        );
    }

    #[test]
    fn a_row_names_six_pieces_of_evidence_at_the_most() {
        let with = |count: usize| Told { evidence: (1..=count).map(|id| format!("{id:032x}")).collect(), ..told() };
        assert_eq!(read(&with(6)).unwrap().evidence.len(), 6);
        assert_eq!(read(&with(7)), Err(Refusal::TooMuchTold));
    }

    #[test]
    fn a_distribution_is_told_whole_or_not_at_all() {
        let all = (told().distributed_to, told().country, told().portions);
        for parts in 0..8_u8 {
            let has = |part: u8| parts >> part & 1 == 1;
            let of = |text: &str, part: u8| if has(part) { text.to_owned() } else { String::new() };
            let row =
                Told { distributed_to: of(&all.0, 0), country: of(&all.1, 1), portions: all.2.filter(|_| has(2)), ..told() };
            match parts {
                0 => assert_eq!(read(&row).unwrap().distribution, None),
                7 => assert!(read(&row).unwrap().distribution.is_some()),
                _ => assert_eq!(read(&row), Err(Refusal::DistributionMalformed), "{row:?}"),
            }
        }
    }

    #[test]
    fn portions_are_from_one_to_what_a_camel_gives() {
        let of = |portions| {
            read(&Told { portions: Some(portions), ..told() }).map(|update| update.distribution.unwrap().portions)
        };
        let malformed = Err(Refusal::DistributionMalformed);
        assert_eq!([0, 1, MOST_PORTIONS, MOST_PORTIONS + 1].map(of), [malformed, Ok(1), Ok(5_000), malformed]);
    }

    #[test]
    fn what_is_wrong_in_a_row_has_its_code() {
        type Spoil = fn(&mut Told);
        let table: [(Spoil, Refusal); 13] = [
            (|told| told.by.clear(), Refusal::SlaughterIncomplete),
            (|told| told.slaughtered_at.clear(), Refusal::SlaughterIncomplete),
            (|told| told.slaughtered_at = "2027-05-16T07:05:00".to_owned(), Refusal::TimeMalformed),
            (|told| told.slaughtered_at = "yesterday".to_owned(), Refusal::TimeMalformed),
            (|told| told.by = "Ahmad Al-Harbi".to_owned(), Refusal::StaffNumberMalformed),
            (|told| told.by = "AHMAD".to_owned(), Refusal::StaffNumberMalformed),
            (|told| told.by = "أحمد".to_owned(), Refusal::StaffNumberMalformed),
            (|told| told.evidence = vec!["../x".to_owned()], Refusal::EvidenceMalformed),
            (|told| told.evidence = vec!["a".repeat(32); 7], Refusal::TooMuchTold),
            (|told| told.portions = None, Refusal::DistributionMalformed),
            (|told| told.portions = Some(0), Refusal::DistributionMalformed),
            (|told| told.country = "KSA".to_owned(), Refusal::DistributionMalformed),
            (|told| *told = Told { animal: told.animal.clone(), ..Told::default() }, Refusal::NothingTold),
        ];
        for (spoil, refusal) in table {
            let mut told = told();
            spoil(&mut told);
            assert_eq!(read(&told), Err(refusal), "{told:?}");
        }
    }
}
