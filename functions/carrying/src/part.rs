//! A part of a batch: a hundred rows, each held against what it speaks of and written into its animal.
//!
//! Rows of one animal are taken in their order and written at once; different animals at the same time. Of an animal that others write to meanwhile (another batch of the same slaughterhouse, or the same message
//! twice) what stands is read from the refusal and the rows are held against that.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::hash::Hash;
use domain::id::{BatchId, DonationId, SlaughterhouseId};
use domain::message::Message;
use domain::notice::Notice;
use domain::sacrifice::AnimalName;
use domain::sacrifice::carrying::batch::PART_ROWS;
use domain::sacrifice::carrying::carried::Source;
use domain::sacrifice::carrying::{Batch, Carried, Part, Refusal, RefusedRow, Row, Update, form, rules};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use platform::table::Adding;
use platform::telemetry;

use crate::ground::Ground;
use crate::{CarryingError, Deps};

/// Animals that are written at the same time.
const AT_ONCE: usize = 16;
/// How often one animal may be written by others first.
const ROUNDS: usize = 8;

/// What became of an animal's rows.
struct Done {
    refused: Vec<RefusedRow>,
    notices: Vec<Notice>,
    /// Whether its slaughter was new.
    is_new: bool,
}

/// Carries a part out, unless it is done.
///
/// # Errors
/// See [`CarryingError`]. What was written stands, and its donors are told.
pub(crate) async fn carry(deps: &Deps, (house, id): (&SlaughterhouseId, &BatchId), from: u32) -> Result<(), CarryingError> {
    let batch = deps.table.batch(house, id).await?.ok_or(CarryingError::Gone)?;
    if !batch.parts().any(|part| part == from) {
        return Err(CarryingError::Gone);
    }
    if deps.table.part(id, from).await?.is_none() {
        let rows = rows(deps, &batch).await?;
        let of_part = rows.iter().skip(from as usize).take(PART_ROWS as usize);
        let of_part: Vec<Row> = of_part.cloned().collect();
        let Written { refused, notices, failed } = write(deps, &batch, &of_part).await?;
        // Whoever's animal is written hears of it, and a person of what is refused, whatever became of the others: a part may never come to its end.
        let sent = deps.notices.send_all(notices.into_iter().map(Message::NoticeDue)).await;
        open_cases(deps, &batch, &refused).await?;
        sent?;
        if let Some(error) = failed {
            return Err(error);
        }
        telemetry::count("carrying", "RowsRefused", refused.len() as u64);
        let rows = u32::try_from(of_part.len()).unwrap_or(PART_ROWS);
        deps.table.keep_part(id, &Part { from, rows, refused, done_at: deps.clock.now() }).await?;
    }
    Ok(())
}

/// Opens the matters for a person that a part's refused rows are, before the part is noted as done. A later part of the same batch, of rows that nobody has seen yet, opens one again that a person has closed.
async fn open_cases(deps: &Deps, batch: &Batch, refused: &[RefusedRow]) -> Result<(), CarryingError> {
    for case in batch.cases(refused, deps.clock.now()) {
        tracing::warn!(case = case.id(), reason = case.reason.code(), batch = batch.batch.as_str(), "rows for a person");
        deps.table.open_case(&case).await?;
    }
    Ok(())
}

/// The rows of a batch, from its body as it was received.
async fn rows(deps: &Deps, batch: &Batch) -> Result<Arc<Vec<Row>>, CarryingError> {
    if let Some(rows) = deps.rows_of(&batch.batch) {
        return Ok(rows);
    }
    let body = deps.bucket.fetch(&batch.key()).await?.ok_or(CarryingError::BodyDiffers)?;
    if Hash::of(&[&body]) != batch.sha256 {
        return Err(CarryingError::BodyDiffers);
    }
    let rows = Arc::new(form::read(batch.form, &body).map_err(|_| CarryingError::BodyDiffers)?);
    deps.keep_rows(&batch.batch, &rows);
    Ok(rows)
}

/// What became of a part's rows.
struct Written {
    refused: Vec<RefusedRow>,
    notices: Vec<Notice>,
    /// Why some animal could not be written.
    failed: Option<CarryingError>,
}

/// Writes rows into their animals.
async fn write(deps: &Deps, batch: &Batch, rows: &[Row]) -> Result<Written, CarryingError> {
    let ground = Ground::of(deps, batch, rows).await?;
    let (mut refused, mut of_animals) = (Vec::new(), BTreeMap::new());
    for row in rows {
        match &row.update {
            Ok(update) => of_animals.entry(&update.animal).or_insert_with(Vec::new).push((row.number, update)),
            Err(why) => refused.push(refusal(row.number, row.animal.as_ref(), *why)),
        }
    }
    let mut work = Vec::new();
    for (animal, updates) in of_animals {
        work.push(write_one(deps, batch, &ground, animal, updates).boxed());
    }
    let written: Vec<Result<Done, CarryingError>> = stream::iter(work).buffer_unordered(AT_ONCE).collect().await;
    let (mut notices, mut failed, mut slaughtered) = (Vec::new(), None, 0);
    for done in written {
        match done {
            Ok(done) => {
                refused.extend(done.refused);
                notices.extend(done.notices);
                slaughtered += u64::from(done.is_new);
            }
            Err(error) => failed = Some(error),
        }
    }
    telemetry::count("carrying", "AnimalsSlaughtered", slaughtered);
    refused.sort_by_key(|row| row.row);
    Ok(Written { refused, notices, failed })
}

fn refusal(row: u32, animal: Option<&AnimalName>, why: Refusal) -> RefusedRow {
    RefusedRow { row, animal: animal.map(ToString::to_string), why }
}

/// An animal's rows, in their order.
async fn write_one(
    deps: &Deps,
    batch: &Batch,
    ground: &Ground,
    animal: &AnimalName,
    rows: Vec<(u32, &Update)>,
) -> Result<Done, CarryingError> {
    let owners = ground.had_by(animal);
    let mut known = ground.known(animal).cloned().unwrap_or_else(|| Carried::nothing(animal, &batch.slaughterhouse));
    for _ in 0..ROUNDS {
        let planned = plan(batch, ground, &known, &rows);
        if planned.next == known {
            return Ok(planned.done(&known, &owners));
        }
        match deps.table.add_carried(&planned.next).await? {
            Adding::Done => return Ok(planned.done(&known, &owners)),
            Adding::Moved(Some(there)) => known = *there,
            // It was not there when it was read, and is not now: the condition cannot have failed for that.
            Adding::Moved(None) => {}
        }
    }
    Err(CarryingError::Crowded)
}

/// What an animal's rows make of it.
struct Planned {
    next: Carried,
    refused: Vec<RefusedRow>,
    /// Whether one of the rows says what stands of the slaughter: its donors are to hear of it, if for the second time.
    tells: bool,
}

impl Planned {
    fn done(self, known: &Carried, owners: &[DonationId]) -> Done {
        let told = self.next.slaughter.as_ref().filter(|_| self.tells);
        let notices = told.map(|slaughter| {
            let notice = |donation: &DonationId| Notice::Sacrifice {
                donation: *donation,
                offering: self.next.offering.clone(),
                number: self.next.number,
                received_at: slaughter.received_at,
                again: self.next.slaughters_taken_back(),
            };
            owners.iter().map(notice).collect()
        });
        let is_new = self.next.is_slaughtered() && !known.is_slaughtered();
        Done { refused: self.refused, notices: notices.unwrap_or_default(), is_new }
    }
}

/// Purely: each row that passes the rules adds to the animal; one that does not leaves it as it was.
fn plan(batch: &Batch, ground: &Ground, known: &Carried, rows: &[(u32, &Update)]) -> Planned {
    let mut planned = Planned { next: known.clone(), refused: Vec::new(), tells: false };
    for (row, update) in rows {
        // What was written stands, and is told, though a rule would refuse it by now.
        if planned.next.slaughterhouse == batch.slaughterhouse && planned.next.says(update) {
            planned.tells |= update.slaughtered.is_some();
            if ground.is_replaced(&planned.next, &update.evidence) {
                planned.refused.push(refusal(*row, Some(&update.animal), Refusal::EvidenceDiffers));
            }
            continue;
        }
        match add(batch, ground, &planned.next, (*row, update)) {
            Ok(next) => {
                planned.tells |= update.slaughtered.is_some();
                planned.next = next;
            }
            Err(why) => {
                // The slaughter that it told stands, though other words of it were taken back since: whoever wrote it may have told nobody.
                planned.tells |= planned.next.slaughterhouse == batch.slaughterhouse && planned.next.says_slaughter(update);
                planned.refused.push(refusal(*row, Some(&update.animal), why));
            }
        }
    }
    if planned.next != *known {
        // Several rows are one writing.
        planned.next.version = known.version + 1;
    }
    planned
}

fn add(batch: &Batch, ground: &Ground, known: &Carried, (row, update): (u32, &Update)) -> Result<Carried, Refusal> {
    let (offering, _) = ground.owners(&update.animal, &batch.slaughterhouse)?;
    if let Some((at, _)) = &update.slaughtered {
        rules::time(offering, *at, batch.received_at)?;
    }
    if let Some(given) = &update.distribution {
        rules::meat(offering, given)?;
    }
    let evidence = rules::evidence(update, &ground.evidence)?;
    let (slaughterhouse, id) = (&batch.slaughterhouse, &batch.batch);
    known.with(update, &evidence, Source { slaughterhouse, batch: id, row, received_at: batch.received_at })
}
