//! Many payments, held against each other one by one, with the sums of both sides.

use serde::{Deserialize, Serialize};

use super::payment::{Figures, Known, Standing, Told, compare};

/// Sums of payments, in halalas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// How many there are.
    pub payments: u64,
    /// Taken from donors.
    pub captured_minor: i64,
    /// Given back since.
    pub refunded_minor: i64,
    /// Kept by the provider.
    pub fee_minor: i64,
}

impl Sums {
    fn add(&mut self, figures: &Figures) {
        self.payments += 1;
        self.captured_minor += figures.captured_minor.signed_halalas();
        self.refunded_minor += figures.refunded_minor.signed_halalas();
        self.fee_minor += figures.fee_minor.signed_halalas();
    }
}

/// What two sides have in all, what of it matched and what differs: on each side the first is the sum of the other two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// At the provider: payments that took money.
    pub told: Sums,
    /// In the books.
    pub booked: Sums,
    /// The same on both sides.
    pub matched: Sums,
    /// At the provider, of payments that differ.
    pub differing_told: Sums,
    /// In the books, of payments that differ.
    pub differing_booked: Sums,
    /// Payments without money on either side: begun, declined, voided.
    pub without_money: u64,
    /// Payments that differ: one difference each.
    pub differences: u64,
}

impl Tally {
    /// Takes a payment of the provider's in; gives back how the two sides stand.
    pub fn add(&mut self, told: &Told, known: Known<'_>) -> Standing {
        let standing = compare(told, known);
        let figures = Some(told.figures).filter(|figures| !figures.captured_minor.is_zero());
        let booked = known.booked(&told.payment);
        match standing {
            Standing::NoMoney => self.without_money += 1,
            Standing::Matches => {
                booked.iter().for_each(|booked| self.matched.add(booked));
                self.take(figures, booked);
            }
            Standing::Behind(_) | Standing::Differs(_) => self.differ(figures, booked),
        }
        standing
    }

    /// Takes in a payment that the provider does not know.
    pub fn add_unknown(&mut self, booked: Figures) {
        self.differ(None, Some(booked));
    }

    fn differ(&mut self, told: Option<Figures>, booked: Option<Figures>) {
        self.differences += 1;
        told.iter().for_each(|told| self.differing_told.add(told));
        booked.iter().for_each(|booked| self.differing_booked.add(booked));
        self.take(told, booked);
    }

    fn take(&mut self, told: Option<Figures>, booked: Option<Figures>) {
        told.iter().for_each(|told| self.told.add(told));
        booked.iter().for_each(|booked| self.booked.add(booked));
    }
}
