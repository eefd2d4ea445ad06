//! Who calls.
//!
//! Four proofs, no more:
//! - a token of the identity provider's, checked by the gateway where a route demands one, and by [`bearer`] where a guest may come instead;
//! - a guest token, which says nothing about a person: it keeps one guest's idempotency keys apart from another's;
//! - a donation's access token, which opens that donation to whoever was given it;
//! - a waiting room's ticket, and the admission that follows from it: whose turn it is to make one gift.
//!
//! All but the first are keyed hashes (HMAC-SHA256) under one secret, with a domain prefix each, compared in constant time.

pub mod bearer;
pub mod door;
mod turn;

pub use turn::{Admission, Ticket};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use domain::donation::Place;
use domain::id::{CorrectionId, DonationId, DonorId, OpportunityId, RefundId};
use domain::moment::Moment;
use domain::receipt::{Code, PROOF_BYTES};
use domain::sacrifice::fairness::GiverHash;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::http::{Call, Problem};
use crate::random::Random;
use crate::secrets::Secret;

/// How long a guest token serves: a visit with a lost connection in it, not a season.
pub const GUEST_TOKEN_SECS: i64 = 24 * 3_600;

/// Who gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A signed-in donor.
    Donor(DonorId),
    /// A guest, by the name in its token.
    Guest(String),
}

/// A person of the platform's, by the token that the gateway has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Officer {
    /// The token's subject.
    pub subject: String,
    /// The role that the token gives.
    pub role: String,
}

impl Officer {
    /// The officer who calls, if the token gives one of these roles.
    ///
    /// # Errors
    /// 401 without a token, 403 in another role.
    pub fn of(call: &Call, roles: &[&str]) -> Result<Officer, Problem> {
        let subject = call.claim("sub").ok_or_else(Problem::unauthenticated)?;
        let role = call.claim("role").unwrap_or_default();
        if roles.contains(&role) {
            Ok(Officer { subject: subject.to_owned(), role: role.to_owned() })
        } else {
            Err(Problem::forbidden())
        }
    }
}

/// The donor who calls, by the token that the gateway has checked.
///
/// # Errors
/// 401 without a token, 403 when its subject is no donor.
pub fn donor(call: &Call) -> Result<DonorId, Problem> {
    let subject = call.claim("sub").ok_or_else(Problem::unauthenticated)?;
    match call.claim("role") {
        Some("donor") => subject.parse().map_err(|_| Problem::forbidden()),
        _ => Err(Problem::forbidden()),
    }
}

/// Somebody who is known again, and whom nothing that is kept names.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// A signed-in donor.
    Donor(&'a DonorId),
    /// Whoever has this mobile number.
    Mobile(&'a str),
    /// Whoever is behind this address.
    Source(&'a str),
}

impl<'a> Who<'a> {
    fn parts(self) -> (&'static str, &'a str) {
        match self {
            Who::Donor(donor) => ("donor", donor.as_str()),
            Who::Mobile(number) => ("mobile", number),
            Who::Source(address) => ("source", address),
        }
    }
}

/// Ids and tokens derived from one secret.
#[derive(Clone)]
pub struct Identifiers {
    secret: Secret,
}

impl Identifiers {
    /// Under this secret.
    pub const fn new(secret: Secret) -> Identifiers {
        Identifiers { secret }
    }

    /// The id of the donation that this caller makes under this idempotency key: the same for a retry, and not to be guessed by
    /// anyone else.
    pub fn donation(&self, caller: &Caller, idempotency_key: &str) -> DonationId {
        let caller = match caller {
            Caller::Donor(donor) => format!("donor:{donor}"),
            Caller::Guest(guest) => format!("guest:{guest}"),
        };
        let hash = self.mac(&["donation", &caller, idempotency_key]);
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        DonationId::from_bytes(id)
    }

    /// The token that opens a donation. Derived, not kept: a retry is given the same one.
    pub fn access_token(&self, donation: &DonationId) -> String {
        BASE64URL_NOPAD.encode(&self.mac(&["access", &donation.to_string()]))
    }

    /// Whether the token opens the donation.
    pub fn opens(&self, token: &str, donation: &DonationId) -> bool {
        bool::from(token.as_bytes().ct_eq(self.access_token(donation).as_bytes()))
    }

    /// A new guest token, and the moment at which it ends.
    pub fn guest_token(&self, random: &Random, now: Moment) -> (String, Moment) {
        let until = now.plus_seconds(GUEST_TOKEN_SECS);
        let body = format!("{}.{}", HEXLOWER.encode(&random.bytes::<16>()), until.seconds());
        let proof = BASE64URL_NOPAD.encode(&self.mac(&["guest", &body]));
        (format!("{body}.{proof}"), Moment::from_millis(until.seconds() * 1_000))
    }

    /// The guest whose token this is, if it is ours and still serves.
    pub fn guest(&self, token: &str, now: Moment) -> Option<Caller> {
        let (body, proof) = token.rsplit_once('.')?;
        let (name, until) = body.split_once('.')?;
        let expected = BASE64URL_NOPAD.encode(&self.mac(&["guest", body]));
        let genuine = bool::from(proof.as_bytes().ct_eq(expected.as_bytes()));
        let serves = until.parse::<i64>().is_ok_and(|until| now.seconds() < until);
        (genuine && serves).then(|| Caller::Guest(name.to_owned()))
    }

    /// The id of the refund that this officer asks for under this idempotency key: the same for a retry.
    ///
    /// # Panics
    /// Never: hex digits are an id.
    pub fn refund(&self, donation: &DonationId, subject: &str, idempotency_key: &str) -> RefundId {
        let mac = self.mac(&["refund", &donation.to_string(), subject, idempotency_key]);
        HEXLOWER.encode(&mac[..16]).parse().expect("hex digits are an id")
    }

    /// The id of the correction that this officer asks for under this idempotency key: the same for a retry.
    ///
    /// # Panics
    /// Never: hex digits are an id.
    pub fn correction(&self, subject: &str, idempotency_key: &str) -> CorrectionId {
        let mac = self.mac(&["correction", subject, idempotency_key]);
        HEXLOWER.encode(&mac[..16]).parse().expect("hex digits are an id")
    }

    /// The id of an officer's act on something under this idempotency key: the same for a retry.
    pub fn act(&self, act: &str, on: &str, subject: &str, idempotency_key: &str) -> String {
        HEXLOWER.encode(&self.mac(&["act", act, on, subject, idempotency_key])[..16])
    }

    /// A name under which something of a provider's is asked for again: a UUID derived from the donation and the attempt's number.
    pub fn checkout_reference(&self, donation: &DonationId, attempt: u32) -> String {
        let mac = self.mac(&["checkout", &donation.to_string(), &attempt.to_string()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&mac[..16]);
        // RFC 9562, version 8: a UUID of our own making.
        bytes[6] = (bytes[6] & 0x0f) | 0x80;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = HEXLOWER.encode(&bytes);
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    /// The code by which anyone can check the receipt of the gift at this place; none for a place that no code can name.
    pub fn receipt_code(&self, place: Place) -> Option<Code> {
        let mac = self.mac(&["receipt", &format!("{}-{}-{}", place.chain, place.seq, place.index)]);
        let mut proof = [0; PROOF_BYTES];
        proof.copy_from_slice(&mac[..PROOF_BYTES]);
        Code::new(place, proof)
    }

    /// Whether the code is one of ours.
    pub fn confirms(&self, code: &Code) -> bool {
        self.receipt_code(code.place()).is_some_and(|ours| bool::from(ours.proof().ct_eq(code.proof())))
    }

    /// Whose allowance of an offering's limit a donor or a mobile number uses. Another one for each offering: nothing tells that it is the same person.
    pub fn giver(&self, offering: &OpportunityId, who: Who<'_>) -> GiverHash {
        let (kind, name) = who.parts();
        let mut hash = [0; 16];
        hash.copy_from_slice(&self.mac(&["giver", offering.as_str(), kind, name])[..16]);
        GiverHash::from_bytes(hash)
    }

    /// The name under which somebody's attempts at something are counted.
    pub fn tries(&self, at: &str, who: Who<'_>) -> String {
        let (kind, name) = who.parts();
        HEXLOWER.encode(&self.mac(&["tries", at, kind, name])[..16])
    }

    /// Parts are parted by a byte that none of them can hold, so that no two lists of parts run together.
    fn mac(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.bytes()).expect("HMAC takes a key of any length");
        for part in parts {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn identifiers() -> Identifiers {
        Identifiers::new(Secret::from("a secret of the tests".to_owned()))
    }

    #[test]
    fn a_retry_lands_on_the_same_donation_and_nobody_else_does() {
        let ids = identifiers();
        let guest = Caller::Guest("a".to_owned());
        let donor = Caller::Donor("a".parse().unwrap());
        assert_eq!(ids.donation(&guest, "key"), ids.donation(&guest, "key"));
        assert_ne!(ids.donation(&guest, "key"), ids.donation(&donor, "key"));
        assert_ne!(ids.donation(&guest, "key"), ids.donation(&guest, "other"));
        assert_ne!(ids.donation(&Caller::Guest("a".to_owned()), "bc"), ids.donation(&Caller::Guest("ab".to_owned()), "c"));
    }

    #[test]
    fn tokens_open_what_they_are_for_and_nothing_else() {
        let ids = identifiers();
        let (one, two) = (DonationId::from_bytes([1; 16]), DonationId::from_bytes([2; 16]));
        assert!(ids.opens(&ids.access_token(&one), &one));
        assert!(!ids.opens(&ids.access_token(&one), &two));
        assert!(!ids.opens("", &one));
    }

    #[test]
    fn a_guest_token_serves_until_its_end_and_cannot_be_made() {
        let ids = identifiers();
        let now = Moment::from_millis(1_000_000);
        let (token, until) = ids.guest_token(&Random::seeded(1), now);
        assert!(matches!(ids.guest(&token, now), Some(Caller::Guest(_))));
        assert_eq!(ids.guest(&token, until), None);
        let forged = token.replacen(&until.seconds().to_string(), &(until.seconds() + 1).to_string(), 1);
        for bad in ["", "a.b", "a.b.c", &forged, &token[1..]] {
            assert_eq!(ids.guest(bad, now), None, "{bad}");
        }
    }

    #[test]
    fn a_receipts_code_is_confirmed_at_its_own_place_only() {
        let ids = identifiers();
        let place = Place { chain: 3, seq: 17, index: 4 };
        let code = ids.receipt_code(place).unwrap();
        assert!(ids.confirms(&code));
        for other in [Place { index: 5, ..place }, Place { seq: 18, ..place }, Place { chain: 4, ..place }] {
            assert!(!ids.confirms(&Code::new(other, *code.proof()).unwrap()), "{other:?}");
        }
    }

    #[test]
    fn a_checkout_reference_is_a_uuid_and_its_own() {
        let ids = identifiers();
        let id = DonationId::from_bytes([7; 16]);
        let reference = ids.checkout_reference(&id, 1);
        assert_eq!(reference.len(), 36);
        assert_eq!(&reference[14..15], "8");
        assert_ne!(reference, ids.checkout_reference(&id, 2));
    }
}
