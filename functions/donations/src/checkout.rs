//! The page on which a donor pays.
//!
//! Its address is not kept: the provider is asked for the same page again by the same reference. So nothing that goes into it may change
//! from one request to the next; all of it comes from the donation.
//!
//! The methods of an offering are not in it: the provider's page cannot leave any out (`providers::moyasar`), and they are data that an operator may change between two requests of one attempt. What is paid by
//! another method than the offering names is money that was taken: it is booked, and its shares are confirmed as long as they are held.

use domain::donation::{Attempt, Donation};
use domain::purpose::Language;
use platform::http::Problem;
use providers::{Checkout, CheckoutPage};

use crate::Deps;

/// Characters of the donation's id that the donor reads: enough to tell one's gifts apart.
const SHOWN_OF_ID: usize = 8;

/// Makes the attempt's page, or finds it.
///
/// # Errors
/// 503 when the provider cannot do so now: the donation stays, and the same request again makes the page.
pub async fn page(deps: &Deps, donation: &Donation, attempt: &Attempt) -> Result<CheckoutPage, Problem> {
    let checkout = Checkout {
        reference: &attempt.reference,
        donation: donation.id,
        attempt: attempt.number,
        amount: donation.total(),
        description: &description(donation),
        return_url: &donation.return_url,
        expires_at: donation.expires_at,
    };
    Ok(deps.providers.of(attempt.provider).make_checkout(&checkout).await?)
}

fn description(donation: &Donation) -> String {
    let id = donation.id.to_string();
    let shown = id.get(..SHOWN_OF_ID).unwrap_or_default();
    match donation.language {
        Language::Arabic => format!("تبرع {shown}"),
        Language::English => format!("Donation {shown}"),
    }
}
