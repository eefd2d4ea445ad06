//! Receipts: the document that a donor holds in hand, the proof that the gift is in the books, and the check that anyone can make of a receipt.
//!
//! **Promise.** A settled gift has one number, fixed by where it stands in the books, and one receipt that says what is so now: after a refund it says
//! that. Who holds the gift gets the document; who holds its code sees the amount that stands, the date and the fund, and nothing else.
//!
//! **Phases** of `GET /v1/donations/{id}/receipt`, and their cost:
//! 1. who holds the donation: one read;
//! 2. [`content`]: the page it stands on, what was given to and by whom it is carried out (a read each, in two rounds), and the donor's name, if one is
//!    to be shown (a read, and KMS once in a while);
//! 3. the document: asked for in the bucket under a key that is derived from all that it says, set and kept if it is not there ([`Press`]);
//! 4. a URL that serves for [`LINK_SECS`].
//!
//! The [`proof`] (`GET /v1/donations/{id}/proof`) shows its holder that the gift is in the books whose roots are published.
//!
//! The check (`GET /v1/receipts/{code}`) is two reads for a code that is ours, and none for one that is not.
//!
//! **Halfway.** Nothing is written but the document, under a key that says what is in it: a repeat writes the same bytes or finds them.
//!
//! **Failure.** "One moment" for what cannot be reached; nothing is lost, because nothing is decided here.

pub mod check;
pub mod content;
pub mod hand;
pub mod proof;

use std::sync::OnceLock;

use documents::receipt::{Fonts, Press};
use platform::auth::door::Door;
use platform::bucket::Bucket;
use platform::http::{Answer, Call, HttpRequest, HttpResponse, Problem, Role, Route, respond};
use platform::privacy::Privacy;
use platform::table::Table;
use platform::{Clock, ConfigError, Platform};

pub use hand::LINK_SECS;

/// The routes of this function, and who may take them.
pub const ROUTES: &[Route] = &[
    Route { key: "GET /v1/donations/{id}/receipt", role: Role::Holder },
    Route { key: "GET /v1/donations/{id}/proof", role: Role::Holder },
    Route { key: "GET /v1/receipts/{code}", role: Role::Anyone },
];

/// What the function is given, once for each environment.
pub struct Deps {
    door: Door,
    table: Table,
    bucket: Bucket,
    privacy: Privacy,
    /// Where the API is reached by anyone, without a slash at its end.
    public_url: String,
    /// Made at the first need: a check sets nothing.
    press: OnceLock<Press>,
    fonts: Option<String>,
    clock: Clock,
}

impl Deps {
    /// From the platform's parts.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(platform: &Platform) -> Result<Deps, ConfigError> {
        Ok(Deps {
            door: Door::new(platform)?,
            table: platform.table()?,
            bucket: Bucket::new(&platform.aws, &platform.settings)?,
            privacy: Privacy::new(platform)?,
            public_url: platform.settings.required("PUBLIC_URL")?.trim_end_matches('/').to_owned(),
            press: OnceLock::new(),
            fonts: platform.settings.get("FONTS").map(str::to_owned),
            clock: platform.clock.clone(),
        })
    }

    fn press(&self) -> &Press {
        self.press.get_or_init(|| Press::new(Fonts::with_folder(self.fonts.as_deref())))
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
        "GET /v1/donations/{id}/receipt" => hand::receipt(deps, call).await,
        "GET /v1/donations/{id}/proof" => proof::proof(deps, call).await,
        "GET /v1/receipts/{code}" => check::check(deps, call).await,
        _ => Err(Problem::not_found()),
    }
}
