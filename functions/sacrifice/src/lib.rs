//! The sacrifice programme's offerings: what is sold by the share, whether it is sold now, and how much is left.
//!
//! **Promise.** What is told to be left was so within two seconds before; nothing is told to be sold out on which enough was free all that time. However operators meet, a
//! change breaks off or buyers come between, the lots never hold more shares than the quota that is shown, no share that is held or paid is touched, and the same change sent
//! again finishes what was begun.
//!
//! **Shape.** Reading: [`list`] answers from what this environment [`kept`] a moment ago, and [`looks`] at the lots of what is sold now. Writing: a [`draft`] is held against the
//! [`rules`], goes to the log, and [`publish`] brings the [`lots`] to the quota. Waiting: [`tickets`] of those offerings that have a waiting room.
//!
//! **Cost.** Reading: one query a second and environment, and for each offering that is open 32 more, one for each segment of its lots; before it opens and after it has closed
//! none. A change that leaves the quota: six calls and a query for each segment. One that changes it: a write of one unit for each lot there is, and one for each that changes. A ticket: a write for each block of them; a look at one: nothing but the
//! offerings' query.
//!
//! **Bounds.** [`domain::sacrifice::offering::MOST_QUOTA`] shares of one offering; all offerings are in memory and in one answer, tens of them, at the most hundreds.
//!
//! **Failure.** A busy table is a 503 that says when to try again; what was seen before is not passed off as the present.

pub mod draft;
pub mod kept;
pub mod list;
pub mod looks;
pub mod lots;
pub mod publish;
pub mod rules;
pub mod tickets;
pub mod view;

use platform::auth::door::Door;
use platform::brake::Brake;
use platform::http::{Answer, Call, HttpRequest, HttpResponse, Problem, Role, Route, respond};
use platform::table::Table;
use platform::{Clock, ConfigError, Platform, Random};

use kept::Kept;
use looks::Looks;
use tickets::numbers::Numbers;

/// The routes of this function, and who may take them.
pub const ROUTES: &[Route] = &[
    Route { key: "GET /v1/sacrifice/offerings", role: Role::Anyone },
    Route { key: "GET /v1/sacrifice/offerings/{id}", role: Role::Anyone },
    Route { key: "PUT /v1/sacrifice/offerings/{id}", role: Role::Operator },
    Route { key: "POST /v1/sacrifice/offerings/{id}/tickets", role: Role::Giver },
    Route { key: "GET /v1/sacrifice/offerings/{id}/tickets/{ticket}", role: Role::Anyone },
];

/// What the function is given, once for each environment.
pub struct Deps {
    table: Table,
    clock: Clock,
    random: Random,
    offerings: Kept<Vec<domain::sacrifice::Offering>>,
    looks: Looks,
    door: Door,
    brake: Brake,
    numbers: Numbers,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        Ok(Deps {
            table: platform.table()?,
            clock: platform.clock.clone(),
            random: platform.random.clone(),
            offerings: Kept::default(),
            looks: Looks::default(),
            door: Door::new(platform)?,
            brake: Brake::default(),
            numbers: Numbers::default(),
        })
    }
}

/// Answers one call.
pub async fn handle(deps: &Deps, request: HttpRequest) -> HttpResponse {
    let call = Call::new(request);
    // In a box: the futures of the SDK nest so deep that the compiler gives up on the layout of all of them together.
    let result = Box::pin(route(deps, &call)).await;
    respond(&call, result)
}

async fn route(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    match call.route() {
        "GET /v1/sacrifice/offerings" => list::offerings(deps, call).await,
        "GET /v1/sacrifice/offerings/{id}" => list::offering(deps, call).await,
        "PUT /v1/sacrifice/offerings/{id}" => publish::offering(deps, call).await,
        "POST /v1/sacrifice/offerings/{id}/tickets" => tickets::take(deps, call).await,
        "GET /v1/sacrifice/offerings/{id}/tickets/{ticket}" => tickets::show(deps, call).await,
        _ => Err(Problem::not_found()),
    }
}
