//! Refunds that operators ask for: what may be asked, who may agree, and that the books take it from the lines that were meant.

use std::collections::BTreeSet;

use domain::case::Reason;
use domain::donation::{
    Asked, Back, Decision, Dispute, Donation, HoldPart, Outcome, Part, Refund, RefundFault, RefundReason, RefundStage,
    State, decide,
};
use domain::id::RefundId;
use domain::journal::{Account, Entry};
use domain::money::Money;
use domain::payment::Happening;
use domain::purpose::Fund;
use proptest::prelude::*;

use crate::given::{NOON, donation, fact, halalas, line, riyals, settled_by};

fn id(number: u8) -> RefundId {
    format!("{number:032x}").parse().unwrap()
}

fn part(line: u8, amount: u64) -> Part {
    Part { line, amount_minor: riyals(amount) }
}

fn asked(number: u8, parts: Vec<Part>) -> Asked {
    Asked { id: id(number), parts, reason: RefundReason::DonorAsked, by: "operator-1".to_owned(), at: NOON }
}

/// Sixty riyals of zakat and forty of an endowment, paid.
fn basket() -> Donation {
    let lines = vec![line(Fund::Zakat, "first", riyals(60)), line(Fund::Waqf, "second", riyals(40))];
    donation(State::Settled { settled_by: settled_by("own") }, lines)
}

fn with(donation: Donation, back: Back) -> Donation {
    Donation { back, ..donation }
}

/// What the provider tells is booked; what happened, in words.
fn told(donation: &mut Donation, happening: Happening) -> String {
    match decide(Some(donation), None, &fact("own", donation.total(), happening), NOON).unwrap() {
        Decision::Book { state, back, entry, case } => {
            donation.state = state;
            donation.back = back;
            let case = case.map(|case| format!("; case: {case}")).unwrap_or_default();
            format!("{}{case}", books(&entry))
        }
        Decision::Change { state, back } => {
            donation.state = state;
            donation.back = back;
            "changed".to_owned()
        }
        other => format!("{other:?}"),
    }
}

fn refunded(amount: u64) -> Happening {
    Happening::Refunded { refunded_minor: riyals(amount) }
}

fn books(entry: &Entry) -> String {
    let name = |account: &Account| match account {
        Account::Opportunity(_, id) => id.to_string(),
        Account::Clearing(_) => "clearing".to_owned(),
        other => other.to_string(),
    };
    let transfers = entry.transfers.iter().map(|t| format!("{} → {} {}", name(t.debit()), name(t.credit()), t.amount()));
    transfers.collect::<Vec<_>>().join(", ")
}

/// Sixty and thirty riyals for one capped opportunity, forty for another one, ten for one without a target, held on shards 3, 5 and 1.
fn capped(back: Back, refunded: u64) -> Donation {
    let of = |(fund, id, amount): (Fund, &str, u64)| line(fund, id, riyals(amount));
    let lines =
        [(Fund::Sadaqa, "wells", 60), (Fund::Waqf, "school", 40), (Fund::Sadaqa, "wells", 30), (Fund::Sadaqa, "any", 10)];
    let held = [("wells", 3, 50), ("wells", 5, 40), ("school", 1, 40)].map(|(id, shard, amount)| HoldPart {
        opportunity: id.parse().unwrap(),
        shard,
        amount_minor: riyals(amount),
    });
    let state = State::PartlyRefunded { settled_by: settled_by("own"), refunded_minor: riyals(refunded) };
    let state = if refunded == 0 { State::Settled { settled_by: settled_by("own") } } else { state };
    Donation { hold: held.to_vec(), back, ..donation(state, lines.map(of).to_vec()) }
}

/// What is to be free, by opportunity, shard and riyals.
type Room = Vec<(String, u8, u64)>;

/// What is to be free; and what of each line is free then.
fn freeing(donation: &Donation) -> Option<(Room, Vec<Part>)> {
    let told = |part: &HoldPart| (part.opportunity.to_string(), part.shard, part.amount_minor.halalas() / 100);
    donation.freeing().map(|freeing| (freeing.parts.iter().map(told).collect(), freeing.freed))
}

#[test]
fn what_goes_back_of_a_capped_line_is_room_for_others() {
    let done = |parts: &[Part]| {
        let stage = RefundStage::Done { by: "approver-1".to_owned(), at: NOON };
        let asked = asked(1, parts.to_vec());
        let back = capped(Back::default(), 0).ask_refund(asked).unwrap();
        let refunds = back.refunds.iter().map(|refund| Refund { stage: stage.clone(), ..refund.clone() }).collect();
        Back { refunds, ..back }
    };
    let (wells, school) = ("wells".to_owned(), "school".to_owned());
    assert_eq!(freeing(&capped(Back::default(), 0)), None, "nothing went back");
    assert_eq!(freeing(&capped(Back::default(), 50)), None, "nobody knows of which line");
    assert_eq!(freeing(&capped(done(&[part(3, 10)]), 10)), None, "it took no room");
    let of_two = done(&[part(0, 20), part(2, 30), part(1, 5)]);
    let freed = [part(0, 20), part(2, 30), part(1, 5)];
    let (parts, told) = freeing(&capped(of_two.clone(), 55)).unwrap();
    assert_eq!(parts, [(wells.clone(), 3, 50), (school.clone(), 1, 5)]);
    assert_eq!(
        told.iter().map(|part| (part.line, part.amount_minor)).collect::<BTreeSet<_>>(),
        freed.iter().map(|part| (part.line, part.amount_minor)).collect()
    );
    // Once it is free, only what goes back besides.
    let known = Back { freed: told, ..of_two };
    assert_eq!(freeing(&capped(known.clone(), 55)), None);
    let (parts, told) = freeing(&capped(known, 140)).unwrap();
    assert_eq!(parts, [(wells, 3, 40), (school, 1, 35)]);
    let all: Money = Money::sum(told.iter().map(|part| part.amount_minor)).unwrap();
    assert_eq!((told.len(), all), (3, riyals(130)), "all that it had held");
}

/// A dispute that was lost took the money too; one that is open has not yet.
#[test]
fn what_is_lost_in_a_dispute_is_room_for_others() {
    for (outcome, room) in [(Outcome::Open, false), (Outcome::Won, false), (Outcome::Lost, true)] {
        let dispute = Some(Dispute { disputed_minor: riyals(140), outcome });
        let gift = capped(Back { dispute, ..Back::default() }, 0);
        assert_eq!(gift.freeing().is_some(), room, "{outcome:?}");
    }
}

/// Asked for and agreed to by another.
fn approved(donation: Donation, number: u8, parts: Vec<Part>) -> Donation {
    let back = donation.ask_refund(asked(number, parts)).unwrap();
    let donation = with(donation, back);
    let back = donation.approve_refund(&id(number), "approver-1", NOON).unwrap();
    with(donation, back)
}

#[test]
fn a_refund_is_taken_from_the_lines_that_were_meant() {
    let mut gift = approved(basket(), 1, vec![part(1, 30)]);
    assert_eq!(told(&mut gift, refunded(30)), "second → clearing 30.00");
    assert_eq!(gift.back.refund(&id(1)).unwrap().stage.code(), "done");
    assert_eq!(gift.lines_standing(), [riyals(60), riyals(10)]);
    // The rest of it, without naming lines.
    let mut gift = approved(gift, 2, Vec::new());
    assert_eq!(told(&mut gift, refunded(100)), "first → clearing 60.00, second → clearing 10.00");
    assert_eq!(gift.state.code(), "refunded");
}

/// What comes from the provider's dashboard while a refund is on its way is not taken for it, and the two together are told apart when both are done.
#[test]
fn a_refund_from_the_dashboard_is_not_taken_for_ours() {
    let mut gift = approved(basket(), 1, vec![part(1, 30)]);
    assert_eq!(told(&mut gift, refunded(20)), "refunds_suspense → clearing 20.00; case: refund_unassigned");
    assert!(gift.back.approved().is_some(), "ours is still to come");
    assert_eq!(told(&mut gift, refunded(50)), "second → clearing 30.00");
    assert!(gift.back.approved().is_none());
    assert_eq!(
        told(&mut gift, refunded(100)),
        "first → refunds_suspense 20.00, first → clearing 40.00, second → clearing 10.00"
    );
}

#[test]
fn what_may_be_asked_for() {
    let by = settled_by("own");
    let states = [
        (State::Awaiting, Err(RefundFault::NotPaid)),
        (State::Failed { reason: "declined".to_owned() }, Err(RefundFault::NotPaid)),
        (State::Cancelled, Err(RefundFault::NotPaid)),
        (State::Expired, Err(RefundFault::NotPaid)),
        (State::Settled { settled_by: by.clone() }, Ok(())),
        (State::PartlyRefunded { settled_by: by.clone(), refunded_minor: riyals(10) }, Ok(())),
        (State::Disputed { settled_by: by.clone(), refunded_minor: Money::ZERO }, Ok(())),
        (
            State::Refunded { settled_by: by, refunded_minor: riyals(100) },
            Err(RefundFault::DonationExceeded { stands: Money::ZERO }),
        ),
    ];
    for (state, expected) in states {
        let gift = Donation { state: state.clone(), ..basket() };
        assert_eq!(gift.ask_refund(asked(1, vec![part(0, 5)])).map(drop), expected, "{}", state.code());
    }
    let ask = |parts| basket().ask_refund(asked(1, parts)).map(drop);
    assert_eq!(ask(vec![part(0, 61)]), Err(RefundFault::LineExceeded { line: 0, stands: riyals(60) }));
    assert_eq!(ask(vec![part(2, 1)]), Err(RefundFault::NoSuchLine(2)));
    assert_eq!(ask(vec![part(1, 1), part(1, 1)]), Err(RefundFault::NoSuchLine(1)));
    assert_eq!(ask(vec![part(1, 0)]), Err(RefundFault::Nothing));
    assert_eq!(ask(vec![part(0, 60), part(1, 40)]), Ok(()));
    // Thirty were given back, nobody told from which line: of each all stands, of both together seventy.
    let by = settled_by("own");
    let gift = Donation { state: State::PartlyRefunded { settled_by: by, refunded_minor: riyals(30) }, ..basket() };
    assert_eq!(gift.ask_refund(asked(1, vec![part(0, 60)])).map(drop), Ok(()));
    let both = gift.ask_refund(asked(1, vec![part(0, 60), part(1, 40)])).map(drop);
    assert_eq!(both, Err(RefundFault::DonationExceeded { stands: riyals(70) }));
}

#[test]
fn what_is_disputed_is_not_given_back_as_well() {
    let mut gift = basket();
    assert_eq!(
        told(&mut gift, Happening::Disputed { disputed_minor: riyals(70) }),
        "disputes:moyasar → clearing 70.00; case: dispute_opened"
    );
    assert_eq!(gift.stands(), riyals(30));
    let exceeded = Err(RefundFault::DonationExceeded { stands: riyals(30) });
    assert_eq!(gift.ask_refund(asked(1, vec![part(0, 31)])).map(drop), exceeded);
    // All of the only line: nothing is left to ask for.
    let mut whole = Donation { lines: vec![line(Fund::Zakat, "first", riyals(100))], ..basket() };
    told(&mut whole, Happening::Disputed { disputed_minor: riyals(100) });
    assert_eq!(whole.ask_refund(asked(1, Vec::new())).map(drop), Err(RefundFault::Nothing));
    // Asked for before it was disputed: whoever agrees finds that it stands no more.
    let back = basket().ask_refund(asked(1, vec![part(0, 60)])).unwrap();
    let mut gift = with(basket(), back);
    told(&mut gift, Happening::Disputed { disputed_minor: riyals(70) });
    let exceeded = Err(RefundFault::DonationExceeded { stands: riyals(30) });
    assert_eq!(gift.approve_refund(&id(1), "approver-1", NOON).map(drop), exceeded);
}

/// Thirty went back already: a dispute about the other seventy is an ordinary one, one about a halala more takes what the donor has back.
#[test]
fn a_dispute_about_more_than_stands_is_told_apart() {
    let by = settled_by("own");
    let gift = Donation { state: State::PartlyRefunded { settled_by: by, refunded_minor: riyals(30) }, ..basket() };
    for (disputed, case) in [(7_000, "dispute_opened"), (7_001, "refund_beyond_capture")] {
        let happening = Happening::Disputed { disputed_minor: halalas(disputed) };
        let books = told(&mut gift.clone(), happening);
        assert_eq!(books, format!("disputes:moyasar → clearing {}; case: {case}", halalas(disputed)));
    }
}

/// Seventy are disputed: of the thirty that stand the donor may have all back, and a halala more is told, though the dispute is not decided.
#[test]
fn a_refund_of_more_than_stands_beside_a_dispute_is_told() {
    let lines = vec![line(Fund::Zakat, "first", riyals(100))];
    for (refunded, case) in [(3_000, ""), (3_001, "; case: refund_beyond_capture")] {
        let mut gift = Donation { lines: lines.clone(), ..basket() };
        told(&mut gift, Happening::Disputed { disputed_minor: riyals(70) });
        let happening = Happening::Refunded { refunded_minor: halalas(refunded) };
        assert_eq!(told(&mut gift, happening), format!("first → clearing {}{case}", halalas(refunded)));
    }
}

#[test]
fn a_refund_takes_two_people_and_one_at_a_time_is_open() {
    let gift = with(basket(), basket().ask_refund(asked(1, vec![part(0, 5)])).unwrap());
    assert_eq!(gift.ask_refund(asked(2, vec![part(1, 5)])), Err(RefundFault::AnotherOpen));
    assert_eq!(gift.approve_refund(&id(1), "operator-1", NOON), Err(RefundFault::SamePerson));
    assert_eq!(gift.approve_refund(&id(2), "approver-1", NOON), Err(RefundFault::NoSuchRefund));
    let approved = with(gift.clone(), gift.approve_refund(&id(1), "approver-1", NOON).unwrap());
    let target = approved.back.approved().unwrap().1;
    assert_eq!(target, riyals(5));
    assert_eq!(approved.approve_refund(&id(1), "approver-2", NOON), Err(RefundFault::Over("approved")));
    assert_eq!(approved.decline_refund(&id(1), "approver-1", NOON), Err(RefundFault::Over("approved")));
    let declined = with(gift.clone(), gift.decline_refund(&id(1), "approver-1", NOON).unwrap());
    assert_eq!(declined.approve_refund(&id(1), "approver-1", NOON), Err(RefundFault::Over("declined")));
    assert!(declined.ask_refund(asked(2, vec![part(1, 5)])).is_ok(), "another may be asked for");
    let refused = with(approved.clone(), approved.refuse_refund(NOON).unwrap());
    assert_eq!(refused.back.refund(&id(1)).unwrap().stage.code(), "refused");
    assert!(refused.refuse_refund(NOON).is_none());
    assert!(refused.ask_refund(asked(2, vec![part(1, 5)])).is_ok());
}

#[test]
fn refunds_have_an_end() {
    let mut gift = basket();
    for number in 0..20 {
        gift = with(gift.clone(), gift.ask_refund(asked(number, vec![part(0, 1)])).unwrap());
        gift = with(gift.clone(), gift.decline_refund(&id(number), "approver-1", NOON).unwrap());
    }
    assert_eq!(gift.ask_refund(asked(20, vec![part(0, 1)])), Err(RefundFault::TooMany));
}

/// One thing that may happen to a paid gift.
#[derive(Debug, Clone)]
enum Step {
    Ask(Vec<(u8, u64)>),
    Approve,
    Decline,
    Refuse,
    /// The provider gives back what was agreed to.
    Execute,
    /// Somebody gives so many halalas back at the provider's dashboard.
    Dashboard(u64),
    Dispute(u64),
    Win,
    Lose,
}

fn any_step() -> impl Strategy<Value = Step> {
    let parts = prop::collection::vec((0u8..4, 0u64..5_000), 0..3);
    prop_oneof![
        3 => parts.prop_map(Step::Ask),
        3 => Just(Step::Approve),
        1 => Just(Step::Decline),
        1 => Just(Step::Refuse),
        3 => Just(Step::Execute),
        1 => (1u64..3_000).prop_map(Step::Dashboard),
        1 => (1u64..9_000).prop_map(Step::Dispute),
        1 => Just(Step::Win),
        1 => Just(Step::Lose),
    ]
}

/// A gift and what stands of it at its provider, as steps happen.
struct Life {
    gift: Donation,
    entries: Vec<Entry>,
    refunded: Money,
    number: u8,
    /// A person was told that more goes back than was given.
    is_told: bool,
}

impl Life {
    fn step(&mut self, step: &Step) {
        let back = match step {
            Step::Ask(parts) => {
                self.number += 1;
                let parts = parts.iter().map(|(line, amount)| Part { line: *line, amount_minor: halalas(*amount) });
                self.gift.ask_refund(asked(self.number, parts.collect())).ok()
            }
            Step::Approve => self.gift.approve_refund(&id(self.number), "approver-1", NOON).ok(),
            Step::Decline => self.gift.decline_refund(&id(self.number), "approver-1", NOON).ok(),
            Step::Refuse => self.gift.refuse_refund(NOON),
            Step::Execute => {
                let target = self.gift.back.approved().map(|(_, target)| target);
                self.refund_to(target.unwrap_or(Money::ZERO));
                None
            }
            Step::Dashboard(amount) => {
                self.refund_to(self.refunded.plus(halalas(*amount)).unwrap());
                None
            }
            Step::Dispute(amount) => {
                let disputed_minor = halalas(*amount).min(self.gift.total());
                self.told(Happening::Disputed { disputed_minor });
                None
            }
            Step::Win | Step::Lose => {
                let disputed_minor = self.gift.back.disputed();
                self.told(match step {
                    Step::Win => Happening::DisputeWon { disputed_minor },
                    _ => Happening::DisputeLost { disputed_minor },
                });
                None
            }
        };
        if let Some(back) = back {
            self.gift.back = back;
        }
    }

    fn refund_to(&mut self, sum: Money) {
        // No provider gives back more than it took.
        self.refunded = self.refunded.max(sum.min(self.gift.total()));
        self.told(Happening::Refunded { refunded_minor: self.refunded });
    }

    fn told(&mut self, happening: Happening) {
        let fact = fact("own", self.gift.total(), happening);
        match decide(Some(&self.gift), None, &fact, NOON).unwrap() {
            Decision::Book { state, back, entry, case } => {
                self.gift.state = state;
                self.gift.back = back;
                self.entries.push(entry);
                self.is_told |= case == Some(Reason::RefundBeyondCapture);
            }
            Decision::Change { state, back } => {
                self.gift.state = state;
                self.gift.back = back;
            }
            Decision::Repeat | Decision::Nothing | Decision::SetAside(_) => {}
            other => panic!("{other:?}"),
        }
    }

    /// What went out of a line, by the books.
    fn out_of(&self, number: u8) -> i64 {
        let transfers = self.entries.iter().flat_map(|entry| &entry.transfers);
        transfers.filter(|transfer| transfer.line() == Some(number)).map(|transfer| transfer.amount().signed_halalas()).sum()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Refunded, disputed and asked for together are never more than the gift by anything that we let happen; no line gives more than it has; and whatever
    /// happened, the books took from each line what the gift says.
    #[test]
    fn no_more_is_promised_than_stands(
        amounts in prop::collection::vec(100u64..5_000, 1..4), steps in prop::collection::vec(any_step(), 0..25),
    ) {
        let names = ["first", "second", "third"];
        let lines = names.iter().zip(amounts).map(|(name, amount)| line(Fund::Sadaqa, name, halalas(amount))).collect();
        let gift = donation(State::Settled { settled_by: settled_by("own") }, lines);
        let mut life = Life { gift, entries: Vec::new(), refunded: Money::ZERO, number: 0, is_told: false };
        for step in &steps {
            let stood = life.gift.stands();
            let was = life.gift.back.refunds.len();
            life.step(step);
            if life.gift.back.refunds.len() > was {
                prop_assert!(life.gift.back.refunds.last().unwrap().amount() <= stood);
            }
            let taken = life.gift.gone().plus(life.gift.back.disputed()).unwrap();
            prop_assert!(taken <= life.gift.total() || life.is_told, "more goes back than was given, and nobody is told");
            let is_open = |refund: &&domain::donation::Refund| refund.is_open();
            prop_assert!(life.gift.back.refunds.iter().filter(is_open).count() <= 1);
            for (number, (line, stands)) in (0..).zip(life.gift.lines.iter().zip(life.gift.lines_standing())) {
                let out = life.out_of(number);
                prop_assert!(out <= line.amount_minor.signed_halalas(), "line {} gave more than it had", number);
                prop_assert_eq!(line.amount_minor.signed_halalas() - out, stands.signed_halalas());
            }
        }
        let approvals = life.gift.back.refunds.iter().filter(|refund| matches!(refund.stage, RefundStage::Done { .. }));
        let done = Money::sum(approvals.map(domain::donation::Refund::amount)).unwrap();
        prop_assert!(done <= life.gift.refunded(), "what is done was given back");
    }
}
