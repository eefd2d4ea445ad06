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
use serde_json::{Value, json};
use stage::identity::ISSUER;

use crate::targets::signing::{KEYS, TOKEN};

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

/// The target of each route's body.
const BODIES: &[(&str, &str)] = &[
    ("POST /v1/donations", "gift"),
    ("POST /v1/donations/{id}/attempts", "attempt"),
    ("PUT /v1/notice-preferences", "wishes"),
    ("PUT /v1/opportunities/{id}", "draft"),
    ("PUT /v1/charities/{id}", "draft"),
    ("PUT /v1/sacrifice/offerings/{id}", "offering"),
    ("POST /v1/donations/{id}/refunds", "refund"),
    ("POST /v1/donations/{id}/disputes", "dispute"),
    ("POST /v1/operations/cases/{id}/close", "closing"),
    ("POST /v1/operations/corrections", "correction"),
    ("POST /v1/operations/retractions", "retraction"),
    ("POST /v1/operations/replays", "replay"),
    ("POST /v1/sacrifice/slaughterhouses/{id}/updates", "updates"),
    ("POST /v1/sacrifice/slaughterhouses/{id}/evidence", "evidence"),
    ("PUT /v1/sacrifice/slaughterhouses/{id}/keys", "house_keys"),
    ("POST /v1/payments/{provider}/callbacks", "webhook"),
];

/// The target of a route's body, if it takes one.
pub fn target_of(route: &str) -> Option<&'static str> {
    BODIES.iter().find(|(known, _)| *known == route).map(|(_, target)| *target)
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
        let sample = Sample { folder: file.parent().unwrap_or(&file).strip_prefix(events())?, name, text };
        seeds.extend(sample.seeds().with_context(|| file.display().to_string())?);
    }
    for (number, amount) in
        ["1", "10.50", "٥٠", "٠٫٥", "1,000", "999999999999.99", "2026-11-23T21:00:00Z"].iter().enumerate()
    {
        seeds.push(seed("words", &format!("amount-{number}"), amount.as_bytes().to_vec()));
    }
    for file in files(&root().join("tests/fuzz/seeds/proof"))? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        seeds.push(Seed { target: "proof", name, bytes: fs::read(&file)? });
    }
    seeds.extend(books()?);
    seeds.extend(signed());
    seeds.push(seed("checkout_answer", "invoice", invoice().to_string().into_bytes()));
    Ok(seeds)
}

/// A sample of `events/`.
struct Sample<'a> {
    folder: &'a Path,
    name: String,
    text: Vec<u8>,
}

impl Sample<'_> {
    fn seeds(&self) -> anyhow::Result<Vec<Seed>> {
        let folder = self.folder.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned());
        let folder = folder.unwrap_or_default();
        if folder == "statements" {
            return Ok(vec![self.seed("statement", self.text.clone())]);
        }
        let event: Value = serde_json::from_slice(&self.text)?;
        Ok(match folder.as_str() {
            "webhooks" => body(&event).map(|body| self.webhook(&event, body)).unwrap_or_default(),
            "schedule" => ["schedule", "comparison", "execution"].map(|target| self.seed(target, self.text.clone())).into(),
            "queues" => {
                let records = event.get("Records").and_then(Value::as_array).cloned().unwrap_or_default();
                let bodies = records.iter().filter_map(|record| record.get("body")?.as_str());
                let messages = bodies.map(|body| self.seed("message", body.as_bytes().to_vec()));
                messages.chain([self.seed("batch", self.text.clone())]).collect()
            }
            "api" => self.call(&event),
            _ => Vec::new(),
        })
    }

    fn seed(&self, target: &'static str, bytes: Vec<u8>) -> Seed {
        seed(target, &self.name, bytes)
    }

    /// A webhook; what it would be if it were kept; and its payment as the provider tells it, alone and in a list.
    fn webhook(&self, event: &Value, body: Vec<u8>) -> Vec<Seed> {
        let mut seeds = vec![self.seed("request", event.to_string().into_bytes()), self.seed("kept", body.clone())];
        let data = serde_json::from_slice::<Value>(&body).ok().and_then(|event| event.get("data").cloned());
        seeds.push(self.seed("webhook", body));
        if let Some(data) = data {
            let meta = json!({"current_page": 1, "next_page": null, "prev_page": null, "total_pages": 1, "total_count": 2});
            let list = json!({"payments": [data.clone(), data.clone()], "meta": meta});
            seeds.push(self.seed("payment_list", list.to_string().into_bytes()));
            seeds.push(self.seed("provider_answer", data.to_string().into_bytes()));
        }
        seeds
    }

    /// A call: its body for whoever reads the bodies of its route, its headers for whoever reads tokens.
    fn call(&self, event: &Value) -> Vec<Seed> {
        let mut seeds = vec![self.seed("request", self.text.clone())];
        let route = event.get("routeKey").and_then(Value::as_str).unwrap_or_default();
        if let Some((target, body)) = target_of(route).zip(body(event)) {
            seeds.push(self.seed(target, body));
        }
        let headers = event.get("headers").and_then(Value::as_object).cloned().unwrap_or_default();
        for value in headers.values().filter_map(Value::as_str) {
            seeds.push(self.seed("tokens", value.as_bytes().to_vec()));
            seeds.push(self.seed("updates", value.as_bytes().to_vec()));
        }
        let bearer = headers.get("authorization").and_then(Value::as_str).and_then(|value| value.split(' ').nth(1));
        seeds.extend(bearer.map(|bearer| self.seed("bearer", bearer.as_bytes().to_vec())));
        seeds
    }
}

fn seed(target: &'static str, name: &str, bytes: Vec<u8>) -> Seed {
    Seed { target, name: name.to_owned(), bytes }
}

/// A token that is right, and the keys and the configuration that say so.
fn signed() -> Vec<Seed> {
    let configuration = json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys")});
    vec![
        seed("bearer", "right", TOKEN.as_bytes().to_vec()),
        seed("key_set", "right", KEYS.to_string().into_bytes()),
        seed("key_set", "configuration", configuration.to_string().into_bytes()),
    ]
}

/// An invoice as the provider answers with it.
fn invoice() -> Value {
    json!({
        "id": "760878ec-d1d3-5f72-9056-191683f55872",
        "status": "initiated",
        "amount": 1_000,
        "currency": "SAR",
        "url": "https://checkout.moyasar.com/invoices/760878ec-d1d3-5f72-9056-191683f55872",
        "metadata": {"donation": "07".repeat(16), "attempt": "1"},
    })
}

/// A page of each kind, and a file of them.
fn books() -> anyhow::Result<Vec<Seed>> {
    let now = Moment::from_millis(1_795_424_400_000);
    let chain = ChainId::new(3).context("a chain")?;
    let kind = MovementKind::PaidOut;
    let amount = Money::from_riyals(10).context("an amount")?;
    let transfers = vec![Transfer::new(Account::Bank, Account::Clearing(Provider::Moyasar), amount)?];
    let movement =
        Movement { kind, reference: Movement::reference(kind, &["1"]), happened_at: now, transfers, payment: None };
    let first = Tail::empty(chain).write_movements(vec![movement], now);
    let seal = first.tail().seal(now);
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
