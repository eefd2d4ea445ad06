//! The news that a donor's animal was slaughtered: at once, whatever the hour; for each animal once; to nobody who gave it up.

use domain::donation::Donation;
use domain::id::{CorrectionId, DonationId};
use domain::message::Message;
use domain::moment::Moment;
use domain::notice::{Kind, Notice, Telling};
use domain::sacrifice::AnimalName;
use domain::sacrifice::carrying::carried::Source;
use domain::sacrifice::carrying::update::Told;
use domain::sacrifice::carrying::{Carried, Retraction, RetractionStage, Words};
use platform::table::Adding;
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

/// The camels 7 and 8 were told as slaughtered.
async fn scene() -> Scene {
    let scene = Scene::set_at(NIGHT).await;
    scene.stage.publish(&sample::camels()).await.unwrap();
    for number in [7, 8] {
        scene.keep(slaughtered(number)).await;
    }
    scene
}

fn slaughtered(number: u32) -> Carried {
    let animal = AnimalName { offering: sample::camels().id, number };
    let told = Told {
        animal: animal.to_string(),
        slaughtered_at: "2027-05-16T08:00:00+03:00".to_owned(),
        by: "LIC-1".to_owned(),
        ..Told::default()
    };
    let (house, batch) = ("makkah-1".parse().unwrap(), "a".repeat(32).parse().unwrap());
    let source = Source { slaughterhouse: &house, batch: &batch, row: 1, received_at: Moment::from_millis(1) };
    Carried::nothing(&animal, &house).with(&told.read(animal.clone()).unwrap(), &[], source).unwrap()
}

/// What is known of it once its slaughter is taken back.
fn taken_back(known: &Carried, by: &CorrectionId) -> Carried {
    let slaughter = known.slaughter.as_ref().map(|told| (told.at, told.by.clone()));
    known.without(&Words { slaughter, ..Words::default() }, by, Moment::from_millis(2)).unwrap()
}

impl Scene {
    async fn keep(&self, known: Carried) {
        assert_eq!(self.stage.table.add_carried(&known).await.unwrap(), Adding::Done);
    }
}

/// Whatever order the notices come in, and however long one of them waited: the last thing that a donor hears is so.
#[tokio::test(start_paused = true)]
async fn what_is_not_so_of_its_animal_any_more_is_not_told() {
    let scene = scene().await;
    let id = gift(&scene, 1, |_| {}).await;
    let retraction: CorrectionId = "b".repeat(32).parse().unwrap();
    let (offering, number) = (sample::camels().id, 7);
    let back = Notice::SacrificeTakenBack { donation: id, offering, number, retraction: retraction.clone() };
    let (done, back) = (news(id, 7, &scene), Message::NoticeDue(back));
    let again = match &done {
        Message::NoticeDue(Notice::Sacrifice { donation, offering, number, received_at, .. }) => {
            let (donation, offering) = (*donation, offering.clone());
            Message::NoticeDue(Notice::Sacrifice {
                donation,
                offering,
                number: *number,
                received_at: *received_at,
                again: 1,
            })
        }
        other => panic!("{other:?}"),
    };
    let none = taken_back(&slaughtered(7), &retraction);
    let asked = Retraction {
        id: retraction,
        offering: sample::camels().id,
        number: 7,
        words: Words::default(),
        note: "Another animal was meant.".to_owned(),
        asked_by: "operator-1".to_owned(),
        asked_at: scene.stage.now(),
        version: 1,
        stage: RetractionStage::Asked,
    };
    assert!(scene.stage.table.ask_retraction(&asked).await.unwrap().is_none());
    // Not written yet: it is not so.
    assert_eq!(scene.hand(std::slice::from_ref(&back)).await, 0);
    let agreed = asked.turned(RetractionStage::Done { by: "approver-1".to_owned(), at: scene.stage.now() });
    assert!(scene.stage.table.take_words_back(&none, &agreed).await.unwrap());
    for message in [&done, &again] {
        assert_eq!(scene.hand(std::slice::from_ref(message)).await, 0);
    }
    assert_eq!(scene.texts(), Vec::<String>::new(), "neither of what is taken back, nor of what was not told again");
    assert_eq!(scene.hand(std::slice::from_ref(&back)).await, 0);
    assert_eq!(scene.texts().len(), 1, "it is taken back");
    let anew = slaughtered(7);
    scene.keep(Carried { version: none.version + 1, slaughter: anew.slaughter, ..none }).await;
    let other = gift(&scene, 2, |_| {}).await;
    let late = match back {
        Message::NoticeDue(Notice::SacrificeTakenBack { offering, number, retraction, .. }) => {
            Message::NoticeDue(Notice::SacrificeTakenBack { donation: other, offering, number, retraction })
        }
        other => panic!("{other:?}"),
    };
    for message in [&done, &again, &late] {
        assert_eq!(scene.hand(std::slice::from_ref(message)).await, 0);
    }
    let texts = scene.texts();
    assert_eq!(texts.len(), 2, "told again, and nobody is told then that it is not so: {texts:?}");
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
