//! What is sold.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::fairness::Fairness;
use super::feast::FeastDay;
use super::reservation::HOLD_SECS;
use super::rite::Rite;
use super::site::Site;
use crate::catalogue::Bilingual;
use crate::id::OpportunityId;
use crate::moment::Moment;
use crate::money::{Money, halalas};
use crate::payment::Method;
pub use crate::purpose::UnknownCode;
use crate::purpose::codes;

codes!(
    /// The kind of animal.
    Species, "species" {
        /// غنم: one share.
        Sheep = 0 "sheep",
        /// ماعز: one share.
        Goat = 1 "goat",
        /// بقر: exactly seven shares.
        Cow = 2 "cow",
        /// إبل: exactly seven shares.
        Camel = 3 "camel",
    }
);

/// The shares that one donation may take of an offering: a cow's or a camel's whole.
pub const MOST_SHARES: u8 = 7;
/// The largest quota of one offering, in shares: more than the largest season known. Its lots, at the most fifteen thousand, can be made within one call of the API; the species,
/// places and days of a larger season are offerings of their own.
pub const MOST_QUOTA: u32 = 100_000;
/// The longest wording of a wakala in either language, in characters.
pub const LONGEST_WAKALA_CHARS: usize = 1_000;

/// The longest version of a wakala's wording, in bytes.
pub const LONGEST_VERSION_BYTES: usize = 20;

impl Species {
    /// The shares of one animal.
    pub const fn shares(self) -> u8 {
        match self {
            Species::Sheep | Species::Goat => 1,
            Species::Cow | Species::Camel => 7,
        }
    }

    /// The shares of one lot: an animal of seven, or sixteen heads. More would make its item larger than the one kilobyte that a write unit carries.
    pub const fn lot_shares(self) -> u8 {
        match self {
            Species::Sheep | Species::Goat => 16,
            Species::Cow | Species::Camel => 7,
        }
    }

    /// The age that an animal has at the least, in months: a sheep its sixth, a goat its first year, a cow its second, a camel its fifth. Source: Muslim, *Sahih* 1963, "none but a grown one, and if that is hard for you, a
    /// young sheep", with the ages as the Hanbali school counts them (Ibn Qudama, *al-Mughni*, on the adahi); from memory, as [the rites' rules](super::rite).
    pub const fn least_age_months(self) -> u8 {
        match self {
            Species::Sheep => 6,
            Species::Goat => 12,
            Species::Cow => 24,
            Species::Camel => 60,
        }
    }

    /// The name in Arabic and in English.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Species::Sheep => ("غنم", "Sheep"),
            Species::Goat => ("ماعز", "Goat"),
            Species::Cow => ("بقر", "Cow"),
            Species::Camel => ("إبل", "Camel"),
        }
    }
}

/// Whether the lots hold the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stock {
    /// They are being made for the first time; nothing is sold before they stand.
    Preparing,
    /// They are being brought to another quota. What they hold together is not more than the quota.
    Changing,
    /// They hold it.
    Ready,
}

codes!(
    /// What becomes of the one animal that is not full when a sale is closed.
    #[derive(Default)]
    Remainder, "remainder" {
        /// The platform takes what is left of it from its own account.
        #[default]
        Complete = 0 "complete",
        /// What was given for it goes back to its donors.
        Refund = 1 "refund",
    }
);

impl Remainder {
    /// Whether it is what is done where nothing is said.
    pub fn is_usual(&self) -> bool {
        *self == Remainder::default()
    }
}

/// How far an offering has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It is sold, or it was and something may still be held.
    #[default]
    Sale,
    /// Its animals are being filled: neither its quota nor its lots are changed by anybody else.
    Closing,
    /// Every confirmed share has its animal.
    Packed,
    /// And its slaughterhouse has the list: no share is moved any more.
    Listed,
}

impl Stage {
    /// Whether it is that of every offering before its close.
    pub fn is_sale(&self) -> bool {
        *self == Stage::Sale
    }
}

/// Whether a text can be the version of a wording: up to [`LONGEST_VERSION_BYTES`] signs of ASCII without a blank.
pub fn is_version(text: &str) -> bool {
    (1..=LONGEST_VERSION_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What the donor agrees to when the platform is appointed as proxy: the wording, by its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wakala {
    /// The version that the donor names when accepting it.
    pub version: String,
    /// The wording.
    pub wording: Bilingual,
}

/// Something that is sold by the share. Its id is that of the opportunity through which the money is given and booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offering {
    /// Its id, and that of its opportunity.
    pub id: OpportunityId,
    /// What it is for.
    pub rite: Rite,
    /// The kind of animal.
    pub species: Species,
    /// What a share costs.
    #[serde(with = "halalas")]
    pub price_minor: Money,
    /// Where it is slaughtered.
    pub place: Site,
    /// The day of the feast on which it is slaughtered; none for what is tied to no day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<FeastDay>,
    /// The shares there are.
    pub quota: u32,
    /// Whether its lots hold them.
    pub stock: Stock,
    /// How many lots were made or are being made; some of them may have no share any more.
    pub lots: u32,
    /// When the sale opens.
    pub opens_at: Moment,
    /// Whether it was open before, and its opening put off: some of it may be sold though it opens only later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_open: bool,
    /// When it closes.
    pub closes_at: Moment,
    /// The wording to be accepted.
    pub wakala: Wakala,
    /// The means of payment that can pay within a reservation's time.
    pub methods: BTreeSet<Method>,
    /// What makes its sale fair.
    #[serde(default, skip_serializing_if = "Fairness::is_usual")]
    pub fairness: Fairness,
    /// What becomes of the animal that is not full at the close.
    #[serde(default, skip_serializing_if = "Remainder::is_usual")]
    pub remainder: Remainder,
    /// How far it has come.
    #[serde(default, skip_serializing_if = "Stage::is_sale")]
    pub stage: Stage,
    /// The revision under which its lots were taken for the close; none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_as: Option<u64>,
    /// How often it was changed; each change is on condition of the one before.
    pub revision: u64,
    /// Chance that marks the writing: when an answer was lost, the writer knows its own by it.
    #[serde(default)]
    pub mark: u64,
}

/// Whether an offering is sold at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selling {
    /// Not yet.
    Opens(Moment),
    /// Now.
    Open,
    /// No more.
    Closed(Moment),
}

impl Offering {
    /// Whether it is sold at `now`. Where its lots are still being made it opens at any moment, but not yet.
    pub fn selling(&self, now: Moment) -> Selling {
        if self.stock == Stock::Preparing {
            Selling::Opens(self.opens_at.max(now))
        } else if now < self.opens_at {
            Selling::Opens(self.opens_at)
        } else if now < self.closes_at {
            Selling::Open
        } else {
            Selling::Closed(self.closes_at)
        }
    }

    /// When the last hold of its sale has ended.
    pub const fn holds_end(&self) -> Moment {
        self.closes_at.plus_seconds(HOLD_SECS)
    }

    /// Whether there was a sale, and it is closed, and the last hold has ended.
    pub fn is_over(&self, now: Moment) -> bool {
        self.stock != Stock::Preparing && now >= self.holds_end()
    }

    /// What so many shares cost; nothing if that is beyond all bounds.
    pub fn price(&self, shares: u8) -> Option<Money> {
        self.price_minor.halalas().checked_mul(u64::from(shares)).and_then(Money::from_halalas)
    }

    /// The lots of its quota, as they are made for a new offering, each with its shares: all of the species' size, but the last, which takes the rest.
    ///
    /// ```
    /// use domain::sacrifice::Species;
    /// use domain::sacrifice::offering::lots;
    /// assert_eq!(lots(Species::Camel, 21).collect::<Vec<_>>(), [(0, 7), (1, 7), (2, 7)]);
    /// assert_eq!(lots(Species::Sheep, 20).collect::<Vec<_>>(), [(0, 16), (1, 4)]);
    /// ```
    pub fn lots(&self) -> impl Iterator<Item = (u32, u8)> + use<> {
        lots(self.species, self.quota)
    }
}

/// As [`Offering::lots`], of any quota.
pub fn lots(species: Species, quota: u32) -> impl Iterator<Item = (u32, u8)> {
    let of_one = u32::from(species.lot_shares());
    (0..quota.div_ceil(of_one)).map(move |number| {
        let left = quota - number * of_one;
        (number, u8::try_from(left.min(of_one)).unwrap_or(species.lot_shares()))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::hijri::Sighted;
    use crate::sacrifice::Country;
    use proptest::prelude::*;

    #[test]
    fn a_sale_opens_and_closes_by_its_own_times() {
        let wording = Bilingual { ar: "وكلت".to_owned(), en: "I appoint".to_owned() };
        let offering = Offering {
            id: "sheep-makkah".parse().unwrap(),
            rite: Rite::Adahi,
            species: Species::Sheep,
            price_minor: Money::from_riyals(700).unwrap(),
            place: Site::new(wording.clone(), Country::SAUDI_ARABIA, None),
            day: Some(FeastDay { year: 1448, day: 10, sighted: Sighted::AsPublished }),
            quota: 100,
            stock: Stock::Ready,
            lots: 7,
            opens_at: Moment::from_millis(1_000),
            closes_at: Moment::from_millis(2_000),
            wakala: Wakala { version: "1".to_owned(), wording },
            methods: BTreeSet::new(),
            fairness: Fairness::default(),
            remainder: Remainder::Complete,
            stage: Stage::Sale,
            was_open: false,
            closed_as: None,
            revision: 1,
            mark: 0,
        };
        assert!(!offering.is_over(Moment::from_millis(2_000 + 899_999)) && offering.is_over(Moment::from_millis(902_000)));
        let text = serde_json::to_string(&offering).unwrap();
        assert!(
            !["remainder", "stage", "closed_as", "was_open"].iter().any(|name| text.contains(name)),
            "as it was before there was a close"
        );
        assert_eq!(serde_json::from_str::<Offering>(&text).unwrap(), offering);
        let at = |millis| offering.selling(Moment::from_millis(millis));
        assert_eq!(at(999), Selling::Opens(offering.opens_at));
        assert_eq!((at(1_000), at(1_999)), (Selling::Open, Selling::Open));
        assert_eq!(at(2_000), Selling::Closed(offering.closes_at));
        assert_eq!(offering.price(3), Money::from_riyals(2_100));
        let preparing = Offering { stock: Stock::Preparing, ..offering.clone() };
        let late = Moment::from_millis(1_500);
        assert_eq!(preparing.selling(late), Selling::Opens(late), "nothing is sold before there is something to sell");
        assert_eq!(preparing.selling(Moment::from_millis(0)), Selling::Opens(offering.opens_at));
    }

    proptest! {
        #[test]
        fn lots_hold_the_quota_and_are_full_but_the_last(quota in 0..5_000u32, species in prop::sample::select(Species::ALL)) {
            let lots: Vec<(u32, u8)> = lots(species, quota).collect();
            prop_assert_eq!(lots.iter().map(|(_, shares)| u32::from(*shares)).sum::<u32>(), quota);
            let full = lots.iter().rev().skip(1).all(|(_, shares)| *shares == species.lot_shares());
            prop_assert!(full && lots.iter().all(|(_, shares)| (1..=species.lot_shares()).contains(shares)));
        }
    }
}
