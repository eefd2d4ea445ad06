//! Who comes, what they ask for, and what they do then: drawn from a seed, the same for the same order.
//!
//! **The mix.** Of a hundred who ask for a part of a camel 40 ask for one share, 20 for two, 12 for three, 8 for four, 5 for five, 3 for six, and 12 for a whole one: 2.75 shares in the mean.
//! So many ask for camels and so many for sheep that both could be sold out at the same time, and enough ask for one share that the last holes are filled.
//!
//! **What they do.** Of those who have shares the greater part pays at once. The part that abandons leaves without a word, every fourth of them by cancelling. A small part pays
//! when the hold has ended. Some send the same request twice at the same time. Whoever is told that less is left in one animal than they wanted takes that every other time.

use platform::Random;

use super::Order;

/// What is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A share is a sheep.
    Sheep,
    /// A share is a seventh of a camel.
    Camel,
}

impl Kind {
    /// Both.
    pub const ALL: [Kind; 2] = [Kind::Sheep, Kind::Camel];

    /// The offering's id.
    pub const fn id(self) -> &'static str {
        match self {
            Kind::Sheep => "burst-sheep",
            Kind::Camel => "burst-camels",
        }
    }

    /// The kind that is sold under this id.
    pub fn of(id: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.id() == id)
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Of what.
    pub kind: Kind,
    /// How many shares.
    pub shares: u8,
}

/// What a buyer does who has shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Pays.
    Pays,
    /// Does nothing more.
    Leaves,
    /// Gives them up.
    Cancels,
    /// Pays when the hold has ended.
    PaysLate,
}

/// Of a hundred requests for a camel so many are for one share, two, and so on.
const MIX: [u64; 7] = [40, 20, 12, 8, 5, 3, 12];
/// The shares that a hundred requests for a camel ask for.
const MIX_SHARES: u64 = 275;
/// A whole, in millionths.
const WHOLE: u64 = 1_000_000;

/// All buyers.
#[derive(Debug)]
pub struct Buyers {
    wishes: Vec<Wish>,
    stock: u64,
    abandoned: u64,
    late: u64,
    retried: u64,
    seed: u64,
}

impl Buyers {
    /// Draws them.
    pub fn new(order: &Order) -> Self {
        let random = Random::seeded(order.seed);
        let weight = |kind| match kind {
            Kind::Sheep => order.stock(Kind::Sheep) * MIX_SHARES,
            Kind::Camel => order.stock(Kind::Camel) * 100,
        };
        let (sheep, all) = (weight(Kind::Sheep), weight(Kind::Sheep) + weight(Kind::Camel));
        let wish = |_| {
            if random.number() % all.max(1) < sheep {
                return Wish { kind: Kind::Sheep, shares: 1 };
            }
            Wish { kind: Kind::Camel, shares: of_mix(random.number() % 100) }
        };
        Self {
            wishes: (0..order.buyers).map(wish).collect(),
            stock: Kind::ALL.map(|kind| order.stock(kind)).iter().sum(),
            abandoned: order.abandoned_per_million.into(),
            late: order.late_per_million.into(),
            retried: order.retried_per_million.into(),
            seed: order.seed,
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.wishes.len() as u64
    }

    /// How many come for each share, at least one.
    pub fn for_each_share(&self) -> u64 {
        self.count().div_ceil(self.stock.max(1))
    }

    /// What a buyer wants.
    pub fn wish(&self, buyer: u64) -> Wish {
        self.wishes[usize::try_from(buyer).unwrap_or(usize::MAX) % self.wishes.len()]
    }

    /// What a buyer does with shares that they have in this wave.
    pub fn fate(&self, buyer: u64, wave: u64) -> Fate {
        let part = self.draw(buyer, wave, 1) % WHOLE;
        match part {
            part if part < self.late => Fate::PaysLate,
            part if part >= self.late + self.abandoned => Fate::Pays,
            _ if self.draw(buyer, wave, 2).is_multiple_of(4) => Fate::Cancels,
            _ => Fate::Leaves,
        }
    }

    /// Whether they send the same request twice.
    pub fn clicks_twice(&self, buyer: u64, wave: u64) -> bool {
        self.draw(buyer, wave, 3) % WHOLE < self.retried
    }

    /// Whether they take less where there is less.
    pub fn takes_less(&self, buyer: u64, wave: u64) -> bool {
        self.draw(buyer, wave, 4).is_multiple_of(2)
    }

    /// These in an order by chance.
    pub fn shuffled(&self, mut buyers: Vec<u64>, wave: u64) -> Vec<u64> {
        buyers.sort_unstable_by_key(|buyer| self.draw(*buyer, wave, 5));
        buyers
    }

    /// A number that depends on nothing but these: not on who was faster.
    fn draw(&self, buyer: u64, wave: u64, about: u64) -> u64 {
        [buyer, wave, about].into_iter().fold(self.seed, |drawn, with| mixed(drawn ^ mixed(with)))
    }
}

/// The shares of the request at this place among a hundred.
fn of_mix(place: u64) -> u8 {
    let mut until = 0;
    for (shares, part) in (1..).zip(MIX) {
        until += part;
        if place < until {
            return shares;
        }
    }
    7
}

/// Spreads a number over all numbers (SplitMix64).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buyers(seed: u64) -> Buyers {
        Buyers::new(&Order { sheep: 10_000, camels: 1_000, buyers: 60_000, seed, ..Order::default() })
    }

    #[test]
    fn the_mix_adds_up() {
        let of: Vec<u8> = (0..100).map(of_mix).collect();
        for (shares, part) in (1u8..).zip(MIX) {
            assert_eq!(of.iter().filter(|other| **other == shares).count() as u64, part, "{shares}");
        }
        assert_eq!(of.iter().map(|shares| u64::from(*shares)).sum::<u64>(), MIX_SHARES);
    }

    #[test]
    fn both_kinds_are_wanted_as_much_as_there_is_of_them() {
        let buyers = buyers(7);
        let wanted = |kind| -> u64 {
            let wishes = buyers.wishes.iter().filter(|wish| wish.kind == kind);
            wishes.map(|wish| u64::from(wish.shares)).sum()
        };
        // 10,000 and 7,000 are there.
        let (sheep, camels) = (wanted(Kind::Sheep), wanted(Kind::Camel));
        assert!(sheep * 7 > camels * 9 && sheep * 7 < camels * 11, "{sheep} {camels}");
        assert!(sheep > 40_000 && camels > 28_000, "{sheep} {camels}");
    }

    #[test]
    fn the_same_seed_is_the_same_burst() {
        let (one, same, other) = (buyers(1), buyers(1), buyers(2));
        assert_eq!(one.wishes, same.wishes);
        assert_ne!(one.wishes, other.wishes);
        assert!((0..1_000).all(|buyer| one.fate(buyer, 3) == same.fate(buyer, 3)));
        assert_eq!(one.shuffled((0..100).collect(), 1), same.shuffled((0..100).rev().collect(), 1));
    }

    #[test]
    fn so_many_abandon_and_pay_late_as_is_ordered() {
        let buyers = buyers(3);
        let count = |fate| (0..60_000).filter(|buyer| buyers.fate(*buyer, 0) == fate).count();
        assert!((8_600..9_400).contains(&count(Fate::Leaves)), "{}", count(Fate::Leaves));
        assert!((2_800..3_200).contains(&count(Fate::Cancels)), "{}", count(Fate::Cancels));
        assert!((1_100..1_300).contains(&count(Fate::PaysLate)), "{}", count(Fate::PaysLate));
        let twice = (0..60_000).filter(|buyer| buyers.clicks_twice(*buyer, 0)).count();
        assert!((2_800..3_200).contains(&twice), "{twice}");
    }
}
