//! What payment providers send and answer.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

use domain::id::{DonationId, PaymentId};
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::Provider;
use platform::outbound::Answer;
use platform::{Outbound, Platform};
use providers::{Checkout, CheckoutPage, Payment, PaymentPage, Providers, Time, Webhook, Window, read_kept};
use serde_json::Value;
use stage::{Options, Stage};
use url::{Host, Url};

use super::{PERSONAL, is_read_again, wait};

/// The secret that the samples bear.
const WEBHOOK_SECRET: &str = "the stage's webhook secret";
/// The payment that the provider is asked for.
const PAYMENT: &str = "760878ec-d1d3-5f72-9056-191683f55872";
/// The most payments that a page is taken with.
const MOST_ON_PAGE: usize = 100;

thread_local! {
    /// What the provider answers next.
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Whoever reads webhooks, and whoever asks a provider that answers [`ANSWER`].
static PROVIDERS: LazyLock<(Providers, Providers)> = LazyLock::new(|| {
    wait(async {
        let stage = Stage::new(Options::default()).await.expect("a stage can be set up");
        let reads = stage.platform("payment-callbacks").expect("the template has it");
        let asks = stage.platform("verification").expect("the template has it");
        let outbound = Outbound::InProcess(Arc::new(|_| {
            let body = ANSWER.with_borrow(Clone::clone);
            Box::pin(async move { Ok(Answer { status: 200, body }) })
        }));
        let reads = Providers::for_webhooks(&reads).expect("every setting is there");
        (reads, Providers::new(&Platform { outbound, ..asks }).expect("every setting is there"))
    })
});

/// A webhook of Moyasar's. What is kept of an event holds nothing of a person's, and read again it is as it was.
pub fn webhook(bytes: &[u8]) {
    match wait(PROVIDERS.0.of(Provider::Moyasar).read_webhook(bytes)).expect("the secret can be read") {
        Webhook::Reported(reported) => {
            is_read_again(&reported);
        }
        kept @ (Webhook::UnknownType { .. } | Webhook::Malformed { .. }) => {
            stays_as_it_is(&kept);
            holds_nobody(&kept);
        }
        Webhook::Unauthentic => {}
    }
}

/// What was kept of a webhook, read again for a replay. What is kept of it then is the same, and what is told has only words in it.
pub fn kept(bytes: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return };
    match read_kept(Provider::Moyasar, &document) {
        Webhook::Reported(reported) => is_read_again(&reported),
        kept @ (Webhook::UnknownType { .. } | Webhook::Malformed { .. }) => stays_as_it_is(&kept),
        Webhook::Unauthentic => panic!("what was kept was authentic"),
    }
}

/// What is kept is read again as it was; of an event that was cut off its beginning, from which more may be known.
fn stays_as_it_is(kept: &Webhook) {
    let (Webhook::UnknownType { redacted } | Webhook::Malformed { redacted }) = kept else { return };
    let again = read_kept(Provider::Moyasar, redacted);
    match (redacted.get("begins").filter(|_| redacted.get("sha256").is_some()), again) {
        (None, again) => assert_eq!(again, *kept),
        (Some(begins), Webhook::Malformed { redacted } | Webhook::UnknownType { redacted }) => assert_eq!(redacted, *begins),
        (Some(_), Webhook::Reported(reported)) => is_read_again(&reported),
        (Some(_), Webhook::Unauthentic) => panic!("what was kept was authentic"),
    }
}

fn holds_nobody(kept: &Webhook) {
    let kept = format!("{kept:?}");
    assert!(PERSONAL.iter().all(|personal| !kept.contains(personal)), "{kept}");
    assert!(!kept.contains(WEBHOOK_SECRET), "{kept}");
}

/// Moyasar's answer about a payment. What is proven of it is about that payment, and never of more money than was taken.
pub fn provider_answer(bytes: &[u8]) {
    ANSWER.set(bytes.to_vec());
    let id: PaymentId = PAYMENT.parse().expect("an id");
    let Ok(payment) = wait(PROVIDERS.1.of(Provider::Moyasar).payment(&id)) else { return };
    assert_eq!(payment.payment.payment, id);
    proves_its_own(&payment);
}

/// The page in Moyasar's answer, if there is one.
pub fn page(bytes: &[u8]) -> Option<PaymentPage> {
    ANSWER.set(bytes.to_vec());
    let window = Window { by: Time::Changed, from: Moment::from_millis(0), until: Moment::from_millis(60_000) };
    wait(PROVIDERS.1.of(Provider::Moyasar).payments(window, 1)).ok()
}

/// A page of Moyasar's list. What is told of a payment is proven by it alone, and is what asking for that one payment tells.
pub fn payment_list(bytes: &[u8]) {
    let Some(page) = page(bytes) else { return };
    assert!(page.payments.len() + page.unreadable.len() <= MOST_ON_PAGE);
    page.payments.iter().for_each(proves_its_own);
    // What nobody reads of it may be no text; then the payments cannot be taken out of it one by one.
    let Ok(list) = serde_json::from_slice::<Value>(bytes) else { return };
    for listed in list.get("payments").and_then(Value::as_array).into_iter().flatten() {
        let id: PaymentId = listed.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok()).expect("it was read");
        ANSWER.set(listed.to_string().into_bytes());
        match wait(PROVIDERS.1.of(Provider::Moyasar).payment(&id)) {
            // Without a donation the invoice is asked, which the list does not do.
            Ok(alone) if alone.facts.iter().any(|fact| fact.donation.is_some()) => {
                assert!(page.payments.contains(&alone), "{alone:?}");
            }
            Ok(_) | Err(_) => {}
        }
    }
}

fn proves_its_own(payment: &Payment) {
    for fact in &payment.facts {
        assert_eq!(fact.payment, payment.payment);
        assert_eq!(fact.currency, payment.currency);
        let decided = domain::donation::decide(None, None, fact, Moment::from_millis(0));
        assert!(decided.is_ok(), "{decided:?}");
    }
}

/// The page to pay on in Moyasar's answer, if there is one.
pub fn checkout(bytes: &[u8]) -> Option<CheckoutPage> {
    ANSWER.set(bytes.to_vec());
    let checkout = Checkout {
        reference: PAYMENT,
        donation: DonationId::from_bytes([7; 16]),
        attempt: 1,
        amount: Money::from_riyals(10).expect("an amount"),
        description: "Wells in Jazan",
        return_url: "https://give.example/thanks",
        expires_at: Moment::from_millis(60_000),
    };
    wait(PROVIDERS.1.of(Provider::Moyasar).make_checkout(&checkout)).ok()
}

/// Moyasar's answer about an invoice. A donor is only ever sent to an address that nobody can listen in on.
pub fn checkout_answer(bytes: &[u8]) {
    let Some(page) = checkout(bytes) else { return };
    let url: Url = page.url.parse().expect("an address");
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    assert!(url.scheme() == "https" || is_here, "{url}");
}
