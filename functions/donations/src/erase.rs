//! Destroying what its owner told of themselves.
//!
//! The data key goes, and with it every name, mobile and message that it sealed and the salts of the owner's leaves in the books, in the table and in every backup of it. What else
//! there is (receipts that were set, wishes, salts that are kept of gifts without a data key) is taken away by the function `erasure`. It is told before the key goes and after it, so that a crash between the two
//! forgets nothing: the first message waits [`SWEEP_WAIT`], until no environment has the key in memory any more, and sweeps up what was set with it meanwhile.
//!
//! **Cost.** Two messages and one write, whatever the donor has given. Again is the same again.

use std::time::Duration;

use domain::donation::{Donation, Giver};
use domain::message::Message;
use domain::owner::Owner;
use domain::purpose::Language;
use platform::auth;
use platform::http::{Answer, Call, Problem};
use platform::privacy::KEPT_SECS;
use serde::Serialize;

use crate::Deps;

/// After [`KEPT_SECS`] nobody has the key in memory any more; a minute more for whoever used it in the last second, and for clocks that differ.
pub const SWEEP_WAIT: Duration = Duration::from_secs(KEPT_SECS.unsigned_abs() + 60);

/// What is answered.
#[derive(Serialize)]
struct Erased {
    erased_at: String,
    /// What goes and what stays, in the caller's language.
    what_stays: &'static str,
}

/// Destroys what the signed-in donor told with all of their gifts.
pub async fn all(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    erase(deps, call, Owner::Donor(auth::donor(call)?)).await
}

/// Destroys what a guest told with the gift of the path.
pub async fn one(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let donation: Donation = deps.door.holder(call).await?;
    match donation.giver {
        Giver::Guest => erase(deps, call, donation.owner()).await,
        Giver::Donor(_) => Err(all_at_once()),
    }
}

async fn erase(deps: &Deps, call: &Call, owner: Owner) -> Result<Answer, Problem> {
    let due = Message::ErasureDue { owner: owner.clone(), after: None };
    deps.erasures.send(due.clone(), SWEEP_WAIT).await?;
    let erased_at = deps.privacy.erase(&owner).await?;
    deps.erasures.send(due, Duration::ZERO).await?;
    let what_stays = match call.language() {
        Language::Arabic => {
            "حُذف الاسم ووسائل التواصل نهائيًا، وتُحذف الإيصالات المحفوظة خلال دقائق. ويبقى في الدفاتر المبلغ والتاريخ والجهة دون اسم، ولا يمكن بعد الآن إثبات أن التبرع لصاحبه."
        }
        Language::English => {
            "Name and contact details are gone for good; receipts that were kept follow within minutes. The books keep amounts, dates and what was given to, without a name, and nobody can show any more whose gift it was."
        }
    };
    Ok(Answer::json(202, &Erased { erased_at: erased_at.to_string(), what_stays }))
}

/// One key serves all gifts of a donor: they go together or not at all.
fn all_at_once() -> Problem {
    Problem::new(
        409,
        "erased_together",
        "تُحذف بيانات المتبرع المسجل لجميع تبرعاته معًا",
        "What a signed-in donor told is erased for all of their gifts together",
    )
    .with_detail("DELETE /v1/personal-data")
}
