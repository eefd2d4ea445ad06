//! Donations of two camels in every state that matters here.

use std::collections::BTreeMap;

use domain::donation::{Donation, SettledBy, State};
use domain::message::Message;
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::{Method, PaymentRef, Provider};
use domain::sacrifice::{Lot, Part, Reservation};
use fulfilment::{Deps, handle};
use platform::table::Taking;
use serde_json::Value;
use stage::{Options, Stage, sample};

pub struct Scene {
    pub stage: Stage,
}

pub fn paid(number: u8, at: Moment) -> State {
    let payment = PaymentRef { provider: Provider::Moyasar, payment: format!("p-{number}").parse().unwrap() };
    State::Settled { settled_by: SettledBy { payment, method: Method::Mada, captured_at: at, fee_minor: Money::ZERO } }
}

impl Scene {
    pub async fn set(options: Options, animals: u32) -> Scene {
        let stage = Stage::new(options).await.unwrap();
        stage.offer(&sample::camels(), &sample::offering(animals * 7, stage.now())).await.unwrap();
        Scene { stage }
    }

    /// The donations that the events speak of.
    pub async fn cast(&self) {
        let now = self.stage.now();
        let by = |number| paid(number, now).settled_by().unwrap().clone();
        let whole = |number: u64| Money::from_riyals(500 * number).unwrap();
        self.make(1, 2, 0, paid(1, now), true).await;
        // Named anew, and the claim on the new lot was never made: what it has is on the lot before.
        let moved = self.make(2, 1, 0, paid(2, now), true).await;
        assert!(self.stage.table.name_lot(&moved, &moved.reservation.as_ref().unwrap().moved(1).unwrap()).await.unwrap());
        self.make(3, 3, 1, paid(3, now), false).await;
        let refunded = State::Refunded { settled_by: by(4), refunded_minor: whole(1) };
        self.make(4, 1, 0, refunded, true).await;
        let in_part = State::PartlyRefunded { settled_by: by(5), refunded_minor: whole(1) };
        self.make(5, 2, 0, in_part, true).await;
        assert!(self.stage.table.make_donation(&sample::gift(6, now)).await.unwrap().is_none());
        self.make(7, 2, 0, State::Expired, false).await;
        self.make(8, 2, 0, State::Cancelled, false).await;
        // Others are being looked for: it names a lot, and the call died before it claimed there.
        let named = self.make(9, 2, 1, State::Awaiting, false).await;
        assert!(self.stage.table.drop_hold(&named).await.unwrap());
        let lost = self.make(10, 2, 1, State::Expired, false).await;
        let named = Reservation { is_lost: true, ..lost.reservation.clone().unwrap() };
        assert!(self.stage.table.name_lot(&lost, &named).await.unwrap());
        self.make(11, 1, 1, State::Awaiting, true).await;
    }

    /// A donation of so many shares on this lot, with or without its claim there.
    pub async fn make(&self, number: u8, shares: u8, lot: u32, state: State, has_claim: bool) -> Donation {
        let donation = Donation { state, ..sample::sacrifice(number, shares, lot, self.stage.now()) };
        assert!(self.stage.table.make_donation(&donation).await.unwrap().is_none());
        if has_claim {
            let offering = &sample::camels().id;
            let held =
                self.stage.table.take_shares(offering, lot, &donation.id, (shares, donation.expires_at)).await.unwrap();
            assert!(matches!(held, Taking::Held(_)), "{number}: {held:?}");
        }
        donation
    }

    /// A donation with its shares in these places, of which the first so many have a claim.
    pub async fn make_apart(&self, number: u8, places: &[(u32, u8)], state: State, claims: usize) -> Donation {
        let places: Vec<Part> = places.iter().map(|(lot, shares)| Part { lot: *lot, shares: *shares }).collect();
        let shares = places.iter().map(|part| part.shares).sum();
        let mut donation = Donation { state, ..sample::sacrifice(number, shares, places[0].lot, self.stage.now()) };
        donation.reservation = donation.reservation.map(|named| Reservation { apart: true, ..named.placed(&places) });
        assert!(self.stage.table.make_donation(&donation).await.unwrap().is_none());
        for part in &places[..claims] {
            self.claim(&donation, *part).await;
        }
        donation
    }

    pub async fn claim(&self, donation: &Donation, part: Part) {
        let held = (part.shares, donation.expires_at);
        let taking = self.stage.table.take_shares(&sample::camels().id, part.lot, &donation.id, held).await.unwrap();
        assert!(matches!(taking, Taking::Held(_)), "{part:?}: {taking:?}");
    }

    pub fn deps(&self) -> Deps {
        Deps::new(&self.stage.platform("fulfilment").unwrap()).unwrap()
    }

    /// Runs a batch; gives back the ids of the messages that come again.
    pub async fn run(&self, event: &Value) -> Vec<String> {
        let answer = handle(&self.deps(), serde_json::from_value(event.clone()).unwrap()).await;
        let mut again: Vec<String> = answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        again.sort();
        again
    }

    pub async fn lots(&self) -> Vec<Lot> {
        self.stage.table.all_lots(&sample::camels().id).await.unwrap()
    }

    /// The claims on each lot by the donation's number, after a look that each lot is whole.
    pub async fn claims(&self) -> Vec<String> {
        let lots = self.lots().await;
        assert!(lots.iter().all(Lot::is_whole), "{lots:?}");
        let claims = |lot: &Lot| {
            let claims: BTreeMap<u8, String> =
                lot.claims.iter().map(|(id, claim)| (id.bytes()[0], claim.to_string())).collect();
            let claims: Vec<String> =
                claims.into_iter().map(|(number, claim)| format!("{number}: {}", standing(&claim))).collect();
            format!("lot {}, {} free; {}", lot.lot, lot.free, claims.join(", "))
        };
        lots.iter().map(claims).collect()
    }

    pub async fn donation(&self, number: u8) -> Donation {
        let id = domain::id::DonationId::from_bytes([number; 16]);
        self.stage.table.donation(&id).await.unwrap().unwrap()
    }

    pub async fn told(&self) -> Vec<Message> {
        self.stage.take_messages("payments").await.unwrap()
    }
}

/// Without the time, which is the scene's.
fn standing(claim: &str) -> String {
    match claim.split_once('h') {
        Some((shares, _)) => format!("{shares} held"),
        None => claim.replace('c', " confirmed"),
    }
}
