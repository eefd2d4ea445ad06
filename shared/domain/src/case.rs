//! What is set aside for a person: never dropped, never guessed at.
//!
//! [`Case`] is the matter as it was met. [`duty`] says whose it is, what to do about it and whether to look again may help. [`kept`] is the matter with what became of
//! it: closed with a note, replayed, told again.

pub mod duty;
pub mod kept;

use serde::{Deserialize, Serialize};

use crate::hash::Hash;
use crate::id::{DonationId, RefundId};
use crate::journal::Entry;
use crate::moment::Moment;
use crate::money::{Money, halalas};
use crate::payment::{PaymentRef, Provider};
use crate::purpose::codes;

codes!(
    /// Why a person must look.
    Reason, "reason" {
        /// The amount paid is not the donation's.
        AmountDiffers = 0 "amount_differs",
        /// The currency paid is not the riyal.
        CurrencyDiffers = 1 "currency_differs",
        /// A payment names a donation that does not exist, or none.
        DonationUnknown = 2 "donation_unknown",
        /// The provider told one thing and answered another when asked.
        ProviderDisagrees = 3 "provider_disagrees",
        /// Authentic, but cannot be read.
        Malformed = 4 "malformed",
        /// Authentic and readable, of a type we do not know.
        TypeUnknown = 5 "type_unknown",
        /// Part of a gift of several lines was refunded from the provider's own dashboard: which line is not known.
        RefundUnassigned = 6 "refund_unassigned",
        /// A refund or a dispute was told of a payment, and for half an hour no capture of it.
        RefundWithoutCapture = 7 "refund_without_capture",
        /// The database refused the write as invalid; the same write will be refused again.
        Unwritable = 8 "unwritable",
        /// An authorisation was voided for a payment that we have booked.
        VoidAfterCapture = 9 "void_after_capture",
        /// The provider does not give back what is owed of a payment.
        RefundRefused = 10 "refund_refused",
        /// More went back of a payment, by refunds and by a dispute, than was taken.
        RefundBeyondCapture = 11 "refund_beyond_capture",
        /// A donor has asked their bank for the money: it is to be answered at the provider in time.
        DisputeOpened = 12 "dispute_opened",
        /// A dispute is told in another way than before: of another amount, or decided otherwise.
        DisputeDiffers = 13 "dispute_differs",
        /// A dispute about a payment that is kept apart from its donation, and may be on its way back already.
        DisputeOfCharge = 14 "dispute_of_charge",
        /// The provider tells a fee that is more than what it captured.
        FeeBeyondCapture = 15 "fee_beyond_capture",
        /// A gift went back to its donor after the charity had been paid: the charity owes it now.
        RefundAfterPayout = 16 "refund_after_payout",
        /// The provider took a payment that the books do not have.
        PaymentMissing = 17 "payment_missing",
        /// The books have a payment that the provider does not know.
        PaymentUnknown = 18 "payment_unknown",
        /// The provider took another sum than the books have.
        CaptureDiffers = 19 "capture_differs",
        /// The provider gave back another sum than the books have.
        RefundDiffers = 20 "refund_differs",
        /// The provider keeps another fee than the books have.
        FeeDiffers = 21 "fee_differs",
        /// The provider paid out more than the books say it had collected.
        PayoutDiffers = 22 "payout_differs",
        /// The bank's statement shows money that nobody has explained; it stands in suspense.
        BankUnexplained = 23 "bank_unexplained",
        /// A bank's statement cannot be read, or does not add up.
        StatementUnreadable = 24 "statement_unreadable",
        /// A bank's statement does not begin where the one before ended: one between them is missing, or it is a copy.
        StatementGap = 25 "statement_gap",
        /// The books have another sum in the bank than its statements.
        BankDiffers = 26 "bank_differs",
        /// A sacrifice is paid, and there is no share for it any more.
        SharesMissing = 27 "shares_missing",
        /// An animal was filled with shares of the platform's own: its own account owes what they cost.
        OwnShares = 28 "own_shares",
        /// The last animal of a sale is not full, and what was given for it is to go back.
        AnimalUnfilled = 29 "animal_unfilled",
        /// A slaughterhouse told of animals that were slaughtered outside the season: they are no sacrifices.
        OutsideSeason = 30 "outside_season",
        /// A slaughterhouse tells of animals, and where its place lies is not recorded: whether it was in the season is not known.
        PlaceUnlocated = 31 "place_unlocated",
        /// A slaughterhouse told two things of the same animal.
        SlaughterDiffers = 32 "slaughter_differs",
        /// The season is over, and animals were never told as slaughtered.
        NotSlaughtered = 33 "not_slaughtered",
        /// A slaughterhouse's list is not out, and its animals may be slaughtered soon.
        ListLate = 34 "list_late",
        /// What stands in the place of evidence is not what a slaughterhouse told.
        EvidenceDiffers = 35 "evidence_differs",
        /// The provider has not paid out what it collected more than a week ago.
        PayoutLate = 36 "payout_late",
        /// A payment came into the books twice: it names another donation, or none, than when it was booked first.
        BookedTwice = 37 "booked_twice",
    }
);

/// One matter set aside. Its id is derived from what it is about, so that the same matter told twice is one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Why.
    pub reason: Reason,
    /// The payment it is about, if one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentRef>,
    /// The donation it is about, if one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub donation: Option<DonationId>,
    /// The refund it is about, if it was asked for here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<RefundId>,
    /// The money it is about.
    #[serde(with = "halalas")]
    pub amount_minor: Money,
    /// The evidence, redacted: the fact, or where the raw event is kept.
    pub evidence: String,
    /// When it was set aside.
    pub opened_at: Moment,
}

impl Case {
    /// A payment came in by this entry, and by another. Whichever of them is met second, it is the same matter: it names neither donation, and the evidence says where both stand.
    pub fn booked_twice(entry: &Entry, evidence: String, now: Moment) -> Case {
        let moved = u64::try_from(entry.moved_minor()).ok().and_then(Money::from_halalas);
        Case {
            reason: Reason::BookedTwice,
            payment: Some(entry.payment.clone()),
            donation: None,
            refund: None,
            amount_minor: moved.unwrap_or(Money::ZERO),
            evidence,
            opened_at: now,
        }
    }

    /// The id: a hash of the reason, the payment, the donation, the amount and, where there is one, the refund. Time and evidence are not in it. Of a matter that names
    /// neither payment nor donation it is the evidence that tells it from others.
    pub fn id(&self) -> String {
        let payment = self.payment.as_ref().map(|p| format!("{}#{}", p.provider, p.payment)).unwrap_or_default();
        let donation = self.donation.map(|id| id.to_string()).unwrap_or_default();
        let about = if payment.is_empty() && donation.is_empty() { self.evidence.as_str() } else { "" };
        let text = format!("{}|{payment}|{donation}|{}|{about}", self.reason, self.amount_minor.halalas());
        let refund = self.refund.as_ref().map(|refund| format!("|{}", refund.as_str())).unwrap_or_default();
        Hash::of(&[text.as_bytes(), refund.as_bytes()]).to_string()[..32].to_owned()
    }
}

/// Where the documents stand that are kept of what could not be read.
const DOCUMENTS: &str = "set-aside/";

/// The name under which a provider's event is kept, redacted. Derived from what is kept, so that the same event again is the same document, and two who keep it at the
/// same time write the same bytes.
///
/// ```
/// use domain::case::{document, provider_of};
/// use domain::payment::Provider;
///
/// let name = document(Provider::Moyasar, b"{}");
/// assert!(name.starts_with("set-aside/moyasar/44136fa355b3678a") && name.ends_with(".json"));
/// assert_eq!(provider_of(&name), Some(Provider::Moyasar));
/// ```
pub fn document(provider: Provider, bytes: &[u8]) -> String {
    format!("{DOCUMENTS}{provider}/{}.json", Hash::of(&[bytes]))
}

/// The provider whose event is kept under this name, if it is one of [`document`]'s.
pub fn provider_of(name: &str) -> Option<Provider> {
    let (provider, _) = name.strip_prefix(DOCUMENTS)?.split_once('/')?;
    provider.parse().ok()
}
