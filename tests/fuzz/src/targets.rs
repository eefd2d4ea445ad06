//! The targets.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

use catalogue::draft::{CharityDraft, OpportunityDraft};
use domain::id::{CharityId, DonationId, DonorId, OpportunityId, PaymentId, RefundId};
use domain::journal::{Page, Tail, archive as archived};
use domain::message::Envelope;
use domain::moment::{Day, Moment};
use domain::money::Money;
use domain::payment::Provider;
use domain::proof::checkpoint::Checkpoint;
use domain::proof::day::DayRecord;
use domain::proof::gift::ProofFile;
use domain::proof::log::{Log, PublishedDay};
use domain::proof::note::{self, Signer, Signers, Verifier};
use domain::proof::tree;
use domain::purpose::Language;
use domain::receipt::Code;
use domain::report::DayFigures;
use domain::sacrifice::AnimalName;
use domain::sacrifice::carrying::form::{self, MOST_ROWS};
use domain::sacrifice::carrying::update::Told;
use domain::sacrifice::carrying::{Form, Statement};
use domain::{totals, words as in_words};
use donations::command::{self, ReturnUrls};
use platform::auth::Identifiers;
use platform::http::{Call, HttpRequest};
use platform::outbound::Answer;
use platform::secrets::Secret;
use platform::{Outbound, Platform};
use providers::{Providers, Webhook};
use serde_json::Value;
use stage::{Options, Stage};

/// The secret that the samples bear.
const WEBHOOK_SECRET: &str = "the stage's webhook secret";
/// A donor's name, mobile and card as they stand in the samples: nothing that is kept of an event holds them.
const PERSONAL: [&str; 3] = ["Ahmad Al-Harbi", "0551234567", "4201-XXXX-XXXX-1010"];
/// The payment that the provider is asked for.
const PAYMENT: &str = "760878ec-d1d3-5f72-9056-191683f55872";

thread_local! {
    /// What the provider answers next.
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be made");
}

/// Whoever reads webhooks, and whoever asks a provider that answers [`ANSWER`].
static PROVIDERS: LazyLock<(Providers, Providers)> = LazyLock::new(|| {
    wait(async {
        let stage = Stage::new(Options::default()).await.expect("a stage can be set up");
        let reads = stage.platform("payment-callbacks").expect("the template has it");
        let asks = stage.platform("verification").expect("the template has it");
        let outbound = Outbound::InProcess(Arc::new(|_| {
            let body = ANSWER.with_borrow(Clone::clone);
            Box::pin(async move { Ok(Answer { status: 200, body }) })
        }));
        let reads = Providers::for_webhooks(&reads).expect("every setting is there");
        (reads, Providers::new(&Platform { outbound, ..asks }).expect("every setting is there"))
    })
});

static RETURNS: LazyLock<ReturnUrls> =
    LazyLock::new(|| ReturnUrls::new("https://give.example,http://127.0.0.1:3000").expect("two origins"));

/// The key that has signed the seeds.
static TRUSTED: LazyLock<Verifier> =
    LazyLock::new(|| Signer::new("proofs.example", &[1; 32]).expect("a key may have the name").verifier());

fn wait<T>(task: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(task))
}

/// A webhook of Moyasar's. What is kept of an event holds nothing of a person's.
pub fn webhook(bytes: &[u8]) {
    match wait(PROVIDERS.0.of(Provider::Moyasar).read_webhook(bytes)).expect("the secret can be read") {
        Webhook::Reported(reported) => {
            let written = serde_json::to_string(&reported).expect("it can be written");
            assert_eq!(serde_json::from_str::<domain::message::PaymentReported>(&written).expect("and read"), reported);
        }
        Webhook::UnknownType { redacted } | Webhook::Malformed { redacted } => {
            let kept = redacted.to_string();
            assert!(PERSONAL.iter().all(|personal| !kept.contains(personal)), "{kept}");
            assert!(!kept.contains(WEBHOOK_SECRET), "{kept}");
        }
        Webhook::Unauthentic => {}
    }
}

/// Moyasar's answer about a payment. What is proven of it is about that payment, and never of more money than was taken.
pub fn provider_answer(bytes: &[u8]) {
    ANSWER.set(bytes.to_vec());
    let id: PaymentId = PAYMENT.parse().expect("an id");
    let Ok(payment) = wait(PROVIDERS.1.of(Provider::Moyasar).payment(&id)) else { return };
    assert_eq!(payment.payment.payment, id);
    for fact in &payment.facts {
        assert_eq!(fact.payment, payment.payment);
        assert_eq!(fact.currency, payment.currency);
        let decided = domain::donation::decide(None, None, fact, Moment::from_millis(0));
        assert!(decided.is_ok(), "{decided:?}");
    }
}

/// The body of a gift.
pub fn gift(bytes: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(command) = command::parse(&body, &RETURNS) {
        assert!(!command.lines.is_empty() && command.lines.len() <= domain::donation::MOST_LINES);
        // What shares cost is not said here: it follows from their offering.
        let total = Money::sum(command.lines.iter().filter_map(|line| line.amount));
        assert!(total.is_some_and(|total| total <= domain::donation::MOST_DONATION), "{total:?}");
        assert_eq!(command.fingerprint("key"), command.fingerprint("key"));
    }
}

/// How a donor wants to be told.
pub fn wishes(bytes: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(telling) = command::telling(&body) {
        let written = serde_json::to_string(&telling).expect("it can be written");
        assert_eq!(serde_json::from_str::<domain::notice::Telling>(&written).expect("and read"), telling);
    }
}

/// An opportunity or a charity as an operator sends it.
pub fn draft(bytes: &[u8]) {
    if let Ok(draft) = serde_json::from_slice::<OpportunityDraft>(bytes) {
        let _ = draft.check("wells-jazan", Language::English);
    }
    if let Ok(draft) = serde_json::from_slice::<CharityDraft>(bytes)
        && let Ok(charity) = draft.check("water-society", Language::Arabic)
    {
        assert!(!charity.name.ar.trim().is_empty() && !charity.licence.is_empty());
    }
}

/// An event as API Gateway hands it over.
pub fn request(bytes: &[u8]) {
    let Ok(request) = serde_json::from_slice::<HttpRequest>(bytes) else { return };
    let call = Call::new(request);
    let _ = (call.route(), call.header("authorization"), call.query("cursor"), call.path("id"), call.language());
    let read = call.body().map(|body| body.len());
    assert!(call.json::<Value>().is_err() || read.is_some(), "what is not there cannot be read");
}

/// Tokens and ids that callers send. Only what our secret made opens anything.
pub fn tokens(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let identifiers = Identifiers::new(Secret::from("a secret of this target".to_owned()));
    let donation = DonationId::from_bytes([7; 16]);
    assert!(identifiers.guest(text, Moment::from_millis(0)).is_none(), "forged: {text}");
    assert!(!identifiers.opens(text, &donation) || text == identifiers.access_token(&donation));
    let is_plain = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    for id in [
        text.parse::<PaymentId>().ok().map(|id| id.to_string()),
        text.parse::<DonorId>().ok().map(|id| id.to_string()),
        text.parse::<OpportunityId>().ok().map(|id| id.to_string()),
        text.parse::<CharityId>().ok().map(|id| id.to_string()),
        text.parse::<RefundId>().ok().map(|id| id.to_string()),
        text.parse::<DonationId>().ok().map(|id| id.to_string()),
    ]
    .into_iter()
    .flatten()
    {
        assert!(id == text && is_plain(&id), "{id}");
    }
    if let Ok(code) = text.parse::<Code>() {
        assert_eq!(code.compact().parse::<Code>().as_ref(), Ok(&code));
        let _ = identifiers.confirms(&code);
    }
}

/// A message of a queue.
pub fn message(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(message) = Envelope::read(text) {
        let written = Envelope::from(message.clone()).write();
        assert_eq!(Envelope::read(&written).as_ref().ok(), Some(&message), "{written}");
    }
}

/// An event of the schedule.
pub fn schedule(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(day) = platform::schedule::day(event) {
        assert_eq!(day.to_string().parse::<Day>().ok(), Some(day));
    }
}

/// A page of the journal. What is read is written as the very same bytes; what is verified balances, and can be folded.
pub fn page(bytes: &[u8]) {
    let Ok(page) = Page::read(bytes) else { return };
    assert_eq!(page.bytes(), bytes);
    let tail = Tail {
        chain: page.chain,
        next_seq: page.seq,
        hash: page.previous,
        day: Some(page.day),
        written_at: Some(page.written_at),
    };
    if page.verify(&tail).is_ok() {
        let sums = totals::fold([&page]);
        let of = |side: char| -> i128 {
            let accounts = sums.get("ACC").into_iter().flatten().filter(|(name, _)| name.starts_with(side));
            accounts.map(|(_, sum)| i128::from(*sum)).sum()
        };
        assert_eq!(of('d'), of('c'));
        let mut figures = DayFigures::default();
        if figures.add(page.day, &page).is_ok() {
            assert_eq!(figures.check(), Ok(()), "{page:?}");
        }
    }
}

/// A file of the archive.
pub fn archive(bytes: &[u8]) {
    if let Ok(pages) = archived::read(bytes) {
        assert_eq!(archived::read(&archived::write(&pages)).as_ref(), Ok(&pages));
    }
}

/// An amount as people write it, in Latin or Arabic-Indic digits; and what is made of it in words.
pub fn words(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(amount) = text.parse::<Money>() {
        assert_eq!(amount.to_string().parse::<Money>(), Ok(amount), "{text}");
        assert!(!in_words::in_arabic(amount).is_empty());
    }
    if let Ok(moment) = text.parse::<Moment>() {
        assert_eq!(moment.to_string().parse::<Moment>().ok(), Some(moment), "{text}");
    }
}

/// A document of the bank's: camt.053 or MT940. Every statement that is read adds up, and reads the same again.
pub fn statement(bytes: &[u8]) {
    if let Ok(statements) = reconciliation::statement::read(bytes) {
        assert!(!statements.is_empty());
        statements.iter().for_each(|statement| assert_eq!(statement.check(), Ok(()), "{statement:?}"));
        assert_eq!(reconciliation::statement::read(bytes).as_ref(), Ok(&statements));
    }
}

/// What a stranger holds against the published log: a proof, a day, the log, a checkpoint, a list of keys. What a trusted key has not signed proves nothing.
pub fn proof(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let trusted = std::slice::from_ref(&*TRUSTED);
    let signed_alone = |note: &str| note::open(note, &[]).is_err();
    if let Ok(file) = serde_json::from_str::<ProofFile>(text) {
        if let Ok(proven) = file.verify(trusted) {
            assert!(
                proven.iter().all(|proven| proven.entry.donation == Some(file.donation) && !proven.signed_by.is_empty())
            );
        }
        assert!(file.proofs.is_empty() || file.verify(&[]).is_err());
    }
    if let Ok(log) = serde_json::from_str::<Log>(text) {
        let (leaves, root) = (log.leaves(), log.root());
        for (index, leaf) in leaves.iter().enumerate() {
            let path = tree::path(&leaves, index).expect("there is such a leaf");
            assert_eq!(tree::root_of(*leaf, index as u64, leaves.len() as u64, &path), Some(root));
        }
    }
    if let Ok(day) = serde_json::from_str::<PublishedDay>(text)
        && let Ok(record) = day.record.parse::<DayRecord>()
    {
        assert_eq!(record.to_string().parse::<DayRecord>().as_ref(), Ok(&record));
        let _ = tree::root_of(record.leaf(), record.number, record.number.saturating_add(1), &day.path);
        let _ = tree::is_grown((record.number, record.root), (record.number.saturating_add(1), record.root), &day.growth);
    }
    assert!(signed_alone(text));
    let _ = (Checkpoint::open(text, trusted), note::learn(text, trusted), Signers::read(text));
    if let Some(state) = Checkpoint::read(text) {
        assert_eq!(Checkpoint::read(&state.to_string()), Some(state));
    }
    if let Ok(key) = text.parse::<Verifier>() {
        assert_eq!(key.to_string().parse::<Verifier>().as_ref().map(Verifier::to_string), Ok(key.to_string()));
    }
}

/// What a slaughterhouse sends: updates in both forms, the signature over them, the statement that is signed. What nobody has signed is signed by nobody.
pub fn updates(bytes: &[u8]) {
    for form in [Form::Json, Form::Csv] {
        let Ok(rows) = form::read(form, bytes) else { continue };
        assert!((1..=MOST_ROWS).contains(&rows.len()));
        for update in rows.into_iter().filter_map(|row| row.update.ok()) {
            assert_eq!(update.animal.to_string().parse().as_ref(), Ok(&update.animal));
            assert!(update.slaughtered.is_some() || !update.evidence.is_empty() || update.distribution.is_some());
            assert_eq!(Told::from(&update).read(update.animal.clone()), Ok(update));
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let trusted = std::slice::from_ref(&*TRUSTED);
    assert!(note::verify("what was sent\n", text, trusted).is_err());
    if let Ok(statement) = text.parse::<Statement>() {
        assert_eq!(statement.to_string(), text);
    }
    if let Ok(animal) = text.parse::<AnimalName>() {
        assert_eq!(animal.to_string(), text);
    }
}
