//! Donations: from the first click to the checkout, and what became of the gift afterwards.
//!
//! **Promise.** One caller and one `Idempotency-Key` are one donation, however often and from wherever it is asked for; the same request again is
//! the same answer. A capped opportunity is never promised beyond what remains: what a gift takes of it is held before there is a checkout.
//! Personal data is sealed before it is kept, and its key is destroyed when its owner asks for that ([`erase`]).
//!
//! **Phases** of a gift, and their cost:
//! 1. who gives, and the [`command`]: no call (a bearer token: the issuer's keys, once in a while); of shares of an offering one read, whether the gift is known: then it is looked at,
//!    and nothing is written or sent;
//! 2. [`ground`]: the opportunities, and the escrow of capped ones (a batch read each, both strongly consistent), and what they make of the
//!    command, purely: [`plan`];
//!    For shares then the [`gate`]: how often, whose turn, how many; in memory, and a read where there is a limit;
//! 3. name and mobile, if given: a read, and one call of KMS and one write for a new owner; for a signed-in donor who gives none, the read (and KMS once in a while),
//!    because the salts of a gift's leaves die with its donor's key;
//! 4. the donation, put if absent: **one write unit**. From here on a retry lands on it;
//! 5. [`shares`], if it is a sacrifice: a message for the hold's end, one write of one unit for each giver where there is a limit, one for the claim, one read to see that nobody was at
//!    work meanwhile; before 4, as seldom as may be, a batch read of lots;
//! 6. [`hold`], if it holds something: a message for the hold's end, one write for each part, one read to see that nobody was at work meanwhile;
//! 7. [`checkout`]: one call of the provider, with a reference derived from the donation: again is the same.
//!
//! **Halfway.** After a crash before 4 there is nothing. After one before 5 the donation waits without a hold, and the same request goes on from
//! there. After one before 7 it waits with a hold, which is released when it is due.
//!
//! **Bounds.** Every limit is a constant beside what it limits; rounds of [`hold`] and of version races end with "one moment".

pub mod animals;
pub mod answer;
pub mod attempt;
pub mod cancel;
pub mod checkout;
pub mod command;
pub mod erase;
pub mod fault;
pub mod gate;
pub mod greet;
pub mod ground;
pub mod hold;
pub mod make;
pub mod mine;
pub mod plan;
pub mod prefer;
pub mod shares;
pub mod show;

use platform::auth::door::Door;
use platform::brake::Brake;
use platform::bucket::Bucket;
use platform::http::{Answer, Call, HttpRequest, HttpResponse, Problem, Role, Route, respond};
use platform::privacy::Privacy;
use platform::queue::Queue;
use platform::table::Table;
use platform::{Clock, ConfigError, Platform, Random};
use providers::Providers;

use command::ReturnUrls;
use shares::stock::Stock;

/// The routes of this function, and who may take them.
pub const ROUTES: &[Route] = &[
    Route { key: "POST /v1/guests", role: Role::Anyone },
    Route { key: "POST /v1/donations", role: Role::Giver },
    Route { key: "GET /v1/donations", role: Role::Donor },
    Route { key: "GET /v1/donations/{id}", role: Role::Holder },
    Route { key: "POST /v1/donations/{id}/cancel", role: Role::Holder },
    Route { key: "POST /v1/donations/{id}/attempts", role: Role::Holder },
    Route { key: "GET /v1/notice-preferences", role: Role::Donor },
    Route { key: "PUT /v1/notice-preferences", role: Role::Donor },
    Route { key: "DELETE /v1/personal-data", role: Role::Donor },
    Route { key: "DELETE /v1/donations/{id}/personal-data", role: Role::Holder },
];

/// What the function is given, once for each environment.
pub struct Deps {
    table: Table,
    holds: Queue,
    erasures: Queue,
    privacy: Privacy,
    bucket: Bucket,
    providers: Providers,
    door: Door,
    returns: ReturnUrls,
    stock: Stock,
    brake: Brake,
    clock: Clock,
    random: Random,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        Ok(Deps {
            table: platform.table()?,
            holds: platform.queue("QUEUE_HOLDS")?,
            erasures: platform.queue("QUEUE_ERASURES")?,
            privacy: Privacy::new(platform)?,
            bucket: Bucket::new(&platform.aws, &platform.settings)?,
            providers: Providers::new(platform)?,
            door: Door::new(platform)?,
            returns: ReturnUrls::new(platform.settings.required("RETURN_URLS")?)?,
            stock: Stock::default(),
            brake: Brake::default(),
            clock: platform.clock.clone(),
            random: platform.random.clone(),
        })
    }
}

/// Answers one call.
pub async fn handle(deps: &Deps, request: HttpRequest) -> HttpResponse {
    let call = Call::new(request);
    let result = route(deps, &call).await;
    respond(&call, result)
}

async fn route(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    match call.route() {
        "POST /v1/guests" => greet::greet(deps).await,
        "POST /v1/donations" => make::make(deps, call).await,
        "GET /v1/donations" => mine::list(deps, call).await,
        "GET /v1/donations/{id}" => show::show(deps, call).await,
        "POST /v1/donations/{id}/cancel" => cancel::cancel(deps, call).await,
        "POST /v1/donations/{id}/attempts" => attempt::attempt(deps, call).await,
        "GET /v1/notice-preferences" => prefer::show(deps, call).await,
        "PUT /v1/notice-preferences" => prefer::keep(deps, call).await,
        "DELETE /v1/personal-data" => erase::all(deps, call).await,
        "DELETE /v1/donations/{id}/personal-data" => erase::one(deps, call).await,
        _ => Err(Problem::not_found()),
    }
}
