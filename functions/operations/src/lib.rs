//! Operations: what the platform's own people do about a gift that was paid, and about what was set aside.
//!
//! **Promise.** A refund needs two people: an operator asks, an approver who is another person agrees, and only then is it given back. What is refunded, disputed
//! and asked for together is never more than the gift. Every act is in the log before it is done. Asking, agreeing and declining again changes nothing.
//!
//! **Phases** of a refund, and their cost:
//! 1. asked for: one read, one line in the log, one write of the donation on condition of the version that was read;
//! 2. agreed to: the same, with a message to `refunds` before the write and another after it;
//! 3. given back by `refunds`, and booked by `settlement` when the provider reports it.
//!
//! **Halfway.** A crash after the agreement and before its message is made up for by the message of before, which is delayed until the agreement stands or never
//! will ([`refunds::LATER`]). A refund is asked of the provider as a sum, so that several messages give back once.
//!
//! **Corrections.** What is wrong in the books is made good by a new movement, within one fund: an operator asks, about a case, and an approver who is another person agrees. Agreeing is one
//! write: the movement, its page and the correction as done. Nothing is corrected by one person, and nothing silently.
//!
//! **Retractions.** What a slaughterhouse told of an animal and was wrong is taken back by two people in the same way, in one write of the animal and the retraction; donors who were told otherwise hear of it.
//!
//! **Cases.** What was set aside is listed with whose it is and what is suggested, closed with a note, and sent on its way again after what was wrong is put right. Nothing is
//! corrected by that: a replay goes to the queue it would have gone to, and whoever takes it decides anew.
//!
//! **Failure.** "One moment" for what cannot be reached; the same request again goes on.

pub mod case_view;
pub mod cases;
pub mod correction_draft;
pub mod correction_view;
pub mod corrections;
pub mod disputes;
pub mod fault;
pub mod note;
pub mod refunds;
pub mod replays;
pub mod retraction_draft;
pub mod retraction_view;
pub mod retractions;
pub mod view;

use domain::donation::Donation;
use platform::auth::{Identifiers, Officer};
use platform::bucket::Bucket;
use platform::http::{Answer, Call, HeaderName, HttpRequest, HttpResponse, Problem, Role, Route, respond};
use platform::queue::Queue;
use platform::secrets::Secrets;
use platform::table::{Operation, Table};
use platform::{Clock, ConfigError, Platform, Random};
use serde::Serialize;

/// The routes of this function, and who may take them.
pub const ROUTES: &[Route] = &[
    Route { key: "POST /v1/donations/{id}/refunds", role: Role::Operator },
    Route { key: "GET /v1/donations/{id}/refunds", role: Role::Staff },
    Route { key: "POST /v1/donations/{id}/refunds/{refund}/approve", role: Role::Approver },
    Route { key: "POST /v1/donations/{id}/refunds/{refund}/decline", role: Role::Staff },
    Route { key: "POST /v1/donations/{id}/disputes", role: Role::Operator },
    Route { key: "GET /v1/operations/cases", role: Role::Staff },
    Route { key: "GET /v1/operations/cases/{id}", role: Role::Staff },
    Route { key: "POST /v1/operations/cases/{id}/close", role: Role::Staff },
    Route { key: "POST /v1/operations/replays", role: Role::Operator },
    Route { key: "POST /v1/operations/corrections", role: Role::Operator },
    Route { key: "GET /v1/operations/corrections", role: Role::Staff },
    Route { key: "GET /v1/operations/corrections/{id}", role: Role::Staff },
    Route { key: "POST /v1/operations/corrections/{id}/approve", role: Role::Approver },
    Route { key: "POST /v1/operations/corrections/{id}/decline", role: Role::Staff },
    Route { key: "POST /v1/operations/retractions", role: Role::Operator },
    Route { key: "GET /v1/operations/retractions", role: Role::Staff },
    Route { key: "GET /v1/operations/retractions/{id}", role: Role::Staff },
    Route { key: "POST /v1/operations/retractions/{id}/approve", role: Role::Approver },
    Route { key: "POST /v1/operations/retractions/{id}/decline", role: Role::Staff },
];

/// Says that an earlier request has made what is answered.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Rounds of one request: each is lost to another write of the same donation, case or correction, and there are few of those.
pub const MOST_ROUNDS: usize = 5;

/// What operations are given, once for each environment.
pub struct Deps {
    table: Table,
    refunds: Queue,
    payments: Queue,
    verification: Queue,
    journal: Queue,
    notices: Queue,
    bucket: Bucket,
    secrets: Secrets,
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
            refunds: platform.queue("QUEUE_REFUNDS")?,
            payments: platform.queue("QUEUE_PAYMENTS")?,
            verification: platform.queue("QUEUE_VERIFICATION")?,
            journal: platform.queue("QUEUE_JOURNAL")?,
            notices: platform.queue("QUEUE_NOTICES")?,
            bucket: Bucket::new(&platform.aws, &platform.settings)?,
            secrets: platform.secrets()?,
            clock: platform.clock.clone(),
            random: platform.random.clone(),
        })
    }

    /// The donation of the path.
    async fn donation(&self, call: &Call) -> Result<Donation, Problem> {
        let id = call.path("id").parse().map_err(|_| Problem::not_found())?;
        self.table.donation(&id).await?.ok_or_else(Problem::not_found)
    }

    /// Ids derived from the secret of identifiers.
    async fn identifiers(&self) -> Result<Identifiers, Problem> {
        let secret = self.secrets.read("SECRET_IDENTIFIERS").await;
        secret.map(Identifiers::new).map_err(Problem::try_again)
    }

    /// Writes down what an officer is about to do. What is in the log may have been overtaken after all; what was done without a line in it cannot be.
    async fn log(&self, call: &Call, by: &Officer, act: &str, on: &str, to: &impl Serialize) -> Result<(), Problem> {
        let operation = Operation::new(call, by.clone(), self.clock.now(), act, on, to)?;
        Ok(self.table.log_operation(&operation, self.random.number()).await?)
    }
}

/// Answers one call.
pub async fn handle(deps: &Deps, request: HttpRequest) -> HttpResponse {
    let call = Call::new(request);
    let result = Box::pin(route(deps, &call)).await;
    respond(&call, result)
}

async fn route(deps: &Deps, call: &Call) -> Result<Answer, Problem> {
    match call.route() {
        "POST /v1/donations/{id}/refunds" => refunds::ask(deps, call).await,
        "GET /v1/donations/{id}/refunds" => refunds::list(deps, call).await,
        "POST /v1/donations/{id}/refunds/{refund}/approve" => refunds::approve(deps, call).await,
        "POST /v1/donations/{id}/refunds/{refund}/decline" => refunds::decline(deps, call).await,
        "POST /v1/donations/{id}/disputes" => disputes::report(deps, call).await,
        "GET /v1/operations/cases" => cases::list(deps, call).await,
        "GET /v1/operations/cases/{id}" => cases::show(deps, call).await,
        "POST /v1/operations/cases/{id}/close" => cases::close(deps, call).await,
        "POST /v1/operations/replays" => replays::replay(deps, call).await,
        "POST /v1/operations/corrections" => corrections::ask(deps, call).await,
        "GET /v1/operations/corrections" => corrections::list(deps, call).await,
        "GET /v1/operations/corrections/{id}" => corrections::show(deps, call).await,
        "POST /v1/operations/corrections/{id}/approve" => corrections::approve(deps, call).await,
        "POST /v1/operations/corrections/{id}/decline" => corrections::decline(deps, call).await,
        "POST /v1/operations/retractions" => retractions::ask(deps, call).await,
        "GET /v1/operations/retractions" => retractions::list(deps, call).await,
        "GET /v1/operations/retractions/{id}" => retractions::show(deps, call).await,
        "POST /v1/operations/retractions/{id}/approve" => retractions::approve(deps, call).await,
        "POST /v1/operations/retractions/{id}/decline" => retractions::decline(deps, call).await,
        _ => Err(Problem::not_found()),
    }
}
