//! Filling the animals of a closed sale: what was planned, and what became of each step of it.
//!
//! **Promise.** A round is written once, and whoever comes to it carries out the same one. A step is made once or never: in one transaction its claims leave their lots and come to others, the donations name
//! where they are, on condition of the version that was read, and it is written down that it was made. One that cannot be made any more is written down as left; so no one who was held up makes it later. On
//! every lot free, held, confirmed and own shares are the lot's at every moment.
//!
//! **Shape.** A round with its steps is one item (`PACK#<offering> / PLAN#…`). Steps of which there are too many for one are items beside it (`PART#<digest>#…`), written first, and their digest is in it.
//!
//! **Cost.** A step of one claim is four items: two lots, the donation, the record.

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use domain::donation::Donation;
use domain::hash::Hash;
use domain::id::OpportunityId;
use domain::moment::Moment;
use domain::sacrifice::packing::ANIMAL_SHARES;
use domain::sacrifice::packing::rearrange::{LotChange, Rearrangement};
use domain::sacrifice::{Claim, Lot, Reservation, Standing, packing};
use serde::{Deserialize, Serialize};

use super::error::classify;
use super::group::{Committed, Refusal, cancelled};
use super::key::{Key, ROUNDS, packing_partition, steps_of};
use super::{Table, TableError, attribute, number, text, write};

/// Moves in one item: it stays within two hundred kilobytes, of the four hundred that the table takes.
const MOVES_IN_ITEM: usize = 2_000;

/// A plan that is carried out before more is planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Its number, from one.
    pub round: u32,
    /// Its steps, in order.
    pub steps: Vec<Vec<packing::Move>>,
    /// How many claims it splits.
    pub splits: u32,
    /// How many moves there had to be at the least.
    pub least: u32,
    /// When it was planned.
    pub planned_at: Moment,
}

/// A round as it is kept. What is too much for one item stands beside it.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    round: Round,
    /// Where its steps are, if not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside: Option<Beside>,
}

/// Steps in items of their own, which are named by what is in them: whoever plans the same writes the same there, and whoever plans otherwise writes elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Beside {
    digest: Hash,
    parts: u32,
}

/// Some of a round's steps.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    steps: Vec<Vec<packing::Move>>,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stepped {
    /// The round.
    pub round: u32,
    /// The step's number in it, from zero.
    pub step: u32,
    /// Its moves.
    pub moves: Vec<packing::Move>,
    /// Whether they were made; if not, something had changed, and the step was left.
    pub is_made: bool,
    /// When.
    pub at: Moment,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rearranging {
    /// It is made.
    Done,
    /// It was made or left before.
    Before,
    /// A lot or a donation is not as it was read.
    Moved,
}

impl Table {
    /// Writes a round down if there is none of its number; the one that stands is what counts. What is too much for one item is written before it, so that a round that stands is whole.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then, and writing it again tells.
    pub async fn keep_round(&self, offering: &OpportunityId, round: Round) -> Result<(), TableError> {
        let key = Key::round(offering, round.round);
        let parts = parts(&round.steps);
        let kept = if parts.len() <= 1 {
            Kept { round, beside: None }
        } else {
            let digest = digest(&round.steps)?;
            for (number, part) in (0..).zip(&parts) {
                self.put(&Key::round_part(offering, &digest, number), part).await?;
            }
            let beside = Beside { digest, parts: u32::try_from(parts.len()).unwrap_or(u32::MAX) };
            Kept { round: Round { steps: Vec::new(), ..round }, beside: Some(beside) }
        };
        self.put_new(&key, &kept).await.map(|_| ())
    }

    /// The latest round of an offering.
    ///
    /// # Errors
    /// When the table cannot be reached, or steps that stand beside the round are not those that it was written with.
    pub async fn last_round(&self, offering: &OpportunityId) -> Result<Option<Round>, TableError> {
        let Some(kept) = self.last_of::<Kept>(&packing_partition(offering), ROUNDS).await? else { return Ok(None) };
        let Some(beside) = kept.beside else { return Ok(Some(kept.round)) };
        let mut steps = Vec::new();
        for number in 0..beside.parts {
            let part: Option<Part> = self.get(&Key::round_part(offering, &beside.digest, number)).await?;
            steps.extend(part.into_iter().flat_map(|part| part.steps));
        }
        if digest(&steps)? == beside.digest {
            return Ok(Some(Round { steps, ..kept.round }));
        }
        Err(TableError::Unreadable { expected: "a round's steps", source: "they are not those it was written with".into() })
    }

    /// What became of a round's steps so far, in their order.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn steps(&self, offering: &OpportunityId, round: u32) -> Result<Vec<Stepped>, TableError> {
        self.beginning(&packing_partition(offering), &steps_of(round)).await
    }

    /// Writes down that a step is left, unless it was made or left before.
    ///
    /// # Errors
    /// When the table cannot be reached; leaving it again does no harm.
    pub async fn leave_step(&self, offering: &OpportunityId, step: &Stepped) -> Result<(), TableError> {
        self.put_new(&Key::step(offering, step.round, step.step), step).await.map(|_| ())
    }

    /// Makes a step, if lots and donations are as they were read and it was neither made nor left before.
    ///
    /// # Errors
    /// When the table cannot be reached or is busy; whether it was made is not known then, and making it again tells.
    pub async fn rearrange(
        &self,
        offering: &OpportunityId,
        changes: &Rearrangement,
        step: &Stepped,
    ) -> Result<Rearranging, TableError> {
        let mut actions = Vec::new();
        for change in &changes.lots {
            actions.push(self.lot_action(offering, change)?);
        }
        for (donation, named) in &changes.donations {
            actions.push(self.reservation_action(donation, named)?);
        }
        actions.push(self.step_action(offering, step)?);
        // What is written follows from what was read: the same again is answered, and with other versions it is another call.
        let token = Hash::of(&[format!("{offering} {changes:?} {step:?}").as_bytes()]).to_string()[..36].to_owned();
        let call = self.client.transact_write_items().set_transact_items(Some(actions)).client_request_token(token);
        match call.send().await {
            Ok(_) => Ok(Rearranging::Done),
            Err(error) => rearranging(cancelled(error)?),
        }
    }

    fn lot_action(&self, offering: &OpportunityId, change: &LotChange) -> Result<TransactWriteItem, TableError> {
        let added = change.added();
        let (mut sets, mut removes, mut conditions) = (vec!["shares = shares + :added".to_owned()], Vec::new(), Vec::new());
        let mut update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(Key::lot(offering, change.lot).item()))
            .expression_attribute_values(":added", number(added));
        for (place, claim) in change.claims.iter().enumerate() {
            update = update.expression_attribute_names(format!("#c{place}"), claim.donation.to_string());
            let confirmed = |shares| text(Claim { shares, standing: Standing::Confirmed }.to_string());
            if claim.is > 0 {
                sets.push(format!("claims.#c{place} = :i{place}"));
                update = update.expression_attribute_values(format!(":i{place}"), confirmed(claim.is));
            } else {
                removes.push(format!("claims.#c{place}"));
            }
            if claim.was > 0 {
                conditions.push(format!("claims.#c{place} = :w{place}"));
                update = update.expression_attribute_values(format!(":w{place}"), confirmed(claim.was));
            } else {
                conditions.push(format!("attribute_not_exists(claims.#c{place})"));
            }
        }
        if added > 0 {
            conditions.push("shares <= :room".to_owned());
            update = update.expression_attribute_values(":room", number(i16::from(ANIMAL_SHARES) - added));
        }
        let removes = if removes.is_empty() { String::new() } else { format!(" REMOVE {}", removes.join(", ")) };
        let update = update
            .update_expression(format!("SET {}{removes}", sets.join(", ")))
            .condition_expression(conditions.join(" AND "))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::None);
        let update = update.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn reservation_action(&self, donation: &Donation, named: &Reservation) -> Result<TransactWriteItem, TableError> {
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(Key::donation(&donation.id).item()))
            .update_expression("SET reservation = :reservation, version = :next")
            .condition_expression("version = :version")
            .expression_attribute_values(":reservation", attribute(named)?)
            .expression_attribute_values(":version", number(donation.version))
            .expression_attribute_values(":next", number(donation.version + 1));
        let update = update.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn step_action(&self, offering: &OpportunityId, step: &Stepped) -> Result<TransactWriteItem, TableError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(write(&Key::step(offering, step.round, step.step), step)?))
            .condition_expression("attribute_not_exists(pk)");
        let put = put.build().map_err(|error| TableError::Other(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Changes what a lot has of shares that no donation claims, and which of its heads are whose, if it still has what was read. `false` when claims changed it meanwhile.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was changed is not known then, and looking tells.
    pub async fn adjust_lot(&self, offering: &OpportunityId, was: &Lot, is: &Lot) -> Result<bool, TableError> {
        let (mut sets, mut removes) = (vec!["shares = :shares", "#free = :free"], Vec::new());
        let (mut own, mut heads) = ("#own = :was_own", "#heads = :was_heads");
        let call = self.client.update_item().table_name(&self.name).set_key(Some(Key::lot(offering, was.lot).item()));
        let mut call = call
            .expression_attribute_names("#free", "free")
            .expression_attribute_names("#own", "own")
            .expression_attribute_names("#heads", "heads")
            .expression_attribute_values(":shares", number(is.shares))
            .expression_attribute_values(":free", number(is.free))
            .expression_attribute_values(":was_shares", number(was.shares))
            .expression_attribute_values(":was_free", number(was.free));
        // What is nothing is not there.
        if is.own > 0 {
            sets.push("#own = :own");
            call = call.expression_attribute_values(":own", number(is.own));
        } else {
            removes.push("#own");
        }
        if is.heads.is_empty() {
            removes.push("#heads");
        } else {
            sets.push("#heads = :heads");
            call = call.expression_attribute_values(":heads", attribute(&is.heads)?);
        }
        if was.own > 0 {
            call = call.expression_attribute_values(":was_own", number(was.own));
        } else {
            own = "attribute_not_exists(#own)";
        }
        if was.heads.is_empty() {
            heads = "attribute_not_exists(#heads)";
        } else {
            call = call.expression_attribute_values(":was_heads", attribute(&was.heads)?);
        }
        let removes = if removes.is_empty() { String::new() } else { format!(" REMOVE {}", removes.join(", ")) };
        call = call
            .update_expression(format!("SET {}{removes}", sets.join(", ")))
            .condition_expression(format!("shares = :was_shares AND #free = :was_free AND {own} AND {heads}"));
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) => Err(classify(error)),
        }
    }
}

/// Steps in parts that fit into items. Moves that are made at once stay together.
fn parts(steps: &[Vec<packing::Move>]) -> Vec<Part> {
    let (mut parts, mut moves) = (Vec::<Part>::new(), 0);
    for step in steps {
        moves += step.len();
        match parts.last_mut().filter(|_| moves <= MOVES_IN_ITEM) {
            Some(part) => part.steps.push(step.clone()),
            None => {
                moves = step.len();
                parts.push(Part { steps: vec![step.clone()] });
            }
        }
    }
    parts
}

fn digest(steps: &[Vec<packing::Move>]) -> Result<Hash, TableError> {
    let text = serde_json::to_vec(steps).map_err(|error| TableError::Other(error.into()))?;
    Ok(Hash::of(&[&text]))
}

/// The record's refusal goes before all others: who made the step or left it changed them.
fn rearranging(committed: Committed) -> Result<Rearranging, TableError> {
    let refusals = match committed {
        Committed::Done => return Ok(Rearranging::Done),
        Committed::Unsure(error) => return Err(error),
        Committed::Cancelled(refusals) => refusals,
    };
    let is_condition = |refusal: &Refusal| matches!(refusal, Refusal::Condition(_));
    if refusals.last().is_some_and(is_condition) {
        Ok(Rearranging::Before)
    } else if refusals.iter().any(is_condition) {
        Ok(Rearranging::Moved)
    } else {
        Err(TableError::Transient("in conflict with another write".into()))
    }
}

#[cfg(test)]
mod tests {
    use domain::id::DonationId;

    use super::*;

    fn steps(of: &[usize]) -> Vec<Vec<packing::Move>> {
        let one = packing::Move { donation: DonationId::from_bytes([7; 16]), shares: 2, from: u32::MAX, to: u32::MAX };
        of.iter().map(|moves| vec![one; *moves]).collect()
    }

    fn of_each(parts: &[Part]) -> Vec<usize> {
        parts.iter().map(|part| part.steps.iter().map(Vec::len).sum()).collect()
    }

    #[test]
    fn parts_are_as_large_as_an_item_takes_and_no_step_is_torn() {
        assert_eq!(of_each(&parts(&[])), Vec::<usize>::new());
        assert_eq!(of_each(&parts(&steps(&[1; 2_000]))), [2_000]);
        assert_eq!(of_each(&parts(&steps(&[1; 2_001]))), [2_000, 1]);
        assert_eq!(of_each(&parts(&steps(&[vec![1; 1_990], vec![30], vec![1; 4_000]].concat()))), [1_990, 2_000, 2_000, 30]);
        let all = steps(&[3; 5_000]);
        assert_eq!(parts(&all).into_iter().flat_map(|part| part.steps).collect::<Vec<_>>(), all);
    }

    #[test]
    fn the_longest_moves_fit() {
        let text = serde_json::to_vec(&parts(&steps(&[1; 2_000]))).unwrap();
        assert!(text.len() < 200_000, "{}", text.len());
    }
}
