//! A sandbox with a hand on its clock, and short ways to call it.

use base64::Engine as _;
use bytes::Bytes;
use http::Request;
use moyasar_sandbox::{Clock, Delivery, NoReply, Sandbox, Settings};
use serde_json::{Value, json};
use uuid::Uuid;

/// 2026-02-25T06:13:20Z.
pub const START_MS: u64 = 1_772_000_000_000;
pub const KEY: &str = "sk_test_play";
pub const SECRET: &str = "agreed-secret";

pub struct Play {
    pub sandbox: Sandbox,
    pub clock: Clock,
}

pub fn play() -> Play {
    play_with(|settings| settings)
}

pub fn play_with(change: impl FnOnce(Settings) -> Settings) -> Play {
    let clock = Clock::manual(START_MS);
    let settings = Settings::new("http://provider.test", KEY).webhook("http://shop.test/hook", SECRET);
    let sandbox = Sandbox::new(change(settings), clock.clone());
    Play { sandbox, clock }
}

pub fn basic(key: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{key}:")))
}

impl Play {
    pub async fn raw(&self, verb: &str, path: &str, key: Option<&str>, body: Vec<u8>) -> Result<(u16, Bytes), NoReply> {
        let mut request = Request::builder().method(verb).uri(path).header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("authorization", basic(key));
        }
        let response = self.sandbox.call(request.body(body.into()).unwrap()).await?;
        Ok((response.status().as_u16(), response.into_body()))
    }

    pub async fn try_call(&self, verb: &str, path: &str, body: Value) -> Result<(u16, Value), NoReply> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let (status, body) = self.raw(verb, path, Some(KEY), body).await?;
        Ok((status, serde_json::from_slice(&body).unwrap()))
    }

    pub async fn call(&self, verb: &str, path: &str, body: Value) -> (u16, Value) {
        self.try_call(verb, path, body).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub async fn invoice(&self, amount: u64) -> Uuid {
        let body = json!({"amount": amount, "currency": "SAR", "description": "gift", "metadata": {"donation": "D1"}});
        let (status, invoice) = self.call("POST", "/v1/invoices", body).await;
        assert_eq!(status, 201, "{invoice}");
        id(&invoice)
    }

    /// Everything due now, acknowledged with 200, as JSON.
    pub fn receive(&self) -> Vec<Value> {
        self.taken().into_iter().map(|delivery| json_of(&delivery)).collect()
    }

    /// Everything due now, acknowledged with 200.
    pub fn taken(&self) -> Vec<Delivery> {
        let due = self.sandbox.take_due(usize::MAX);
        for delivery in &due {
            self.sandbox.acknowledge(delivery, Some(200));
        }
        due
    }
}

pub fn id(object: &Value) -> Uuid {
    object["id"].as_str().unwrap().parse().unwrap()
}

pub fn json_of(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}
