//! What is sold by the share, as the examples speak of it.

use std::time::Duration;

use domain::hash::Hash;
use domain::id::DonationId;
use domain::sacrifice::list::{FileKind, IssuedList, KEPT_SECS, ListFile};
use platform::table::{Issuing, Taking};
use serde_json::{Value, json};

use crate::scene::Scene;

/// Camels of which few are left, goats that are sold from Wednesday, cows whose sale is over, sheep for newborns that are sold out; and an opportunity of which nothing is sold yet.
pub async fn put(scene: &Scene) {
    for id in ["aqiqa-makkah", "aqiqa-riyadh", "camel-riyadh", "cow-jazan", "goat-sudan"] {
        scene.put("PUT /v1/opportunities/{id}", id, &opportunity()).await;
    }
    let sold = |species: &str, quota: u32, more: Value| {
        let mut body = offering(species, quota);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let over = json!({"opens_at": "2026-10-01T09:00:00+03:00", "closes_at": "2026-11-01T09:00:00+03:00"});
    let later = json!({"opens_at": "2026-11-25T09:00:00+03:00"});
    let newborn = json!({"rite": "aqiqa", "day": null});
    for (id, body) in [
        ("camel-riyadh", sold("camel", 14, json!({}))),
        ("goat-sudan", sold("goat", 40, later)),
        ("cow-jazan", sold("cow", 14, over)),
        ("aqiqa-riyadh", sold("sheep", 2, newborn)),
    ] {
        scene.put("PUT /v1/sacrifice/offerings/{id}", id, &body).await;
    }
    for (id, lot, shares) in [("camel-riyadh", 0, 4), ("camel-riyadh", 1, 5), ("aqiqa-riyadh", 0, 2)] {
        let donation = DonationId::from_bytes([200 + shares; 16]);
        let until = scene.stage.now().plus_seconds(900);
        let taking = scene.stage.table.take_shares(&id.parse().unwrap(), lot, &donation, (shares, until)).await.unwrap();
        assert!(matches!(taking, Taking::Held(_)));
    }
    tokio::time::advance(Duration::from_secs(u64::from(sacrifice::kept::FRESH_SECS))).await;
}

/// Sheep that are waited for, with a brake that is soon felt; goats that will be; sheep of which each may have two.
pub async fn put_waited_for(scene: &Scene) {
    let sold = |species: &str, more: Value| {
        let mut body = offering(species, 48);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let waited = json!({"waiting_room": {"rate": 10}, "brake": {"source": 5, "mobile": 2}});
    let later = json!({"waiting_room": {"rate": 10}, "opens_at": "2026-11-25T09:00:00+03:00"});
    for (id, body) in [
        ("sheep-makkah", sold("sheep", waited)),
        ("goat-jazan", sold("goat", later)),
        ("sheep-riyadh", sold("sheep", json!({"limit": 2}))),
    ] {
        scene.put("PUT /v1/opportunities/{id}", id, &opportunity()).await;
        scene.put("PUT /v1/sacrifice/offerings/{id}", id, &body).await;
    }
}

/// Two lists of a day that went out to the slaughterhouse of the examples.
pub async fn issue(scene: &Scene) {
    for version in 1..=2 {
        let file = |kind: FileKind, ending: &str| {
            let name = format!("slaughterhouse-7-1448-12-10-v{version}{ending}");
            let key = format!("execution/slaughterhouse-7/1448-12-10/{name}");
            ListFile { kind, sha256: Hash::of(&[name.as_bytes()]), name, key }
        };
        let list = IssuedList {
            slaughterhouse: "slaughterhouse-7".parse().unwrap(),
            day: "1448-12-10".parse().unwrap(),
            version,
            fingerprint: Hash::NONE,
            offerings: Vec::new(),
            animals: 12,
            shares: 84,
            files: vec![file(FileKind::Csv, ".csv"), file(FileKind::Pdf, "-01.pdf"), file(FileKind::Note, ".note")],
            made_at: scene.stage.now(),
            ttl: scene.stage.now().plus_seconds(KEPT_SECS).seconds(),
        };
        assert_eq!(scene.stage.table.issue_list(&list, &[], 1).await.unwrap(), Issuing::Done);
    }
}

fn opportunity() -> Value {
    json!({
        "charity": "birr-jazan",
        "title": {"ar": "الأضاحي", "en": "Sacrifice"},
        "description": {"ar": "ذبح وتوزيع", "en": "Slaughter and distribution"},
        "licence": "FR-2026-0118", "fund": "adahi", "programme": "adahi", "track": "care", "region": "SA-02",
        "standing": "open",
    })
}

fn offering(species: &str, quota: u32) -> Value {
    json!({
        "rite": "adahi", "species": species, "price": "700.00", "quota": quota,
        "place": {"name": {"ar": "مسلخ مكة", "en": "Makkah slaughterhouse"}, "country": "SA", "region": "SA-02"},
        "day": {"year": 1448, "day": 10},
        "opens_at": "2026-11-01T09:00:00+03:00",
        "closes_at": "2027-05-15T21:00:00+03:00",
        "wakala": {
            "version": "1448-1",
            "wording": {"ar": "وكلت المنصة في الذبح عني", "en": "I appoint the platform to slaughter on my behalf"},
        },
        "methods": ["mada", "apple_pay", "visa"],
    })
}
