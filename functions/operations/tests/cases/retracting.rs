//! What a slaughterhouse told of an animal and was wrong: the way back through two people, who hears of it, and what holds wherever it breaks off.

use std::time::Duration;

use domain::id::DonationId;
use domain::message::Message;
use domain::notice::Notice;
use domain::sacrifice::carrying::carried::{MOST_TAKEN_BACK, Source};
use domain::sacrifice::carrying::update::Told;
use domain::sacrifice::carrying::{Carried, Refusal, Words};
use domain::sacrifice::{AnimalName, Offering, Stage as Closed};
use operations::refunds::LATER;
use platform::table::{Adding, Taking};
use serde_json::{Value, json};
use stage::sample;
use testkit::connector::invocation;

use crate::scene::{APPROVER, KEY, OPERATOR, OTHER_KEY, Scene, call};

const ASK: &str = "POST /v1/operations/retractions";
const LIST: &str = "GET /v1/operations/retractions";
const APPROVE: &str = "POST /v1/operations/retractions/{id}/approve";
const DECLINE: &str = "POST /v1/operations/retractions/{id}/decline";
const NONE: Value = Value::Null;

fn gift(number: u8) -> DonationId {
    DonationId::from_bytes([number; 16])
}

fn animal() -> AnimalName {
    "camels-makkah-1".parse().unwrap()
}

fn told(by: &str) -> Told {
    Told {
        animal: animal().to_string(),
        slaughtered_at: "2027-05-16T08:00:00+03:00".to_owned(),
        by: by.to_owned(),
        distributed_to: "birr-jazan".to_owned(),
        country: "SA".to_owned(),
        portions: Some(90),
        ..Told::default()
    }
}

fn body() -> Value {
    json!({"animal": "camels-makkah-1", "slaughter": true, "note": "Another animal was meant."})
}

impl Scene {
    /// A camel of two donors that was told as slaughtered.
    async fn slaughtered(&self) {
        let now = self.stage.now();
        let offering = Offering { stage: Closed::Listed, ..sample::offering(7, now) };
        self.stage.offer(&sample::camels(), &offering).await.unwrap();
        for (number, shares) in [(1, 3), (2, 4)] {
            let taking = self.stage.table.take_shares(&offering.id, 0, &gift(number), (shares, now.plus_seconds(900))).await;
            assert!(matches!(taking.unwrap(), Taking::Held(_)));
            self.stage.table.confirm_shares(&offering.id, 0, &gift(number), shares).await.unwrap();
        }
        let carried = self.add(&Carried::nothing(&animal(), &"makkah-1".parse().unwrap()), "LIC-1", 0).unwrap();
        assert_eq!(self.stage.table.add_carried(&carried).await.unwrap(), Adding::Done);
    }

    /// As `carrying` does, of what was received so many seconds ago.
    fn add(&self, known: &Carried, by: &str, ago: i64) -> Result<Carried, Refusal> {
        let (house, batch) = ("makkah-1".parse().unwrap(), "a".repeat(32).parse().unwrap());
        let received_at = self.stage.now().plus_seconds(-ago);
        let source = Source { slaughterhouse: &house, batch: &batch, row: 1, received_at };
        known.with(&told(by).read(animal()).unwrap(), &[], source)
    }

    async fn animal(&self) -> Carried {
        self.stage.table.carried(&[(animal().offering, 1)]).await.unwrap().pop().unwrap()
    }

    async fn retraction(&self) -> String {
        let (status, asked) = self.act(OPERATOR, ASK, KEY, ("", &body())).await;
        assert_eq!(status, 201, "{asked}");
        asked["id"].as_str().unwrap().to_owned()
    }

    /// The retraction is done if and only if its animal is without those words, which stand in its history once.
    async fn agrees(&self, id: &str, context: &str) -> bool {
        let kept = self.stage.table.retraction(&id.parse().unwrap()).await.unwrap().unwrap();
        let carried = self.animal().await;
        let expected = usize::from(kept.is_done());
        assert_eq!((carried.earlier.len(), carried.is_slaughtered()), (expected, !kept.is_done()), "{context}");
        kept.is_done()
    }

    /// Who is told that it is not so.
    async fn news(&self) -> Vec<DonationId> {
        tokio::time::advance(LATER + Duration::from_secs(1)).await;
        let sent = self.stage.take_messages("notices").await.unwrap().into_iter().map(|message| match message {
            Message::NoticeDue(Notice::SacrificeTakenBack { donation, number: 1, .. }) => donation,
            other => panic!("{other:?}"),
        });
        let mut told: Vec<DonationId> = sent.collect();
        told.sort();
        told.dedup();
        told
    }
}

#[tokio::test(start_paused = true)]
async fn a_word_is_taken_back_by_two_people_and_the_house_may_tell_again() {
    let scene = Scene::set().await;
    scene.slaughtered().await;
    let before = scene.animal().await;
    let id = scene.retraction().await;
    assert_eq!(scene.animal().await, before, "nothing is taken back by one person");
    let (status, problem) = scene.act(("operator-1", "approver"), APPROVE, KEY, (&id, &NONE)).await;
    assert_eq!((status, &problem["code"]), (403, &json!("same_person")));
    assert_eq!(scene.animal().await, before, "nor by the same person in two roles");
    assert_eq!(scene.news().await, []);
    let (status, done) = scene.act(APPROVER, APPROVE, KEY, (&id, &NONE)).await;
    assert_eq!((status, &done["state"], &done["decided_by"]), (200, &json!("done"), &json!("approver-1")));
    assert_eq!(done["slaughter"], json!({"at": "2027-05-16T05:00:00Z", "by": "LIC-1"}));
    let after = scene.animal().await;
    assert_eq!((after.slaughter, &after.distributed, after.version), (None, &before.distributed, 2));
    assert_eq!(after.earlier[0].slaughter, before.slaughter, "what was said before is kept");
    assert_eq!(scene.news().await, [gift(1), gift(2)]);
    // Again, by whomever: the same, and the donors are told again.
    assert_eq!(scene.act(("approver-9", "approver"), APPROVE, OTHER_KEY, (&id, &NONE)).await, (200, done));
    assert_eq!(scene.news().await, [gift(1), gift(2)]);
    assert!(scene.agrees(&id, "again").await);
    // What the house had sent before brings nothing back; what it tells from now on counts.
    let known = scene.animal().await;
    assert_eq!(scene.add(&known, "LIC-1", 3_600), Err(Refusal::TakenBack));
    let again = scene.add(&known, "LIC-2", 0).unwrap();
    assert_eq!((again.slaughter.as_ref().unwrap().by.as_str(), again.slaughters_taken_back()), ("LIC-2", 1));
    let acts = ["ask_retraction", "approve_retraction"].map(|act| format!("{act} {id}"));
    let logged: Vec<String> = scene.acts().await.iter().map(|act| act.split_once(' ').unwrap().1.to_owned()).collect();
    assert_eq!(logged, acts);
}

#[tokio::test(start_paused = true)]
async fn of_evidence_and_receivers_nobody_was_told() {
    let scene = Scene::set().await;
    scene.slaughtered().await;
    let given =
        json!({"animal": "camels-makkah-1", "distributed": [{"to": "birr-jazan", "country": "SA"}], "note": "Not so."});
    let (status, asked) = scene.act(OPERATOR, ASK, KEY, ("", &given)).await;
    assert_eq!((status, &asked["distributed"]), (201, &json!([{"to": "birr-jazan", "country": "SA", "portions": 90}])));
    let id = asked["id"].as_str().unwrap();
    assert_eq!(scene.act(APPROVER, APPROVE, KEY, (id, &NONE)).await.0, 200);
    let after = scene.animal().await;
    assert!(after.is_slaughtered() && after.distributed.is_empty() && after.earlier[0].distributed.len() == 1);
    assert_eq!(scene.news().await, []);
}

/// Nobody may slaughter it any more, and whoever counts what is left has counted.
#[tokio::test(start_paused = true)]
async fn a_slaughter_that_is_taken_back_after_the_season_is_a_matter_for_a_person() {
    for (days, cases) in [(0, 0), (400, 1)] {
        let scene = Scene::set().await;
        scene.slaughtered().await;
        let before = scene.stage.items("CASE#").await.unwrap().len();
        scene.stage.clock.skip(Duration::from_secs(days * 86_400));
        let id = scene.retraction().await;
        for _ in 0..2 {
            assert_eq!(scene.act(APPROVER, APPROVE, KEY, (&id, &NONE)).await.0, 200);
        }
        let opened = scene.stage.items("CASE#").await.unwrap();
        assert_eq!(opened.len() - before, cases, "after {days} days");
        let evidence = opened.iter().filter_map(|case| case["evidence"].as_str());
        assert_eq!(evidence.filter(|text| text.contains("camels-makkah-1, ") && text.contains("taken back")).count(), cases);
        assert!(!scene.news().await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_is_taken_back_of_an_animal_than_is_kept() {
    let scene = Scene::set().await;
    scene.slaughtered().await;
    let mut known = scene.animal().await;
    for number in 0..MOST_TAKEN_BACK {
        let words = Words { slaughter: known.slaughter.as_ref().map(|told| (told.at, told.by.clone())), ..Words::default() };
        let by = format!("{number:032x}").parse().unwrap();
        let without = known.without(&words, &by, scene.stage.now()).unwrap();
        known = Carried { slaughter: known.slaughter.clone(), version: without.version + 1, ..without };
    }
    assert_eq!(scene.stage.table.add_carried(&Carried { version: 2, ..known }).await.unwrap(), Adding::Done);
    let (status, problem) = scene.act(OPERATOR, ASK, KEY, ("", &body())).await;
    assert_eq!((status, &problem["errors"][0]["code"]), (422, &json!("taken_back_too_often")), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_stand_cannot_be_taken_back() {
    let scene = Scene::set().await;
    scene.slaughtered().await;
    let wrong = async |body: Value| {
        let (status, problem) = scene.act(OPERATOR, ASK, OTHER_KEY, ("", &body)).await;
        assert_eq!(status, 422, "{problem}");
        let faults = problem["errors"].as_array().unwrap().iter();
        faults
            .map(|fault| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let with = |more: Value| {
        let mut sent = body();
        sent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        sent
    };
    assert_eq!(wrong(with(json!({"animal": "camels-makkah-2"}))).await, ["/animal animal_unknown"]);
    assert_eq!(wrong(with(json!({"animal": "camel"}))).await, ["/animal animal_unknown"]);
    assert_eq!(wrong(with(json!({"slaughter": false}))).await, ["/slaughter nothing_taken_back"]);
    assert_eq!(wrong(with(json!({"evidence": ["0".repeat(32), "x"]}))).await, ["/evidence/1 not_told"]);
    assert_eq!(wrong(with(json!({"evidence": ["0".repeat(32)]}))).await, ["/evidence/0 not_told"]);
    let elsewhere = json!({"distributed": [{"to": "birr-jazan", "country": "SD"}]});
    assert_eq!(wrong(with(elsewhere)).await, ["/distributed/0 not_told"]);
    assert_eq!(
        wrong(with(json!({"evidence": vec!["0".repeat(32); 13], "note": " "}))).await,
        ["/evidence too_many", "/note empty"]
    );
    // Two ask for the same: the second finds that it does not stand any more.
    let first = scene.retraction().await;
    let (_, second) = scene.act(OPERATOR, ASK, OTHER_KEY, ("", &body())).await;
    assert_eq!(scene.act(APPROVER, APPROVE, KEY, (&first, &NONE)).await.0, 200);
    let (status, problem) = scene.act(APPROVER, APPROVE, KEY, (second["id"].as_str().unwrap(), &NONE)).await;
    assert_eq!((status, &problem["code"]), (409, &json!("words_moved")));
    assert_eq!(scene.act(APPROVER, DECLINE, KEY, (second["id"].as_str().unwrap(), &NONE)).await.1["state"], "declined");
    // The same key finds the same, and another body under it is refused.
    assert_eq!(scene.act(OPERATOR, ASK, KEY, ("", &body())).await.1["state"], "done");
    let (status, problem) = scene.act(OPERATOR, ASK, KEY, ("", &with(json!({"note": "Other."})))).await;
    assert_eq!((status, &problem["code"]), (422, &json!("idempotency_key_reused")));
    for (state, expected) in [("asked", 0), ("done", 1), ("declined", 1)] {
        let mut event = scene.event(OPERATOR, LIST, KEY, ("", &NONE));
        event["queryStringParameters"] = json!({"state": state});
        assert_eq!(call(&scene.deps(), event).await.1["retractions"].as_array().unwrap().len(), expected, "{state}");
    }
}

/// Wherever it breaks off, the animal and the retraction say the same; and whoever was told otherwise hears of what is written, if nobody comes again at all.
#[tokio::test(start_paused = true)]
async fn an_agreement_holds_wherever_it_broke_off() {
    for broken in 0.. {
        let scene = Scene::set().await;
        scene.slaughtered().await;
        let id = scene.retraction().await;
        let event = scene.event(APPROVER, APPROVE, KEY, (&id, &json!({})));
        scene.break_at(broken);
        let deps = scene.deps();
        let first = invocation(call(&deps, event.clone())).await;
        scene.mend();
        let context = format!("call {broken}");
        if scene.agrees(&id, &context).await {
            assert_eq!(scene.news().await, [gift(1), gift(2)], "{context}: told without anybody coming again");
        }
        let (status, done) = call(&scene.deps(), event).await;
        assert_eq!((status, &done["state"]), (200, &json!("done")), "{context}: {done}");
        assert!(scene.agrees(&id, &context).await);
        assert_eq!(scene.news().await, [gift(1), gift(2)], "{context}");
        if matches!(first, Ok((200, _))) && broken % 4 == 0 {
            assert!(broken >= 8 * 4, "every call was broken");
            return;
        }
    }
}
