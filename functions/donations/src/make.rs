//! Making a donation.
//!
//! **Known or not.** A gift of shares is looked for before anything else: its retry comes by the thousand when a sale opens, and is to cost no write. Any other gift is written at once, and found
//! where it was written before.
//!
//! **Anew.** A gift of shares that was refused because nothing was left is as if it had never been made: the same key asks anew, for as many shares or others. Of two equal requests at
//! once, of which one refuses the gift, the other looks anew as well, and is told the same. One that gives to a capped opportunity as well is looked at anew and told what is wrong, but not
//! made again: it needs another key.

mod gift;

use domain::donation::{Donation, Giver, State};
use domain::id::DonationId;
use domain::sacrifice::Reservation;
use platform::auth::Caller;
use platform::http::{Answer, Call, Problem, idempotency_key};
use serde_json::Value;

pub(crate) use gift::expires_at;
pub use gift::{PROVIDER, WAIT_SECS};

use crate::answer::{self, Made};
use crate::cancel::cancelled;
use crate::command::{self, Command, differing};
use crate::fault::{self, problem};
use crate::gate::{self, Asker};
use crate::hold::{Holding, LOOKS};
use crate::plan::Plan;
use crate::shares::Asked;
use crate::{Deps, checkout, ground, hold, plan, shares};

/// Rounds of one request: each is lost to the same request, sent again, that refused the gift or made it anew meanwhile.
const MOST_ROUNDS: usize = 4;

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
    /// What it asks for of an offering, if this request made it.
    asked: Option<Asked>,
}

/// Makes a donation, or finds the one that the same request made, and answers with its checkout.
pub async fn make(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let caller = deps.door.giver(call).await?;
    let key = idempotency_key(call.header("idempotency-key"))?;
    let body: Value = call.json()?;
    let command = command::parse(&body, &deps.returns).map_err(|faults| problem(faults, call.language()))?;
    let id = deps.door.identifiers().await?.donation(&caller, key);
    let wish = Wish { id, caller: &caller, command: &command, fingerprint: command.fingerprint(key), call };
    for _ in 0..MOST_ROUNDS {
        let Found { donation, replayed, asked } = find_or_make(deps, &wish).await?;
        match hold::hold(deps, donation, !replayed, asked.as_ref()).await? {
            Holding::Over(donation) if donation.was_refused() => {}
            Holding::Held(donation) | Holding::Over(donation) => return answer(deps, &donation, replayed).await,
            Holding::Refused(faults) => return Err(shares::told(deps, faults, call.language())),
        }
    }
    Err(Problem::try_again("the same request was refused in every round"))
}

async fn find_or_make(deps: &Deps, wish: &Wish<'_>) -> Result<Found, Problem> {
    for _ in 0..MOST_ROUNDS {
        let before = if wish.command.asks_for_shares() { deps.table.donation(&wish.id).await? } else { None };
        let before = match before {
            Some(old) if is_to_be_made_anew(&old, wish) => Some(old),
            Some(old) => return same(old, wish),
            None => None,
        };
        if let Some(found) = make_over(deps, wish, before).await? {
            return Ok(found);
        }
    }
    Err(Problem::try_again("the donation kept moving"))
}

/// Whether a gift was refused, and the same is asked for again: of the same things, be it in other numbers. What was claimed for it on the way is looked for among those.
fn is_to_be_made_anew(old: &Donation, wish: &Wish<'_>) -> bool {
    let of_before = old.lines.iter().map(|line| &line.opportunity);
    old.was_refused() && of_before.eq(wish.command.lines.iter().map(|line| &line.opportunity))
}

/// Makes the donation, where there is none or over one that was refused; none when somebody else was faster with that one. What remains may be too little only because this very
/// gift has taken it: so before anything is refused, it is looked for.
async fn make_over(deps: &Deps, wish: &Wish<'_>, refused: Option<Donation>) -> Result<Option<Found>, Problem> {
    let plan = match look(deps, wish).await? {
        Ok(plan) => plan,
        Err(faults) => return earlier(deps, wish, faults).await.map(Some),
    };
    let asked = plan.shares.clone();
    let reservation = match &asked {
        None => None,
        Some(asked) => match reservation(deps, wish, asked, refused.as_ref()).await? {
            Ok(reservation) => Some(reservation),
            Err(faults) => return earlier(deps, wish, faults).await.map(Some),
        },
    };
    // What it held of a capped opportunity is given back by whoever finds it, whenever they do: a gift that holds some again would lose it.
    if refused.as_ref().is_some_and(|refused| !refused.hold.is_empty() || !plan.hold.is_empty()) {
        return Err(cancelled());
    }
    let donation = gift::donation(deps, wish, plan, reservation, refused.as_ref()).await?;
    let made = Found { donation, replayed: false, asked };
    match refused {
        Some(refused) => {
            let is_mine = deps.table.remake_donation(&refused, &made.donation).await?;
            Ok(is_mine.then_some(made))
        }
        None => match deps.table.make_donation(&made.donation).await? {
            None => Ok(Some(made)),
            Some(old) if is_to_be_made_anew(&old, wish) => Ok(None),
            Some(old) => same(old, wish).map(Some),
        },
    }
}

/// What the gift is to name: a lot with room, after everything that is in the way of asking for it.
async fn reservation(
    deps: &Deps,
    wish: &Wish<'_>,
    asked: &Asked,
    refused: Option<&Donation>,
) -> Result<Result<Reservation, Vec<fault::Found>>, Problem> {
    let mobile = wish.command.donor.as_ref().and_then(|donor| donor.mobile.as_deref());
    let asker = Asker { donation: &wish.id, caller: wish.caller, mobile, call: wish.call };
    let givers = match gate::pass(deps, &asker, asked).await? {
        Ok(givers) => givers,
        Err(fault) => return Ok(Err(vec![fault])),
    };
    let first = match shares::first(deps, asked).await? {
        Ok(first) => Reservation { givers, ..first },
        Err(faults) => return Ok(Err(faults)),
    };
    match refused.and_then(|refused| refused.reservation.as_ref()) {
        None => Ok(Ok(first)),
        // Its key has seen too many lots: another one serves.
        Some(earlier) => first.anew(earlier).map(Ok).ok_or_else(cancelled),
    }
}

/// The donation that was made before what it takes was gone; otherwise what is wrong.
async fn earlier(deps: &Deps, wish: &Wish<'_>, faults: Vec<fault::Found>) -> Result<Found, Problem> {
    match deps.table.donation(&wish.id).await? {
        Some(old) if old.state != State::Cancelled => same(old, wish),
        Some(_) | None => Err(shares::told(deps, faults, wish.call.language())),
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
        return Ok(Found { donation: old, replayed: true, asked: None });
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

async fn answer(deps: &Deps, donation: &Donation, replayed: bool) -> Result<Answer, Problem> {
    let now = deps.clock.now();
    let checkout_url = match donation.attempt() {
        // Of one that has given up what it held a page is shown only by another attempt, which claims anew.
        Some(attempt) if !donation.dropped && donation.state_at(now).is_payable() => {
            Some(checkout::page(deps, donation, attempt).await?.url)
        }
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
