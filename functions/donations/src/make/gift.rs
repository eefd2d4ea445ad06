//! The donation that a request makes, as it is first written.

use domain::donation::{Attempt, Back, Donation, Giver, State};
use domain::id::DonationId;
use domain::moment::Moment;
use domain::owner::Owner;
use domain::payment::Provider;
use domain::sacrifice::Reservation;
use platform::auth::Caller;
use platform::http::Problem;
use platform::privacy::OwnerKey;

use super::Wish;
use crate::Deps;
use crate::hold::HOLD_SECS;
use crate::plan::Plan;

/// How long a donation that holds nothing waits to be paid: whoever begins in the evening may go on in the morning.
pub const WAIT_SECS: i64 = 24 * 3_600;

/// Through whom a gift is paid, as long as there is one.
pub const PROVIDER: Provider = Provider::Moyasar;

/// The donation, written for the first time or over one that was `refused`.
pub(super) async fn donation(
    deps: &Deps,
    wish: &Wish<'_>,
    plan: Plan,
    reservation: Option<Reservation>,
    refused: Option<&Donation>,
) -> Result<Donation, Problem> {
    let made_at = deps.clock.now();
    let (command, id) = (wish.command, wish.id);
    let giver = match wish.caller {
        Caller::Donor(donor) => Giver::Donor(donor.clone()),
        Caller::Guest(_) => Giver::Guest,
    };
    let key = data_key(deps, (&id, &giver), command.donor.is_some()).await?;
    let personal = match (&command.donor, &key) {
        (Some(person), Some(key)) => Some(deps.privacy.seal_with(key, person)?),
        (Some(_) | None, _) => None,
    };
    let leaf_key = key.map(|key| key.leaf_key());
    let holds_nothing = plan.hold.is_empty() && reservation.is_none();
    Ok(Donation {
        id,
        version: refused.map_or(0, |refused| refused.version + 1),
        state: State::Awaiting,
        giver,
        anonymous: command.anonymous,
        language: command.language.unwrap_or_else(|| wish.call.language()),
        lines: plan.lines,
        attempts: vec![attempt(deps, &id, refused).await?],
        expires_at: expires_at(made_at, holds_nothing, refused),
        hold: plan.hold,
        reservation,
        dropped: false,
        sought: false,
        command: wish.fingerprint.clone(),
        return_url: command.return_url.clone(),
        made_at,
        forgotten: false,
        leaf_key,
        personal,
        telling: command.telling.clone(),
        place: None,
        back: Back::default(),
    })
}

/// The first attempt to pay. Of a gift that is made anew it is another than the refused one's: that may be known to the provider, with another amount.
async fn attempt(deps: &Deps, id: &DonationId, refused: Option<&Donation>) -> Result<Attempt, Problem> {
    let number = refused.and_then(Donation::attempt).map_or(0, |attempt| attempt.number) + 1;
    let reference = deps.door.identifiers().await?.checkout_reference(id, number);
    Ok(Attempt { number, provider: PROVIDER, reference })
}

/// The key of a donor who tells something of themselves, made if there is none, or of one who has told before: the salts of this gift's leaves are to die with it as
/// well. A guest who tells nothing has none.
async fn data_key(deps: &Deps, (id, giver): (&DonationId, &Giver), tells: bool) -> Result<Option<OwnerKey>, Problem> {
    let owner = Owner::of(id, giver);
    match (tells, &owner) {
        (true, _) => Ok(Some(deps.privacy.key(owner).await?)),
        (false, Owner::Donor(_)) => Ok(deps.privacy.existing(owner).await?),
        (false, Owner::Donation(_)) => Ok(None),
    }
}

/// When it stops waiting. Of a gift that is made anew, or claims anew what it had given up, at least a second later than before: what was claimed then is told apart by the second in which it ends.
pub(crate) fn expires_at(made_at: Moment, holds_nothing: bool, before: Option<&Donation>) -> Moment {
    let ends = made_at.plus_seconds(if holds_nothing { WAIT_SECS } else { HOLD_SECS });
    before.map_or(ends, |before| ends.max(before.expires_at.plus_seconds(1)))
}
