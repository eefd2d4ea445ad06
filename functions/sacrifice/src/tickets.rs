//! The waiting room: a ticket with a number, and what became of it.
//!
//! **Taking one** names the gift that it is for, by the caller and the `Idempotency-Key` under which the gift will be made; the ticket and its admission are good for that gift alone. Asked for again,
//! even with the same key, it is another ticket with a later number, because nothing is written down of the first; the first one still serves, and both let in one and the same gift.
//!
//! **Looking** at one reads the offering that this environment has in memory, and writes nothing, however many wait. Whoever holds the ticket may look.
//!
//! **A turn** that nobody uses is lost time and not stock: see [`domain::sacrifice::fairness::room`].

pub mod numbers;

use domain::id::OpportunityId;
use domain::moment::Moment;
use domain::sacrifice::fairness::room::{TICKETS_BEFORE_SECS, look_again_secs};
use domain::sacrifice::fairness::{Turn, WaitingRoom};
use domain::sacrifice::{Offering, Selling};
use platform::auth::{Identifiers, Ticket, Who};
use platform::brake::Braking;
use platform::http::{Answer, Call, Problem, idempotency_key};
use platform::telemetry;
use serde::Serialize;

use crate::Deps;
use crate::list::{is_shown, standing};

/// Where a ticket stands.
#[derive(Debug, Serialize)]
struct TicketView {
    ticket: String,
    number: u64,
    #[serde(flatten)]
    place: PlaceInLine,
    now: String,
}

#[derive(Debug, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
enum PlaceInLine {
    /// Its turn has not come.
    Waiting { ahead: u64, turn_at: String, wait_secs: u64, poll_after_secs: u64 },
    /// It has.
    Admitted { admission_token: String, expires_at: String },
    /// It is over.
    Over,
}

/// `POST /v1/sacrifice/offerings/{id}/tickets`.
///
/// # Errors
/// 400 without a key, 401 without a caller, 404 where there is no offering, 409 where there is no waiting room or not yet or no more, 429 for who takes too many, 503 when the table is
/// busy.
pub async fn take(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let key = idempotency_key(call.header("idempotency-key"))?;
    let caller = deps.door.giver(call).await?;
    let waited = Waited::of(deps, call).await?;
    waited.gives_tickets(deps.clock.now())?;
    let ids = deps.door.identifiers().await?;
    brake(deps, call, ids, &waited).await?;
    let number = deps.numbers.next(&deps.table, &deps.clock, &waited.offering.id).await?;
    let ticket = Ticket { number, donation: ids.donation(&caller, key) };
    Ok(Answer::json(201, &view(&waited, ids, &ticket, deps.clock.now())))
}

/// `GET /v1/sacrifice/offerings/{id}/tickets/{ticket}`.
///
/// # Errors
/// 404 where there is no offering, or no such ticket of it; 409 where there is no waiting room any more; 503 when the table is busy.
pub async fn show(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    let waited = Waited::of(deps, call).await?;
    let ids = deps.door.identifiers().await?;
    let ticket = ids.read_ticket(&waited.offering.id, call.path("ticket")).ok_or_else(Problem::not_found)?;
    let now = deps.clock.now();
    if let Selling::Closed(closed) = waited.offering.selling(now) {
        return Err(sale_closed(closed));
    }
    Ok(Answer::json(200, &view(&waited, ids, &ticket, now)))
}

/// An offering that is waited for.
struct Waited {
    offering: Offering,
    room: WaitingRoom,
}

impl Waited {
    /// The offering of the path, as this environment has it in memory.
    async fn of(deps: &Deps, call: &Call) -> Result<Waited, Problem> {
        let offerings = standing(deps).await?;
        let found = offerings.iter().find(|offering| is_shown(offering) && offering.id.as_str() == call.path("id"));
        let offering = found.ok_or_else(Problem::not_found)?.clone();
        let room = offering.fairness.room.clone().ok_or_else(no_room)?;
        Ok(Waited { offering, room })
    }

    /// From an hour before the opening until the sale closes.
    fn gives_tickets(&self, now: Moment) -> Result<(), Problem> {
        let from = tickets_from(&self.offering);
        match self.offering.selling(now) {
            Selling::Closed(closed) => Err(sale_closed(closed)),
            Selling::Opens(_) if now < from => Err(too_early(from, now)),
            Selling::Opens(_) | Selling::Open => Ok(()),
        }
    }
}

/// From when on tickets are given.
pub fn tickets_from(offering: &Offering) -> Moment {
    offering.opens_at.plus_seconds(-TICKETS_BEFORE_SECS)
}

async fn brake(deps: &Deps, call: &Call, ids: &Identifiers, waited: &Waited) -> Result<(), Problem> {
    let (who, allowed) = (ids.tries("ticket", Who::Source(&call.source())), waited.offering.fairness.attempts().source);
    match deps.brake.tries(&deps.table, &who, allowed, deps.clock.now()).await? {
        Braking::Passes => Ok(()),
        Braking::Waits(secs) => {
            telemetry::count("sacrifice", "TicketsBraked", 1);
            Err(Problem::slow_down(secs))
        }
    }
}

fn view(waited: &Waited, ids: &Identifiers, ticket: &Ticket, now: Moment) -> TicketView {
    let offering: &OpportunityId = &waited.offering.id;
    let place = match waited.room.turn(ticket.number, now) {
        Turn::Waits { ahead, comes } => waiting(ahead, comes, now),
        // Where the sale was put off after it had begun: there is nothing to be let in to.
        Turn::Come { .. } if now < waited.offering.opens_at => waiting(0, waited.offering.opens_at, now),
        Turn::Come { ends } => {
            PlaceInLine::Admitted { admission_token: ids.admission(offering, ticket, ends), expires_at: ends.to_string() }
        }
        Turn::Over => PlaceInLine::Over,
    };
    TicketView { ticket: ids.ticket(offering, ticket), number: ticket.number, place, now: now.to_string() }
}

fn waiting(ahead: u64, comes: Moment, now: Moment) -> PlaceInLine {
    let wait_secs = u64::try_from(comes.millis_since(now)).unwrap_or(0).div_ceil(1_000);
    PlaceInLine::Waiting { ahead, turn_at: comes.to_string(), wait_secs, poll_after_secs: look_again_secs(comes, now) }
}

/// 409: nobody has to wait.
fn no_room() -> Problem {
    let (arabic, english) = ("لا توجد غرفة انتظار؛ قدّم تبرعك مباشرة", "There is no waiting room: give directly");
    Problem::new(409, "no_waiting_room", arabic, english)
}

/// 409: tickets are given from then on.
fn too_early(from: Moment, now: Moment) -> Problem {
    let problem = Problem::new(409, "tickets_not_yet", "لم يبدأ أخذ الأرقام بعد", "Tickets are not given yet");
    let secs = u64::try_from(from.millis_since(now)).unwrap_or(0).div_ceil(1_000);
    problem.with_detail(&from.to_string()).retry_after(u32::try_from(secs).unwrap_or(u32::MAX))
}

/// 409: there is nothing to wait for any more.
fn sale_closed(closed: Moment) -> Problem {
    Problem::new(409, "sale_closed", "أُغلق البيع", "The sale is closed").with_detail(&closed.to_string())
}
