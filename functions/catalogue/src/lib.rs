//! The catalogue: what can be given to, and by whom it is carried out.
//!
//! **Promise.** Everyone sees each opportunity with the licensed body, its licence number and the campaign's licence number, in Arabic and
//! English, with what is collected and what remains. An operator's change is written down before it is done, and however two
//! operators meet or a change breaks off, no escrow ever grants more than the target that stands in the catalogue.
//!
//! **Shape.** Reading goes by a [`snapshot`] of the whole catalogue, kept for a few seconds: [`list`] filters, pages and answers. Writing
//! reads a [`draft`], lets the [`rules`] decide against what stands, writes to the log, and [`publish`]es; the target of a capped
//! opportunity is divided over its escrow by [`grants`] and [`escrow`]. [`audit`] shows the log.
//!
//! **Cost.** A snapshot: ten queries every [`snapshot::FRESH_SECS`] seconds and environment, however many ask. A change: six calls, and for
//! a capped opportunity one update for each of its sixteen shards and one for each whose grant changes.
//!
//! **Bounds.** The whole catalogue is in memory: hundreds of opportunities of a few KB each; at tens of thousands it needs an index.
//!
//! **Failure.** A busy table is a 503 that says when to try again. A change that breaks off is finished by sending it again.

pub mod audit;
pub mod draft;
pub mod escrow;
pub mod filter;
pub mod grants;
pub mod list;
pub mod publish;
pub mod rules;
pub mod snapshot;
pub mod view;

use platform::http::{Answer, Call, HttpRequest, HttpResponse, Problem, Role, Route, respond};
use platform::table::Table;
use platform::{Clock, ConfigError, Platform, Random};

use snapshot::Kept;

/// The routes of this function, and who may take them.
pub const ROUTES: &[Route] = &[
    Route { key: "GET /v1/opportunities", role: Role::Anyone },
    Route { key: "GET /v1/opportunities/{id}", role: Role::Anyone },
    Route { key: "PUT /v1/opportunities/{id}", role: Role::Operator },
    Route { key: "GET /v1/charities", role: Role::Anyone },
    Route { key: "GET /v1/charities/{id}", role: Role::Anyone },
    Route { key: "PUT /v1/charities/{id}", role: Role::Operator },
    Route { key: "GET /v1/operations/audit", role: Role::Auditor },
    Route { key: "GET /v1/openapi.json", role: Role::Anyone },
];

/// The description of the whole API, as it is served.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// What the catalogue is given, once for each environment.
pub struct Deps {
    table: Table,
    clock: Clock,
    random: Random,
    kept: Kept,
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
            kept: Kept::default(),
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
        "GET /v1/opportunities" => list::opportunities(deps, call).await,
        "GET /v1/opportunities/{id}" => list::opportunity(deps, call).await,
        "PUT /v1/opportunities/{id}" => publish::opportunity(deps, call).await,
        "GET /v1/charities" => list::charities(deps, call).await,
        "GET /v1/charities/{id}" => list::charity(deps, call).await,
        "PUT /v1/charities/{id}" => publish::charity(deps, call).await,
        "GET /v1/operations/audit" => audit::day(deps, call).await,
        "GET /v1/openapi.json" => Ok(list::description(call)),
        _ => Err(Problem::not_found()),
    }
}
