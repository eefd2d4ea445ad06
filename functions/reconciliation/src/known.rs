//! What the table knows of payments, read by their keys: the donation that each names, and the charge that may be kept for it.

use std::collections::{BTreeMap, BTreeSet};

use domain::donation::{Charge, ChargeKind, Donation, donation_of};
use domain::id::DonationId;
use domain::money::Money;
use domain::payment::{Happening, PaymentRef};
use domain::reconcile::payment::{Figures, Known, Told};
use futures_util::{StreamExt as _, TryStreamExt as _, future, stream};
use platform::table::{Table, TableError};
use providers::{Payment, PaymentProvider, ProviderError};

use crate::ReconcileError;
use crate::list::AT_ONCE;

/// What was read of the table for some payments.
#[derive(Debug, Default)]
pub struct Books {
    donations: BTreeMap<DonationId, Donation>,
    charges: BTreeMap<PaymentRef, Charge>,
}

impl Books {
    /// Of these payments, each with the donation that it names.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn of(
        table: &Table,
        payments: impl IntoIterator<Item = (&PaymentRef, Option<DonationId>)>,
    ) -> Result<Books, TableError> {
        let (mut ids, mut refs) = (BTreeSet::new(), BTreeSet::new());
        for (payment, donation) in payments {
            refs.insert(payment.clone());
            ids.extend(donation);
        }
        let (ids, refs): (Vec<_>, Vec<_>) = (ids.into_iter().collect(), refs.into_iter().collect());
        let (mut donations, charges) = future::try_join(table.donations(&ids), table.charges(&refs)).await?;
        let found: BTreeSet<_> =
            charges.iter().filter_map(Charge::found).filter(|id| ids.binary_search(id).is_err()).collect();
        donations.extend(table.donations(&found.into_iter().collect::<Vec<_>>()).await?);
        Ok(Books {
            donations: donations.into_iter().map(|donation| (donation.id, donation)).collect(),
            charges: charges.into_iter().map(|charge| (charge.payment.clone(), charge)).collect(),
        })
    }

    /// What is known of a payment, and of the donation that it is about.
    pub fn known(&self, payment: &PaymentRef, donation: Option<DonationId>) -> Known<'_> {
        Known { donation: donation.and_then(|id| self.donations.get(&id)), charge: self.charges.get(payment) }
    }

    /// What the provider tells of a payment, and the donation that it is about, whatever its metadata name: see [`donation_of`].
    pub fn told(&self, payment: &Payment) -> Told {
        let told = told(payment);
        let Known { donation, charge } = self.known(&told.payment, told.donation);
        Told { donation: donation_of(&told.payment, told.donation, (donation, charge)), ..told }
    }
}

/// What the provider tells of a payment, with the donation that it names.
fn told(payment: &Payment) -> Told {
    let fact = payment.facts.first();
    let mut figures = Figures::default();
    for fact in &payment.facts {
        match &fact.happening {
            Happening::Captured { fee_minor, .. } => {
                figures.captured_minor = fact.amount_minor;
                figures.fee_minor = *fee_minor;
            }
            Happening::Refunded { refunded_minor } => figures.refunded_minor = *refunded_minor,
            Happening::Failed { .. }
            | Happening::Voided
            | Happening::Disputed { .. }
            | Happening::DisputeWon { .. }
            | Happening::DisputeLost { .. } => {}
        }
    }
    Told {
        payment: payment.payment.clone(),
        donation: fact.and_then(|fact| fact.donation),
        amount_minor: fact.map_or(payment.amount_minor, |fact| fact.amount_minor),
        currency: payment.currency.clone(),
        figures,
        is_voided: fact.is_some_and(|fact| fact.happening == Happening::Voided),
    }
}

/// The payments as they are compared, and what is known of them. One that took money, names no donation and is kept as no charge, or as an orphan, is fetched by its id: its invoice may
/// name the donation.
///
/// # Errors
/// When the table cannot be reached, or the provider.
pub async fn look(table: &Table, provider: &dyn PaymentProvider, payments: &mut [Payment]) -> Result<Books, ReconcileError> {
    let books = read(table, payments).await?;
    let is_nameless = |payment: &Payment| {
        let told = told(payment);
        let is_known = books.charges.get(&told.payment).is_some_and(|charge| charge.kind != ChargeKind::Orphan);
        told.figures.captured_minor > Money::ZERO && told.donation.is_none() && !is_known
    };
    let nameless: Vec<usize> = (0..payments.len()).filter(|index| is_nameless(&payments[*index])).collect();
    if nameless.is_empty() {
        return Ok(books);
    }
    let ids: Vec<_> = nameless.iter().map(|index| (*index, payments[*index].payment.payment.clone())).collect();
    let calls = ids.iter().map(|(index, id)| async move {
        match provider.payment(id).await {
            Ok(payment) => Ok(Some((*index, payment))),
            // Then it is as the list says.
            Err(ProviderError::NotFound | ProviderError::Refused { .. } | ProviderError::Unreadable(_)) => Ok(None),
            Err(error) => Err(ReconcileError::from(error)),
        }
    });
    let calls: Vec<_> = calls.map(futures_util::FutureExt::boxed).collect();
    let fetched: Vec<Option<(usize, Payment)>> = stream::iter(calls).buffered(AT_ONCE).try_collect().await?;
    for (index, payment) in fetched.into_iter().flatten() {
        payments[index] = payment;
    }
    Ok(read(table, payments).await?)
}

async fn read(table: &Table, payments: &[Payment]) -> Result<Books, TableError> {
    let named = payments.iter().map(|payment| (&payment.payment, payment.facts.first().and_then(|fact| fact.donation)));
    Books::of(table, named).await
}
