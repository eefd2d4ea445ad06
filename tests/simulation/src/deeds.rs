//! What the simulation did that a person has to be told of: the causes of cases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::id::DonationId;
use moyasar_sandbox::Delivery;
use serde_json::Value;
use stage::WEBHOOK_SECRET;
use uuid::Uuid;

/// A message that was not as the provider wrote it.
#[derive(Debug, Clone)]
pub struct Lie {
    /// The payment that it names.
    pub payment: String,
    /// The amount that it says, in halalas.
    pub amount: u64,
    /// The status that it says.
    pub status: String,
    /// Whether it came without the secret that was agreed on.
    pub is_unsigned: bool,
    /// Whether it was answered as one that was taken.
    pub was_taken: bool,
}

/// A correction of one transfer, as a clerk asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The account that is debited, by its name.
    pub debit: String,
    /// The account that is credited.
    pub credit: String,
    /// How much.
    pub halalas: u64,
}

#[derive(Debug, Default)]
struct Done {
    lies: Vec<Lie>,
    /// Messages that were cut off, and how many of them were taken.
    cut: (u64, u64),
    given_back: BTreeMap<Uuid, u64>,
    disputed: BTreeSet<DonationId>,
    let_go: BTreeSet<Uuid>,
    found: BTreeMap<Uuid, DonationId>,
    corrections: BTreeMap<String, Wish>,
    answers: BTreeMap<String, Vec<(bool, String)>>,
    erasing: BTreeSet<DonationId>,
    erased: BTreeSet<DonationId>,
}

/// What was done so far.
#[derive(Debug, Default)]
pub struct Deeds(Mutex<Done>);

impl Deeds {
    fn lock(&self) -> MutexGuard<'_, Done> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A forged message was posted.
    pub fn forged(&self, delivery: &Delivery, was_taken: bool) {
        let mut done = self.lock();
        match serde_json::from_slice::<Value>(&delivery.body) {
            Ok(body) => done.lies.push(Lie {
                payment: body["data"]["id"].as_str().unwrap_or_default().to_owned(),
                amount: body["data"]["amount"].as_u64().unwrap_or_default(),
                status: body["data"]["status"].as_str().unwrap_or_default().to_owned(),
                is_unsigned: body["secret_token"] != WEBHOOK_SECRET,
                was_taken,
            }),
            Err(_) => {
                done.cut.0 += 1;
                done.cut.1 += u64::from(was_taken);
            }
        }
    }

    /// Money of a payment was given back from the provider's dashboard.
    pub fn gave_back(&self, payment: Uuid, halalas: u64) {
        *self.lock().given_back.entry(payment).or_default() += halalas;
    }

    /// An operator told of a dispute.
    pub fn disputed(&self, donation: DonationId) {
        self.lock().disputed.insert(donation);
    }

    /// Money that was only held was let go.
    pub fn let_go(&self, payment: Uuid) {
        self.lock().let_go.insert(payment);
    }

    /// Whether a payment was voided while its money was only held: it never took anything.
    pub fn was_let_go(&self, payment: Uuid) -> bool {
        self.lock().let_go.contains(&payment)
    }

    /// A payment that had lost whose it is names its donation again.
    pub fn put_right(&self, payment: Uuid, donation: DonationId) {
        self.lock().found.insert(payment, donation);
    }

    /// Every such payment, and its donation.
    pub fn found(&self) -> BTreeMap<Uuid, DonationId> {
        self.lock().found.clone()
    }

    /// A correction was asked for, and was taken.
    pub fn asked_for_correction(&self, id: &str, wish: Wish) {
        self.lock().corrections.insert(id.to_owned(), wish);
    }

    /// Every such correction, as it was asked for.
    pub fn corrections(&self) -> BTreeMap<String, Wish> {
        self.lock().corrections.clone()
    }

    /// Somebody was told that a correction is done, or declined, as they wanted.
    pub fn answered_correction(&self, id: &str, (is_agreed, by): (bool, &str)) {
        self.lock().answers.entry(id.to_owned()).or_default().push((is_agreed, by.to_owned()));
    }

    /// What people were told of a correction: whether it is done, and who asked.
    pub fn answers_to_correction(&self, id: &str) -> Vec<(bool, String)> {
        self.lock().answers.get(id).cloned().unwrap_or_default()
    }

    /// A guest asks to be forgotten; what becomes of that is not known yet.
    pub fn erasing(&self, donation: DonationId) {
        self.lock().erasing.insert(donation);
    }

    /// Whether a guest has asked to be forgotten.
    pub fn is_erasing(&self, donation: &DonationId) -> bool {
        self.lock().erasing.contains(donation)
    }

    /// A guest was told that they are forgotten.
    pub fn erased(&self, donation: DonationId) {
        self.lock().erased.insert(donation);
    }

    /// The gifts of all who were.
    pub fn all_erased(&self) -> BTreeSet<DonationId> {
        self.lock().erased.clone()
    }

    /// Every lie.
    pub fn lies(&self) -> Vec<Lie> {
        self.lock().lies.clone()
    }

    /// Messages that were cut off, and how many of them were taken.
    pub fn cut(&self) -> (u64, u64) {
        self.lock().cut
    }

    /// What was given back of a payment from the dashboard.
    pub fn given_back(&self, payment: Uuid) -> u64 {
        self.lock().given_back.get(&payment).copied().unwrap_or_default()
    }

    /// Whether an operator told of a dispute about a donation.
    pub fn is_disputed(&self, donation: &DonationId) -> bool {
        self.lock().disputed.contains(donation)
    }
}
