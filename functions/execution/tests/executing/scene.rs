//! Sales that are over, with paid gifts on their lots; and what must hold of them.

use std::collections::{BTreeMap, BTreeSet};

use domain::case::Reason;
use domain::case::kept::Standing as CaseStanding;
use domain::donation::{Donation, State};
use domain::id::{DonationId, OpportunityId};
use domain::journal::{ChainId, MovementKind, Page};
use domain::money::Money;
use domain::person::Person;
use domain::sacrifice::{Coordinates, Lot, Offering, Site, Species, Stage, Standing};
use execution::{Deps, ExecutionError, handle};
use platform::privacy::Privacy;
use platform::table::{CaseFilter, Taking};
use serde_json::{Value, json};
use stage::{Options, Stage as Theatre, sample};
use testkit::dynamo::DynamoOptions;

/// When a scene begins: a week before the Eid of 1448.
const BEGINS: &str = "2027-05-09T09:00:00Z";
/// From the beginning to when the last hold of its sales has ended, in seconds.
pub const OVER_SECS: u64 = 24 * 3_600 + 900;

pub struct Scene {
    pub stage: Theatre,
}

/// What is sold: an offering's id, the kind, and on each lot the shares of each gift.
pub struct Sale<'a> {
    pub id: &'a str,
    pub species: Species,
    pub lots: &'a [&'a [u8]],
}

/// Camels of which four are partial, one full and one unsold: 3 + 2, 4, 6, 1, 7.
pub const CAMELS: Sale<'static> =
    Sale { id: "camels-makkah", species: Species::Camel, lots: &[&[3, 2], &[4], &[6], &[1], &[5, 2], &[]] };

pub fn asked() -> Value {
    json!({"time": "2027-05-10T09:15:00Z"})
}

pub fn gift(number: u16) -> DonationId {
    let mut id = [9; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    DonationId::from_bytes(id)
}

impl Scene {
    pub async fn set(seed: u64) -> Scene {
        let options = Options { seed, begins: BEGINS.parse().unwrap(), ..Options::default() };
        Scene { stage: Theatre::new(options).await.unwrap() }
    }

    /// With the conflicts of transactions.
    pub async fn set_with_conflicts(seed: u64) -> Scene {
        let dynamo = DynamoOptions { seed, ..DynamoOptions::default() };
        let options = Options { seed, dynamo, begins: BEGINS.parse().unwrap(), ..Options::default() };
        Scene { stage: Theatre::new(options).await.unwrap() }
    }

    pub fn deps(&self) -> Deps {
        Deps::new(&self.stage.platform("execution").unwrap()).unwrap()
    }

    pub async fn run(&self) -> Result<Value, ExecutionError> {
        handle(&self.deps(), asked()).await
    }

    pub async fn wait(&self, secs: u64) {
        tokio::time::advance(std::time::Duration::from_secs(secs)).await;
    }

    /// An offering as it is sold from now on for a day.
    pub fn offering(&self, id: &str, species: Species, quota: u32) -> Offering {
        let lots = domain::sacrifice::quota::lots_for(species, quota, 0);
        let place = Site {
            slaughterhouse: Some("makkah-1".parse().unwrap()),
            coordinates: Coordinates::parse("21.4225", "39.8262"),
            utc_offset: Some("+03:00".parse().unwrap()),
            ..sample::offering(0, self.stage.now()).place
        };
        Offering { id: id.parse().unwrap(), species, lots, place, ..sample::offering(quota, self.stage.now()) }
    }

    /// Puts a sale on the stage: its gifts are paid, in the books, and confirmed. Gifts are numbered from `first` on, lot by lot.
    pub async fn sell(&self, sale: &Sale<'_>, first: u16) -> Vec<DonationId> {
        self.sell_as(sale, first, |offering| offering).await
    }

    pub async fn sell_as(&self, sale: &Sale<'_>, first: u16, change: impl FnOnce(Offering) -> Offering) -> Vec<DonationId> {
        let quota = u32::try_from(sale.lots.len()).unwrap() * u32::from(sale.species.lot_shares());
        let offering = change(self.offering(sale.id, sale.species, quota));
        let opportunity = domain::catalogue::Opportunity { id: offering.id.clone(), ..sample::camels() };
        self.stage.offer(&opportunity, &offering).await.unwrap();
        let (mut gifts, mut number) = (Vec::new(), first);
        for (lot, shares) in (0..).zip(sale.lots) {
            for shares in *shares {
                self.give(number, (&offering, lot, *shares)).await;
                gifts.push(gift(number));
                number += 1;
            }
        }
        if !gifts.is_empty() {
            for page in gifts.chunks(20) {
                self.stage.settle_together(page).await.unwrap();
            }
        }
        for id in &gifts {
            self.confirm(id).await;
        }
        gifts
    }

    /// A gift that waits to be paid, with its shares held.
    pub async fn give(&self, number: u16, (offering, lot, shares): (&Offering, u32, u8)) -> Donation {
        let privacy = Privacy::new(&self.stage.platform("donations").unwrap()).unwrap();
        let mut donation = sample::sacrifice(1, shares, lot, self.stage.now());
        donation.id = gift(number);
        donation.lines[0].opportunity = offering.id.clone();
        donation.reservation.as_mut().unwrap().offering = offering.id.clone();
        let on_behalf_of = (1..=shares).map(|share| format!("اسم {number}-{share}")).collect();
        let person =
            Person { name: None, mobile: Some("+966550000000".to_owned()), email: None, device: None, on_behalf_of };
        donation.personal = Some(privacy.seal(donation.owner(), &person).await.unwrap());
        assert!(self.stage.table.make_donation(&donation).await.unwrap().is_none());
        let held =
            self.stage.table.take_shares(&offering.id, lot, &donation.id, (shares, donation.expires_at)).await.unwrap();
        assert!(matches!(held, Taking::Held(_)), "{number}");
        donation
    }

    /// As `fulfilment` does.
    pub async fn confirm(&self, id: &DonationId) {
        let donation = self.donation(id).await;
        let named = donation.reservation.unwrap();
        for part in named.places() {
            self.stage.table.confirm_shares(&named.offering, part.lot, id, part.shares).await.unwrap();
        }
    }

    /// A gift goes back whole, in the books and on the lot, as `settlement` and `fulfilment` do.
    pub async fn give_back(&self, id: &DonationId) {
        let total = self.donation(id).await.total();
        self.stage.give_back(id, total).await.unwrap();
        self.free(id).await;
    }

    /// What `fulfilment` does once a gift has gone back whole.
    pub async fn free(&self, id: &DonationId) {
        let named = self.donation(id).await.reservation.unwrap();
        for lot in named.lots() {
            self.stage.table.give_shares_back(&named.offering, lot, id, |_| true).await.unwrap();
        }
    }

    pub async fn donation(&self, id: &DonationId) -> Donation {
        self.stage.table.donation(id).await.unwrap().unwrap()
    }

    pub async fn standing(&self, id: &str) -> Offering {
        self.stage.table.offering(&id.parse().unwrap()).await.unwrap().unwrap()
    }

    pub async fn lots(&self, id: &str) -> Vec<Lot> {
        self.stage.table.all_lots(&id.parse().unwrap()).await.unwrap()
    }

    /// The claims on each lot that has any, as texts; and what the platform has.
    pub async fn animals(&self, id: &str) -> Vec<(u32, Vec<u8>, u8)> {
        let lots = self.lots(id).await.into_iter().filter(|lot| lot.shares > 0);
        lots.map(|lot| (lot.lot, lot.confirmed().map(|(_, shares)| shares).collect(), lot.own)).collect()
    }

    /// Open cases of a reason: amounts and evidence.
    pub async fn cases(&self, reason: Reason) -> Vec<(Money, String)> {
        let filter = CaseFilter { standing: CaseStanding::Open, reasons: vec![reason], latest_first: false, after: None };
        let cases = self.stage.table.cases(&filter, 50).await.unwrap().cases;
        let mut told: Vec<_> = cases.into_iter().map(|kept| (kept.case.amount_minor, kept.case.evidence)).collect();
        told.sort();
        told
    }

    /// What the platform has given itself, as the books have it.
    pub async fn given_by_the_platform(&self) -> Vec<(String, Money)> {
        let mut given = Vec::new();
        for chain in ChainId::all() {
            let pages = self.stage.table.pages(chain, 0, 100).await.unwrap();
            let movements = pages.iter().flat_map(Page::movements).filter(|moved| moved.kind == MovementKind::Completed);
            let transfers = movements.flat_map(|moved| &moved.transfers);
            given.extend(
                transfers.map(|transfer| (format!("{} → {}", transfer.debit(), transfer.credit()), transfer.amount())),
            );
        }
        given
    }

    /// What holds at every moment, whatever is under way: each lot adds up, none has more than an animal, and each donation that stands has its shares exactly where it says.
    pub async fn holds_always(&self, id: &str) {
        let (lots, offering) = (self.lots(id).await, self.standing(id).await);
        for lot in &lots {
            assert!(lot.is_whole() && lot.shares <= offering.species.lot_shares(), "{lot:?}");
        }
        let mut claimed: BTreeMap<DonationId, BTreeMap<u32, u8>> = BTreeMap::new();
        for lot in &lots {
            for (donation, claim) in &lot.claims {
                claimed.entry(*donation).or_default().insert(lot.lot, claim.shares);
            }
        }
        for (donation, places) in claimed {
            let named = self.donation(&donation).await.reservation.unwrap();
            let told: BTreeMap<u32, u8> = named.places().into_iter().map(|part| (part.lot, part.shares)).collect();
            assert_eq!(places, told, "{donation}");
            assert_eq!(told.values().sum::<u8>(), named.shares, "{donation} has all its shares and no more");
        }
    }

    /// What holds once it is packed: every gift that stands is confirmed on animals that are full, and nothing else is on them but what is the platform's.
    pub async fn holds_packed(&self, id: &str, gifts: &[DonationId]) {
        self.holds_always(id).await;
        let (lots, offering) = (self.lots(id).await, self.standing(id).await);
        assert!(matches!(offering.stage, Stage::Packed | Stage::Listed), "{:?}", offering.stage);
        let on_lots: BTreeSet<DonationId> = lots.iter().flat_map(|lot| lot.claims.keys().copied()).collect();
        for donation in gifts {
            let donation = self.donation(donation).await;
            let stands = matches!(donation.state, State::Settled { .. } | State::PartlyRefunded { .. });
            assert_eq!(on_lots.contains(&donation.id), stands, "{}", donation.id);
        }
        for lot in lots.iter().filter(|lot| lot.shares > 0) {
            assert!(lot.claims.values().all(|claim| claim.standing == Standing::Confirmed), "{lot:?}");
            assert_eq!(lot.free, 0, "{lot:?}");
            assert!((lot.confirmed_shares() + lot.own).is_multiple_of(offering.species.shares()), "{lot:?}");
        }
    }

    /// Moves that were made of an offering's plan.
    pub async fn moves(&self, id: &str) -> usize {
        let offering: OpportunityId = id.parse().unwrap();
        let rounds = self.stage.table.last_round(&offering).await.unwrap().map_or(0, |round| round.round);
        let mut moves = 0;
        for round in 1..=rounds {
            let steps = self.stage.table.steps(&offering, round).await.unwrap();
            moves += steps.iter().filter(|step| step.is_made).map(|step| step.moves.len()).sum::<usize>();
        }
        moves
    }
}
