//! Making a donation.

use data_encoding::HEXLOWER;
use domain::donation::{Attempt, Back, Donation, Giver, State};
use domain::id::DonationId;
use domain::moment::Moment;
use domain::owner::Owner;
use domain::payment::Provider;
use domain::sacrifice::Reservation;
use platform::auth::Caller;
use platform::http::{Answer, Call, Problem, idempotency_key};
use platform::privacy::OwnerKey;
use serde_json::Value;

use crate::answer::{self, Made};
use crate::command::{self, Command, differing};
use crate::fault::{self, problem};
use crate::hold::{HOLD_SECS, Holding, LOOKS};
use crate::plan::Plan;
use crate::{Deps, checkout, ground, hold, plan, shares};

/// How long a donation that holds nothing waits to be paid: whoever begins in the evening may go on in the morning.
pub const WAIT_SECS: i64 = 24 * 3_600;

/// Through whom a gift is paid, as long as there is one.
pub const PROVIDER: Provider = Provider::Moyasar;

/// Bytes of the salt of a gift's leaf: as many as make guessing it hopeless.
const SALT_BYTES: usize = 16;

/// A request to give, as far as it can be read by itself.
struct Wish<'a> {
    id: DonationId,
    caller: &'a Caller,
    command: &'a Command,
    fingerprint: String,
    call: &'a Call,
}

/// A donation, made by this request or found.
struct Found {
    donation: Donation,
    /// An earlier request made it.
    replayed: bool,
}

/// Makes a donation, or finds the one that the same request made, and answers with its checkout.
pub async fn make(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let caller = deps.door.giver(call).await?;
    let key = idempotency_key(call.header("idempotency-key"))?;
    let body: Value = call.json()?;
    let command = command::parse(&body, &deps.returns).map_err(|faults| problem(faults, call.language()))?;
    let id = deps.door.identifiers().await?.donation(&caller, key);
    let wish = Wish { id, caller: &caller, command: &command, fingerprint: command.fingerprint(key), call };
    let Found { donation, replayed } = find_or_make(deps, &wish).await?;
    let donation = match hold::hold(deps, donation, !replayed).await? {
        Holding::Held(donation) | Holding::Over(donation) => donation,
        Holding::Refused(faults) => return Err(problem(faults, call.language())),
    };
    answer(deps, &donation, replayed).await
}

/// What remains may be too little only because this very gift has taken it: so before anything is refused, it is looked for.
async fn find_or_make(deps: &Deps, wish: &Wish<'_>) -> Result<Found, Problem> {
    match look(deps, wish).await? {
        Ok(plan) => {
            let reservation = match &plan.shares {
                None => None,
                Some(asked) => match shares::first(deps, asked).await? {
                    Ok(reservation) => Some(reservation),
                    Err(faults) => return earlier(deps, wish, faults).await,
                },
            };
            let donation = donation(deps, wish, plan, reservation).await?;
            match deps.table.make_donation(&donation).await? {
                None => Ok(Found { donation, replayed: false }),
                Some(old) => same(old, wish),
            }
        }
        Err(faults) => earlier(deps, wish, faults).await,
    }
}

/// The donation that was made before what it takes was gone; otherwise what is wrong.
async fn earlier(deps: &Deps, wish: &Wish<'_>, faults: Vec<fault::Found>) -> Result<Found, Problem> {
    match deps.table.donation(&wish.id).await? {
        Some(old) if old.state != State::Cancelled => same(old, wish),
        Some(_) | None => Err(problem(faults, wish.call.language())),
    }
}

/// What there is to give to. Before it is too little it is looked again: see [`hold`].
async fn look(deps: &Deps, wish: &Wish<'_>) -> Result<Result<Plan, Vec<fault::Found>>, Problem> {
    let mut looks = 0;
    loop {
        let ground = ground::read(&deps.table, wish.command).await?;
        let planned = plan::plan(wish.command, &ground, &wish.id, deps.clock.now());
        looks += 1;
        match &planned {
            Err(faults) if looks < LOOKS && plan::may_come_back(wish.command, &ground, faults) => {
                hold::wait_for_look(deps, looks - 1).await;
            }
            Ok(_) | Err(_) => return Ok(planned),
        }
    }
}

/// The donation that an earlier request made, if that request was this one.
fn same(old: Donation, wish: &Wish<'_>) -> Result<Found, Problem> {
    if old.command == wish.fingerprint {
        return Ok(Found { donation: old, replayed: true });
    }
    let problem = Problem::new(
        422,
        "idempotency_key_reused",
        "استُخدم هذا المفتاح Idempotency-Key لطلب آخر",
        "This Idempotency-Key was used for another request",
    );
    Err(match wish.caller {
        // Whoever guesses a guest's key is not to learn what was asked for.
        Caller::Guest(_) => problem,
        Caller::Donor(_) => problem.with_detail(&differing(&old.command, &wish.fingerprint).join(", ")),
    })
}

async fn donation(deps: &Deps, wish: &Wish<'_>, plan: Plan, reservation: Option<Reservation>) -> Result<Donation, Problem> {
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
    let salt = leaf_key.map_or_else(|| HEXLOWER.encode(&deps.random.bytes::<SALT_BYTES>()), |_| String::new());
    let reference = deps.door.identifiers().await?.checkout_reference(&id, 1);
    Ok(Donation {
        id,
        version: 0,
        state: State::Awaiting,
        giver,
        anonymous: command.anonymous,
        language: command.language.unwrap_or_else(|| wish.call.language()),
        lines: plan.lines,
        attempts: vec![Attempt { number: 1, provider: PROVIDER, reference }],
        expires_at: expires_at(made_at, plan.hold.is_empty() && reservation.is_none()),
        hold: plan.hold,
        reservation,
        command: wish.fingerprint.clone(),
        return_url: command.return_url.clone(),
        made_at,
        salt,
        leaf_key,
        personal,
        telling: command.telling.clone(),
        place: None,
        back: Back::default(),
    })
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

fn expires_at(made_at: Moment, holds_nothing: bool) -> Moment {
    made_at.plus_seconds(if holds_nothing { WAIT_SECS } else { HOLD_SECS })
}

async fn answer(deps: &Deps, donation: &Donation, replayed: bool) -> Result<Answer, Problem> {
    let now = deps.clock.now();
    let checkout_url = match donation.attempt() {
        Some(attempt) if donation.state_at(now).is_payable() => Some(checkout::page(deps, donation, attempt).await?.url),
        Some(_) | None => None,
    };
    let access_token = match donation.giver {
        Giver::Guest => Some(deps.door.identifiers().await?.access_token(&donation.id)),
        Giver::Donor(_) => None,
    };
    let made = Made { donation: answer::View::of(donation, now), checkout_url, access_token };
    let answer = Answer::json(201, &made);
    Ok(if replayed { answer.with_header(answer::REPLAYED, "true") } else { answer })
}
