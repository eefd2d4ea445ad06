//! The document of the sealed day, held against the pages and against what was true at the provider when it was written.

use std::collections::{BTreeMap, BTreeSet};

use domain::journal::{Account, Entry, EntryKind, MovementKind, Page, Transfer};
use domain::moment::{Day, Moment};
use domain::payment::Provider;
use moyasar_sandbox::PaymentFacts;
use serde_json::{Value, json};

use super::bank::net;
use super::cases::Cases;
use super::payments::{by_hand, is_income, returned, taken};
use crate::days::Told;
use crate::world::World;

/// Taken, given back and kept of a payment.
type Figures = (i64, i64, i64);

/// The document stands, and says what is so. That each of its differences has a cause is told by its case.
pub fn days(world: &World, pages: &[Page], cases: &Cases, wrong: &mut Vec<String>) {
    let day = world.stage.now().day().previous();
    let Some(told) = world.days.told() else {
        wrong.push(format!("{day} was never compared"));
        return;
    };
    let document = &told.document;
    if document["day"] != json!(day.to_string()) {
        wrong.push(format!("the document of {day} is that of {}", document["day"]));
    }
    add_up(document, cases, wrong);
    books(document, day, pages, wrong);
    if let Some(payments) = told.payments.clone() {
        let is_of_day = |payment: &PaymentFacts| Moment::from_millis(payment.created_at.cast_signed()).day() == day;
        let (begun, mut others): (Vec<_>, Vec<_>) = payments.into_iter().partition(is_of_day);
        // What was begun after midnight is booked on the day still, until its chain is sealed.
        let of_day = pages.iter().filter(|page| page.day == day).flat_map(Page::entries);
        let booked: BTreeSet<String> = of_day.map(|entry| entry.payment.payment.to_string()).collect();
        others.retain(|payment| booked.contains(&payment.id.to_string()));
        for (name, payments) in [("begun_on_the_day", begun), ("booked_on_the_day_begun_before", others)] {
            provider((name, &told), &payments, pages, wrong);
        }
    }
    twice(&told, day, pages, cases, wrong);
    payouts(document, day, pages, cases, wrong);
    if told.is_late {
        let closing = world.bank.statements().last().map_or(0, |(statement, _)| statement.closing());
        for name in ["bank_by_books_minor", "bank_by_statements_minor"] {
            says(&document["balances"], name, closing, wrong);
        }
    }
}

fn says(part: &Value, name: &str, expected: impl Into<Value>, wrong: &mut Vec<String>) {
    let expected = expected.into();
    if part[name] != expected {
        wrong.push(format!("the day's document says {name} {}, and {expected} is so", part[name]));
    }
}

/// Each side is what matched and what differs of it, and each difference is a case.
fn add_up(document: &Value, cases: &Cases, wrong: &mut Vec<String>) {
    for part in ["begun_on_the_day", "booked_on_the_day_begun_before"] {
        let part = &document[part];
        for (all, rest) in [("told", "differing_told"), ("booked", "differing_booked")] {
            for name in ["payments", "captured_minor", "refunded_minor", "fee_minor"] {
                let of = |side: &str| part[side][name].as_i64().unwrap_or(0);
                if of(all) != of("matched") + of(rest) {
                    wrong.push(format!("the day's document does not add up: {all} {name} of {part}"));
                }
            }
        }
    }
    let named = document["cases"].as_array().cloned().unwrap_or_default();
    says(document, "differences", named.len(), wrong);
    for named in named {
        let is_case = |case: &&Value| case["pk"] == format!("CASE#{}", named["case"].as_str().unwrap_or_default());
        let reason = named["reason"].as_str().unwrap_or_default();
        let case = cases.for_reason(reason).find(is_case);
        if case.is_none_or(|case| case["amount_minor"] != named["amount_minor"] || case["payment"] != named["payment"]) {
            wrong.push(format!("the day's document names a difference of which nobody is told: {named}"));
        }
    }
}

/// What it says of the day's pages.
fn books(document: &Value, day: Day, pages: &[Page], wrong: &mut Vec<String>) {
    let of_day = || pages.iter().filter(|page| page.day == day);
    says(&document["books"], "entries", of_day().flat_map(Page::entries).count(), wrong);
    says(&document["books"], "movements", of_day().flat_map(Page::movements).count(), wrong);
    let (mut count, mut sums) = (BTreeMap::new(), BTreeMap::new());
    for movement in of_day().flat_map(Page::movements) {
        let amount: i64 = movement.transfers.iter().map(|transfer| transfer.amount().signed_halalas()).sum();
        let is_in = movement.transfers.iter().all(|transfer| *transfer.debit() == Account::Bank);
        let (of, into) = match (movement.kind, is_in) {
            (MovementKind::PaidOut, _) => ("payouts", "paid_out_minor"),
            (MovementKind::Unexplained, true) => ("unexplained", "unexplained_in_minor"),
            (MovementKind::Unexplained, false) => ("unexplained", "unexplained_out_minor"),
            _ => continue,
        };
        *count.entry(of).or_insert(0) += 1;
        *sums.entry(into).or_insert(0) += amount;
    }
    for name in ["payouts", "unexplained"] {
        says(&document["bank"], name, count.get(name).copied().unwrap_or(0), wrong);
    }
    for name in ["paid_out_minor", "unexplained_in_minor", "unexplained_out_minor"] {
        says(&document["bank"], name, sums.get(name).copied().unwrap_or(0), wrong);
    }
    let until = pages.iter().filter(|page| page.day <= day);
    says(&document["balances"], "held_by_provider_minor", net(until, &Account::Clearing(Provider::Moyasar)), wrong);
}

/// Of what stood in the day's books twice all the while somebody is told.
fn twice(told: &Told, day: Day, pages: &[Page], cases: &Cases, wrong: &mut Vec<String>) {
    let [before, after] = &told.twice;
    for payment in before.intersection(after) {
        let of_day = pages.iter().filter(|page| page.day == day).flat_map(Page::entries);
        let is_income_of = |entry: &&Entry| is_income(entry.kind) && entry.payment.payment.as_str() == payment;
        if of_day.filter(is_income_of).count() > 1 && !cases.about("booked_twice", payment) {
            wrong.push(format!("payment {payment} was in the day's books twice, and nobody is told"));
        }
    }
}

/// What it says of the provider, and once everything was at rest of the books' side of the same payments.
fn provider((name, told): (&str, &Told), payments: &[PaymentFacts], pages: &[Page], wrong: &mut Vec<String>) {
    let begun = &told.document[name];
    let true_of =
        |payment: &PaymentFacts| (payment.taken.cast_signed(), payment.refunded.cast_signed(), payment.fee.cast_signed());
    let took = payments.iter().filter(|payment| payment.taken > 0);
    sums("told", &begun["told"], took.clone().map(true_of).collect(), wrong);
    if !told.is_late {
        return;
    }
    let by_hand = by_hand(pages);
    let booked = |payment: &PaymentFacts| of_books(&payment.id.to_string(), pages, &by_hand);
    sums("booked", &begun["booked"], payments.iter().filter_map(booked).collect(), wrong);
    let gave_back = |id: &str| by_hand.get(id).is_some_and(|sum| *sum != 0) && is_settled(id, pages);
    let was_twice = |payment: &PaymentFacts| {
        let id = payment.id.to_string();
        told.twice[0].contains(&id) || gave_back(&id)
    };
    let differs = |payment: &&PaymentFacts| match booked(payment) {
        None => payment.taken > 0,
        Some(_) if was_twice(payment) => true,
        Some(figures) => payment.taken == 0 || figures != true_of(payment),
    };
    says(begun, "differences", payments.iter().filter(differs).count(), wrong);
    let nothing = payments.iter().filter(|payment| payment.taken == 0 && booked(payment).is_none()).count();
    says(begun, "without_money", nothing, wrong);
}

fn sums(side: &str, said: &Value, all: Vec<Figures>, wrong: &mut Vec<String>) {
    let sum = |of: fn(&Figures) -> i64| all.iter().map(of).sum::<i64>();
    let expected = json!({
        "payments": all.len(), "captured_minor": sum(|of| of.0), "refunded_minor": sum(|of| of.1), "fee_minor": sum(|of| of.2),
    });
    if *said != expected {
        wrong.push(format!("the day's document says {side} {said}, and {expected} is so"));
    }
}

fn is_settled(payment: &str, pages: &[Page]) -> bool {
    let is = |entry: &Entry| entry.kind == EntryKind::Settled && entry.payment.payment.as_str() == payment;
    pages.iter().flat_map(Page::entries).any(is)
}

/// What the pages have of a payment; none if it never came in.
fn of_books(payment: &str, pages: &[Page], by_hand: &BTreeMap<String, i64>) -> Option<Figures> {
    let is_of = |entry: &&Entry| entry.payment.payment.as_str() == payment;
    let entries: Vec<&Entry> = pages.iter().flat_map(Page::entries).filter(is_of).collect();
    if !entries.iter().any(|entry| is_income(entry.kind)) {
        return None;
    }
    let fee: i64 = entries.iter().flat_map(|entry| &entry.transfers).map(Transfer::fee_minor).sum();
    let by_hand = by_hand.get(payment).copied().unwrap_or(0);
    Some((taken(&entries, by_hand), returned(&entries, by_hand), fee))
}

/// More was paid out on the day than had been collected by the books, which had not come to know of everything, or may not book it: a case of just that much.
fn payouts(document: &Value, day: Day, pages: &[Page], cases: &Cases, wrong: &mut Vec<String>) {
    let clearing = Account::Clearing(Provider::Moyasar);
    let of_day = || pages.iter().filter(|page| page.day == day);
    let left = of_day().flat_map(Page::entries).filter(|entry| entry.kind != EntryKind::Assigned);
    let left = left.flat_map(|entry| &entry.transfers).filter(|transfer| *transfer.credit() == clearing);
    let left: i64 = left.map(|transfer| transfer.amount().signed_halalas()).sum();
    let paid = of_day().flat_map(Page::movements).filter(|movement| movement.kind == MovementKind::PaidOut);
    let paid = paid.flat_map(|movement| &movement.transfers).map(|transfer| transfer.amount().signed_halalas());
    let held = net(pages.iter().filter(|page| page.day <= day), &clearing);
    let beyond = paid.sum::<i64>().min(-(held + left)).max(0);
    let told: Vec<i64> = cases.for_reason("payout_differs").filter_map(|case| case["amount_minor"].as_i64()).collect();
    let expected: Vec<i64> = Some(beyond).filter(|beyond| *beyond > 0).into_iter().collect();
    if told != expected {
        wrong.push(format!("{expected:?} were paid out beyond what was collected, and told of are {told:?}: {document}"));
    }
}
