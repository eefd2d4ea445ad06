//! A waiting room's tickets, and the admissions that they become.
//!
//! Both are bound to an offering and to **one donation**: the one that follows from the caller and the key under which it will be made. So an admission is good for one gift of
//! one caller, and nothing has to be written to hold it to that. A ticket names its donation, so that its holder can ask for its place without saying more; the donation's id opens
//! nothing.

use data_encoding::BASE64URL_NOPAD;
use domain::id::{DonationId, OpportunityId};
use domain::moment::Moment;
use subtle::ConstantTimeEq as _;

use super::Identifiers;

/// A place in a waiting room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Its number.
    pub number: u64,
    /// The gift that it is for.
    pub donation: DonationId,
}

/// How an admission was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It lets the gift in.
    Serves,
    /// It did, and its time is over.
    Over,
    /// It is not ours, or for another gift.
    Foreign,
}

impl Identifiers {
    /// A ticket as its holder has it.
    pub fn ticket(&self, offering: &OpportunityId, ticket: &Ticket) -> String {
        let body = format!("{}.{}", ticket.number, ticket.donation);
        format!("{body}.{}", self.proof(&["ticket", offering.as_str(), &body]))
    }

    /// The ticket in a text, if it is one of ours for this offering.
    pub fn read_ticket(&self, offering: &OpportunityId, text: &str) -> Option<Ticket> {
        let (body, proof) = text.rsplit_once('.')?;
        let (number, donation) = body.split_once('.')?;
        let expected = self.proof(&["ticket", offering.as_str(), body]);
        let genuine = bool::from(proof.as_bytes().ct_eq(expected.as_bytes()));
        let ticket = Ticket { number: number.parse().ok()?, donation: donation.parse().ok()? };
        genuine.then_some(ticket)
    }

    /// The admission of a ticket whose turn lasts until then.
    pub fn admission(&self, offering: &OpportunityId, ticket: &Ticket, until: Moment) -> String {
        let body = format!("{}.{}", ticket.number, until.seconds());
        let proof = self.proof(&["admission", offering.as_str(), &ticket.donation.to_string(), &body]);
        format!("{body}.{proof}")
    }

    /// Whether an admission lets this gift of this offering in.
    pub fn admits(&self, text: &str, offering: &OpportunityId, donation: &DonationId, now: Moment) -> Admission {
        let Some((body, proof)) = text.rsplit_once('.') else { return Admission::Foreign };
        let expected = self.proof(&["admission", offering.as_str(), &donation.to_string(), body]);
        let genuine = bool::from(proof.as_bytes().ct_eq(expected.as_bytes()));
        let until = body.split_once('.').and_then(|(_, until)| until.parse::<i64>().ok());
        match until.filter(|_| genuine) {
            Some(until) if now.seconds() < until => Admission::Serves,
            Some(_) => Admission::Over,
            None => Admission::Foreign,
        }
    }

    fn proof(&self, parts: &[&str]) -> String {
        BASE64URL_NOPAD.encode(&self.mac(parts))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::auth::Who;
    use crate::secrets::Secret;

    fn identifiers(secret: &str) -> Identifiers {
        Identifiers::new(Secret::from(secret.to_owned()))
    }

    fn ticket(number: u64) -> Ticket {
        Ticket { number, donation: DonationId::from_bytes([7; 16]) }
    }

    #[test]
    fn a_ticket_is_read_for_its_own_offering_and_cannot_be_made() {
        let (ids, camels, sheep) = (identifiers("one"), "camels".parse().unwrap(), "sheep".parse().unwrap());
        let text = ids.ticket(&camels, &ticket(17));
        assert_eq!(ids.read_ticket(&camels, &text), Some(ticket(17)));
        assert_eq!(ids.read_ticket(&sheep, &text), None);
        assert_eq!(identifiers("two").read_ticket(&camels, &text), None);
        let earlier = text.replacen("17.", "16.", 1);
        let anothers = text.replace(&"07".repeat(16), &"08".repeat(16));
        for forged in ["", "17", "17.x", "..", &earlier, &anothers, &text[1..], &format!("{text}.")] {
            assert_eq!(ids.read_ticket(&camels, forged), None, "{forged}");
        }
        assert!(text.len() < 120, "{text}");
    }

    #[test]
    fn an_admission_lets_one_gift_in_until_its_end() {
        let (ids, camels) = (identifiers("one"), "camels".parse().unwrap());
        let until = Moment::from_millis(1_000_000);
        let (before, gift) = (until.plus_seconds(-1), ticket(3).donation);
        let text = ids.admission(&camels, &ticket(3), until);
        assert_eq!(ids.admits(&text, &camels, &gift, before), Admission::Serves);
        assert_eq!(ids.admits(&text, &camels, &gift, until), Admission::Over);
        assert_eq!(ids.admits(&text, &camels, &DonationId::from_bytes([8; 16]), before), Admission::Foreign);
        assert_eq!(ids.admits(&text, &"sheep".parse().unwrap(), &gift, before), Admission::Foreign);
        let longer = text.replacen(".1000.", ".9000.", 1);
        for forged in ["", "3", "3.9000", "x.y.z", &longer, &ids.ticket(&camels, &ticket(3))] {
            assert_eq!(ids.admits(forged, &camels, &gift, before), Admission::Foreign, "{forged}");
        }
    }

    #[test]
    fn people_are_known_again_in_one_offering_only() {
        let (ids, camels) = (identifiers("one"), "camels".parse().unwrap());
        let mobile = ids.giver(&camels, Who::Mobile("+966551234567"));
        assert_eq!(mobile, ids.giver(&camels, Who::Mobile("+966551234567")));
        assert_ne!(mobile, ids.giver(&"sheep".parse().unwrap(), Who::Mobile("+966551234567")));
        let donor = "d-1".parse().unwrap();
        assert_ne!(ids.giver(&camels, Who::Donor(&donor)), ids.giver(&camels, Who::Mobile("d-1")));
        assert_ne!(ids.tries("gift", Who::Source("192.0.2.1")), ids.tries("ticket", Who::Source("192.0.2.1")));
    }
}
