//! The books of a stage: what settlement would write, for tests that only need it to stand.

use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::donation::{Decision, Donation, Place, Secrecy, decide};
use domain::id::DonationId;
use domain::journal::ChainId;
use domain::money::Money;
use domain::payment::{CURRENCY, Happening, Method, PaymentFact, PaymentRef, Provider};
use platform::Random;
use platform::privacy::leaf::PageSecret;
use platform::table::{Booking, Committed, Group};

use crate::Stage;

/// The chain on which a stage books.
const CHAIN: u8 = 3;
/// How often a page is written before it is given up: nobody else keeps a donation busy for longer.
const ROUNDS: u32 = 8;

impl Stage {
    /// Books that a donation was paid now, on a page of its own; gives back the donation as it stands then.
    ///
    /// # Errors
    /// When the donation does not wait for a payment, or the table does not take the page.
    pub async fn settle(&self, donation: &DonationId) -> anyhow::Result<Donation> {
        let happening = Happening::Captured { method: Method::Mada, captured_at: self.now(), fee_minor: Money::ZERO };
        self.book(donation, happening).await
    }

    /// Books that so much of a settled donation was given back, in all; gives back the donation as it stands then.
    ///
    /// # Errors
    /// When the donation is not settled, or the table does not take the page.
    pub async fn give_back(&self, donation: &DonationId, refunded_minor: Money) -> anyhow::Result<Donation> {
        self.book(donation, Happening::Refunded { refunded_minor }).await
    }

    /// Books what happened to a donation's payment, on a page of its own; gives back the donation as it stands then.
    ///
    /// # Errors
    /// When nothing is to be booked, or the table does not take the page.
    pub async fn book(&self, id: &DonationId, happening: Happening) -> anyhow::Result<Donation> {
        self.book_together(&[(*id, happening)]).await?;
        self.table.donation(id).await?.context("the donation is gone")
    }

    /// Books that these donations were paid now, all on one page.
    ///
    /// # Errors
    /// As [`Stage::settle`].
    pub async fn settle_together(&self, ids: &[DonationId]) -> anyhow::Result<()> {
        let captured = || Happening::Captured { method: Method::Mada, captured_at: self.now(), fee_minor: Money::ZERO };
        let facts: Vec<_> = ids.iter().map(|id| (*id, captured())).collect();
        self.book_together(&facts).await
    }

    /// Again, from what stands then, where somebody else has written one of the donations meanwhile.
    async fn book_together(&self, facts: &[(DonationId, Happening)]) -> anyhow::Result<()> {
        let mut refused = Vec::new();
        for _ in 0..ROUNDS {
            match self.try_to_book(facts).await? {
                Committed::Done => return Ok(()),
                Committed::Cancelled(why) => refused = why,
                Committed::Unsure(error) => return Err(error.into()),
            }
            self.clock.sleep(Duration::from_millis(20)).await;
        }
        bail!("the page was not taken: {refused:?}")
    }

    async fn try_to_book(&self, facts: &[(DonationId, Happening)]) -> anyhow::Result<Committed> {
        let (mut donations, mut entries, mut salts) = (Vec::new(), Vec::new(), Vec::new());
        let tail = self.table.tail(ChainId::new(CHAIN).context("not a chain")?).await?;
        let random = Random::seeded(tail.next_seq);
        let (page, mut kept) = (PageSecret::new(&random), Vec::new());
        for ((id, happening), index) in facts.iter().zip(0..) {
            let donation = self.table.donation(id).await?.context("there is no such donation")?;
            let fact = told(&donation, happening.clone())?;
            let decision = decide(Some(&donation), None, &fact, self.now())?;
            let Decision::Book { state, mut back, entry, .. } = decision else { bail!("nothing is booked: {decision:?}") };
            let salt = match donation.secrecy() {
                Secrecy::Agreed(key) => page.salt(&key, &donation.id, index).context("a key of ours")?,
                Secrecy::Kept | Secrecy::Erased => random.bytes(),
            };
            kept.extend((donation.secrecy() == Secrecy::Kept).then_some((index, salt)));
            salts.push(salt.to_vec());
            entries.push(entry);
            let settles = donation.state.settled_by().is_none();
            let here = Place { chain: CHAIN, seq: tail.next_seq, index };
            back.booked.extend((!settles).then_some(here));
            donations.push(Booking { read: donation, state, back, place: settles.then_some(here) });
        }
        let group = Group {
            page: tail.write_agreed(entries, (Some(page.public()), &salts), self.now()),
            donations,
            charges: Vec::new(),
        };
        if !kept.is_empty() {
            self.table.keep_salts(&page.public(), &kept).await?;
        }
        Ok(self.table.commit(&group).await?)
    }
}

/// What the provider tells of a donation's payment.
fn told(donation: &Donation, happening: Happening) -> anyhow::Result<PaymentFact> {
    let payment = match donation.state.settled_by() {
        Some(settled_by) => settled_by.payment.clone(),
        None => PaymentRef { provider: Provider::Moyasar, payment: format!("p-{}", donation.id).parse()? },
    };
    Ok(PaymentFact {
        payment,
        donation: Some(donation.id),
        attempt: 1,
        amount_minor: donation.total(),
        currency: CURRENCY.to_owned(),
        happening,
    })
}
