//! What an animal is slaughtered for, and the rules of each as data: [`Rite::rules`].
//!
//! | rite | programme | days | an animal of seven | where | who has the meat |
//! |---|---|---|---|---|---|
//! | adahi | adahi | 10 to 13 Dhu al-Hijjah | shared by up to seven | anywhere | the household may keep of it |
//! | hady | adahi | 10 to 13 Dhu al-Hijjah | shared | Makkah | the household may keep of it |
//! | aqiqa | adahi | any | whole, for one newborn | anywhere | the household may keep of it |
//! | kaffara | kaffara | any | shared | Makkah | the poor of Makkah |
//! | fidya | kaffara | any | shared | anywhere | the poor |
//!
//! **Source.** The rules are those of the Hanbali school, in which the Kingdom's courts and its platforms judge: Ibn Qudama, *al-Mughni*, in the chapters on the pilgrim's offences, the hady, the adahi and the aqiqa. They
//! were noted from memory; the scholars who answer for a platform confirm them before it sells anything, and change them here.
//!
//! **Bounds.** That a place is in Makkah is known by its region alone, which is wider than the sacred precinct: who publishes an offering names a slaughterhouse within it.

use super::offering::Species;
use super::site::{Country, Site};
use crate::purpose::{Programme, Region, codes};

codes!(
    /// What the animal is slaughtered for.
    Rite, "rite" {
        /// أضحية: the sacrifice of the Eid.
        Adahi = 0 "adahi",
        /// هدي: the pilgrim's sacrifice.
        Hady = 1 "hady",
        /// عقيقة: for a newborn.
        Aqiqa = 2 "aqiqa",
        /// كفارة: expiation, where it is an animal.
        Kaffara = 3 "kaffara",
        /// فدية: ransom for an omission of the pilgrim's.
        Fidya = 4 "fidya",
    }
);

/// On which days it is slaughtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// Those of the feast.
    Feast,
    /// Any.
    Any,
}

/// How an animal of several shares is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// By the share.
    Shared,
    /// By the animal.
    Whole,
}

/// Where it may be slaughtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Anywhere.
    Anywhere,
    /// In Makkah.
    Makkah,
}

codes!(
    /// Who has the meat.
    Meat, "meat" {
        /// The household on whose behalf it was slaughtered may keep of it, and give of it.
        Household = 0 "household",
        /// The poor alone.
        Poor = 1 "poor",
        /// The poor of Makkah alone.
        PoorOfMakkah = 2 "poor_of_makkah",
    }
);

/// What holds for a rite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The programme through which it is given.
    pub programme: Programme,
    /// On which days it is slaughtered.
    pub days: Days,
    /// How an animal of several shares is given.
    pub sharing: Sharing,
    /// Where it may be slaughtered.
    pub ground: Ground,
    /// Who has the meat.
    pub meat: Meat,
}

const ADAHI: Rules = Rules {
    programme: Programme::Adahi,
    days: Days::Feast,
    sharing: Sharing::Shared,
    ground: Ground::Anywhere,
    meat: Meat::Household,
};
const HADY: Rules = Rules { ground: Ground::Makkah, ..ADAHI };
const AQIQA: Rules = Rules { days: Days::Any, sharing: Sharing::Whole, ..ADAHI };
const FIDYA: Rules = Rules { programme: Programme::Kaffara, days: Days::Any, meat: Meat::Poor, ..ADAHI };
const KAFFARA: Rules = Rules { ground: Ground::Makkah, meat: Meat::PoorOfMakkah, ..FIDYA };

impl Rite {
    /// What holds for it.
    ///
    /// ```
    /// use domain::sacrifice::{Rite, Species};
    /// assert!(Rite::Adahi.rules().takes(Species::Camel, 2) && !Rite::Aqiqa.rules().takes(Species::Camel, 2));
    /// assert!(Rite::Aqiqa.rules().takes(Species::Camel, 7) && Rite::Aqiqa.rules().takes(Species::Sheep, 2));
    /// ```
    pub const fn rules(self) -> &'static Rules {
        match self {
            Rite::Adahi => &ADAHI,
            Rite::Hady => &HADY,
            Rite::Aqiqa => &AQIQA,
            Rite::Kaffara => &KAFFARA,
            Rite::Fidya => &FIDYA,
        }
    }

    /// The name in Arabic and in English.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Rite::Adahi => ("أضحية", "Sacrifice of the Eid"),
            Rite::Hady => ("هدي", "Pilgrim's sacrifice"),
            Rite::Aqiqa => ("عقيقة", "For a newborn"),
            Rite::Kaffara => ("كفارة", "Expiation"),
            Rite::Fidya => ("فدية", "Ransom for an omission"),
        }
    }
}

impl Rules {
    /// Whether so many shares of a kind of animal can be given at once.
    pub const fn takes(&self, species: Species, shares: u8) -> bool {
        match self.sharing {
            Sharing::Shared => true,
            Sharing::Whole => shares.is_multiple_of(species.shares()),
        }
    }

    /// Whether it may be slaughtered there.
    pub fn allows(&self, site: &Site) -> bool {
        match self.ground {
            Ground::Anywhere => true,
            Ground::Makkah => site.country == Country::SAUDI_ARABIA && site.region == Some(Region::Makkah),
        }
    }
}

impl Meat {
    /// Who it is, in Arabic and in English.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Meat::Household => (
                "لأهل البيت أن يأكلوا منها ويهدوا ويتصدقوا",
                "The household may eat of it, give of it and give it to the poor",
            ),
            Meat::Poor => ("للفقراء", "For the poor alone"),
            Meat::PoorOfMakkah => ("لفقراء الحرم", "For the poor of Makkah alone"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalogue::Bilingual;

    #[test]
    fn the_pilgrims_are_slaughtered_in_makkah_and_others_anywhere() {
        let name = || Bilingual { ar: "م".to_owned(), en: "m".to_owned() };
        let site = |country: &str, region| Site::new(name(), country.parse().unwrap(), region);
        let places =
            [site("SA", Some(Region::Makkah)), site("SA", Some(Region::Riyadh)), site("SA", None), site("SD", None)];
        let allowed = |rite: Rite| places.iter().map(|site| rite.rules().allows(site)).collect::<Vec<_>>();
        for rite in [Rite::Hady, Rite::Kaffara] {
            assert_eq!(allowed(rite), [true, false, false, false], "{rite:?}");
        }
        for rite in [Rite::Adahi, Rite::Aqiqa, Rite::Fidya] {
            assert_eq!(allowed(rite), [true; 4], "{rite:?}");
        }
    }

    #[test]
    fn an_aqiqa_is_a_whole_animal_and_the_others_are_shared() {
        for rite in [Rite::Adahi, Rite::Hady, Rite::Aqiqa, Rite::Kaffara, Rite::Fidya] {
            let of = |species| (1..=7).filter(|shares| rite.rules().takes(species, *shares)).collect::<Vec<_>>();
            let all: Vec<u8> = (1..=7).collect();
            assert_eq!((of(Species::Sheep), of(Species::Goat)), (all.clone(), all.clone()));
            let of_seven = if rite == Rite::Aqiqa { vec![7] } else { all };
            assert_eq!((of(Species::Cow), of(Species::Camel)), (of_seven.clone(), of_seven));
        }
    }

    #[test]
    fn money_of_expiation_is_apart_from_that_of_the_feast() {
        for rite in [Rite::Adahi, Rite::Hady, Rite::Aqiqa] {
            assert_eq!((rite.rules().programme, rite.rules().meat), (Programme::Adahi, Meat::Household));
        }
        assert_eq!((Rite::Kaffara.rules().programme, Rite::Kaffara.rules().meat), (Programme::Kaffara, Meat::PoorOfMakkah));
        assert_eq!((Rite::Fidya.rules().programme, Rite::Fidya.rules().meat), (Programme::Kaffara, Meat::Poor));
        let feast = |rite: Rite| rite.rules().days == Days::Feast;
        assert!(
            feast(Rite::Adahi) && feast(Rite::Hady) && ![Rite::Aqiqa, Rite::Kaffara, Rite::Fidya].into_iter().any(feast)
        );
    }
}
