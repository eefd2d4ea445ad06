//! The keys by which a slaughterhouse's signatures are verified: an operator registers them, all at once, in place of those before.
//!
//! To rotate, the new key is registered beside the old one, and the old one is left out once the slaughterhouse signs by the new. The act is in the log of operators before it is done.

use domain::id::SlaughterhouseId;
use domain::moment::Moment;
use domain::sacrifice::carrying::HouseKeys;
use domain::sacrifice::carrying::keys::{KeyError, MOST_KEYS};
use platform::auth::Officer;
use platform::http::{Answer, Call, Faults, Problem};
use platform::table::Operation;
use serde::{Deserialize, Serialize};

use crate::{Deps, OPERATOR, house, kept_by_nobody};

/// The body of `PUT /v1/sacrifice/slaughterhouses/{id}/keys`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysDraft {
    keys: Vec<String>,
}

impl KeysDraft {
    /// The keys of this slaughterhouse, registered now.
    ///
    /// # Errors
    /// 422, with each fault and its place.
    pub fn check(self, house: SlaughterhouseId, now: Moment, mut faults: Faults) -> Result<HouseKeys, Problem> {
        if self.keys.len() > MOST_KEYS {
            faults.add("/keys", "too_many", "أربعة مفاتيح على الأكثر", "At most four keys");
            return Err(Problem::invalid(faults.into_list()));
        }
        HouseKeys::new(house, self.keys, now).map_err(|wrong| {
            wrong.into_iter().for_each(|(place, why)| tell(&mut faults, place, why));
            Problem::invalid(faults.into_list())
        })
    }
}

#[derive(Serialize)]
struct Keys<'a> {
    slaughterhouse: &'a str,
    keys: &'a [String],
    /// When they were registered; none before the first time.
    changed_at: Option<String>,
}

/// `GET /v1/sacrifice/slaughterhouses/{id}/keys`.
///
/// # Errors
/// 401, 403, 404; 503 when the table is busy.
pub(crate) async fn show(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let house = house(call)?;
    let keys = deps.table.house_keys(&house).await?;
    let changed_at = keys.as_ref().map(|keys| keys.changed_at.to_string());
    let keys = keys.map(|keys| keys.keys).unwrap_or_default();
    Ok(kept_by_nobody(Answer::json(200, &Keys { slaughterhouse: house.as_str(), keys: &keys, changed_at })))
}

/// `PUT /v1/sacrifice/slaughterhouses/{id}/keys`.
///
/// # Errors
/// 401, 403, 404; 400 and 422 for the body; 503 when the table is busy.
pub(crate) async fn register(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let officer = Officer::of(call, &[OPERATOR])?;
    let house = call.path("id").parse().map_err(|_| Problem::not_found())?;
    let keys = call.object::<KeysDraft>()?.check(house, deps.clock.now(), Faults::new(call.language()))?;
    let act = ("put_slaughterhouse_keys", keys.slaughterhouse.as_str());
    let operation = Operation::new(call, officer, deps.clock.now(), act.0, act.1, &keys.keys)?;
    deps.table.log_operation(&operation, deps.random.number()).await?;
    deps.table.keep_house_keys(&keys).await?;
    let changed_at = Some(keys.changed_at.to_string());
    let answer = Keys { slaughterhouse: keys.slaughterhouse.as_str(), keys: &keys.keys, changed_at };
    Ok(kept_by_nobody(Answer::json(200, &answer)))
}

fn tell(faults: &mut Faults, place: usize, why: KeyError) {
    let pointer = format!("/keys/{place}");
    match why {
        KeyError::NotAKey => {
            let english = "Not a key to verify by: slaughterhouse+id+base64, as `verify key` prints it";
            faults.add(&pointer, "key_unreadable", "ليس مفتاح تحقق", english);
        }
        KeyError::AnothersName => {
            let english = "The key bears another name than the slaughterhouse's id";
            faults.add(&pointer, "key_of_another_name", "المفتاح باسم غير رمز المسلخ", english);
        }
        KeyError::Twice => faults.add(&pointer, "repeated", "المفتاح مكرر", "The key stands there twice"),
    }
}
