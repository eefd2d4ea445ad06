//! Donations, payments and entries to start from, and strategies that make any of them.

use domain::catalogue::Purpose;
use domain::donation::{Attempt, Back, Charge, ChargeKind, Donation, Giver, HoldPart, Line, SettledBy, State};
use domain::id::{DonationId, PaymentId};
use domain::journal::{Account, Entry, EntryKind, Movement, MovementKind, Transfer, rules};
use domain::moment::Moment;
use domain::money::Money;
use domain::notice::Telling;
use domain::payment::{Happening, Method, PaymentFact, PaymentRef, Provider};
use domain::purpose::{Fund, Language, Programme, Region, Track};
use proptest::prelude::*;

/// 23 November 2026, noon in Riyadh.
pub const NOON: Moment = Moment::from_millis(1_795_424_400_000);

pub fn riyals(riyals: u64) -> Money {
    Money::from_riyals(riyals).unwrap()
}

pub fn halalas(halalas: u64) -> Money {
    Money::from_halalas(halalas).unwrap()
}

pub fn purpose() -> Purpose {
    Purpose {
        programme: Programme::Projects,
        track: Track::Care,
        region: Region::Jazan,
        charity: "water-society".parse().unwrap(),
    }
}

pub fn line(fund: Fund, opportunity: &str, amount: Money) -> Line {
    Line { opportunity: opportunity.parse().unwrap(), fund, purpose: purpose(), amount_minor: amount, sacrifice: None }
}

pub fn payment(id: &str) -> PaymentRef {
    PaymentRef { provider: Provider::Moyasar, payment: id.parse::<PaymentId>().unwrap() }
}

pub fn settled_by(id: &str) -> SettledBy {
    SettledBy { payment: payment(id), method: Method::Mada, captured_at: NOON, fee_minor: Money::ZERO }
}

pub const DONATION: DonationId = DonationId::from_bytes([0xd0; 16]);

/// A donation of these lines, in its second checkout attempt.
pub fn donation(state: State, lines: Vec<Line>) -> Donation {
    let attempt = |number| Attempt { number, provider: Provider::Moyasar, reference: format!("reference-{number}") };
    Donation {
        id: DONATION,
        version: 1,
        state,
        giver: Giver::Guest,
        anonymous: false,
        language: Language::Arabic,
        lines,
        attempts: vec![attempt(1), attempt(2)],
        hold: Vec::new(),
        reservation: None,
        dropped: false,
        sought: false,
        command: "c0".to_owned(),
        return_url: "https://example.org/thanks".to_owned(),
        made_at: NOON,
        expires_at: NOON.plus_seconds(900),
        forgotten: false,
        leaf_key: None,
        personal: None,
        telling: Telling::default(),
        place: None,
        back: Back::default(),
    }
}

pub fn hold(donation: &Donation) -> Vec<HoldPart> {
    let part = |line: &Line| HoldPart { opportunity: line.opportunity.clone(), shard: 0, amount_minor: line.amount_minor };
    donation.lines.iter().map(part).collect()
}

pub fn charge(kind: ChargeKind, id: &str, captured: Money, refunded: Money) -> Charge {
    Charge {
        payment: payment(id),
        kind,
        donation: Some(DONATION),
        captured_minor: captured,
        refunded_minor: refunded,
        taken_out_minor: Money::ZERO,
        brought_back_minor: Money::ZERO,
        fee_minor: Money::ZERO,
        method: Method::Mada,
        version: 0,
    }
}

pub fn fact(id: &str, amount: Money, happening: Happening) -> PaymentFact {
    PaymentFact {
        payment: payment(id),
        donation: Some(DONATION),
        attempt: 2,
        amount_minor: amount,
        currency: "SAR".to_owned(),
        happening,
    }
}

pub fn captured() -> Happening {
    captured_for(Money::ZERO)
}

/// Captured, the provider keeping so much of it.
pub fn captured_for(fee_minor: Money) -> Happening {
    Happening::Captured { method: Method::Mada, captured_at: NOON, fee_minor }
}

/// A member of a closed list, any of them.
pub fn any_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(all)
}

pub fn any_fund() -> impl Strategy<Value = Fund> {
    any_of(Fund::ALL)
}

/// Accounts of every kind, those of a fund for each fund and a few names.
pub fn accounts() -> Vec<Account> {
    let mut accounts = vec![
        Account::Clearing(Provider::Moyasar),
        Account::RefundsPayable,
        Account::RefundsSuspense,
        Account::Suspense,
        Account::Disputes(Provider::Moyasar),
        Account::Fees(Provider::Moyasar),
        Account::Bank,
        Account::BankSuspense,
        Account::Own,
    ];
    for fund in Fund::ALL {
        let opportunity = |name: &str| Account::Opportunity(*fund, name.parse().unwrap());
        accounts.extend(["wells", "clinic", "orphans"].map(opportunity));
        accounts.push(Account::Payable(*fund, "water-society".parse().unwrap()));
        accounts.push(Account::Receivable(*fund, "water-society".parse().unwrap()));
    }
    accounts
}

pub const ENTRY_KINDS: [EntryKind; 11] = [
    EntryKind::Settled,
    EntryKind::SecondCharge,
    EntryKind::LateCharge,
    EntryKind::Orphan,
    EntryKind::Refunded,
    EntryKind::ChargeReturned,
    EntryKind::Disputed,
    EntryKind::DisputeWon,
    EntryKind::DisputeLost,
    EntryKind::FeeCharged,
    EntryKind::Assigned,
];

/// A transfer between any two accounts for which `is_allowed`.
fn any_transfer(is_allowed: impl Fn(&Account, &Account) -> bool) -> impl Strategy<Value = Transfer> {
    let accounts = accounts();
    let all = accounts.iter().flat_map(|debit| accounts.iter().map(move |credit| (debit.clone(), credit.clone())));
    let pairs: Vec<_> = all
        .filter(|(debit, credit)| is_allowed(debit, credit))
        .filter(|(debit, credit)| Transfer::new(debit.clone(), credit.clone(), riyals(1)).is_ok())
        .collect();
    (prop::sample::select(pairs), 1u64..10_000_000, prop::option::of(0u8..20)).prop_map(|((debit, credit), amount, line)| {
        let transfer = Transfer::new(debit, credit, halalas(amount)).unwrap();
        match line {
            Some(line) => transfer.for_line(line, purpose()),
            None => transfer,
        }
    })
}

pub fn any_entry() -> impl Strategy<Value = Entry> {
    let of_kind = |kind: EntryKind| {
        let donation = prop::option::of(any::<[u8; 16]>().prop_map(DonationId::from_bytes));
        let allowed = move |debit: &Account, credit: &Account| rules::of_entry(kind, debit, credit);
        let transfers = prop::collection::vec(any_transfer(allowed), 1..4);
        (Just(kind), donation, "[a-z0-9]{1,20}", any_of(Method::ALL), any::<u32>(), transfers)
    };
    prop::sample::select(ENTRY_KINDS.to_vec()).prop_flat_map(of_kind).prop_map(
        |(kind, donation, id, method, later, transfers)| {
            let happened_at = NOON.plus_seconds(later.into());
            Entry { kind, donation, payment: payment(&id), method, happened_at, transfers }
        },
    )
}

pub fn any_movement() -> impl Strategy<Value = Movement> {
    let of_kind = |kind: MovementKind| {
        let allowed = move |debit: &Account, credit: &Account| rules::of_movement(kind, debit, credit);
        (Just(kind), "[a-z0-9]{1,20}", any::<u32>(), prop::collection::vec(any_transfer(allowed), 1..4))
    };
    any_of(MovementKind::ALL).prop_flat_map(of_kind).prop_map(|(kind, matter, later, transfers)| {
        let reference = Movement::reference(kind, &[&matter]);
        Movement { kind, reference, happened_at: NOON.plus_seconds(later.into()), transfers, payment: None }
    })
}
