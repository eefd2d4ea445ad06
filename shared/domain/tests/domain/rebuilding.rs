//! What the pages say of a payment makes the donation and the charge that are kept, from any backup of them; and what contradicts the pages is said to.

use std::collections::{BTreeSet, VecDeque};

use domain::correction::transfer;
use domain::donation::{
    Asked, Back, Charge, Contradiction, Donation, History, Later, Outcome, Part, Place, REBUILT, Refund, RefundReason,
    RefundStage, is_first,
};
use domain::journal::{Account, Entry, EntryKind, Movement, MovementKind};
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::{Happening, PaymentFact, PaymentRef};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::conservation::{any_telling_of_a_gift, with_late_looks};
use crate::given::NOON;
use crate::world::{Step, World};

/// A life, with a backup after each step.
struct Life {
    backups: Vec<World>,
    /// The entries, and what people took out of suspense; where they stand, and when their pages were written.
    pages: Vec<(Said, Place, Moment)>,
}

/// What a page says of a payment.
#[derive(Clone)]
enum Said {
    Entry(Entry),
    Movement(Movement),
}

impl Said {
    fn payment(&self) -> &PaymentRef {
        match self {
            Said::Entry(entry) => &entry.payment,
            Said::Movement(movement) => movement.payment.as_ref().unwrap(),
        }
    }
}

/// Takes every fact, those again that had to wait, each on a page of its own; a donation says where it stands. After so many pages people take so many hundredths out of suspense of what stands there.
fn live(donation: Donation, facts: Vec<PaymentFact>, by_hand: &[(usize, i64)]) -> Life {
    let mut life = Life { backups: vec![World::new(Some(donation))], pages: Vec::new() };
    let (mut queue, mut waited) = (VecDeque::from(facts), 0);
    while waited < queue.len() {
        let Some(fact) = queue.pop_front() else { break };
        if life.take(&fact) {
            let after = life.backups.len();
            by_hand.iter().filter(|(pages, _)| *pages == after).for_each(|(_, share)| life.take_out(*share));
            waited = 0;
        } else {
            waited += 1;
            queue.push_back(fact);
        }
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
    /// Whether the fact is taken; else it has to wait.
    fn take(&mut self, fact: &PaymentFact) -> bool {
        let mut world = self.end().clone();
        let (seq, before) = (self.backups.len() as u64, world.entries.len());
        if !world.live(vec![Step::Told(fact.clone())]).is_empty() {
            return false;
        }
        let fresh = world.entries[before..].iter().cloned().zip(0..);
        for (entry, index) in fresh {
            let place = Place { chain: 3, seq, index };
            note(world.donation.as_mut().unwrap(), &entry, place);
            self.pages.push((Said::Entry(entry), place, NOON.plus_seconds(seq as i64)));
        }
        self.backups.push(world);
        true
    }

    /// People take so many hundredths out of suspense of what stands there of a payment; of nought, they bring back all.
    fn take_out(&mut self, share: i64) {
        let mut world = self.end().clone();
        let all = |charge: &Charge| -charge.out().signed_halalas();
        let part = |charge: &Charge| if share == 0 { all(charge) } else { charge.rest().signed_halalas() * share / 100 };
        let mut moved = world.charges.values().map(|charge| (part(charge), charge.taken_out(part(charge))));
        let Some((halalas, Some(charge))) = moved.find(|(part, to)| *part != 0 && to.is_some()) else { return };
        let (seq, payment) = (self.backups.len() as u64, charge.payment.clone());
        let (place, at) = (Place { chain: 3, seq, index: 0 }, NOON.plus_seconds(seq as i64));
        let kind = MovementKind::Corrected;
        let (from, to) = if halalas > 0 { (Account::Suspense, Account::Bank) } else { (Account::Bank, Account::Suspense) };
        let transfers = vec![transfer(from, to, Money::from_halalas(halalas.unsigned_abs()).unwrap(), None).unwrap()];
        let reference = Movement::reference(kind, &[&seq.to_string()]);
        let movement = Movement { kind, reference, happened_at: at, transfers, payment: Some(payment.clone()) };
        self.pages.push((Said::Movement(movement), place, at));
        world.charges.insert(payment, charge);
        self.backups.push(world);
    }

    /// What the first so many entries say of a payment: of its gift, and of what is kept apart.
    fn histories(&self, payment: &PaymentRef, pages: usize) -> Vec<History> {
        let of = || self.pages[..pages].iter().filter(|(said, ..)| said.payment() == payment);
        let is_gathered = |kind: EntryKind| !is_first(kind) || kind == EntryKind::Orphan;
        let gathered = of().filter_map(|(said, place, at)| match said {
            Said::Entry(entry) => is_gathered(entry.kind).then(|| Later::of(entry, *place, *at)),
            Said::Movement(movement) => Later::of_movement(movement, *place, *at),
        });
        let later: Vec<Later> = gathered.collect();
        let first = of().filter_map(|(said, place, _)| match said {
            Said::Entry(entry) => is_first(entry.kind).then(|| History::of(entry.clone(), *place, &later)),
            Said::Movement(_) => None,
        });
        first.collect()
    }

    fn payments(&self) -> BTreeSet<PaymentRef> {
        self.pages.iter().map(|(said, ..)| said.payment().clone()).collect()
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

/// After how many pages people take how much out of suspense, in hundredths of what stands there.
fn any_by_hand() -> impl Strategy<Value = Vec<(usize, i64)>> {
    prop::collection::vec((1usize..8, prop::sample::select(vec![0, 10, 50, 100])), 0..4)
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
    fn from_any_backup_the_pages_make_what_is_kept((donation, facts) in any_told(), by_hand in any_by_hand()) {
        let life = live(donation, facts, &by_hand);
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
    fn what_is_newer_than_the_pages_is_ahead_of_them(
        (donation, facts) in any_told(),
        by_hand in any_by_hand(),
        cut in 0usize..100,
    ) {
        let life = live(donation, facts, &by_hand);
        let pages = cut % life.pages.len().max(1);
        for payment in life.payments() {
            let (then, all) = (life.histories(&payment, pages), life.histories(&payment, life.pages.len()));
            let count = |pages: usize| life.pages[..pages].iter().filter(|(said, ..)| *said.payment() == payment).count();
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
    let life = live(gift.clone(), vec![fact("p", riyals(100), captured())], &[]);
    let history = life.histories(&life.payments().pop_first().unwrap(), 1).pop().unwrap();
    let settled = life.end().donation.clone().unwrap();
    let elsewhere = Donation { place: Some(Place { chain: 3, seq: 9, index: 0 }), ..settled.clone() };
    assert_eq!(history.donation(&elsewhere), Err(Contradiction::Elsewhere));
    let unsettled = Donation { place: elsewhere.place, ..gift.clone() };
    assert_eq!(history.donation(&unsettled), Err(Contradiction::Elsewhere));
    let other = live(gift.clone(), vec![fact("other", riyals(100), captured())], &[]).end().donation.clone().unwrap();
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
    let life = live(gift.clone(), told, &[]);
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
        &[],
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

/// What may become of a paid gift by people's hands.
#[derive(Debug, Clone)]
enum Act {
    /// An operator asks for so many thousandths of what stands of some lines.
    Ask(Vec<(u8, u64)>),
    /// Another person agrees.
    Agree,
    /// Somebody does not.
    Decline,
    /// The provider does not give it back.
    GiveUp,
    /// It has given back what was agreed to.
    Given,
    /// So many thousandths of what was not refunded were, on its dashboard.
    Dashboard(u64),
    /// A bank takes so many thousandths of the whole.
    Dispute(u64, Outcome),
}

fn any_acts() -> impl Strategy<Value = Vec<Act>> {
    let parts = prop::collection::btree_map(0u8..3, 1u64..=1_000, 1..3);
    let parts = parts.prop_map(|parts| parts.into_iter().collect::<Vec<_>>());
    let outcome = prop::sample::select(vec![Outcome::Open, Outcome::Won, Outcome::Lost]);
    let act = prop_oneof![
        4 => parts.prop_map(Act::Ask),
        4 => Just(Act::Agree),
        1 => Just(Act::Decline),
        1 => Just(Act::GiveUp),
        4 => Just(Act::Given),
        1 => (1u64..=1_000).prop_map(Act::Dashboard),
        1 => (1u64..=1_000, outcome).prop_map(|(part, outcome)| Act::Dispute(part, outcome)),
    ];
    prop::collection::vec(act, 1..12)
}

fn any_paid() -> impl Strategy<Value = Donation> {
    use crate::given::{donation, halalas, line};
    use domain::donation::State;
    use domain::purpose::Fund;
    prop::collection::vec(1u64..=20_000, 1..4).prop_map(|amounts| {
        let lines = amounts.into_iter().zip(["wells", "clinic", "orphans"]);
        donation(State::Awaiting, lines.map(|(sum, name)| line(Fund::Zakat, name, halalas(sum))).collect())
    })
}

fn part_of(sum: Money, thousandths: u64) -> Money {
    Money::from_halalas((sum.halalas() * thousandths).div_ceil(1_000)).unwrap()
}

/// What an act changes without money; none where it cannot be done.
fn by_hand(gift: &Donation, act: &Act, number: usize) -> Option<Back> {
    let at = NOON.plus_seconds(number as i64);
    let open = gift.back.refunds.last().map(|refund| refund.id.clone());
    match act {
        Act::Ask(wished) => {
            let standing = gift.lines_standing();
            let part = |(line, part): &(u8, u64)| {
                let stands = standing.get(usize::from(*line)).filter(|stands| !stands.is_zero())?;
                Some(Part { line: *line, amount_minor: part_of(*stands, *part) })
            };
            let parts: Vec<Part> = wished.iter().filter_map(part).collect();
            let (id, reason) = (format!("{number:032x}").parse().unwrap(), RefundReason::Mistake);
            let asked = Asked { id, parts, reason, by: "operator".to_owned(), at };
            gift.ask_refund(asked).ok()
        }
        Act::Agree => gift.approve_refund(&open?, "approver", at).ok(),
        Act::Decline => gift.decline_refund(&open?, "another", at).ok(),
        Act::GiveUp => gift.refuse_refund(at),
        Act::Given | Act::Dashboard(_) | Act::Dispute(..) => None,
    }
}

/// What the provider tells after an act.
fn by_provider(gift: &Donation, act: &Act) -> Vec<Happening> {
    let refunded = |sum: Money| vec![Happening::Refunded { refunded_minor: sum }];
    match act {
        Act::Given => gift.back.approved().map(|(_, target)| refunded(target)).unwrap_or_default(),
        Act::Dashboard(part) => match gift.total().minus(gift.refunded()) {
            Some(left) if !left.is_zero() => refunded(gift.refunded().plus(part_of(left, *part)).unwrap()),
            _ => Vec::new(),
        },
        Act::Dispute(part, outcome) => {
            let disputed_minor = part_of(gift.total(), *part);
            let opened = Happening::Disputed { disputed_minor };
            match outcome {
                Outcome::Open => vec![opened],
                Outcome::Won => vec![opened, Happening::DisputeWon { disputed_minor }],
                Outcome::Lost => vec![opened, Happening::DisputeLost { disputed_minor }],
            }
        }
        Act::Ask(_) | Act::Agree | Act::Decline | Act::GiveUp => Vec::new(),
    }
}

/// A gift that is paid, and all that people do about it.
fn live_by_hand(gift: Donation, acts: &[Act]) -> Life {
    use crate::given::{captured, fact};
    let told = |happening| fact("p", gift.total(), happening);
    let mut life = live(gift.clone(), vec![told(captured())], &[]);
    for (act, number) in acts.iter().zip(1..) {
        let mut world = life.end().clone();
        let now = world.donation.as_mut().unwrap();
        if let Some(back) = by_hand(now, act, number) {
            now.back = back;
            life.backups.push(world);
            continue;
        }
        for happening in by_provider(&now.clone(), act) {
            life.take(&told(happening));
        }
    }
    life
}

/// What one refund of the backup is by the pages and in the end; whether as much as it asks for has gone back since.
fn refund_is_rebuilt(was: &Refund, is: &Refund, ends: &Refund, has_gone: bool) -> TestCaseResult {
    prop_assert_eq!((&is.id, &is.parts, &is.asked_by), (&ends.id, &ends.parts, &ends.asked_by));
    match (&was.stage, &ends.stage) {
        // Whoever agreed is known, and so is that the money went back. Where it went back from its lines though the refund was given up, the pages cannot know that.
        (RefundStage::Approved { .. }, RefundStage::Done { .. }) => prop_assert_eq!(is, ends),
        (RefundStage::Done { .. } | RefundStage::Declined { .. } | RefundStage::Refused { .. }, _) => {
            prop_assert_eq!(is, was)
        }
        // Who agreed is lost; nobody is to agree a second time.
        (RefundStage::Asked, RefundStage::Done { .. }) => {
            let is_done = matches!(&is.stage, RefundStage::Done { by, .. } if by == REBUILT);
            prop_assert!(is_done, "{:?}", is);
        }
        (RefundStage::Approved { .. } | RefundStage::Asked, _) if !has_gone => prop_assert_eq!(is, was),
        (RefundStage::Approved { .. } | RefundStage::Asked, _) => {}
    }
    Ok(())
}

proptest! {
    /// With refunds that people ask for, agree to, decline and give up: every backup is brought to what went back of each line in the end, and nobody can agree to a refund that was given back since.
    #[test]
    fn refunds_that_were_asked_for_are_done_when_their_money_went_back(gift in any_paid(), acts in any_acts()) {
        let life = live_by_hand(gift, &acts);
        let payment = life.payments().pop_first().unwrap();
        let history = life.histories(&payment, life.pages.len()).pop().unwrap();
        let end = life.end().donation.as_ref().unwrap();
        let money = |donation: &Donation| {
            let mut of = of_money(donation);
            of.back.refunds.clear();
            (of, donation.lines_standing(), donation.stands())
        };
        for backup in &life.backups {
            let backup = backup.donation.as_ref().unwrap();
            let rebuilt = history.donation(backup);
            prop_assert_eq!(rebuilt.as_ref().map(money), Ok(money(end)), "{:?}", backup);
            let rebuilt = rebuilt.unwrap();
            prop_assert_eq!(history.donation(&rebuilt), Ok(rebuilt.clone()));
            prop_assert_eq!(rebuilt.back.refunds.len(), backup.back.refunds.len());
            for ((was, is), ends) in backup.back.refunds.iter().zip(&rebuilt.back.refunds).zip(&end.back.refunds) {
                let since = end.refunded().minus(backup.refunded()).unwrap();
                refund_is_rebuilt(was, is, ends, since >= was.amount())?;
            }
        }
        let anew = history.donation_anew().unwrap().unwrap();
        prop_assert_eq!((&anew.state, anew.lines_standing()), (&end.state, end.lines_standing()));
    }
}
