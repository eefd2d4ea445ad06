//! Money never crosses from one fund to another, and nothing moves from nowhere to nowhere.

use domain::journal::{Account, Entry, EntryKind, Page, PageError, Transfer, TransferError};
use domain::money::Money;
use domain::payment::{Method, Provider};
use domain::purpose::Fund;

use crate::chains::{first_tail, salts};
use crate::given::{NOON, payment, riyals};

fn all_accounts() -> Vec<Account> {
    let opportunity = |fund: &Fund, name: &str| Account::Opportunity(*fund, name.parse().unwrap());
    let opportunities = Fund::ALL.iter().flat_map(|fund| [opportunity(fund, "wells"), opportunity(fund, "clinic")]);
    let clearings = Provider::ALL.iter().map(|provider| Account::Clearing(*provider));
    let others = [Account::RefundsPayable, Account::RefundsSuspense, Account::Suspense];
    opportunities.chain(clearings).chain(others).collect()
}

#[test]
fn every_pair_of_accounts() {
    for debit in all_accounts() {
        for credit in all_accounts() {
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
    let account = |name: &str| Account::Opportunity(Fund::Zakat, name.parse().unwrap());
    let transfers = vec![Transfer::new(account("wells"), account("wills"), riyals(1)).unwrap()];
    let (donation, method) = (None, Method::Mada);
    let entry = Entry { kind: EntryKind::Settled, donation, payment: payment("p"), method, happened_at: NOON, transfers };
    first_tail().write(vec![entry], &salts(1), NOON)
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
    let cheap = {
        let account = |name: &str| Account::Opportunity(Fund::Zakat, name.parse().unwrap());
        let one = Money::from_halalas(1).unwrap();
        let transfers = vec![Transfer::new(account("wells"), account("wills"), one).unwrap()];
        let entry = Entry { transfers, ..page().entries()[0].clone() };
        first_tail().write(vec![entry], &salts(1), NOON)
    };
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
