//! How long an environment waits before it claims where little is left: pure.
//!
//! **The trouble.** When a sale ends, and whenever a share comes free again, every environment that looks sees the same few shares. If all of them wrote at once, one would win
//! each share and the others would pay for a write that is refused.
//!
//! **The wait** is drawn from twelve slots, each half as likely as the one after it. However many wait, up to [`MOST_WAITING`], only a few wake in the first slots; they claim, and
//! whoever wakes later reads that the share is gone and writes nothing. The density of those who wake grows at the same rate, two in three of itself a slot, in every slot: so the
//! number that is refused for each share is about `2/3 × (time from the read to the write) / slot`, whether ten wait for it or thousands, and nobody has to know how many do.
//!
//! **The slot** is [`CALLS_PER_SLOT`] calls of the table long, as they take just now: reads or claims, whichever take longer. Claims are measured because theirs is the time that counts: a table
//! whose reads are quick may be slow to write, and so may an environment that has to wait for its processor. Whoever is refused all the same was in too much of a hurry, and takes the slot
//! twice as long; with each claim that goes through a little of that is forgotten.
//!
//! **Bounds.** The whole wait is [`SLOTS`] slots: three quarters of a second when the table writes in nine milliseconds, and two seconds at the most.

/// The slots of a wait.
pub const SLOTS: u32 = 12;
/// As many may wait for one share and the first slot still has one of them: two to the power of the slots.
pub const MOST_WAITING: u32 = 1 << SLOTS;
/// How many calls of the table a slot is long. Longer, and the last shares take longer to sell; shorter, and more claims meet.
const CALLS_PER_SLOT: u64 = 7;
/// A read and a claim, until one has been measured, in microseconds.
const FIRST_READ_MICROS: u64 = 6_000;
const FIRST_CLAIM_MICROS: u64 = 10_000;
/// The shortest and the longest slot, in milliseconds: a person waits for a share no longer than [`SLOTS`] of the longest.
const SHORTEST_SLOT_MS: u64 = 20;
const LONGEST_SLOT_MS: u64 = 160;
/// How much longer a slot is than its calls, in hundredths: at first, and at the most.
const CALM: u64 = 100;
const MOST_CAUTION: u64 = 400;

/// How long this environment's slots are: what its calls take, and how its claims went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    read_micros: u64,
    claim_micros: u64,
    caution: u64,
}

/// What a call takes, after one that took so long. A quarter of that is believed: single calls tell little.
fn after(micros: u64, millis: u64) -> u64 {
    (micros * 3 + millis.min(LONGEST_SLOT_MS).saturating_mul(1_000)) / 4
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { read_micros: FIRST_READ_MICROS, claim_micros: FIRST_CLAIM_MICROS, caution: CALM }
    }
}

impl Pace {
    /// A read of lots took so long.
    pub fn read(&mut self, millis: u64) {
        self.read_micros = after(self.read_micros, millis);
    }

    /// A claim took so long, from before it was sent to its answer.
    pub fn claimed(&mut self, millis: u64) {
        self.claim_micros = after(self.claim_micros, millis);
    }

    /// A claim was refused, because others were quicker.
    pub fn refused(&mut self) {
        self.caution = (self.caution * 2).min(MOST_CAUTION);
    }

    /// A claim went through.
    pub fn won(&mut self) {
        self.caution = (self.caution * 9 / 10).max(CALM);
    }

    /// A slot, in milliseconds.
    pub fn slot_ms(&self) -> u64 {
        let calls = self.read_micros.max(self.claim_micros) * CALLS_PER_SLOT / 1_000;
        // Caution multiplies what is not too short: of nothing twice as much would be nothing.
        (calls.max(SHORTEST_SLOT_MS) * self.caution / CALM).min(LONGEST_SLOT_MS)
    }

    /// How long to wait, in milliseconds, drawn by chance.
    ///
    /// ```
    /// use donations::shares::stock::patience::{Pace, SLOTS};
    /// let pace = Pace::default();
    /// assert!(pace.wait_ms(1) >= pace.slot_ms() * u64::from(SLOTS - 1), "every second one waits until the last slot");
    /// assert!(pace.wait_ms(0) < pace.slot_ms(), "one in thousands goes first");
    /// ```
    pub fn wait_ms(&self, chance: u64) -> u64 {
        // Each slot but the first is as likely as all those before it together: the number of zeros at the end of a random number.
        let before_the_last = chance.trailing_zeros().min(SLOTS - 1);
        let within = (chance >> 32) % self.slot_ms();
        u64::from(SLOTS - 1 - before_the_last) * self.slot_ms() + within
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::Random;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_wait_is_bounded_whatever_was_measured_and_refused(
            chance in any::<u64>(), calls in prop::collection::vec(any::<u64>(), 0..20), luck in prop::collection::vec(any::<bool>(), 0..40),
        ) {
            let mut pace = Pace::default();
            calls.iter().enumerate().for_each(|(n, millis)| if n % 2 == 0 { pace.read(*millis) } else { pace.claimed(*millis) });
            for won in luck {
                let before = pace.slot_ms();
                if won {
                    pace.won();
                    prop_assert!(pace.slot_ms() <= before);
                } else {
                    pace.refused();
                    prop_assert!(pace.slot_ms() >= before);
                }
            }
            prop_assert!((SHORTEST_SLOT_MS..=LONGEST_SLOT_MS).contains(&pace.slot_ms()));
            prop_assert!(pace.wait_ms(chance) < pace.slot_ms() * u64::from(SLOTS));
        }
    }

    /// Of those who wait for one share, those who wake within a seventh of a slot after the first claim it in vain. That they are few must not depend on how many wait.
    #[test]
    fn few_wake_with_the_first_however_many_wait() {
        let (random, pace, rounds) = (Random::seeded(1), Pace::default(), 150u32);
        for magnitude in 0..=SLOTS {
            let mut in_vain = 0;
            for _ in 0..rounds {
                let wakes: Vec<u64> = (0..1u32 << magnitude).map(|_| pace.wait_ms(random.number())).collect();
                let until = wakes.iter().min().map_or(0, |first| first + pace.slot_ms() / CALLS_PER_SLOT);
                in_vain += wakes.iter().filter(|wake| **wake < until).count() - 1;
            }
            // About a tenth a share; a quarter is far beyond chance.
            assert!(in_vain * 4 < rounds as usize, "{in_vain} in vain of {rounds} shares, {magnitude}");
        }
    }

    #[test]
    fn who_is_refused_waits_longer_and_forgets_it_slowly() {
        let mut pace = Pace::default();
        let calm = pace.slot_ms();
        pace.refused();
        assert_eq!(pace.slot_ms(), calm * 2);
        (0..3).for_each(|_| pace.won());
        assert!(pace.slot_ms() > calm && pace.slot_ms() < calm * 2);
        (0..20).for_each(|_| pace.won());
        assert_eq!(pace.slot_ms(), calm);
    }

    #[test]
    fn a_table_that_is_slow_to_read_or_to_write_makes_longer_slots() {
        for slower in [Pace::read, Pace::claimed] {
            let mut pace = Pace::default();
            let quick = pace.slot_ms();
            (0..20).for_each(|_| slower(&mut pace, 20));
            assert!(pace.slot_ms() > quick + quick / 2);
            (0..40).for_each(|_| pace.read(0));
            (0..40).for_each(|_| pace.claimed(0));
            assert_eq!(pace.slot_ms(), SHORTEST_SLOT_MS);
        }
    }

    #[test]
    fn caution_helps_where_calls_take_no_time() {
        let mut pace = Pace::default();
        (0..40).for_each(|_| pace.read(0));
        (0..40).for_each(|_| pace.claimed(0));
        pace.refused();
        assert_eq!(pace.slot_ms(), SHORTEST_SLOT_MS * 2);
    }
}
