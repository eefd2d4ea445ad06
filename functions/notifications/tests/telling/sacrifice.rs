//! The news that a donor's animal was slaughtered: at once, whatever the hour; for each animal once; to nobody who gave it up.

use domain::donation::Donation;
use domain::id::DonationId;
use domain::message::Message;
use domain::notice::{Kind, Notice, Telling};
use stage::sample;
use testkit::faults::{Call, Failure, Fault, NoFaults};

use crate::scene::{Scene, somebody};

/// Three in the morning of the 11th, when people sleep and wait.
const NIGHT: &str = "2027-05-17T03:00:00+03:00";

fn news(donation: DonationId, number: u32, scene: &Scene) -> Message {
    let offering = sample::camels().id;
    Message::NoticeDue(Notice::Sacrifice { donation, offering, number, received_at: scene.stage.now(), again: 0 })
}

/// A paid gift of shares.
async fn gift(scene: &Scene, number: u8, adorn: impl FnOnce(&mut Donation)) -> DonationId {
    let of_shares = sample::sacrifice(number, 2, 6, scene.stage.now());
    let as_shares = |gift: &mut Donation| {
        (gift.lines, gift.reservation) = (of_shares.lines, of_shares.reservation);
        adorn(gift);
    };
    scene.settled(number, somebody(), as_shares).await.0
}

async fn scene() -> Scene {
    let scene = Scene::set_at(NIGHT).await;
    scene.stage.publish(&sample::camels()).await.unwrap();
    scene
}

#[tokio::test(start_paused = true)]
async fn a_donor_hears_of_each_animal_once_and_at_once() {
    let scene = scene().await;
    let id = gift(&scene, 1, |_| {}).await;
    let messages = [news(id, 7, &scene), news(id, 7, &scene), news(id, 8, &scene)];
    for message in &messages {
        assert_eq!(scene.hand(std::slice::from_ref(message)).await, 0);
    }
    let told = scene.stage.outbox.messages();
    assert_eq!(told[0]["reference"], format!("{id}/sacrifice#camels-makkah#7"));
    let texts = scene.texts();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("رأس رقم 7") && texts[1].contains("رأس رقم 8") && texts[0].contains("أضاحي الإبل بمكة"));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_want_it_or_has_it_no_more_does_not_hear_it() {
    let scene = scene().await;
    let mute = Telling { discreet: false, mute: [Kind::Sacrifice].into() };
    let muted = gift(&scene, 1, |gift| gift.telling = mute).await;
    let back = gift(&scene, 2, |_| {}).await;
    let total = scene.stage.table.donation(&back).await.unwrap().unwrap().total();
    scene.stage.give_back(&back, total).await.unwrap();
    let discreet = gift(&scene, 3, |gift| gift.telling.discreet = true).await;
    let messages = [muted, back, discreet].map(|id| news(id, 7, &scene));
    assert_eq!(scene.hand(&messages).await, 0);
    assert_eq!(scene.texts(), ["ذُبحت ذبيحتك. تقبل الله منك."]);
}

/// A crash between the sending and the note tells twice, and never not at all.
#[tokio::test(start_paused = true)]
async fn the_news_may_come_twice_and_never_not_at_all() {
    let scene = scene().await;
    let id = gift(&scene, 1, |_| {}).await;
    let message = news(id, 7, &scene);
    scene.stage.outbox.misbehave(1_000, 0);
    assert_eq!(scene.hand(std::slice::from_ref(&message)).await, 1);
    scene.stage.outbox.misbehave(0, 0);
    scene.stage.cloud.services().set_faults(|call: &Call<'_>| match call.operation {
        "PutItem" => Fault::Before(Failure::Throttled),
        _ => Fault::Pass,
    });
    assert_eq!(scene.hand(std::slice::from_ref(&message)).await, 1, "told, and not noted");
    scene.stage.cloud.services().set_faults(NoFaults);
    tokio::time::advance(std::time::Duration::from_secs(30)).await;
    assert_eq!(scene.hand(std::slice::from_ref(&message)).await, 0);
    assert_eq!(scene.hand(std::slice::from_ref(&message)).await, 0);
    assert_eq!(scene.texts().len(), 2);
}
