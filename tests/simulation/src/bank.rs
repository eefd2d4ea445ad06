//! The platform's account at a bank: the provider pays out what it has collected, some lines nobody explains, and statements come in as they do: most in order, some twice, late or cut off.
//!
//! What the bank says is true. It is written down here as it was written into the documents, for `checks::bank` to hold the books against.

pub mod statement;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use testkit::chance::Chance;

use crate::world::World;
use statement::{ACCOUNT, Form, Line, Statement, hash};

/// A statement that comes in twice.
pub const TWICE: &str = "bank: statement twice";
/// A statement that comes in after the one that follows it.
pub const DISORDER: &str = "bank: statement out of order";
/// A statement of which only the beginning comes in.
pub const CUT: &str = "bank: statement cut off";
/// A line that nobody explains.
pub const STRANGE: &str = "bank: line that nobody explains";

/// Where documents come in.
pub const INCOMING: &str = "statements/incoming/";
/// Looks whether an account's first statement was booked; which one is its first, nobody could tell if others came before that.
const LOOKS: u32 = 600;
const LOOK: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
struct Written {
    statements: Vec<Statement>,
    /// The documents that say a statement, by its number.
    documents: BTreeMap<u32, Vec<String>>,
    /// Every document that came in, by its hash.
    bytes: BTreeMap<String, Vec<u8>>,
    cut: BTreeSet<String>,
    /// Those before which another was missing, or that say what another has said.
    waited: BTreeSet<String>,
    paid_out: i64,
    /// The cases of which somebody has heard.
    known: BTreeSet<String>,
}

/// What the bank has written.
#[derive(Debug, Default)]
pub struct Bank(Mutex<Written>);

impl Bank {
    fn lock(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every statement, in the order of the account, with the hashes of the documents that say it.
    pub fn statements(&self) -> Vec<(Statement, Vec<String>)> {
        let written = self.lock();
        let documents = |number: u32| written.documents.get(&number).cloned().unwrap_or_default();
        written.statements.iter().map(|statement| (statement.clone(), documents(statement.number))).collect()
    }

    /// Every document that came in, by its hash.
    pub fn documents(&self) -> BTreeMap<String, Vec<u8>> {
        self.lock().bytes.clone()
    }

    /// Whether nobody has heard of this case before.
    pub fn is_new(&self, case: &str) -> bool {
        self.lock().known.insert(case.to_owned())
    }

    /// Those that were cut off.
    pub fn cut(&self) -> BTreeSet<String> {
        self.lock().cut.clone()
    }

    /// Those that had to wait for another, or say what another has said.
    pub fn waited(&self) -> BTreeSet<String> {
        self.lock().waited.clone()
    }

    /// Whether what the evidence of a case names was so at the bank.
    pub fn explains(&self, reason: &str, evidence: &Value) -> bool {
        let document = evidence["document"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        match reason {
            "statement_unreadable" => self.cut().contains(document),
            "statement_gap" => self.waited().contains(document),
            "bank_unexplained" => {
                let line = evidence["line"].as_u64();
                let statements = self.statements().into_iter();
                let of = |(statement, documents): (Statement, Vec<String>)| {
                    documents.iter().any(|known| known == document).then_some(statement)
                };
                let lines = statements.filter_map(of).flat_map(|statement| statement.movements(document));
                lines.into_iter().any(|(index, movement)| {
                    Some(u64::from(index)) == line && movement.kind == domain::journal::MovementKind::Unexplained
                })
            }
            _ => false,
        }
    }
}

/// What goes on at the bank while the run does.
pub async fn business(world: Arc<World>) {
    let chance = Chance::seeded(world.plan.seed, "bank");
    tokio::time::sleep(Duration::from_secs(20 + chance.below(90))).await;
    let held = i64::try_from(chance.below(600_000)).unwrap_or(0) - 100_000;
    let mut balance = if chance.happens(400) && strange(&world) { held } else { 0 };
    let mut late: Option<Document> = None;
    let last = 2 + u32::try_from(chance.below(3)).unwrap_or(0);
    for number in 1..=last {
        let statement = written(&world, &chance, (number, balance));
        // A day without a line needs no statement, but for the first, which opens the account.
        if statement.lines.is_empty() && number > 1 {
            continue;
        }
        balance = statement.closing();
        let form = if chance.happens(500) { Form::Camt } else { Form::Mt940 };
        let document = Document::of(&world, statement, form);
        let is_late = number > 1 && number < last && late.is_none() && chance.happens(350) && world.plan.has(DISORDER);
        if is_late {
            world.trace.count(DISORDER);
            late = Some(document);
            continue;
        }
        let others = late.take();
        if others.is_some() {
            world.bank.lock().waited.insert(document.hash.clone());
        }
        document.deliver(&world, &chance).await;
        if let Some(late) = others {
            tokio::time::sleep(Duration::from_secs(10 + chance.below(400))).await;
            late.deliver(&world, &chance).await;
        }
        if number == 1 {
            wait_for_the_first(&world).await;
        }
        tokio::time::sleep(Duration::from_secs(30 + chance.below(200))).await;
    }
    if let Some(late) = late {
        late.deliver(&world, &chance).await;
    }
}

/// What moved since the last statement: a payout of all that the provider holds by now, and now and then what nobody explains.
fn written(world: &World, chance: &Chance, (number, opening): (u32, i64)) -> Statement {
    let mut lines = Vec::new();
    let (pays, others) = (chance.happens(800), if chance.happens(400) { 1 + chance.below(2) } else { 0 });
    let held = held(world) - world.bank.lock().paid_out;
    if pays && held > 0 {
        world.bank.lock().paid_out += held;
        lines.push(Line { halalas: held, is_payout: true });
    }
    for _ in 0..others {
        let (amount, is_in) = (1 + i64::try_from(chance.below(90_000)).unwrap_or(0), chance.happens(600));
        if strange(world) {
            let place = usize::try_from(chance.below(lines.len() as u64 + 1)).unwrap_or(0);
            lines.insert(place, Line { halalas: if is_in { amount } else { -amount }, is_payout: false });
        }
    }
    Statement { number, day: world.stage.now().day(), opening, lines }
}

fn strange(world: &World) -> bool {
    let plays = world.plan.has(STRANGE);
    if plays {
        world.trace.count(STRANGE);
    }
    plays
}

/// What the provider has collected in riyals, less what it gave back and keeps.
fn held(world: &World) -> i64 {
    let payments = world.stage.sandbox.payments().into_iter().filter(|payment| payment.currency == "SAR");
    let taken = payments.filter(|payment| payment.taken > 0);
    let signed = |halalas: u64| i64::try_from(halalas).unwrap_or(0);
    taken.map(|payment| signed(payment.taken) - signed(payment.refunded) - signed(payment.fee)).sum()
}

async fn wait_for_the_first(world: &World) {
    for _ in 0..LOOKS {
        let account = world.stage.table.bank_account(ACCOUNT).await.ok().flatten();
        if account.is_some_and(|account| account.closing_minor.is_some()) {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A statement on its way to us.
struct Document {
    statement: Statement,
    form: Form,
    bytes: Vec<u8>,
    hash: String,
}

impl Document {
    /// From then on it is true.
    fn of(world: &World, statement: Statement, form: Form) -> Document {
        let bytes = statement.write(form);
        let hash = hash(&bytes);
        let mut written = world.bank.lock();
        written.documents.entry(statement.number).or_default().push(hash.clone());
        written.statements.push(statement.clone());
        Document { statement, form, bytes, hash }
    }

    /// Comes in; before it or after it, now and then, what is left of a copy, or a whole one.
    async fn deliver(self, world: &World, chance: &Chance) {
        let (cut, twice, other, at_once) =
            (chance.happens(150), chance.happens(250), chance.happens(300), chance.happens(500));
        let share = 30 + usize::try_from(chance.below(50)).unwrap_or(0);
        if cut && world.plan.has(CUT) {
            world.trace.count(CUT);
            let bytes = self.bytes[..self.bytes.len() * share / 100].to_vec();
            world.bank.lock().cut.insert(hash(&bytes));
            put(world, chance, bytes).await;
            tokio::time::sleep(Duration::from_secs(chance.below(120))).await;
        }
        put(world, chance, self.bytes.clone()).await;
        if !(twice && world.plan.has(TWICE)) {
            return;
        }
        world.trace.count(TWICE);
        let copy = if other { self.statement.write(self.form.other()) } else { self.bytes };
        if other {
            let mut written = world.bank.lock();
            let copy = hash(&copy);
            // Whichever is taken up first is booked; the other waits.
            written.waited.extend([self.hash, copy.clone()]);
            written.documents.entry(self.statement.number).or_default().push(copy);
        }
        if !at_once {
            tokio::time::sleep(Duration::from_secs(chance.below(300))).await;
        }
        put(world, chance, copy).await;
    }
}

/// The names say nothing.
async fn put(world: &World, chance: &Chance, bytes: Vec<u8>) {
    let key = format!("{INCOMING}{}", chance.uuid());
    world.trace.note("bank", || format!("brings {key}, kept as {}", hash(&bytes)));
    world.bank.lock().bytes.insert(hash(&bytes), bytes.clone());
    let bucket = world.stage.bucket().expect("the template has a bucket");
    bucket.keep(&key, "application/octet-stream", bytes).await.expect("nothing is in the way of the bank");
}
