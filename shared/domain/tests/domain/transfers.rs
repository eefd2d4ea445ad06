//! Money never crosses from one fund to another, and nothing moves from nowhere to nowhere.

use domain::journal::{Account, Entry, EntryKind, Movement, MovementKind, Page, PageError, Transfer, TransferError, rules};
use domain::money::Money;
use domain::payment::{Method, Provider};
use domain::purpose::Fund;

use crate::chains::{first_tail, salts};
use crate::given::{ENTRY_KINDS, NOON, accounts, payment, purpose, riyals};

#[test]
fn every_pair_of_accounts() {
    for debit in accounts() {
        for credit in accounts() {
            let expected = match (debit.fund(), credit.fund()) {
                _ if debit == credit => Err(TransferError::SameAccount),
                (Some(from), Some(to)) if from != to => Err(TransferError::FundsMixed(from, to)),
                _ => Ok(()),
            };
            let transfer = Transfer::new(debit.clone(), credit.clone(), riyals(1));
            assert_eq!(transfer.map(|_| ()), expected, "{debit} to {credit}");
            let nothing = Transfer::new(debit.clone(), credit.clone(), Money::ZERO);
            assert_eq!(nothing.unwrap_err(), TransferError::Nothing);
        }
    }
}

/// A page with one transfer of one riyal between two opportunities of the zakat fund.
fn page() -> Page {
    first_tail().write_movements(vec![corrected(riyals(1))], NOON)
}

fn corrected(amount: Money) -> Movement {
    let account = |name: &str| Account::Opportunity(Fund::Zakat, name.parse().unwrap());
    let transfers = vec![Transfer::new(account("wells"), account("wills"), amount).unwrap()];
    let kind = MovementKind::Corrected;
    Movement { kind, reference: Movement::reference(kind, &["a mistake"]), happened_at: NOON, transfers, payment: None }
}

/// The page after somebody wrote `to` over the only `from` among its bytes.
fn forged(from: &[u8], to: &[u8]) -> Page {
    let mut bytes = page().bytes();
    let places: Vec<usize> = (0..bytes.len()).filter(|place| bytes[*place..].starts_with(from)).collect();
    let [place] = places.as_slice() else { panic!("{from:x?} stands {} times in the page", places.len()) };
    bytes[*place..place + to.len()].copy_from_slice(to);
    Page::read(&bytes).unwrap()
}

fn rule_broken(page: &Page) -> TransferError {
    match page.verify(&first_tail()) {
        Err(PageError::BadTransfer { entry: 0, source }) => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_transfer_that_was_never_allowed_is_found_when_it_is_read() {
    page().verify(&first_tail()).unwrap();
    let wells = |fund: u8| [&[fund, 0x65][..], b"wells"].concat();
    assert_eq!(rule_broken(&forged(&wells(0), &wells(2))), TransferError::FundsMixed(Fund::Waqf, Fund::Zakat));
    assert_eq!(rule_broken(&forged(b"wills", b"wells")), TransferError::SameAccount);
}

#[test]
fn a_transfer_of_nothing_is_found_when_it_is_read() {
    // 100 halalas is 0x18 0x64; one byte of zero in its place, with a shorter text before it, would move the rest.
    let cheap = first_tail().write_movements(vec![corrected(Money::from_halalas(1).unwrap())], NOON);
    let mut bytes = cheap.bytes();
    let place = (0..bytes.len()).find(|place| bytes[*place..].starts_with(b"wills\x01")).unwrap();
    bytes[place + 5] = 0;
    assert_eq!(rule_broken(&Page::read(&bytes).unwrap()), TransferError::Nothing);
}

#[test]
fn an_id_that_breaks_its_rule_cannot_be_read() {
    let mut bytes = page().bytes();
    let place = (0..bytes.len()).find(|place| bytes[*place..].starts_with(b"wells")).unwrap();
    bytes[place] = b'/';
    assert!(matches!(Page::read(&bytes), Err(PageError::Unreadable(_))));
}

/// By every kind of entry and movement there is, over any number of accounts in between: money that is in one fund never comes into another.
#[test]
fn no_chain_of_transfers_leads_from_one_fund_into_another() {
    let accounts = accounts();
    let is_allowed = |debit: &Account, credit: &Account| {
        Transfer::new(debit.clone(), credit.clone(), riyals(1)).is_ok()
            && (ENTRY_KINDS.iter().any(|kind| rules::of_entry(*kind, debit, credit))
                || MovementKind::ALL.iter().any(|kind| rules::of_movement(*kind, debit, credit)))
    };
    // A credit of a fund is money that comes in. It may come from outside, that is from clearing, where it is a donor's, or what the platform gives itself; what left another fund must not.
    let into_a_fund = |debit: &Account, credit: &Account| credit.fund().is_some() && is_allowed(debit, credit);
    for credit in accounts.iter().filter(|account| account.fund().is_some()) {
        let from: Vec<&Account> = accounts.iter().filter(|debit| into_a_fund(debit, credit)).collect();
        let outside: Vec<String> = from.iter().filter(|debit| debit.fund().is_none()).map(ToString::to_string).collect();
        let expected: &[&str] = match credit {
            Account::Opportunity(Fund::Adahi | Fund::Kaffara, _) => &["clearing:moyasar", "own"],
            Account::Opportunity(..) => &["clearing:moyasar"],
            Account::Receivable(..) => &["bank"],
            _ => &[],
        };
        assert_eq!(outside, expected, "into {credit}");
        assert!(from.iter().all(|debit| debit.fund().is_none_or(|fund| Some(fund) == credit.fund())), "into {credit}");
    }
    // And into an opportunity from clearing only by a gift's settlement, one line a transfer.
    let wells = Account::Opportunity(Fund::Zakat, "wells".parse().unwrap());
    let clearing = Account::Clearing(Provider::Moyasar);
    let kinds: Vec<EntryKind> = ENTRY_KINDS.into_iter().filter(|kind| rules::of_entry(*kind, &clearing, &wells)).collect();
    assert_eq!(kinds, [EntryKind::Settled]);
    assert!(MovementKind::ALL.iter().all(|kind| !rules::of_movement(*kind, &clearing, &wells)));
}

/// Every pair of accounts that a kind may move money between, and no other. Of a fund, one stands for all.
#[test]
fn each_kind_moves_money_between_these_accounts() {
    let entries = [
        (EntryKind::Settled, "clearing → opportunity, fees → clearing"),
        (EntryKind::SecondCharge, "clearing → refunds_payable, fees → clearing"),
        (EntryKind::LateCharge, "clearing → refunds_payable, fees → clearing"),
        (EntryKind::Orphan, "clearing → suspense, fees → clearing"),
        (EntryKind::Refunded, "refunds_suspense → clearing, opportunity → clearing, opportunity → refunds_suspense"),
        (EntryKind::ChargeReturned, "refunds_payable → clearing, suspense → clearing"),
        (EntryKind::Disputed, "disputes → clearing"),
        (EntryKind::DisputeWon, "clearing → disputes"),
        (
            EntryKind::DisputeLost,
            "refunds_suspense → clearing, refunds_suspense → disputes, opportunity → clearing, opportunity → refunds_suspense, \
             opportunity → disputes",
        ),
        (EntryKind::FeeCharged, "fees → clearing"),
        (EntryKind::Assigned, "clearing → fees, suspense → clearing"),
    ];
    assert_eq!(entries.map(|(kind, _)| kind), ENTRY_KINDS);
    for (kind, expected) in entries {
        assert_eq!(moves(|debit, credit| rules::of_entry(kind, debit, credit)), expected, "{kind:?}");
    }
    let movements = [
        (MovementKind::PaidOut, "bank → clearing"),
        (MovementKind::Unexplained, "bank → bank_suspense, bank_suspense → bank"),
        (MovementKind::Granted, "opportunity → payable"),
        (MovementKind::Paid, "payable → bank"),
        (MovementKind::Recalled, "receivable → opportunity"),
        (MovementKind::Repaid, "bank → receivable"),
        // Of zakat, which stands for all funds here, no animal is slaughtered.
        (MovementKind::Completed, ""),
    ];
    for (kind, expected) in movements {
        assert_eq!(moves(|debit, credit| rules::of_movement(kind, debit, credit)), expected, "{kind:?}");
    }
    // Two people may correct anything, but for what is of a fund on one side only.
    for debit in accounts() {
        for credit in accounts() {
            let is_allowed = rules::of_movement(MovementKind::Corrected, &debit, &credit);
            assert_eq!(is_allowed, debit.fund() == credit.fund(), "{debit} to {credit}");
        }
    }
}

/// The pairs of accounts, in words, that are allowed.
fn moves(is_allowed: impl Fn(&Account, &Account) -> bool) -> String {
    let is_one = |account: &Account| match account {
        Account::Opportunity(fund, id) => *fund == Fund::Zakat && id.as_str() == "wells",
        other => other.fund().is_none_or(|fund| fund == Fund::Zakat),
    };
    let accounts: Vec<Account> = accounts().into_iter().filter(is_one).collect();
    let name = |account: &Account| match account {
        Account::Opportunity(..) => "opportunity".to_owned(),
        other => other.to_string().split(':').next().unwrap().to_owned(),
    };
    let pairs = accounts.iter().flat_map(|debit| accounts.iter().map(move |credit| (debit, credit)));
    let allowed = pairs.filter(|(debit, credit)| is_allowed(debit, credit));
    allowed.map(|(debit, credit)| format!("{} → {}", name(debit), name(credit))).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_page_that_moves_money_between_accounts_not_of_its_kind_is_refused() {
    let wells = Account::Opportunity(Fund::Zakat, "wells".parse().unwrap());
    let transfers = vec![Transfer::new(Account::Suspense, wells, riyals(1)).unwrap()];
    for kind in ENTRY_KINDS {
        let (donation, method) = (None, Method::Mada);
        let entry = Entry { kind, donation, payment: payment("p"), method, happened_at: NOON, transfers: transfers.clone() };
        let page = first_tail().write(vec![entry], &salts(1), NOON);
        assert_eq!(page.verify(&first_tail()), Err(PageError::NotOfItsKind { entry: 0 }), "{kind:?}");
    }
    for kind in MovementKind::ALL {
        let reference = Movement::reference(*kind, &["a mistake"]);
        let movement = Movement { kind: *kind, reference, happened_at: NOON, transfers: transfers.clone(), payment: None };
        let page = first_tail().write_movements(vec![movement], NOON);
        assert_eq!(page.verify(&first_tail()), Err(PageError::NotOfItsKind { entry: 0 }), "{kind:?}");
    }
}

#[test]
fn a_reference_names_one_matter_of_one_kind() {
    let reference = Movement::reference(MovementKind::PaidOut, &["statement-1", "7"]);
    assert_ne!(reference, Movement::reference(MovementKind::Paid, &["statement-1", "7"]));
    assert_ne!(reference, Movement::reference(MovementKind::PaidOut, &["statement-", "17"]));
    assert_ne!(reference, Movement::reference(MovementKind::PaidOut, &["statement-1", "7", ""]));
}

#[test]
fn a_transfer_says_which_line_it_is_of_and_what_the_line_is_for() {
    let wells = Account::Opportunity(Fund::Zakat, "wells".parse().unwrap());
    let plain = Transfer::new(Account::Clearing(Provider::Moyasar), wells, riyals(1)).unwrap();
    assert_eq!((plain.line(), plain.purpose()), (None, None));
    for line in [0, 1, 19] {
        let transfer = plain.clone().for_line(line, purpose());
        assert_eq!((transfer.line(), transfer.purpose()), (Some(line), Some(&purpose())));
        assert_eq!((transfer.debit(), transfer.credit(), transfer.amount()), (plain.debit(), plain.credit(), riyals(1)));
    }
}

/// What a day's record counts of an entry: once what moved at the provider, whatever moved among our own accounts for it.
#[test]
fn what_moved_at_the_provider_is_counted_without_its_fee() {
    let wells = || Account::Opportunity(Fund::Zakat, "wells".parse().unwrap());
    let clearing = || Account::Clearing(Provider::Moyasar);
    let (disputes, fees) = (|| Account::Disputes(Provider::Moyasar), || Account::Fees(Provider::Moyasar));
    let table = [
        (EntryKind::Settled, vec![(clearing(), wells(), 60), (clearing(), wells(), 40), (fees(), clearing(), 2)], 10_000),
        (EntryKind::SecondCharge, vec![(clearing(), Account::RefundsPayable, 100), (fees(), clearing(), 2)], 10_000),
        (EntryKind::FeeCharged, vec![(fees(), clearing(), 3)], 300),
        (EntryKind::Refunded, vec![(wells(), clearing(), 20), (wells(), Account::RefundsSuspense, 30)], 2_000),
        (EntryKind::Refunded, vec![(Account::RefundsSuspense, clearing(), 30)], 3_000),
        (EntryKind::Disputed, vec![(disputes(), clearing(), 60)], 6_000),
        (EntryKind::DisputeLost, vec![(wells(), disputes(), 60)], 6_000),
    ];
    for (kind, moves, expected) in table {
        let transfers =
            moves.into_iter().map(|(debit, credit, amount)| Transfer::new(debit, credit, riyals(amount)).unwrap());
        let (donation, method, transfers) = (None, Method::Mada, transfers.collect());
        let entry = Entry { kind, donation, payment: payment("p"), method, happened_at: NOON, transfers };
        assert_eq!(entry.moved_minor(), expected, "{kind:?}");
        let page = first_tail().write(vec![entry], &salts(1), NOON);
        page.verify(&first_tail()).unwrap();
    }
}
