//! What the pages say of a payment makes the donation and the charge that are kept, from any backup of them; and what contradicts the pages is said to.

use std::collections::{BTreeSet, VecDeque};

use domain::donation::{Charge, Contradiction, Donation, History, Later, Outcome, Place, is_first};
use domain::journal::{Entry, EntryKind};
use domain::moment::Moment;
use domain::payment::{Happening, PaymentFact, PaymentRef};
use proptest::prelude::*;

use crate::conservation::{any_telling_of_a_gift, with_late_looks};
use crate::given::NOON;
use crate::world::{Step, World};

/// A life, with a backup after each step.
struct Life {
    backups: Vec<World>,
    /// The entries, where they stand, and when their pages were written.
    pages: Vec<(Entry, Place, Moment)>,
}

/// Takes every fact, those again that had to wait, each on a page of its own; a donation says where it stands.
fn live(donation: Donation, facts: Vec<PaymentFact>) -> Life {
    let mut life = Life { backups: vec![World::new(Some(donation))], pages: Vec::new() };
    let (mut queue, mut waited) = (VecDeque::from(facts), 0);
    while waited < queue.len() {
        let Some(fact) = queue.pop_front() else { break };
        let mut world = life.backups.last().unwrap().clone();
        let seq = life.backups.len() as u64;
        let before = world.entries.len();
        if world.live(vec![Step::Told(fact.clone())]).is_empty() {
            waited = 0;
        } else {
            waited += 1;
            queue.push_back(fact);
            continue;
        }
        let fresh = world.entries[before..].iter().cloned().zip(0..);
        for (entry, index) in fresh {
            let place = Place { chain: 3, seq, index };
            note(world.donation.as_mut().unwrap(), &entry, place);
            life.pages.push((entry, place, NOON.plus_seconds(seq as i64)));
        }
        life.backups.push(world);
    }
    life
}

/// What settlement writes beside the state: where the entries stand that are the donation's.
fn note(donation: &mut Donation, entry: &Entry, place: Place) {
    let is_own = donation.state.settled_by().is_some_and(|by| by.payment == entry.payment);
    match entry.kind {
        EntryKind::Settled => donation.place = Some(place),
        EntryKind::Refunded
        | EntryKind::Disputed
        | EntryKind::DisputeWon
        | EntryKind::DisputeLost
        | EntryKind::FeeCharged
            if is_own && entry.donation == Some(donation.id) =>
        {
            donation.back.booked.push(place);
        }
        _ => {}
    }
}

impl Life {
    /// What the first so many entries say of a payment: of its gift, and of what is kept apart.
    fn histories(&self, payment: &PaymentRef, pages: usize) -> Vec<History> {
        let of = || self.pages[..pages].iter().filter(|(entry, ..)| entry.payment == *payment);
        let gathered = of().filter(|(entry, ..)| !is_first(entry.kind) || entry.kind == EntryKind::Orphan);
        let later: Vec<Later> = gathered.map(|(entry, place, at)| Later::of(entry, *place, *at)).collect();
        let was_orphan = later.iter().any(Later::is_orphan);
        let history = |(entry, place, _): &(Entry, Place, Moment)| {
            if was_orphan {
                return History::split(entry.clone(), *place, &later);
            }
            let others = later.iter().filter(|one| one.place() != *place).cloned();
            History::new(entry.clone(), *place, others.collect())
        };
        of().filter(|(entry, ..)| is_first(entry.kind)).map(history).collect()
    }

    fn payments(&self) -> BTreeSet<PaymentRef> {
        self.pages.iter().map(|(entry, ..)| entry.payment.clone()).collect()
    }

    fn end(&self) -> &World {
        self.backups.last().unwrap()
    }
}

/// What a donation says of its money; versions are the table's, and a dispute that was won before its opening was told stands on no page.
fn of_money(donation: &Donation) -> Donation {
    let mut donation = Donation { version: 0, dropped: false, sought: false, ..donation.clone() };
    donation.back.dispute = donation.back.dispute.filter(|dispute| dispute.outcome != Outcome::Won);
    donation.back.booked.sort_by_key(|place| (place.seq, place.index));
    donation.back.traced.clear();
    donation
}

/// Nobody knows the donation of one payment at first: up to some fact of it, none names it.
fn found_later(
    (donation, mut facts): (Donation, Vec<PaymentFact>),
    (is_found, upto): (bool, usize),
) -> (Donation, Vec<PaymentFact>) {
    if is_found && let Some(first) = facts.first().map(|fact| fact.payment.clone()) {
        let of_first = facts.iter_mut().filter(|fact| fact.payment == first && is_of_money(fact));
        of_first.take(upto).for_each(|fact| fact.donation = None);
    }
    (donation, facts)
}

const fn is_of_money(fact: &PaymentFact) -> bool {
    matches!(fact.happening, Happening::Captured { .. } | Happening::Refunded { .. })
}

/// Of one payment in two nobody knows the donation at first; of one in three some look that found none comes late.
fn any_told() -> impl Strategy<Value = (Donation, Vec<PaymentFact>)> {
    let looks = prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4);
    let late = prop::option::weighted(0.33, looks);
    (any_telling_of_a_gift(), any::<bool>(), 1usize..4, late).prop_map(|(told, is_found, upto, late)| match late {
        Some(late) => (told.0, with_late_looks(&told.1, &late)),
        None => found_later(told, (is_found, upto)),
    })
}

/// Every backup of a donation is brought to what stands at the end.
fn gift_is_rebuilt(life: &Life, gift: &History) -> Result<(), TestCaseError> {
    let end = life.end().donation.as_ref().unwrap();
    for backup in &life.backups {
        let rebuilt = gift.donation(backup.donation.as_ref().unwrap());
        prop_assert_eq!(rebuilt.as_ref().map(of_money), Ok(of_money(end)));
        // What is right is left as it is.
        let again = rebuilt.unwrap();
        prop_assert_eq!(gift.donation(&again), Ok(again));
    }
    let anew = gift.donation_anew().unwrap().unwrap();
    let money = |donation: &Donation| (donation.state.clone(), donation.place, donation.gone(), donation.total());
    prop_assert_eq!(money(&anew), money(end));
    Ok(())
}

fn charge_is_rebuilt(life: &Life, apart: &History) -> Result<(), TestCaseError> {
    let payment = &apart.first().payment;
    let end = &life.end().charges[payment];
    let rebuilt = apart.charge(None).unwrap();
    prop_assert_eq!(&Charge { version: 0, ..end.clone() }, &rebuilt);
    for backup in life.backups.iter().filter_map(|backup| backup.charges.get(payment)) {
        let rebuilt = apart.charge(Some(backup)).unwrap();
        let is_same = Charge { version: 0, ..backup.clone() } == Charge { version: 0, ..end.clone() };
        let version = backup.version + u32::from(!is_same);
        prop_assert_eq!(&rebuilt, &Charge { version, ..end.clone() });
    }
    Ok(())
}

proptest! {
    #[test]
    fn from_any_backup_the_pages_make_what_is_kept((donation, facts) in any_told()) {
        let life = live(donation, facts);
        for payment in life.payments() {
            for history in life.histories(&payment, life.pages.len()) {
                if history.first().kind == EntryKind::Settled {
                    gift_is_rebuilt(&life, &history)?;
                    prop_assert_eq!(history.charge(None), Err(Contradiction::NotFirst));
                } else {
                    charge_is_rebuilt(&life, &history)?;
                    prop_assert!(history.donation_anew().is_none());
                }
            }
        }
    }

    /// Pages that end earlier than what is kept: it says more than they do, and is not written over.
    #[test]
    fn what_is_newer_than_the_pages_is_ahead_of_them((donation, facts) in any_told(), cut in 0usize..100) {
        let life = live(donation, facts);
        let pages = cut % life.pages.len().max(1);
        for payment in life.payments() {
            let (then, all) = (life.histories(&payment, pages), life.histories(&payment, life.pages.len()));
            let count = |pages: usize| life.pages[..pages].iter().filter(|(entry, ..)| entry.payment == payment).count();
            for history in then.iter().filter(|_| count(pages) < count(life.pages.len())) {
                let is_gift = history.first().kind == EntryKind::Settled;
                let as_of_all = all.iter().find(|other| other.place() == history.place()).unwrap();
                if is_gift && history != as_of_all {
                    let kept = life.end().donation.as_ref().unwrap();
                    prop_assert_eq!(history.donation(kept).unwrap_err(), Contradiction::Ahead);
                } else if !is_gift && as_of_all.charge(None) != history.charge(None) {
                    let refused = history.charge(Some(&life.end().charges[&payment])).unwrap_err();
                    prop_assert!(matches!(refused, Contradiction::Ahead | Contradiction::Elsewhere));
                }
            }
        }
    }
}

/// Another payment's, another place's, other lines: each is said.
#[test]
fn what_is_another_gifts_is_not_brought_to_the_pages() {
    use crate::given::{captured, donation, fact, line, riyals};
    use domain::donation::State;
    use domain::purpose::Fund;
    let gift =
        donation(State::Awaiting, vec![line(Fund::Zakat, "wells", riyals(60)), line(Fund::Zakat, "clinic", riyals(40))]);
    let life = live(gift.clone(), vec![fact("p", riyals(100), captured())]);
    let history = life.histories(&life.payments().pop_first().unwrap(), 1).pop().unwrap();
    let settled = life.end().donation.clone().unwrap();
    let elsewhere = Donation { place: Some(Place { chain: 3, seq: 9, index: 0 }), ..settled.clone() };
    assert_eq!(history.donation(&elsewhere), Err(Contradiction::Elsewhere));
    let unsettled = Donation { place: elsewhere.place, ..gift.clone() };
    assert_eq!(history.donation(&unsettled), Err(Contradiction::Elsewhere));
    let other = live(gift.clone(), vec![fact("other", riyals(100), captured())]).end().donation.clone().unwrap();
    assert_eq!(history.donation(&other), Err(Contradiction::Elsewhere));
    for lines in [
        vec![line(Fund::Zakat, "wells", riyals(60))],
        vec![line(Fund::Zakat, "wells", riyals(61)), line(Fund::Zakat, "clinic", riyals(39))],
        vec![line(Fund::Zakat, "clinic", riyals(60)), line(Fund::Zakat, "clinic", riyals(40))],
        vec![line(Fund::Sadaqa, "wells", riyals(60)), line(Fund::Zakat, "clinic", riyals(40))],
    ] {
        assert_eq!(history.donation(&Donation { lines, ..gift.clone() }), Err(Contradiction::Lines));
    }
    assert_eq!(history.donation(&gift).map(|rebuilt| rebuilt.state), Ok(settled.state));
}

/// One more halala of fee or refund than the pages say, each by itself; and of a payment that is kept apart another sum, another kind, another donation.
#[test]
fn what_says_more_or_something_else_is_left_alone() {
    use crate::given::{captured_for, charge, donation, fact, halalas, line, riyals};
    use domain::donation::{ChargeKind, State};
    use domain::purpose::Fund;
    let gift = donation(State::Awaiting, vec![line(Fund::Zakat, "wells", riyals(100))]);
    let refunded = Happening::Refunded { refunded_minor: riyals(10) };
    let told = vec![fact("p", riyals(100), captured_for(riyals(2))), fact("p", riyals(100), refunded)];
    let life = live(gift.clone(), told);
    let history = life.histories(&life.payments().pop_first().unwrap(), 2).pop().unwrap();
    let kept = life.end().donation.clone().unwrap();
    let State::PartlyRefunded { settled_by, refunded_minor } = kept.state.clone() else { panic!("{:?}", kept.state) };
    let mut dearer = settled_by.clone();
    dearer.fee_minor = riyals(2).plus(halalas(1)).unwrap();
    let fee = State::PartlyRefunded { settled_by: dearer, refunded_minor };
    let more = State::PartlyRefunded { settled_by, refunded_minor: refunded_minor.plus(halalas(1)).unwrap() };
    for state in [fee, more] {
        assert_eq!(history.donation(&Donation { state, ..kept.clone() }), Err(Contradiction::Ahead));
    }
    // What was given up before it was paid is given up no more; what a paid gift says of itself stays.
    let dropped = |donation: &Donation| history.donation(&Donation { dropped: true, ..donation.clone() }).unwrap().dropped;
    assert_eq!((dropped(&gift), dropped(&kept)), (false, true));

    let life = live(
        gift,
        vec![fact("p", riyals(100), captured_for(riyals(2))), fact("again", riyals(100), captured_for(riyals(2)))],
    );
    let payment = life.payments().into_iter().find(|payment| life.end().charges.contains_key(payment)).unwrap();
    let apart = life.histories(&payment, 2).pop().unwrap();
    let kept = life.end().charges[&payment].clone();
    assert_eq!(apart.charge(Some(&kept)), Ok(kept.clone()));
    let others = [
        Charge { captured_minor: riyals(99), ..kept.clone() },
        Charge { kind: ChargeKind::Late, ..kept.clone() },
        Charge { donation: None, ..kept.clone() },
        charge(ChargeKind::Orphan, "again", riyals(100), riyals(0)),
    ];
    for other in others {
        assert_eq!(apart.charge(Some(&other)), Err(Contradiction::Elsewhere), "{other:?}");
    }
    for more in [
        Charge { refunded_minor: halalas(1), ..kept.clone() },
        Charge { fee_minor: kept.fee_minor.plus(halalas(1)).unwrap(), ..kept },
    ] {
        assert_eq!(apart.charge(Some(&more)), Err(Contradiction::Ahead), "{more:?}");
    }
}
