#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

const OPENS: Moment = Moment::from_millis(1_000_000);

fn later(millis: i64) -> Moment {
    Moment::from_millis(OPENS.millis() + millis)
}

#[test]
fn numbers_are_admitted_one_after_another_from_the_opening_on() {
    let room = WaitingRoom::opened(10, OPENS, 0, later(-60_000));
    let told = [-60_000, -1, 0, 99, 100, 1_000, 60_000].map(|millis| room.admitted(later(millis)));
    assert_eq!(told, [0, 0, 0, 0, 1, 10, 600]);
    assert_eq!(room.turn(3, later(-1_000)), Turn::Waits { ahead: 2, comes: later(300) });
    assert_eq!(room.turn(3, later(299)), Turn::Waits { ahead: 0, comes: later(300) });
    assert_eq!(room.turn(3, later(300)), Turn::Come { ends: later(600_300) });
    assert_eq!(room.turn(3, later(600_299)), Turn::Come { ends: later(600_300) });
    assert_eq!(room.turn(3, later(600_300)), Turn::Over);
}

#[test]
fn a_room_that_is_opened_again_admits_those_of_before_at_once() {
    let room = WaitingRoom::opened(10, OPENS, 500, later(5_000));
    assert_eq!(room.turn(500, later(5_000)), Turn::Come { ends: later(605_000) });
    assert_eq!(room.turn(501, later(5_000)), Turn::Waits { ahead: 0, comes: later(5_100) });
}

#[test]
fn a_change_counts_when_nobody_has_the_room_in_memory_as_it_was() {
    let room = WaitingRoom::opened(100, OPENS, 0, OPENS);
    let slower = room.changed(2, (OPENS, OPENS), later(10_000));
    assert_eq!(slower.rate(), 2);
    for millis in [10_000, 11_000, 12_999, 13_000] {
        assert_eq!(slower.admitted(later(millis)), room.admitted(later(millis)), "{millis}");
    }
    assert_eq!(slower.admitted(later(14_000)), 1_302);
    assert_eq!(slower.begins(1_302), Some(later(14_000)));
    assert_eq!(slower.begins(1_300), room.begins(1_300));
    assert_eq!(slower.changed(2, (OPENS, OPENS), later(20_000)), slower, "nothing is changed");
    let again = slower.changed(50, (OPENS, OPENS), later(11_000));
    assert_eq!(again.paces.len(), 3, "a second change before the first counts");
    assert_eq!(again.admitted(later(14_000)), 1_302);
    assert_eq!(again.admitted(later(15_000)), 1_352);
    let after = again.changed(60, (OPENS, OPENS), later(700_000));
    assert_eq!(after.paces.len(), 2, "what no turn follows from any more is dropped");
}

#[test]
fn of_two_changes_at_once_the_second_counts() {
    let room = WaitingRoom::opened(100, OPENS, 0, OPENS);
    let first = room.changed(2, (OPENS, OPENS), later(10_000));
    let second = first.changed(50, (OPENS, OPENS), later(10_000));
    assert_eq!(second, room.changed(50, (OPENS, OPENS), later(10_000)), "as if there had been no other");
}

#[test]
fn an_opening_that_is_put_off_until_the_change_counts_makes_no_pause() {
    let room = WaitingRoom::opened(10, OPENS, 0, OPENS);
    let (counts, after) = (later(1_000 + CHANGE_SECS * 1_000), later(1_001 + CHANGE_SECS * 1_000));
    let at_once = room.changed(20, (OPENS, counts), later(1_000));
    assert_eq!(at_once, room.changed(20, (OPENS, OPENS), later(1_000)));
    assert_eq!(room.changed(20, (OPENS, after), later(1_000)).paces.len(), 3, "a millisecond in which nobody is admitted");
}

/// Nobody is admitted by a pace of none: it stands between an old opening and a new one only, and whoever has a number beyond it comes with the pace after it.
#[test]
fn whoever_waits_through_a_pause_comes_after_it() {
    let room = WaitingRoom::opened(10, OPENS, 0, OPENS);
    let put_off = room.changed(10, (OPENS, later(900_000)), later(1_000));
    assert_eq!(put_off.paces.iter().map(|pace| pace.rate).collect::<Vec<_>>(), [10, 0, 10]);
    assert_eq!([40, 41].map(|number| put_off.begins(number)), [Some(later(4_000)), Some(later(900_100))]);
    // Ten minutes later the turns from before the pause are over, and the pause is the first pace.
    let again = put_off.changed(5, (later(900_000), later(900_000)), later(700_000));
    assert_eq!(again.paces.iter().map(|pace| pace.rate).collect::<Vec<_>>(), [0, 0, 5]);
    assert_eq!(again.begins(41), Some(later(900_200)));
}

#[test]
fn an_opening_is_moved() {
    let room = WaitingRoom::opened(10, OPENS, 0, later(-60_000));
    let before = room.changed(10, (OPENS, later(30_000)), later(-1_000));
    assert_eq!(before, WaitingRoom::opened(10, later(30_000), 0, OPENS));
    let sooner = room.changed(10, (OPENS, later(-30_000)), later(-60_000));
    assert_eq!(sooner.admitted(OPENS), 300);
    let put_off = room.changed(10, (OPENS, later(90_000)), later(60_000));
    assert_eq!([60_000, 63_000, 90_000, 91_000].map(|millis| put_off.admitted(later(millis))), [600, 630, 630, 640]);
    assert_eq!(put_off.begins(631), Some(later(90_100)));
}

#[test]
fn whoever_waits_looks_again_in_half_the_time() {
    let secs = [0, 1_000, 9_000, 30_001, 3_600_000].map(|millis| look_again_secs(later(millis), OPENS));
    assert_eq!(secs, [2, 2, 4, 15, 30]);
    assert_eq!(look_again_secs(OPENS, later(5_000)), 2);
}

#[test]
fn the_ends_of_time_are_no_panic() {
    let room =
        WaitingRoom { paces: vec![Pace { since: Moment::from_millis(i64::MIN), base: u64::MAX - 1, rate: u32::MAX }] };
    for millis in [i64::MIN, 0, i64::MAX] {
        let _ = (room.turn(u64::MAX, Moment::from_millis(millis)), room.turn(0, Moment::from_millis(millis)));
    }
    let none = WaitingRoom { paces: Vec::new() };
    assert_eq!((none.turn(1, OPENS), none.admitted(OPENS), none.rate()), (Turn::Over, 0, 0));
}

/// A room, and changes of it: after how many milliseconds, to which rate, with the opening how many milliseconds later.
fn any_life() -> impl Strategy<Value = Vec<(i64, u32, i64)>> {
    let opening = prop_oneof![4 => Just(0i64), 1 => 1..40_000i64];
    prop::collection::vec((0..40_000i64, 1..200u32, opening), 0..8)
}

/// Every form that the room had, with the time of the change that made it.
fn lived(life: &[(i64, u32, i64)]) -> Vec<(Moment, WaitingRoom)> {
    let (mut now, mut opens_at) = (later(-5_000), OPENS);
    let mut forms = vec![(now, WaitingRoom::opened(20, OPENS, 0, now))];
    for (gap, rate, moved) in life {
        now = Moment::from_millis(now.millis() + gap);
        // An opening is put off from where it stood, or from now if it has passed.
        let next = if *moved == 0 { opens_at } else { Moment::from_millis(opens_at.max(now).millis() + moved) };
        let room = forms.last().unwrap().1.changed(*rate, (opens_at, next), now);
        opens_at = next;
        forms.push((now, room));
    }
    forms
}

proptest! {
    /// Nobody is put back, the order stays, and never are more admitted than the fastest pace has it, through all changes and by whichever form an environment still has.
    #[test]
    fn who_is_admitted_stays_so_and_none_before_their_turn(life in any_life(), steps in prop::collection::vec(1..5_000i64, 1..60)) {
        let forms = lived(&life);
        let fastest = life.iter().map(|(_, rate, _)| u64::from(*rate)).chain([20]).max().unwrap();
        let (mut now, mut before) = (later(-6_000), 0);
        for step in steps {
            now = Moment::from_millis(now.millis() + step);
            let Some((at, room)) = forms.iter().rev().find(|(at, _)| *at <= now) else { continue };
            let admitted = room.admitted(now);
            prop_assert!(admitted >= before, "{admitted} after {before}");
            prop_assert!(admitted - before <= fastest * step.unsigned_abs() / 1_000 + 1, "{admitted} after {before} in {step} ms");
            // Who still has the form before says the same until a change counts, unless nothing had begun when it was made.
            let kept = forms.iter().rev().find(|(made, _)| *made < *at).filter(|(_, kept)| kept.paces[0].since <= *at);
            if let Some((_, kept)) = kept.filter(|_| now.millis_since(*at) < CHANGE_SECS * 1_000) {
                prop_assert_eq!(kept.admitted(now), admitted);
            }
            before = admitted;
        }
    }

    /// A turn begins at the first millisecond at which its number is admitted, later numbers never sooner; and what has begun stays, as long as it lasts.
    #[test]
    fn turns_begin_when_their_number_is_admitted(life in any_life(), number in 1..5_000u64) {
        let forms = lived(&life);
        for (_, room) in &forms {
            let begins = room.begins(number).unwrap();
            prop_assert!(room.begins(number + 1).unwrap() >= begins);
            if begins > room.paces[0].since {
                prop_assert!(room.admitted(begins) >= number);
                prop_assert!(room.admitted(Moment::from_millis(begins.millis() - 1)) < number);
            }
        }
        for pair in forms.windows(2) {
            let ((_, old), (at, new)) = (&pair[0], &pair[1]);
            let begins = old.begins(number).unwrap();
            if begins <= *at && at.millis_since(begins) < TURN_SECS * 1_000 {
                prop_assert_eq!(new.begins(number), Some(begins));
            }
        }
    }
}
