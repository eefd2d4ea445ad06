//! The fold of pages into sums. Pure: the same pages in any order give the same totals.
//!
//! A total is a signed sum of halalas or a count, under a name within an item. Opportunities share items, many to one: a fold of
//! hundreds of gifts then touches at most [`BUCKETS`] items of theirs, so that it always fits into one transaction, and costs a
//! fraction of a write unit a gift.
//!
//! | item | names | what |
//! |---|---|---|
//! | `OPP#<bucket>` | `s:<opportunity>`, `n:<opportunity>` | collected and not given back; gifts settled with a line for it |
//! | `OPP#<bucket>` | `p:<opportunity>` | granted to its charity, less what the charity owes of it again |
//! | `ACC` | `d:<account>`, `c:<account>` | debits and credits of each account, opportunities and charities summed by fund |
//! | `DAY#<day>` | `s:<fund>`, `n:<fund>`, `s:all`, `n:all` | the day's running figures; a gift of several lines counts once |
//! | `DAY#<day>` | `d:<account>`, `c:<account>` | what moved through each account on the day, summed likewise |

use std::collections::{BTreeMap, BTreeSet};

use crate::hash::Hash;
use crate::id::OpportunityId;
use crate::journal::{Account, Entry, EntryKind, Movement, Page, Transfer};

/// How many items the opportunities' totals are spread over. With 500 opportunities an item stays well within 1 KB; a fold touches
/// 64 items at the most, which with the cursor, the accounts and two days is within a transaction's hundred.
pub const BUCKETS: u8 = 64;

/// The item that keeps an opportunity's totals.
pub fn bucket(opportunity: &OpportunityId) -> u8 {
    Hash::of(&[opportunity.as_str().as_bytes()]).bytes()[0] % BUCKETS
}

/// Changes to totals: by item, by name.
pub type Delta = BTreeMap<String, BTreeMap<String, i64>>;

/// The changes that these pages make.
pub fn fold<'a>(pages: impl IntoIterator<Item = &'a Page>) -> Delta {
    let mut delta = Delta::new();
    for page in pages {
        let day = format!("DAY#{}", page.day);
        for entry in page.entries() {
            fold_entry(&mut delta, &day, entry);
        }
        for movement in page.movements() {
            fold_movement(&mut delta, &day, movement);
        }
    }
    delta
}

fn fold_entry(delta: &mut Delta, day: &str, entry: &Entry) {
    for transfer in &entry.transfers {
        fold_accounts(delta, day, transfer);
        let amount = transfer.amount().signed_halalas();
        for (account, sign) in [(transfer.debit(), -1), (transfer.credit(), 1)] {
            if let Account::Opportunity(fund, opportunity) = account {
                add(delta, &item(opportunity), format!("s:{opportunity}"), sign * amount);
                add(delta, day, format!("s:{fund}"), sign * amount);
                add(delta, day, "s:all".to_owned(), sign * amount);
            }
        }
    }
    if entry.kind == EntryKind::Settled {
        count_gift(delta, day, entry);
    }
}

/// A movement changes nothing of what was given, only of what is left to be spent.
fn fold_movement(delta: &mut Delta, day: &str, movement: &Movement) {
    for transfer in &movement.transfers {
        fold_accounts(delta, day, transfer);
        let amount = transfer.amount().signed_halalas();
        for (account, sign) in [(transfer.debit(), 1), (transfer.credit(), -1)] {
            if let Account::Opportunity(_, opportunity) = account {
                add(delta, &item(opportunity), format!("p:{opportunity}"), sign * amount);
            }
        }
    }
}

fn fold_accounts(delta: &mut Delta, day: &str, transfer: &Transfer) {
    let amount = transfer.amount().signed_halalas();
    for (account, side) in [(transfer.debit(), 'd'), (transfer.credit(), 'c')] {
        let name = format!("{side}:{}", account.balance());
        add(delta, day, name.clone(), amount);
        add(delta, "ACC", name, amount);
    }
}

/// One gift more: once for each opportunity and fund it gives to, however many of its lines do.
fn count_gift(delta: &mut Delta, day: &str, entry: &Entry) {
    let mut opportunities = BTreeSet::new();
    let mut funds = BTreeSet::new();
    for transfer in &entry.transfers {
        if let Account::Opportunity(fund, opportunity) = transfer.credit() {
            opportunities.insert(opportunity);
            funds.insert(*fund);
        }
    }
    add(delta, day, "n:all".to_owned(), 1);
    funds.into_iter().for_each(|fund| add(delta, day, format!("n:{fund}"), 1));
    opportunities.into_iter().for_each(|opportunity| add(delta, &item(opportunity), format!("n:{opportunity}"), 1));
}

fn item(opportunity: &OpportunityId) -> String {
    format!("OPP#{:02}", bucket(opportunity))
}

fn add(delta: &mut Delta, item: &str, name: String, amount: i64) {
    if amount != 0 {
        *delta.entry(item.to_owned()).or_default().entry(name).or_default() += amount;
    }
}
