//! The whole platform, over HTTP: a gift goes from the client to the books.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use local::client::Client;
use local::giving::{Gift, Giver, Givers};
use local::proof::{self, Proof};
use local::{Local, Options, StartError, seed};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
/// Beyond the visibility timeout of every queue in the template.
const LONGEST_VISIBILITY: Duration = Duration::from_secs(400);

async fn start(data: Option<&Path>) -> Local {
    let options = Options { seed: Some(11), data: data.map(Path::to_owned), ..Options::default() };
    Local::start(options).await.unwrap()
}

/// Two opportunities of the seed, one of them capped at SAR 1,000, and their charity.
async fn publish(local: &Local) {
    let wanted = ["charities/itam-qassim", "opportunities/baskets-qassim", "opportunities/meals-najran"];
    let mut puts = seed::catalogue().unwrap();
    puts.retain(|(path, _)| wanted.iter().any(|wanted| path.ends_with(wanted)));
    assert_eq!(puts.len(), wanted.len());
    seed::put(local.inside(), &Client::new(local.url()), &puts, || ()).await.unwrap();
}

fn gift_of(amount: &str, opportunity: &str) -> Value {
    json!({"lines": [{"opportunity": opportunity, "amount": amount}]})
}

async fn give_and_pay(givers: &Givers, giver: &Giver, body: Value) -> Gift {
    let gift = givers.give(giver, &givers.key(), body).await.unwrap();
    givers.pay(&gift, &json!({"method": "mada"})).await.unwrap();
    gift
}

#[tokio::test(flavor = "multi_thread")]
async fn gifts_go_from_the_client_to_the_books() {
    let local = start(None).await;
    publish(&local).await;
    let givers = Givers::new(local.inside());
    let guest = givers.guest().await.unwrap();
    let donor = givers.donor(local.inside(), "donor-1").unwrap();
    let by_guest = give_and_pay(&givers, &guest, gift_of("50", "baskets-qassim")).await;
    let by_donor = give_and_pay(&givers, &donor, gift_of("٧٠٠", "meals-najran")).await;
    let refused = givers.ask(&guest, &givers.key(), gift_of("400", "meals-najran")).await.unwrap();
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("over_funded")), "{}", refused.body);

    assert!(proof::rest(local.inside(), PATIENCE).await.unwrap());
    for gift in [&by_guest, &by_donor] {
        assert_eq!(givers.state(gift).await.unwrap(), "settled");
    }
    let proof = Proof::take(local.inside()).await.unwrap();
    assert!(proof.holds(), "{proof}");
    assert_eq!((proof.provider.taken, proof.settled, proof.payments), (75_000, 2, 2));
    assert_eq!(local.inside().troubles(), Vec::<String>::new());

    let address = local.url().to_owned();
    local.stop().await.unwrap();
    assert!(Client::new(&address).call(http::Method::GET, "/local", &[], &Value::Null).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_goes_on_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let local = start(Some(data.path())).await;
    publish(&local).await;
    let givers = Givers::new(local.inside());
    let (guest, key) = (givers.guest().await.unwrap(), givers.key());
    let gift = givers.give(&guest, &key, gift_of("20", "baskets-qassim")).await.unwrap();
    givers.pay(&gift, &json!({"method": "mada"})).await.unwrap();
    local.stop().await.unwrap();

    // What a poller was just being handed when it stopped is out of sight for its visibility timeout, here as at AWS: a clock that is past it.
    let clock = testkit::Clock::system();
    clock.skip(LONGEST_VISIBILITY);
    let again = Options { seed: Some(11), data: Some(data.path().to_owned()), clock: Some(clock), ..Options::default() };
    let local = Local::start(again).await.unwrap();
    let givers = Givers::new(local.inside());
    let again = givers.give(&guest, &key, gift_of("20", "baskets-qassim")).await;
    // The gateway's address is part of what was asked for, and a free port is another one each time.
    assert!(again.map_or_else(|error| error.to_string().contains("idempotency_key_reused"), |again| again.id == gift.id));
    assert!(proof::rest(local.inside(), PATIENCE).await.unwrap());
    assert_eq!(givers.state(&gift).await.unwrap(), "settled");
    let proof = Proof::take(local.inside()).await.unwrap();
    assert!(proof.holds(), "{proof}");
    assert_eq!(proof.journal.taken, 2_000);

    let second = Local::start(Options { data: Some(data.path().to_owned()), ..Options::default() }).await.unwrap_err();
    assert!(second.to_string().contains("in use"), "{second}");
    local.stop().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Local::start(Options { port, ..Options::default() }).await.unwrap_err();
    assert!(matches!(error, StartError::Port { .. }));
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}
