//! The state in a file.

use moyasar_sandbox::{Clock, Decline, Deed, Mischief, Payer, Sandbox, Settings};
use serde_json::Value;

use crate::play::{KEY, Play, START_MS, play};

fn reopened(play: &Play, path: &std::path::Path) -> Play {
    play.sandbox.save(path).unwrap();
    let settings = Settings::new("http://moved.test", KEY).webhook("http://moved.test/hook", "moved");
    let sandbox = Sandbox::open(path, settings, play.clock.clone()).unwrap();
    Play { sandbox, clock: play.clock.clone() }
}

#[tokio::test]
async fn everything_comes_back_but_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("provider.json");
    let before = play();
    let (paid, declined) = (before.invoice(1_000).await, before.invoice(2_000).await);
    before.sandbox.pay(paid, &Payer::default()).unwrap();
    before.sandbox.pay(declined, &Payer::default().declined(Decline::LostCard)).unwrap();
    let in_flight = before.sandbox.take_due(1);
    assert_eq!(in_flight.len(), 1);
    before.sandbox.set_mischief(Mischief::default().with(Deed::Delay, 7));
    before.sandbox.next(Deed::Lose);

    let after = reopened(&before, &path);
    assert_eq!(after.sandbox.payments(), before.sandbox.payments());
    assert_eq!(after.sandbox.tally(), before.sandbox.tally());
    assert_eq!(after.sandbox.mischief(), before.sandbox.mischief());
    let shown = after.get(&format!("/v1/invoices/{paid}")).await;
    assert_eq!(shown["url"], format!("http://moved.test/invoices/{paid}?lang=en"));
    let due = after.taken();
    assert_eq!(due.len(), 2, "what was in flight is due again");
    assert!(due.iter().all(|delivery| delivery.url == "http://moved.test/hook"));
}

#[tokio::test]
async fn a_saved_sandbox_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let before = play();
    before.sandbox.set_mischief(Mischief::default().with(Deed::Duplicate, 5_000).with(Deed::Delay, 5_000));
    before.invoice(1_000).await;
    let after = reopened(&before, &folder.path().join("provider.json"));
    for _ in 0..20 {
        let (one, other) = (before.invoice(500).await, after.invoice(500).await);
        assert_eq!(one, other);
        before.sandbox.pay(one, &Payer::default()).unwrap();
        after.sandbox.pay(other, &Payer::default()).unwrap();
        assert_eq!(before.sandbox.next_due(), after.sandbox.next_due());
    }
    assert_eq!(before.sandbox.payments(), after.sandbox.payments());
}

#[tokio::test]
async fn a_missing_file_is_a_new_sandbox_and_a_strange_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("provider.json");
    let open = || Sandbox::open(&path, Settings::new("http://provider.test", KEY), Clock::manual(START_MS));
    assert!(open().unwrap().payments().is_empty());
    let strange = [&b"{}"[..], b"not json", b"{\"version\": 2}", b"{\"version\": 1, \"state\": {}}"];
    for text in strange {
        std::fs::write(&path, text).unwrap();
        assert!(open().is_err(), "{}", String::from_utf8_lossy(text));
    }
    let play = play();
    assert!(play.sandbox.save(&folder.path().join("nowhere/provider.json")).is_err());
    assert_eq!(play.call("GET", "/sandbox", Value::Null).await.0, 200);
}
