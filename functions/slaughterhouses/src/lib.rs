//! Slaughterhouses: what each is to carry out, handed to it and to nobody else; and what it tells of that, taken once.
//!
//! **Promise.** A slaughterhouse is given the URLs of its own lists, operators those of any; each serves for [`LINK_SECS`]. The documents bear names: this function alone can read them, and it is called
//! by nobody but those two. Updates that are answered with 202 are kept as they came, with the signature over them, and are on their way into the animals; the same under the same key is the same batch.
//! Nothing is kept of what is not signed by a key that an operator has registered.
//!
//! **Shape.** [`lists`] go out, [`keys`] are registered, [`evidence`] is uploaded past us, [`updates`] come in, [`progress`] tells what became of them, [`animals`] which are not done yet. What is in an update is
//! the business of `carrying`.
//!
//! **Cost.** Lists: one query. Updates: two reads, two documents, a write, a message. Evidence: none; the form is signed here.
//!
//! **Failure.** A busy table is a 503 that says when to try again. Updates that broke off anywhere are sent again under the same key, and are the same.

pub mod animals;
pub mod evidence;
pub mod keys;
pub mod lists;
pub mod progress;
pub mod updates;

use domain::id::SlaughterhouseId;
use http::header::CACHE_CONTROL;
use platform::auth::Officer;
use platform::bucket::Bucket;
use platform::http::{Answer, Call, HttpRequest, HttpResponse, Problem, Role, Route, respond};
use platform::queue::Queue;
use platform::table::Table;
use platform::{Clock, ConfigError, Platform, Random};

pub use lists::LINK_SECS;

/// The routes of this function, and who may take them.
pub const ROUTES: &[Route] = &[
    Route { key: "GET /v1/sacrifice/slaughterhouses/{id}/lists", role: Role::Slaughterhouse },
    Route { key: "GET /v1/sacrifice/slaughterhouses/{id}/keys", role: Role::Slaughterhouse },
    Route { key: "PUT /v1/sacrifice/slaughterhouses/{id}/keys", role: Role::Operator },
    Route { key: "POST /v1/sacrifice/slaughterhouses/{id}/evidence", role: Role::Slaughterhouse },
    Route { key: "POST /v1/sacrifice/slaughterhouses/{id}/updates", role: Role::Slaughterhouse },
    Route { key: "GET /v1/sacrifice/slaughterhouses/{id}/updates/{batch}", role: Role::Slaughterhouse },
    Route { key: "GET /v1/sacrifice/slaughterhouses/{id}/animals", role: Role::Slaughterhouse },
];

/// Whose token says that it is a slaughterhouse's.
const SLAUGHTERHOUSE: &str = "slaughterhouse";
/// Whose token says that it is an operator's.
const OPERATOR: &str = "operator";
/// What is said of answers that are one slaughterhouse's: nobody keeps them.
const NOT_KEPT: &str = "private, no-store";

/// What the function is given, once for each environment.
pub struct Deps {
    table: Table,
    bucket: Bucket,
    carrying: Queue,
    clock: Clock,
    random: Random,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        Ok(Deps {
            table: platform.table()?,
            bucket: Bucket::new(&platform.aws, &platform.settings)?,
            carrying: platform.queue("QUEUE_CARRYING")?,
            clock: platform.clock.clone(),
            random: platform.random.clone(),
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
        "GET /v1/sacrifice/slaughterhouses/{id}/lists" => lists::lists(deps, call).await,
        "GET /v1/sacrifice/slaughterhouses/{id}/keys" => keys::show(deps, call).await,
        "PUT /v1/sacrifice/slaughterhouses/{id}/keys" => keys::register(deps, call).await,
        "POST /v1/sacrifice/slaughterhouses/{id}/evidence" => evidence::form(deps, call).await,
        "POST /v1/sacrifice/slaughterhouses/{id}/updates" => updates::take(deps, call).await,
        "GET /v1/sacrifice/slaughterhouses/{id}/updates/{batch}" => progress::show(deps, call).await,
        "GET /v1/sacrifice/slaughterhouses/{id}/animals" => animals::left(deps, call).await,
        _ => Err(Problem::not_found()),
    }
}

/// Whose things are asked for, if the caller may have them: a slaughterhouse its own, an operator any.
fn house(call: &Call) -> Result<SlaughterhouseId, Problem> {
    of(call, &[OPERATOR, SLAUGHTERHOUSE])
}

/// Which slaughterhouse calls, for itself: nobody else tells what it did.
fn itself(call: &Call) -> Result<SlaughterhouseId, Problem> {
    of(call, &[SLAUGHTERHOUSE])
}

fn of(call: &Call, roles: &[&str]) -> Result<SlaughterhouseId, Problem> {
    let officer = Officer::of(call, roles)?;
    if officer.role == SLAUGHTERHOUSE && officer.subject != call.path("id") {
        return Err(Problem::forbidden());
    }
    call.path("id").parse().map_err(|_| Problem::not_found())
}

fn kept_by_nobody(answer: Answer) -> Answer {
    answer.with_header(CACHE_CONTROL, NOT_KEPT)
}
