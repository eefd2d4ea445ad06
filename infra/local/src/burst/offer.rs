//! What is on sale: a charity, and sheep and camels of a season, published through the operator's routes.

use domain::moment::Moment;
use domain::sacrifice::fairness::MOST_ATTEMPTS;
use serde_json::{Value, json};

use super::buyers::{Kind, Wish};
use super::{CLOSES_AFTER_SECS, Order};
use crate::seed::Put;

/// The wording that buyers accept.
const WAKALA: &str = "1448-1";
/// What is said on whose behalf an animal is slaughtered: a word for a family, and nobody's name.
const ON_BEHALF_OF: &str = "أهل البيت";

/// Everything that is published, in this order.
pub(super) fn puts(order: &Order, now: Moment) -> Vec<Put> {
    let mut puts = vec![("/v1/charities/burst-charity".to_owned(), charity())];
    puts.extend(Kind::ALL.map(|kind| (format!("/v1/opportunities/{}", kind.id()), opportunity())));
    puts.extend(Kind::ALL.map(|kind| (format!("/v1/sacrifice/offerings/{}", kind.id()), offering(kind, order, now))));
    puts
}

fn charity() -> Value {
    json!({"name": {"ar": "جمعية الأضاحي", "en": "Sacrifice Society"}, "licence": "9002", "region": "SA-02"})
}

fn opportunity() -> Value {
    json!({
        "charity": "burst-charity",
        "title": {"ar": "أضاحي مكة", "en": "Sacrifices in Makkah"},
        "description": {"ar": "تُذبح في مكة وتوزع على فقرائها", "en": "Slaughtered in Makkah and given to its poor"},
        "licence": "FR-9002", "fund": "adahi", "programme": "adahi", "track": "care", "region": "SA-02",
        "standing": "open",
    })
}

fn offering(kind: Kind, order: &Order, now: Moment) -> Value {
    let (species, price) = match kind {
        Kind::Sheep => ("sheep", "650.00"),
        Kind::Camel => ("camel", "700.00"),
    };
    json!({
        "rite": "adahi", "species": species, "price": price,
        "place": {"name": {"ar": "مسلخ مكة", "en": "Makkah slaughterhouse"}, "country": "SA", "region": "SA-02"},
        "day": {"year": 1448, "day": 10},
        "quota": order.stock(kind),
        "opens_at": now.plus_seconds(-3_600).to_string(),
        "closes_at": now.plus_seconds(CLOSES_AFTER_SECS).to_string(),
        "wakala": {"version": WAKALA, "wording": {"ar": "وكلت المنصة في الذبح عني", "en": "I appoint the platform to slaughter on my behalf"}},
        "methods": ["mada", "apple_pay", "visa"],
        // All buyers come from one address, and those who retry are meant to.
        "brake": {"source": MOST_ATTEMPTS, "mobile": MOST_ATTEMPTS},
    })
}

/// A request for shares, with a mobile of nobody's for each buyer.
pub(super) fn request(buyer: u64, wish: Wish) -> Value {
    let sacrifice = json!({
        "shares": wish.shares,
        "on_behalf_of": vec![ON_BEHALF_OF; wish.shares.into()],
        "wakala": {"accepted": true, "version": WAKALA},
    });
    json!({
        "lines": [{"opportunity": wish.kind.id(), "sacrifice": sacrifice}],
        "donor": {"mobile": format!("+9665{:08}", buyer % 100_000_000)},
    })
}
