//! What is given in writing once all is at rest: the day's report and receipts, with faults again at every call.

use domain::donation::Donation;
use domain::journal::{EntryKind, Page, Transfer};
use domain::moment::Day;
use domain::receipt::Serial;
use platform::auth::Identifiers;
use serde_json::{Value, json};
use stage::event;

use crate::environment::Environment;
use crate::world::World;

/// How often a schedule or a donor's app tries; under these faults every second try or so goes well.
const TRIES: u32 = 40;
/// Gifts whose receipt is asked for in a run: setting one costs as much as many gifts.
const RECEIPTS: usize = 1;

/// The day before the midnight is reported, tried as often as it takes, and the report says what the books do.
///
/// # Errors
/// When the function cannot be started, or what it wrote is no report.
pub async fn report(world: &World, pages: &[Page], wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let day = world.stage.now().day().previous();
    for _ in 0..TRIES {
        let environment = Environment::start("reports", &world.platform("reports")?)?;
        if matches!(world.invoke("reports", &environment, json!({"day": day.to_string()})).await, Ok(Ok(_))) {
            return check_report(world, day, pages, wrong);
        }
    }
    wrong.push(format!("{day} could not be reported in {TRIES} tries"));
    Ok(())
}

fn check_report(world: &World, day: Day, pages: &[Page], wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let documents = world.stage.documents()?;
    let json = documents.iter().find(|(key, _)| key.ends_with(&format!("{}.json", reports::key(day))));
    let Some((_, json)) = json else {
        wrong.push(format!("{day} was reported, and no report stands"));
        return Ok(());
    };
    let all = &serde_json::from_slice::<Value>(json)?["all"];
    let entries = || pages.iter().filter(|page| page.day == day).flat_map(Page::entries);
    let sum = |kind: EntryKind, moves: fn(&Transfer) -> bool| -> u64 {
        let transfers = entries().filter(|entry| entry.kind == kind).flat_map(|entry| &entry.transfers);
        transfers.filter(|transfer| moves(transfer)).map(|transfer| transfer.amount().halalas()).sum()
    };
    let expected = json!({
        "given": riyals(sum(EntryKind::Settled, |transfer| transfer.credit().fund().is_some())),
        "returned": riyals(
            sum(EntryKind::Refunded, |transfer| transfer.debit().fund().is_some())
                + sum(EntryKind::DisputeLost, |transfer| transfer.debit().fund().is_some()),
        ),
        "gifts": entries().filter(|entry| entry.kind == EntryKind::Settled).count(),
    });
    for (name, expected) in expected.as_object().into_iter().flatten() {
        if all[name] != *expected {
            wrong.push(format!("{day}: the report says {name} {}, the books {expected}", all[name]));
        }
    }
    Ok(())
}

fn riyals(halalas: u64) -> String {
    format!("{}.{:02}", halalas / 100, halalas % 100)
}

/// Some donors ask for their receipt, twice each: it has the number that the books give it, and whoever checks its code sees what stands of the gift.
///
/// # Errors
/// When a function cannot be started, or the table cannot be read.
pub async fn hand_out(world: &World, pages: &[Page], wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let mut donations = world.stage.table.donations(&world.made()).await?;
    donations.retain(|donation| donation.place.is_some() && !world.deeds.is_erasing(&donation.id));
    donations.sort_by_key(|donation| donation.id);
    for donation in donations.iter().take(RECEIPTS) {
        let expected = json!(serial(donation, pages));
        let (first, again) = (receipt(world, donation).await?, receipt(world, donation).await?);
        if first["serial"] != expected || again["serial"] != expected {
            let (first, again) = (&first["serial"], &again["serial"]);
            wrong.push(format!("the receipt of {} is {first}, then {again}; the books say {expected}", donation.id));
        }
        let path = json!({"code": first["code"]});
        let checked = ask(world, &event::http("GET /v1/receipts/{code}", path, json!({}), "")).await?;
        let stands = donation.total().minus(donation.gone()).unwrap_or_default().to_string();
        if checked["amount"] != stands {
            wrong.push(format!("the receipt of {} is for {}, and {stands} stands", donation.id, checked["amount"]));
        }
    }
    Ok(())
}

fn serial(donation: &Donation, pages: &[Page]) -> Option<String> {
    let place = donation.place?;
    let page = pages.iter().find(|page| page.chain.number() == place.chain && page.seq == place.seq)?;
    Some(Serial::new(page.day, place).to_string())
}

async fn receipt(world: &World, donation: &Donation) -> anyhow::Result<Value> {
    let secret = world.stage.platform("donations")?.secrets()?.read("SECRET_IDENTIFIERS").await?;
    let headers = json!({"access-token": Identifiers::new(secret).access_token(&donation.id)});
    ask(world, &event::http("GET /v1/donations/{id}/receipt", json!({"id": donation.id.to_string()}), headers, "")).await
}

/// Asks as an app does: again, while there is no answer or "try again".
///
/// # Errors
/// When the function cannot be started, or its answer is no JSON.
pub(crate) async fn ask(world: &World, event: &Value) -> anyhow::Result<Value> {
    for _ in 0..TRIES {
        let environment = Environment::start("receipts", &world.platform("receipts")?)?;
        if let Ok(Ok(answer)) = world.invoke("receipts", &environment, event.clone()).await
            && answer["statusCode"].as_u64().is_some_and(|status| status < 500)
        {
            return Ok(serde_json::from_str(answer["body"].as_str().unwrap_or_default())?);
        }
    }
    Ok(Value::Null)
}
