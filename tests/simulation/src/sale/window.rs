//! What was free on a lot, and when: for the question whether it was so all the time.

use domain::moment::Moment;

/// What was free from each moment on. A moment at which it changed counts for both.
#[derive(Debug, Clone, Default)]
pub struct Free(Vec<(Moment, u8)>);

impl Free {
    /// It is so from now on.
    pub fn is(&mut self, at: Moment, free: u8) {
        self.0.push((at, free));
    }

    fn between(&self, from: Moment, until: Moment) -> impl Iterator<Item = u8> {
        // What there was before it was made: nothing.
        let before = self.0.iter().rev().find(|(at, _)| *at < from).map_or(0, |(_, free)| *free);
        let meanwhile = self.0.iter().filter(move |(at, _)| (from..=until).contains(at)).map(|(_, free)| *free);
        std::iter::once(before).chain(meanwhile)
    }

    /// The least that was free between two moments.
    pub fn least(&self, from: Moment, until: Moment) -> u8 {
        self.between(from, until).min().unwrap_or(0)
    }

    /// The most.
    pub fn most(&self, from: Moment, until: Moment) -> u8 {
        self.between(from, until).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_at_a_moment_counts_for_both() {
        let at = Moment::from_millis;
        let mut free = Free::default();
        for (moment, shares) in [(10, 7), (20, 2), (20, 5), (30, 7)] {
            free.is(at(moment), shares);
        }
        let bounds = |from, until| (free.least(at(from), at(until)), free.most(at(from), at(until)));
        assert_eq!(bounds(0, 9), (0, 0));
        assert_eq!(bounds(10, 10), (0, 7));
        assert_eq!(bounds(11, 19), (7, 7));
        assert_eq!(bounds(11, 20), (2, 7));
        assert_eq!(bounds(21, 29), (5, 5));
        assert_eq!(bounds(20, 20), (2, 7));
        assert_eq!(bounds(31, 99), (7, 7));
    }
}
