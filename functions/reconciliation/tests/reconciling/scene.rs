//! A stage on which donors pay, and books that a test writes by itself or leaves unwritten.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use data_encoding::BASE64;
use domain::donation::{Decision, Donation, Place, decide};
use domain::id::DonationId;
use domain::journal::{ChainId, Movement, Page, Tail};
use domain::message::Message;
use domain::moment::{Day, Moment};
use domain::payment::{PaymentFact, PaymentRef, Provider};
use domain::totals;
use moyasar_sandbox::{Method, Payer, PaymentFacts};
use platform::table::{Booking, Committed, DaySeal, Folding, Group, Span};
use providers::{Checkout, Payment, Providers};
use reconciliation::{Deps, ReconcileError, handle};
use serde_json::{Value, json};
use stage::{Options, RETURN_URL, Stage, sample};
use testkit::connector::invocation;
use testkit::faults::{Call, Failure, Fault, NoFaults};

/// Four in the afternoon in Riyadh.
pub const BEGINS: &str = "2026-11-23T13:00:00Z";

pub struct Scene {
    pub stage: Stage,
}

impl Scene {
    pub async fn new() -> Scene {
        let stage = Stage::new(Options { begins: BEGINS.parse::<Moment>().unwrap(), ..Options::default() }).await.unwrap();
        stage.publish(&sample::wells()).await.unwrap();
        stage.table.put_charity(&sample::charity()).await.unwrap();
        Scene { stage }
    }

    pub fn deps(&self) -> Deps {
        Deps::new(&self.stage.platform("reconciliation").unwrap()).unwrap()
    }

    pub async fn run(&self, event: Value) -> Result<Value, ReconcileError> {
        handle(&self.deps(), event).await
    }

    pub async fn compare(&self, what: &str) -> Value {
        self.run(json!({ "compare": what })).await.unwrap()
    }

    pub fn later(&self, secs: u64) {
        self.stage.clock.skip(Duration::from_secs(secs));
    }

    fn providers(&self) -> Providers {
        Providers::new(&self.stage.platform("donations").unwrap()).unwrap()
    }

    /// A gift of fifty riyals that waits, and its payment at the provider.
    pub async fn pay(&self, number: u8) -> (Donation, PaymentFacts) {
        let donation = sample::gift(number, self.stage.now());
        self.stage.table.make_donation(&donation).await.unwrap();
        let paid = self.pay_for(&donation, donation.total().halalas()).await;
        (donation, paid)
    }

    /// A payment that names this donation.
    pub async fn pay_for(&self, donation: &Donation, amount: u64) -> PaymentFacts {
        self.pay_with(donation, amount, &Payer::with(Method::Mada)).await
    }

    /// The same, by somebody who pays in their own way.
    pub async fn pay_with(&self, donation: &Donation, amount: u64, payer: &Payer) -> PaymentFacts {
        let reference =
            format!("{}-0000-8000-8000-{:012x}", &donation.id.to_string()[..8], self.stage.sandbox.payments().len());
        let checkout = Checkout {
            reference: &reference,
            donation: donation.id,
            attempt: 1,
            amount: domain::money::Money::from_halalas(amount).unwrap(),
            description: "تبرع",
            return_url: RETURN_URL,
            expires_at: self.stage.now().plus_seconds(900),
        };
        let providers = self.providers();
        providers.of(Provider::Moyasar).make_checkout(&checkout).await.unwrap();
        self.stage.sandbox.pay(reference.parse().unwrap(), payer).unwrap()
    }

    /// Somebody writes at the provider that a payment is for this donation.
    pub async fn name(&self, paid: &PaymentFacts, donation: &Donation) {
        self.write(paid, json!({"donation": donation.id.to_string(), "attempt": "1"})).await;
    }

    /// Nothing at the provider says any more which donation a payment is for, not even its invoice.
    pub async fn forget(&self, paid: &PaymentFacts) {
        self.stage.sandbox.describe_invoice(paid.invoice_id.unwrap(), None).unwrap();
        self.write(paid, json!({"note": "no donation"})).await;
    }

    /// Somebody writes these metadata to a payment at the provider.
    pub async fn write(&self, paid: &PaymentFacts, metadata: Value) {
        let key = BASE64.encode(format!("{}:", stage::API_KEY).as_bytes());
        let metadata = json!({ "metadata": metadata });
        let request = http::Request::put(format!("/v1/payments/{}", paid.id))
            .header("authorization", format!("Basic {key}"))
            .header("content-type", "application/json")
            .body(metadata.to_string().into())
            .unwrap();
        assert_eq!(self.stage.sandbox.call(request).await.unwrap().status(), 200);
    }

    /// What the provider answers about a payment.
    pub async fn fetch(&self, paid: &PaymentFacts) -> Payment {
        let id = paid.id.to_string().parse().unwrap();
        self.providers().of(Provider::Moyasar).payment(&id).await.unwrap()
    }

    /// Books what the provider tells of a payment, as settlement would.
    pub async fn book(&self, paid: &PaymentFacts) {
        for fact in self.fetch(paid).await.facts {
            self.book_fact(&fact).await;
        }
    }

    /// The same, as if the provider had told of this donation, or of none.
    pub async fn book_as(&self, paid: &PaymentFacts, donation: Option<DonationId>) {
        for fact in self.fetch(paid).await.facts {
            self.book_fact(&PaymentFact { donation, ..fact }).await;
        }
    }

    pub async fn book_fact(&self, fact: &PaymentFact) {
        let table = &self.stage.table;
        let donation = match fact.donation {
            Some(id) => table.donation(&id).await.unwrap(),
            None => None,
        };
        let charge = table.charges(std::slice::from_ref(&fact.payment)).await.unwrap().pop();
        let decision = decide(donation.as_ref(), charge.as_ref(), fact, self.stage.now()).unwrap();
        let tail = table.tail(ChainId::new(3).unwrap()).await.unwrap();
        let salt = vec![0; 16];
        let group = match decision {
            Decision::Book { state, back, entry, .. } => {
                let read = donation.unwrap();
                let page = tail.write(vec![entry], &[salt], self.stage.now());
                let settles = read.state.settled_by().is_none();
                let place = settles.then_some(Place { chain: 3, seq: page.seq, index: 0 });
                Group { page, donations: vec![Booking { read, state, back, place }], charges: Vec::new() }
            }
            Decision::Keep { charge, entry, .. } => {
                let page = tail.write(vec![entry], &[salt], self.stage.now());
                Group { page, donations: Vec::new(), charges: vec![charge] }
            }
            Decision::Assign { state, charge, found, follows, .. } => {
                let read = donation.unwrap();
                let entries: Vec<_> = [found].into_iter().chain(follows).collect();
                let (salts, is_booked) = (vec![salt; entries.len()], entries.len() > 1);
                let page = tail.write(entries, &salts, self.stage.now());
                let settles = read.state.settled_by().is_none();
                let place = settles.then_some(Place { chain: 3, seq: page.seq, index: 1 });
                let booking = Booking { back: read.back.clone(), read, state, place };
                Group { page, donations: is_booked.then_some(booking).into_iter().collect(), charges: vec![charge] }
            }
            Decision::Repeat => return,
            other => panic!("{other:?}"),
        };
        assert!(matches!(table.commit(&group).await.unwrap(), Committed::Done));
    }

    pub async fn move_money(&self, movement: &Movement) {
        let platform = self.stage.platform("reconciliation").unwrap();
        self.stage.table.book_movement(movement, &platform.clock, &platform.random).await.unwrap();
    }

    /// The follower folds every page that stands.
    pub async fn follow(&self) {
        let table = &self.stage.table;
        let from = table.cursors().await.unwrap();
        let (mut to, mut fresh) = (from.clone(), Vec::new());
        for page in self.pages().await {
            if page.seq >= from.of(page.chain) {
                to.set(page.chain, page.seq + 1);
                fresh.push(page);
            }
        }
        if !fresh.is_empty() {
            assert_eq!(table.fold(&from, &to, &totals::fold(&fresh)).await.unwrap(), Folding::Folded);
        }
    }

    pub async fn pages(&self) -> Vec<Page> {
        let mut all = Vec::new();
        for chain in ChainId::all() {
            let mut tail = Tail::empty(chain);
            loop {
                let pages = self.stage.table.pages(chain, tail.next_seq, 100).await.unwrap();
                if pages.is_empty() {
                    break;
                }
                for page in pages {
                    page.verify(&tail).unwrap();
                    tail = page.tail();
                    all.push(page);
                }
            }
        }
        all
    }

    pub async fn movements(&self) -> Vec<Movement> {
        self.pages().await.iter().flat_map(Page::movements).cloned().collect()
    }

    /// Midnight passes, the day is sealed and folded, and it is half past one.
    pub async fn night(&self) -> Day {
        let day = self.stage.now().day();
        let left = day.next().start().millis_since(self.stage.now());
        self.stage.clock.skip(Duration::from_millis(left.unsigned_abs()));
        let table = &self.stage.table;
        let mut chains = Vec::new();
        for chain in ChainId::all() {
            let tail = table.tail(chain).await.unwrap();
            let tail = Tail { day: Some(tail.day.unwrap_or(day)), ..tail };
            let seal = tail.seal(self.stage.now());
            let first = table
                .pages(chain, 0, 100)
                .await
                .unwrap()
                .iter()
                .find(|page| page.day == day)
                .map_or(seal.seq, |page| page.seq);
            assert!(table.write_seal(&seal).await.unwrap());
            chains.push(Span::new(first, &seal));
        }
        table.close_day(&DaySeal::new(day, chains, self.stage.now())).await.unwrap();
        self.follow().await;
        self.later(5_400);
        day
    }

    /// The cases that stand: reason, amount, payment.
    pub async fn cases(&self) -> Vec<(String, u64, Option<String>)> {
        let of = |case: Value| {
            let payment = case["payment"]["payment"].as_str().map(str::to_owned);
            (case["reason"].as_str().unwrap().to_owned(), case["amount_minor"].as_u64().unwrap(), payment)
        };
        let mut cases: Vec<_> = self.stage.items("CASE#").await.unwrap().into_iter().map(of).collect();
        cases.sort();
        cases
    }

    /// The payments that verification was told of, each once.
    pub async fn told(&self) -> Vec<String> {
        let of = |message| match message {
            Message::PaymentReported(report) => report.payment.payment.as_str().to_owned(),
            other => panic!("{other:?}"),
        };
        let mut told: Vec<String> = self.stage.take_messages("verification").await.unwrap().into_iter().map(of).collect();
        told.sort();
        told.dedup();
        told
    }

    pub async fn document(&self, name: &str, bytes: &[u8]) {
        self.stage
            .bucket()
            .unwrap()
            .keep(&format!("statements/incoming/{name}"), "text/plain", bytes.to_vec())
            .await
            .unwrap();
    }

    /// The names of documents that stand under a prefix.
    pub fn documents(&self, prefix: &str) -> Vec<String> {
        let all = self.stage.documents().unwrap().into_keys();
        all.filter_map(|key| key.split_once(prefix).map(|(_, name)| name.to_owned()))
            .filter(|name| !name.contains(".internal"))
            .collect()
    }

    /// Breaks the call of this number in this way; gives back whether it was met, when asked after the run. What breaks after a call is done breaks only calls that write: for one that reads
    /// it is the same as before it.
    pub fn break_call(&self, number: u32, fault: Fault) -> impl Fn() -> bool {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let only_writes = !matches!(fault, Fault::Before(_));
        self.stage.cloud.services().set_faults(move |call: &Call<'_>| {
            let is_it = (call.is_write() || !only_writes) && counted.fetch_add(1, Ordering::Relaxed) == number;
            if is_it { fault } else { Fault::Pass }
        });
        move || calls.load(Ordering::Relaxed) > number
    }

    /// One run that may die; whether it ended well.
    pub async fn run_broken(&self, event: Value) -> bool {
        let ended = matches!(invocation(self.run(event)).await, Ok(Ok(_)));
        self.stage.cloud.services().set_faults(NoFaults);
        ended
    }
}

/// How a call breaks: not made and told so, made and told otherwise, and the end of whoever made it. The end before a call leaves what the first does.
pub const FAULTS: [Fault; 3] = [Fault::Before(Failure::Internal), Fault::ReplyLost(Failure::Internal), Fault::CrashAfter];

pub fn reference(paid: &PaymentFacts) -> PaymentRef {
    PaymentRef { provider: Provider::Moyasar, payment: paid.id.to_string().parse().unwrap() }
}
