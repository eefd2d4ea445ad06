//! A chain of pages: nothing in it can be changed, left out, put in or moved without being found.

use domain::hash::Hash;
use domain::journal::{ChainId, Page, PageError, Tail};
use domain::moment::{Day, Moment};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::given::{NOON, any_entry};

pub fn first_tail() -> Tail {
    Tail::empty(ChainId::new(3).unwrap())
}

pub fn salts(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| vec![number as u8; 16]).collect()
}

/// What one who holds the chain's last hash finds on reading it from the start.
fn audit(stored: &[Vec<u8>], last: Hash) -> Result<(), String> {
    let mut tail = first_tail();
    for bytes in stored {
        let page = Page::read(bytes).map_err(|error| error.to_string())?;
        page.verify(&tail).map_err(|error| error.to_string())?;
        tail = page.tail();
    }
    if tail.hash == last { Ok(()) } else { Err("ends in another hash".to_owned()) }
}

/// Pages with some entries each, or a seal where there are none; the clock goes on, stands, or goes back.
fn any_chain() -> impl Strategy<Value = Vec<Page>> {
    let step = (prop::collection::vec(any_entry(), 0..4), -90_000i64..90_000);
    prop::collection::vec(step, 1..6).prop_map(|steps| {
        let mut tail = first_tail();
        let mut now = NOON;
        let mut pages = Vec::new();
        for (entries, seconds) in steps {
            now = now.plus_seconds(seconds);
            let salts = salts(entries.len());
            let page = if entries.is_empty() { tail.seal(now) } else { tail.write(entries, &salts, now) };
            tail = page.tail();
            pages.push(page);
        }
        pages
    })
}

fn stored(pages: &[Page]) -> Vec<Vec<u8>> {
    pages.iter().map(Page::bytes).collect()
}

fn last_hash(pages: &[Page]) -> Hash {
    pages.last().unwrap().hash()
}

proptest! {
    #[test]
    fn what_is_written_verifies(pages in any_chain()) {
        prop_assert_eq!(audit(&stored(&pages), last_hash(&pages)), Ok(()));
    }

    #[test]
    fn one_changed_bit_is_found(pages in any_chain(), page: prop::sample::Index, byte: prop::sample::Index, bit in 0u8..8) {
        let mut stored = stored(&pages);
        let page = page.index(stored.len());
        let byte = byte.index(stored[page].len());
        stored[page][byte] ^= 1 << bit;
        prop_assert!(audit(&stored, last_hash(&pages)).is_err());
    }

    #[test]
    fn a_page_left_out_put_in_twice_or_moved_is_found(pages in any_chain(), at: prop::sample::Index, to: prop::sample::Index) {
        let (at, to) = (at.index(pages.len()), to.index(pages.len()));
        let change = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            let mut stored = stored(&pages);
            change(&mut stored);
            audit(&stored, last_hash(&pages))
        };
        let left_out = change(&|stored| drop(stored.remove(at)));
        let put_in_twice = change(&|stored| stored.insert(to, stored[at].clone()));
        let moved = change(&|stored| stored.swap(at, to));
        prop_assert!(left_out.is_err());
        prop_assert!(put_in_twice.is_err());
        prop_assert!(moved.is_err() || at == to);
    }

    #[test]
    fn time_never_goes_back_and_days_only_by_seals(pages in any_chain()) {
        for pair in pages.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            prop_assert!(before.written_at <= after.written_at);
            prop_assert_eq!(after.seq, before.seq + 1);
            let sealed = before.entries().is_empty();
            prop_assert_eq!(after.day, if sealed { before.day.next() } else { before.day });
        }
        prop_assert_eq!(pages[0].day, pages[0].written_at.day());
    }
}

/// Every single bit of a short chain, not only those that chance picks.
#[test]
fn every_changed_bit_is_found() {
    let mut runner = TestRunner::deterministic();
    let entries = prop::collection::vec(any_entry(), 2).new_tree(&mut runner).unwrap().current();
    let first = first_tail().write(entries.clone(), &salts(2), NOON);
    let seal = first.tail().seal(NOON);
    let last = seal.tail().write(entries, &salts(2), NOON);
    let stored = stored(&[first, seal, last.clone()]);
    assert_eq!(audit(&stored, last.hash()), Ok(()));
    for page in 0..stored.len() {
        for bit in 0..stored[page].len() * 8 {
            let mut changed = stored.clone();
            changed[page][bit / 8] ^= 1 << (bit % 8);
            assert!(audit(&changed, last.hash()).is_err(), "bit {bit} of page {page}");
        }
    }
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

#[test]
fn each_rule_of_place_is_told_by_its_name() {
    let first = first_tail().seal(NOON);
    let tail = first.tail();
    let next = tail.seal(NOON.plus_seconds(1));
    let with = |change: &dyn Fn(&mut Page)| {
        let mut page = next.clone();
        change(&mut page);
        page.verify(&tail).unwrap_err()
    };
    assert_eq!(next.verify(&tail), Ok(()));
    assert_eq!(with(&|page| page.chain = page.chain.next()), PageError::WrongChain(ChainId::new(4).unwrap()));
    assert_eq!(with(&|page| page.seq = 0), PageError::OutOfSequence { expected: 1, found: 0 });
    assert_eq!(with(&|page| page.seq = 2), PageError::OutOfSequence { expected: 1, found: 2 });
    assert_eq!(with(&|page| page.previous = Hash::NONE), PageError::Unlinked);
    assert_eq!(with(&|page| page.day = page.day.next()), PageError::WrongDay(day("2026-11-25")));
    assert_eq!(with(&|page| page.day = page.day.previous()), PageError::WrongDay(day("2026-11-23")));
    assert_eq!(with(&|page| page.written_at = NOON.plus_seconds(-1)), PageError::TimeBackwards);
}

/// Midnight passes, the closer is late, and a clock runs behind: entries of the new day wait for nobody, and none enters a sealed day.
#[test]
fn the_day_is_decided_by_the_chain() {
    let midnight = NOON.day().next().start();
    let first = first_tail().seal(Moment::from_millis(midnight.millis() - 1));
    assert_eq!(first.day, day("2026-11-23"));
    let seal = first.tail().seal(midnight.plus_seconds(40));
    assert_eq!((seal.day, seal.written_at), (day("2026-11-24"), midnight.plus_seconds(40)));
    let behind = seal.tail().seal(midnight.plus_seconds(-5));
    assert_eq!((behind.day, behind.written_at), (day("2026-11-25"), midnight.plus_seconds(40)));
}

/// The closer runs after midnight, on idle chains too: only a seal may begin a chain in a day that is over, and none in a day to come.
#[test]
fn a_chain_begins_today_or_with_the_seal_of_a_day_before() {
    let today = NOON.day();
    let begun = |day: Day| Tail { day: Some(day), ..first_tail() };
    let entry = any_entry().new_tree(&mut TestRunner::deterministic()).unwrap().current();
    for (day, entries, seal) in [(today.previous(), false, true), (today, true, true), (today.next(), false, false)] {
        let wrong = |right: bool| if right { Ok(()) } else { Err(PageError::WrongDay(day)) };
        assert_eq!(begun(day).write(vec![entry.clone()], &salts(1), NOON).verify(&first_tail()), wrong(entries));
        assert_eq!(begun(day).seal(NOON).verify(&first_tail()), wrong(seal));
        assert_eq!(begun(day).seal(NOON).tail().open_day(NOON), day.next());
    }
}

#[test]
fn there_are_sixteen_chains_in_a_ring() {
    let all: Vec<ChainId> = ChainId::all().collect();
    assert_eq!(all.len(), 16);
    assert_eq!(ChainId::new(16), None);
    assert_eq!(all[15].next(), all[0]);
    assert_eq!(all[3].next(), all[4]);
    assert!((0..1_000).all(|random| all.contains(&ChainId::any(random))));
    assert_eq!(ChainId::any(u64::MAX).to_string(), "15");
}
