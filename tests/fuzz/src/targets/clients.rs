//! What clients that give send, and everything about a request that is read before its body.

use std::net::IpAddr;
use std::sync::LazyLock;

use catalogue::filter::{self, Filter};
use domain::id::{CharityId, DonationId, DonorId, OpportunityId, PaymentId, RefundId};
use domain::moment::Moment;
use domain::money::Money;
use domain::receipt::Code;
use donations::attempt;
use donations::command::{self, ReturnUrls};
use platform::auth::{Admission, Identifiers};
use platform::http::{
    Call, Faults, HttpRequest, LONGEST_KEY, MOST_LIMIT, Page, Parameters, SHORTEST_KEY, etag, idempotency_key,
};
use platform::secrets::Secret;
use serde_json::Value;

use super::is_read_again;

static RETURNS: LazyLock<ReturnUrls> =
    LazyLock::new(|| ReturnUrls::new("https://give.example,http://127.0.0.1:3000").expect("two origins"));

/// The body of a gift.
pub fn gift(bytes: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(command) = command::parse(&body, &RETURNS) {
        assert!(!command.lines.is_empty() && command.lines.len() <= domain::donation::MOST_LINES);
        // What shares cost is not said here: it follows from their offering.
        let total = Money::sum(command.lines.iter().filter_map(|line| line.amount));
        assert!(total.is_some_and(|total| total <= domain::donation::MOST_DONATION), "{total:?}");
        assert_eq!(command.fingerprint("key"), command.fingerprint("key"));
    }
}

/// The body of another attempt to pay: one whole number.
pub fn attempt(bytes: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(after) = attempt::after(&body) {
        assert_eq!(body, serde_json::json!({"after": after}));
    }
}

/// How a donor wants to be told.
pub fn wishes(bytes: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(telling) = command::telling(&body) {
        is_read_again(&telling);
    }
}

/// An event as API Gateway hands it over.
pub fn request(bytes: &[u8]) {
    let Ok(request) = serde_json::from_slice::<HttpRequest>(bytes) else { return };
    let call = Call::new(request);
    let _ = (call.route(), call.header("authorization"), call.path("id"), call.language());
    let read = call.body().map(|body| body.len());
    assert!(call.json::<Value>().is_err() || read.is_some(), "what is not there cannot be read");
    let source = call.source();
    assert!(source.is_empty() || source.trim_end_matches("/64").parse::<IpAddr>().is_ok(), "{source}");
    if let Ok(key) = idempotency_key(call.header("idempotency-key")) {
        assert!((SHORTEST_KEY..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
    }
    // With no header of the kind anything goes; with one, only what it names.
    let is_free = call.header("if-match").is_none() && call.header("if-none-match").is_none();
    assert!(etag::require(&call, Some(3)).is_ok() || !is_free);
    listing(&call);
}

/// A listing's parameters. A cursor that is taken is one of this filter, and is written the same again.
fn listing(call: &Call) {
    let known: Vec<&str> = filter::NAMES.into_iter().chain(Page::NAMES).collect();
    let mut faults = Faults::new(call.language());
    let parameters = Parameters::of(call, &known, &mut faults);
    let filter = Filter::read(&parameters, &mut faults).text();
    let page = Page::read(&parameters, filter, &mut faults);
    assert!((1..=MOST_LIMIT).contains(&page.limit()));
    if let Some(last) = page.after() {
        assert_eq!(parameters.get("cursor"), Some(page.cursor(last).as_str()));
    }
}

/// Tokens and ids that callers send. Only what our secret made opens anything.
pub fn tokens(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let identifiers = Identifiers::new(Secret::from("a secret of this target".to_owned()));
    let donation = DonationId::from_bytes([7; 16]);
    assert!(identifiers.guest(text, Moment::from_millis(0)).is_none(), "forged: {text}");
    let offering: OpportunityId = "camels-riyadh".parse().expect("an id");
    assert_eq!(identifiers.read_ticket(&offering, text), None, "forged: {text}");
    let admission = identifiers.admits(text, &offering, &donation, Moment::from_millis(0));
    assert_eq!(admission, Admission::Foreign, "forged: {text}");
    assert!(!identifiers.opens(text, &donation) || text == identifiers.access_token(&donation));
    let is_plain = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    for id in [
        text.parse::<PaymentId>().ok().map(|id| id.to_string()),
        text.parse::<DonorId>().ok().map(|id| id.to_string()),
        text.parse::<OpportunityId>().ok().map(|id| id.to_string()),
        text.parse::<CharityId>().ok().map(|id| id.to_string()),
        text.parse::<RefundId>().ok().map(|id| id.to_string()),
        text.parse::<DonationId>().ok().map(|id| id.to_string()),
    ]
    .into_iter()
    .flatten()
    {
        assert!(id == text && is_plain(&id), "{id}");
    }
    if let Ok(code) = text.parse::<Code>() {
        assert_eq!(code.compact().parse::<Code>().as_ref(), Ok(&code));
        let _ = identifiers.confirms(&code);
    }
}
