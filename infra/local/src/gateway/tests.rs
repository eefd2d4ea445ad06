//! Over real connections: what the function sees, what the client gets.
#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use jsonwebtoken::jwk::JwkSet;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

const NOW: &str = "2020-04-24T18:00:00.123Z";
const ISSUER: &str = "https://identity.example.sa/";

fn rs256() -> Value {
    serde_json::from_str(include_str!("../../fixtures/jwt-rs256.json")).unwrap()
}

fn route(key: &str, function: &Function, authorizer: Option<Arc<Authorizer>>, scopes: &[&str]) -> Route {
    let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    Route { key: key.parse().unwrap(), function: function.clone(), authorizer, scopes }
}

/// A gateway whose function notes its events and answers by `x-say`, as JSON.
async fn noting() -> (Gateway, Arc<Mutex<Vec<Value>>>) {
    let events = Arc::<Mutex<Vec<Value>>>::default();
    let noted = Arc::clone(&events);
    let function = Function::new("noting", Duration::from_secs(120), move |event: Value| {
        let say = event["headers"]["x-say"].as_str().map(str::to_owned);
        noted.lock().unwrap().push(event);
        async move {
            match say.as_deref() {
                Some("error") => Err("told to".to_owned()),
                Some("panic") => panic!("told to"),
                Some(json) => Ok(serde_json::from_str(json).unwrap()),
                None => Ok(json!({"statusCode": 200, "body": "ok"})),
            }
        }
    });
    let full = Function::new("full", Duration::from_secs(1), async |_| Ok(Value::Null)).with_reserved_concurrency(0);
    let keys: JwkSet = serde_json::from_value(rs256()).unwrap();
    let authorizer = Some(Arc::new(Authorizer::new(ISSUER, &["ihsan"], keys)));
    let page = Page::new("/local/echo", async |request: PageRequest| {
        let text = format!("{} {} {:?} {}", request.method, request.path, request.parameter("a"), request.body.len());
        http::Response::new(bytes::Bytes::from(text))
    });
    let bound = Bound::on(0).await.unwrap();
    let port = bound.address().port();
    let api = Api {
        identity: Identity { account: "123456789012".to_owned(), api: "local".to_owned(), port },
        routes: vec![
            route("$default", &function, None, &[]),
            route("POST /v1/donations", &function, None, &[]),
            route("GET /v1/opportunities/{id}", &function, authorizer.clone(), &["gifts:read", "gifts:write"]),
            route("GET /v1/audit", &function, authorizer, &["audit"]),
            route("GET /v1/full", &full, None, &[]),
        ],
        pages: vec![page],
        clock: Clock::standing_at(NOW.parse().unwrap()),
        connections: CONNECTIONS,
    };
    (bound.serve(api), events)
}

/// Sends text with `{port}` filled in and reads the answer to its end: status, headers, body.
async fn exchange(gateway: &Gateway, request: &str) -> (u16, String, String) {
    let request = request.replace("{port}", &gateway.address().port().to_string());
    let request = request.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that refuses a body may end the connection while it is still being sent.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_owned(), body.to_owned())
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{{port}}\r\n{headers}\r\n")
}

#[tokio::test]
async fn events_are_the_recorded_ones() {
    let (gateway, events) = noting().await;
    for fixture in [
        include_str!("../../fixtures/apigw-get-jwt.json"),
        include_str!("../../fixtures/apigw-post-json.json"),
        include_str!("../../fixtures/apigw-post-form.json"),
    ] {
        let token = rs256()["token"].as_str().unwrap().to_owned();
        let port = gateway.address().port().to_string();
        let fixture = fixture.replace("{token}", &token).replace("{port}", &port);
        let fixture: Value = serde_json::from_str(&fixture).unwrap();
        let (status, head, _) = exchange(&gateway, fixture["request"].as_str().unwrap()).await;
        assert_eq!(status, 200, "{head}");

        let mut seen = events.lock().unwrap().pop().unwrap();
        let id = seen["requestContext"]["requestId"].as_str().unwrap().to_owned();
        assert!(id.len() == 16 && head.contains(&format!("apigw-requestid: {id}")), "{head}");
        let trace = seen["headers"]["x-amzn-trace-id"].as_str().unwrap();
        assert!(trace.starts_with("Root=1-5ea32920-") && trace.len() == 40, "{trace}");
        seen["requestContext"]["requestId"] = json!("{request-id}");
        seen["headers"]["x-amzn-trace-id"] = json!("{trace}");
        // Only this test's way of reading to the end adds it, and the gateway keeps it to itself.
        assert!(seen["headers"].get("connection").is_none());
        assert_eq!(seen, fixture["event"], "{}", fixture["about"]);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn answers_and_refusals() {
    let (gateway, _) = noting().await;
    let header_flood = format!("X-Flood: {}\r\n", "x".repeat(HEADER_LIMIT_BYTES));
    let message = |text: &str| json!({ "message": text }).to_string();
    for (request, status, body) in [
        (get("/any", ""), 200, "ok".to_owned()),
        (get("/any", "X-Say: {\"hello\":\"you\"}\r\n"), 200, r#"{"hello":"you"}"#.to_owned()),
        (get("/any", "X-Say: {\"statusCode\":201,\"body\":\"b2s=\",\"isBase64Encoded\":true}\r\n"), 201, "ok".to_owned()),
        (get("/any", "X-Say: {\"statusCode\":\"x\"}\r\n"), 500, message("Internal Server Error")),
        (get("/any", "X-Say: error\r\n"), 500, message("Internal Server Error")),
        (get("/any", "X-Say: panic\r\n"), 500, message("Internal Server Error")),
        (get("/v1/full", ""), 503, message("Service Unavailable")),
        (get("/any/%ff", ""), 400, message("Bad Request")),
        (get("/any", &header_flood), 431, message("Request Header Fields Too Large")),
        (get("/v1/audit", ""), 401, message("Unauthorized")),
        (get("/v1/audit", "Authorization: Bearer x.y.z\r\n"), 401, message("Unauthorized")),
        (get("/local/echo/b?a=%D9%A1", ""), 200, "GET /b Some(\"١\") 0".to_owned()),
        ("GET /any HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n".to_owned(), 403, message("Forbidden")),
        ("GET /any HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_owned(), 403, message("Forbidden")),
    ] {
        let (got, head, answer) = exchange(&gateway, &request).await;
        assert_eq!((got, answer.as_str()), (status, body.as_str()), "{request}\n{head}");
        assert!(head.contains("apigw-requestid: "), "{head}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_token_without_the_scope_is_forbidden_and_told_why() {
    let (gateway, events) = noting().await;
    let token = rs256()["token"].as_str().unwrap().to_owned();
    let (status, head, body) = exchange(&gateway, &get("/v1/audit", &format!("Authorization: {token}\r\n"))).await;
    assert_eq!((status, body.as_str()), (403, r#"{"message":"Forbidden"}"#));
    assert!(head.contains(r#"www-authenticate: Bearer scope="audit" error="insufficient_scope""#), "{head}");
    assert!(events.lock().unwrap().is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let (gateway, events) = noting().await;
    let head = |length: usize| {
        format!("POST /v1/donations HTTP/1.1\r\nHost: 127.0.0.1:{{port}}\r\nContent-Length: {length}\r\n\r\n")
    };
    let length = BODY_LIMIT_BYTES + 1;
    let (status, _, body) = exchange(&gateway, &(head(length) + &"x".repeat(length))).await;
    assert_eq!((status, body.as_str()), (413, r#"{"message":"Request Entity Too Large"}"#));
    // Within API Gateway's limit, but in base64 over Lambda's.
    let length = 5 * 1024 * 1024;
    let (status, ..) = exchange(&gateway, &(head(length) + &"x".repeat(length))).await;
    assert_eq!(status, 413);
    assert!(events.lock().unwrap().is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn an_api_without_default_route_says_not_found() {
    let bound = Bound::on(0).await.unwrap();
    let identity = Identity { account: String::new(), api: String::new(), port: bound.address().port() };
    let gateway = bound.serve(Api {
        identity,
        routes: Vec::new(),
        pages: Vec::new(),
        clock: Clock::standing_at(NOW.parse().unwrap()),
        connections: CONNECTIONS,
    });
    let (status, head, body) = exchange(&gateway, &get("/", "")).await;
    assert_eq!((status, body.as_str()), (404, r#"{"message":"Not Found"}"#));
    assert!(head.contains("content-type: application/json"), "{head}");
    gateway.stop().await;
}

#[tokio::test]
async fn connections_are_kept_and_the_port_is_given_back() {
    let (gateway, _) = noting().await;
    let address = gateway.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = get("/any", "").replace("{port}", &address.port().to_string());
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(String::from_utf8_lossy(&buffer[..read]).starts_with("HTTP/1.1 200 OK"));
    }
    gateway.stop().await;
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    drop(Bound::on(address.port()).await.unwrap());
}
