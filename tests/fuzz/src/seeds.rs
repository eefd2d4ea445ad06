//! What targets begin with: the samples of `events/`, proofs that were published once (`seeds/`), and what our own code writes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::journal::{Account, ChainId, Movement, MovementKind, Tail, Transfer, archive};
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::Provider;
use serde_json::Value;

/// Bytes to begin with, for the target of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// The target.
    pub target: &'static str,
    /// Its name: that of the sample.
    pub name: String,
    /// What the target takes.
    pub bytes: Vec<u8>,
}

/// Every seed.
///
/// # Errors
/// When a sample cannot be read.
pub fn all() -> anyhow::Result<Vec<Seed>> {
    let mut seeds = Vec::new();
    for file in files(&events())? {
        let text = fs::read(&file).with_context(|| file.display().to_string())?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if file.starts_with(events().join("statements")) {
            seeds.push(Seed { target: "statement", name, bytes: text });
            continue;
        }
        let event: Value = serde_json::from_slice(&text).with_context(|| file.display().to_string())?;
        let folder = file.parent().unwrap_or(&file).strip_prefix(events())?.to_string_lossy().into_owned();
        let mut add = |target, bytes| seeds.push(Seed { target, name: name.clone(), bytes });
        let body = body(&event);
        match folder.as_str() {
            "webhooks" => body.into_iter().for_each(|body| {
                if let Some(data) = serde_json::from_slice::<Value>(&body).ok().and_then(|event| event.get("data").cloned())
                {
                    add("provider_answer", data.to_string().into_bytes());
                }
                add("webhook", body);
            }),
            "schedule" | "schedule/reports" => add("schedule", text),
            of_queues if of_queues.starts_with("queues") => {
                let records = event.get("Records").and_then(Value::as_array).cloned().unwrap_or_default();
                let bodies = records.iter().filter_map(|record| record.get("body")?.as_str());
                bodies.for_each(|body| add("message", body.as_bytes().to_vec()));
            }
            of_the_api if of_the_api.starts_with("api") => {
                for target in ["gift", "wishes", "draft", "updates"] {
                    body.clone().into_iter().for_each(|body| add(target, body));
                }
                let headers = event.get("headers").and_then(Value::as_object).cloned().unwrap_or_default();
                let values = headers.values().filter_map(Value::as_str);
                values.clone().for_each(|value| add("tokens", value.as_bytes().to_vec()));
                values.for_each(|value| add("updates", value.as_bytes().to_vec()));
                add("request", text);
            }
            _ => {}
        }
    }
    for (number, amount) in
        ["1", "10.50", "٥٠", "٠٫٥", "1,000", "999999999999.99", "2026-11-23T21:00:00Z"].iter().enumerate()
    {
        seeds.push(Seed { target: "words", name: format!("amount-{number}"), bytes: amount.as_bytes().to_vec() });
    }
    for file in files(&root().join("tests/fuzz/seeds/proof"))? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        seeds.push(Seed { target: "proof", name, bytes: fs::read(&file)? });
    }
    seeds.extend(books()?);
    Ok(seeds)
}

/// A page of each kind, and a file of them.
fn books() -> anyhow::Result<Vec<Seed>> {
    let now = Moment::from_millis(1_795_424_400_000);
    let chain = ChainId::new(3).context("a chain")?;
    let kind = MovementKind::PaidOut;
    let amount = Money::from_riyals(10).context("an amount")?;
    let transfers = vec![Transfer::new(Account::Bank, Account::Clearing(Provider::Moyasar), amount)?];
    let movement = Movement { kind, reference: Movement::reference(kind, &["1"]), happened_at: now, transfers };
    let first = Tail::empty(chain).write_movements(vec![movement], now);
    let seal = first.tail().seal(now);
    let seed = |target, name: &str, bytes| Seed { target, name: name.to_owned(), bytes };
    let forms = files(&root().join("shared/domain/tests/domain/forms")).unwrap_or_default();
    let mut seeds = vec![
        seed("page", "movements", first.bytes()),
        seed("page", "seal", seal.bytes()),
        seed("archive", "two-pages", archive::write(&[first, seal])),
    ];
    for form in forms {
        let hex: String = fs::read_to_string(&form)?.split_whitespace().collect();
        if let Some(bytes) = unhex(&hex) {
            seeds.push(seed("page", &form.file_stem().unwrap_or_default().to_string_lossy(), bytes));
        }
    }
    Ok(seeds)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    digits.collect()
}

/// The body that API Gateway hands over, as the client sent it.
fn body(event: &Value) -> Option<Vec<u8>> {
    let body = event.get("body")?.as_str()?;
    if event.get("isBase64Encoded").and_then(Value::as_bool) == Some(true) {
        return BASE64_STANDARD.decode(body).ok();
    }
    Some(body.as_bytes().to_vec())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn events() -> PathBuf {
    root().join("events")
}

/// Every file below a folder, in order.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}
