//! The whole of it over sockets: a merchant that listens, a provider that posts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use moyasar_sandbox::{Clock, Deed, Down, Payer, RETRY_WAITS_MS, Sandbox, Settings, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::play::{KEY, SECRET, basic, id};

const PATIENCE: Duration = Duration::from_secs(20);

/// What the merchant was told, and how it is to answer the next messages.
#[derive(Clone, Default)]
struct Merchant {
    told: Arc<Mutex<Vec<Value>>>,
    refusals: Arc<Mutex<usize>>,
}

struct Stage {
    sandbox: Sandbox,
    url: String,
    merchant: Merchant,
    tasks: Vec<JoinHandle<()>>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn listen(merchant: Merchant, listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let merchant = merchant.clone();
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let merchant = merchant.clone();
            async move {
                let body = request.into_body().collect().await.unwrap().to_bytes();
                merchant.told.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                let mut refusals = merchant.refusals.lock().unwrap();
                let status = if *refusals == 0 { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                *refusals = refusals.saturating_sub(1);
                let mut response = Response::new(Full::<Bytes>::default());
                *response.status_mut() = status;
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        tokio::spawn(async move {
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn stage() -> Stage {
    stage_with([10, 20, 30, 40, 50]).await
}

async fn stage_with(retry_waits_ms: [u64; 5]) -> Stage {
    let (shop, provider) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let url = format!("http://{}", provider.local_addr().unwrap());
    let settings = Settings { retry_waits_ms, ..Settings::new(url.clone(), KEY) };
    let settings = settings.webhook(format!("http://{}/hook", shop.local_addr().unwrap()), SECRET);
    let sandbox = Sandbox::new(settings, Clock::System);
    let merchant = Merchant::default();
    let tasks = vec![
        tokio::spawn(listen(merchant.clone(), shop)),
        tokio::spawn(serve(sandbox.clone(), provider, std::future::pending())),
    ];
    let client = Client::builder(TokioExecutor::new()).build_http();
    Stage { sandbox, url, merchant, tasks, client }
}

impl Stage {
    async fn call(&self, verb: &str, path: &str, body: Value) -> Result<(u16, Value), hyper_util::client::legacy::Error> {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = Request::builder().method(verb).uri(format!("{}{path}", self.url));
        let request = request
            .header("content-type", "application/json")
            .header("authorization", basic(KEY))
            .body(Full::new(body))
            .unwrap();
        let response = tokio::time::timeout(PATIENCE, self.client.request(request)).await.unwrap()?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    async fn told(&self, count: usize) -> Vec<Value> {
        let enough = async {
            while self.merchant.told.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, enough).await.expect("the merchant is told in time");
        self.merchant.told.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn an_invoice_is_made_paid_and_told_of() {
    let stage = stage().await;
    let (status, invoice) =
        stage.call("POST", "/v1/invoices", json!({"amount": 5000, "description": "gift"})).await.unwrap();
    assert_eq!(status, 201);
    let pay = format!("/sandbox/invoices/{}/pay", id(&invoice));
    assert_eq!(stage.call("POST", &pay, json!({"method": "applepay"})).await.unwrap().0, 200);
    let told = stage.told(1).await;
    assert_eq!((told[0]["type"].as_str(), told[0]["secret_token"].as_str()), (Some("payment_paid"), Some(SECRET)));
    let (_, payment) = stage.call("GET", &format!("/v1/payments/{}", id(&told[0]["data"])), Value::Null).await.unwrap();
    assert_eq!(payment, told[0]["data"]);
}

#[tokio::test]
async fn a_refused_message_comes_again() {
    let stage = stage().await;
    *stage.merchant.refusals.lock().unwrap() = 2;
    let (_, invoice) = stage.call("POST", "/v1/invoices", json!({"amount": 5000, "description": "gift"})).await.unwrap();
    stage.sandbox.pay(id(&invoice), &Payer::default()).unwrap();
    let told = stage.told(3).await;
    assert!(told.iter().all(|event| event["id"] == told[0]["id"]));
}

#[tokio::test]
async fn a_message_that_waits_keeps_nobody_awake() {
    let stage = stage_with(RETRY_WAITS_MS).await;
    *stage.merchant.refusals.lock().unwrap() = 1;
    let (_, invoice) = stage.call("POST", "/v1/invoices", json!({"amount": 5000, "description": "gift"})).await.unwrap();
    stage.sandbox.pay(id(&invoice), &Payer::default()).unwrap();
    stage.told(1).await;
    assert_eq!(stage.call("GET", "/v1/invoices", Value::Null).await.unwrap().0, 200);
    assert_eq!(stage.sandbox.pending(), 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_breaks_the_connection() {
    let stage = stage().await;
    stage.sandbox.next(Deed::LoseReply);
    assert!(stage.call("POST", "/v1/invoices", json!({"amount": 5000, "description": "gift"})).await.is_err());
    stage.sandbox.go_down(60_000, Down::Refuse);
    assert!(stage.call("GET", "/v1/invoices", Value::Null).await.is_err());
    stage.sandbox.come_up();
    assert_eq!(stage.call("GET", "/v1/invoices", Value::Null).await.unwrap().1["meta"]["total_count"], 1);
}

#[tokio::test]
async fn the_message_overtakes_the_answer() {
    let stage = stage().await;
    stage.sandbox.next(Deed::EarlyWebhook);
    let (_, invoice) = stage.call("POST", "/v1/invoices", json!({"amount": 5000, "description": "gift"})).await.unwrap();
    let told = stage.merchant.told.lock().unwrap().clone();
    assert_eq!(told.len(), 1, "it was there before the answer");
    assert_eq!(told[0]["data"]["invoice_id"], invoice["id"]);
}

#[tokio::test]
async fn only_this_machine_is_answered() {
    let stage = stage().await;
    let table = [("host", "evil.test", 403), ("origin", "http://evil.test", 403), ("origin", "http://localhost:3000", 200)];
    for (name, value, expected) in table {
        let request = Request::get(format!("{}/sandbox", stage.url)).header(name, value);
        let response = stage.client.request(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(response.status(), expected, "{name}: {value}");
    }
    let large = Request::post(format!("{}/v1/invoices", stage.url))
        .body(Full::new(Bytes::from(vec![b' '; 2 * 1024 * 1024])))
        .unwrap();
    let answered = stage.client.request(large).await.map(|response| response.status().as_u16());
    assert!(matches!(answered, Ok(413) | Err(_)), "{answered:?}");
}

#[tokio::test]
async fn hundreds_of_messages_are_delivered_side_by_side() {
    let stage = stage().await;
    for _ in 0..500 {
        let (_, invoice) = stage.call("POST", "/v1/invoices", json!({"amount": 100, "description": "gift"})).await.unwrap();
        stage.sandbox.pay(id(&invoice), &Payer::default()).unwrap();
    }
    let told = stage.told(500).await;
    let mut ids: Vec<&str> = told.iter().map(|event| event["data"]["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 500);
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sandbox = Sandbox::new(Settings::new(format!("http://{address}"), KEY), Clock::System);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(serve(sandbox, listener, async {
        let _ = stopped.await;
    }));
    drop(stop);
    tokio::time::timeout(PATIENCE, served).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
