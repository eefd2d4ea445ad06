//! Moyasar's API, version 1.
//!
//! **Cost.** A checkout is one call; a payment one, or two where it does not carry its invoice's metadata; a page of the list one; a refund two.

mod form;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::id::PaymentId;
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::CURRENCY;
use platform::outbound::{Answer, Request};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{KEY, Moyasar, URL};
use crate::{Checkout, CheckoutPage, Payment, PaymentPage, ProviderError, Time, Window};
use form::{ErrorForm, InvoiceForm, ListForm, PaymentForm};

/// Makes an invoice, or finds the one that was made with this reference.
pub(super) async fn make_invoice(moyasar: &Moyasar, checkout: &Checkout<'_>) -> Result<CheckoutPage, ProviderError> {
    let wanted = json!({
        "given_id": checkout.reference,
        "amount": checkout.amount.halalas(),
        "currency": CURRENCY,
        "description": checkout.description,
        "success_url": checkout.return_url,
        "back_url": checkout.return_url,
        "expired_at": checkout.expires_at.to_string(),
        "metadata": {"donation": checkout.donation.to_string(), "attempt": checkout.attempt.to_string()},
    });
    let made = match moyasar.post::<InvoiceForm>("/v1/invoices", &wanted).await {
        // Perhaps because the reference is taken: by the invoice that an earlier call made, whose answer was lost.
        Err(refusal @ ProviderError::Refused { .. }) => match invoice(moyasar, checkout.reference).await {
            Ok(made) => made,
            Err(_) => return Err(refusal),
        },
        made => made?,
    };
    made.page(checkout)
}

/// An invoice by a reference of ours.
async fn invoice(moyasar: &Moyasar, id: &str) -> Result<InvoiceForm, ProviderError> {
    moyasar.get(&format!("/v1/invoices/{id}")).await
}

/// What a payment has become.
pub(super) async fn payment(moyasar: &Moyasar, id: &PaymentId) -> Result<Payment, ProviderError> {
    let form = moyasar.get::<PaymentForm>(&format!("/v1/payments/{id}")).await?;
    with_metadata(moyasar, form).await?.payment(id)
}

/// A page of the payments within a window.
pub(super) async fn payments(moyasar: &Moyasar, window: Window, page: u32) -> Result<PaymentPage, ProviderError> {
    let Window { by, from, until } = window;
    let name = match by {
        Time::Made => "created",
        Time::Changed => "updated",
    };
    let before = Moment::from_millis(from.millis().saturating_sub(1));
    // Times of ours have neither spaces nor signs in them, and brackets are written as a form writes them.
    let path = format!("/v1/payments?page={page}&{name}%5Bgt%5D={before}&{name}%5Blt%5D={until}");
    moyasar.get::<ListForm>(&path).await?.page(page)
}

/// The payment with its invoice's metadata, if it carries none that names a donation.
async fn with_metadata(moyasar: &Moyasar, mut form: PaymentForm) -> Result<PaymentForm, ProviderError> {
    if form.names_a_donation() {
        return Ok(form);
    }
    let Some(id) = form.invoice().map(str::to_owned) else { return Ok(form) };
    match invoice(moyasar, &id).await {
        Ok(invoice) => form.take_metadata(invoice),
        // An invoice that is gone names nothing: the payment is an orphan, for a person.
        Err(ProviderError::NotFound) => {}
        Err(error) => return Err(error),
    }
    Ok(form)
}

/// Refunds what is missing to the sum of `refunded`.
pub(super) async fn refund_to(moyasar: &Moyasar, id: &PaymentId, refunded: Money) -> Result<Payment, ProviderError> {
    let now = payment(moyasar, id).await?;
    let Some(missing) = refunded.minus(now.refunded_minor).filter(|missing| !missing.is_zero()) else { return Ok(now) };
    let wanted = json!({"amount": missing.halalas()});
    let form = moyasar.post::<PaymentForm>(&format!("/v1/payments/{id}/refund"), &wanted).await?;
    with_metadata(moyasar, form).await?.payment(id)
}

impl Moyasar {
    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ProviderError> {
        self.ask(Request::get(&self.address(path)?)).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &serde_json::Value) -> Result<T, ProviderError> {
        self.ask(Request::post_json(&self.address(path)?, body)).await
    }

    fn address(&self, path: &str) -> Result<String, ProviderError> {
        let url = self.url.as_deref().ok_or(ProviderError::NoAddress(URL))?;
        Ok(format!("{url}{path}"))
    }

    async fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, ProviderError> {
        let key = self.secret(KEY).await?;
        let user = BASE64_STANDARD.encode([key.bytes(), b":"].concat());
        let request = request.with_header("authorization", &format!("Basic {user}"));
        let answer = self.outbound.call(request).await.map_err(ProviderError::NoAnswer)?;
        read(&answer)
    }
}

/// By the status alone: the vendor's pages disagree on the names of refusals.
fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, ProviderError> {
    match answer.status {
        200..=299 => {
            serde_json::from_slice(&answer.body).map_err(|_| ProviderError::Unreadable("not of the documented form"))
        }
        status @ (401 | 403) => Err(ProviderError::KeyRefused { status }),
        404 => Err(ProviderError::NotFound),
        status @ (408 | 429) => Err(ProviderError::Unwell { status }),
        status @ 400..=499 => Err(ProviderError::Refused { status, kind: ErrorForm::kind_of(&answer.body) }),
        status => Err(ProviderError::Unwell { status }),
    }
}

#[cfg(test)]
mod tests;
