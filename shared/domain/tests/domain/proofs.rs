//! Proofs of gifts: made from pages and from what is published, verified by a key alone.

use std::collections::BTreeMap;

use domain::donation::Decision;
use domain::hash::Hash;
use domain::id::DonationId;
use domain::journal::{Account, ChainId, Entry, Movement, MovementKind, Page, Tail, Transfer};
use domain::moment::Day;
use domain::payment::Provider;
use domain::proof::checkpoint::Checkpoint;
use domain::proof::day::{ChainEnd, DayRecord, DayTree};
use domain::proof::gift::{EntryProof, FORM, MakeError, ProofError, ProofFile};
use domain::proof::log::{Log, LoggedDay, PublishedDay};
use domain::proof::note::{NoteError, Signer, Signers};
use domain::proof::{pages, tree};
use domain::purpose::Fund;
use domain::report::DayFigures;
use proptest::prelude::*;

use crate::given::{NOON, any_entry, captured, donation, fact, line, riyals};

fn signers() -> Signers {
    Signers::read(&Signer::new("ihsan.example", &[7; 32]).unwrap().secret()).unwrap()
}

fn id(number: u8) -> DonationId {
    DonationId::from_bytes([number; 16])
}

fn salt(number: u8) -> Vec<u8> {
    vec![number; 16]
}

/// The settling of a gift of so many riyals.
fn gift(number: u8) -> Entry {
    let lines = vec![line(Fund::Sadaqa, "wells", riyals(u64::from(number)))];
    let mut gift = donation(domain::donation::State::Awaiting, lines);
    gift.id = id(number);
    let mut told = fact(&format!("payment-{number}"), gift.total(), captured());
    told.donation = Some(gift.id);
    match domain::donation::decide(Some(&gift), None, &told, NOON).unwrap() {
        Decision::Book { entry, .. } => entry,
        other => panic!("{other:?}"),
    }
}

/// A day of some pages, on two chains, and what was published of it and before.
struct Published {
    pages: Vec<Page>,
    leaves: Vec<Hash>,
    day: PublishedDay,
    log: Log,
}

fn day() -> Day {
    NOON.day()
}

/// Gifts of these numbers, one list a page, chains in turn; after `before` days without any.
fn publish(gifts: &[&[u8]], before: u64) -> Published {
    let mut tails: BTreeMap<ChainId, Tail> = [3, 5].map(|n| ChainId::new(n).unwrap()).map(|c| (c, Tail::empty(c))).into();
    let mut written = Vec::new();
    for (numbers, chain) in gifts.iter().zip([3, 5].into_iter().cycle()) {
        let tail = tails.get_mut(&ChainId::new(chain).unwrap()).unwrap();
        let entries = numbers.iter().map(|number| gift(*number)).collect();
        let salts: Vec<Vec<u8>> = numbers.iter().map(|number| salt(*number)).collect();
        let page = tail.write(entries, &salts, NOON);
        *tail = page.tail();
        written.push(page);
    }
    written.sort_by_key(|page| (page.chain, page.seq));
    let mut log = Log::default();
    for age in (1..=before).rev() {
        let day = (0..age).fold(day(), |day, _| day.previous());
        let record = record(&DayTree::default(), &DayFigures::default(), day, &log);
        log.days.push(LoggedDay { day, leaf: record.leaf() });
    }
    let (mut tree, mut figures) = (DayTree::default(), DayFigures::default());
    for page in &written {
        tree.add(page);
        figures.add(day(), page).unwrap();
    }
    let record = record(&tree, &figures, day(), &log);
    log.days.push(LoggedDay { day: day(), leaf: record.leaf() });
    let checkpoint = signers().sign(&log.state("ihsan.example").to_string());
    log.checkpoint = checkpoint.clone();
    let (path, growth) = log.last_paths();
    let leaves = tree.leaves().to_vec();
    Published { pages: written, leaves, day: PublishedDay { record: record.to_string(), checkpoint, path, growth }, log }
}

fn record(tree: &DayTree, figures: &DayFigures, day: Day, log: &Log) -> DayRecord {
    let ends = vec![ChainEnd { chain: 3, first: 0, seal: 9, hash: Hash::of(&[b"seal"]) }];
    tree.record(day, (log.size(), log.root()), &figures.funds, ends)
}

impl Published {
    /// The proof of the gift of this number, by its own salt alone.
    fn prove(&self, number: u8) -> Result<EntryProof, MakeError> {
        let on = |page: &&Page| page.entries().iter().any(|entry| entry.donation == Some(id(number)));
        let page = self.pages.iter().find(on).unwrap();
        let index = page.entries().iter().position(|entry| entry.donation == Some(id(number))).unwrap();
        EntryProof::make((page, u16::try_from(index).unwrap()), &salt(number), &self.day, &self.leaves)
    }
}

const GIFTS: [&[u8]; 5] = [&[1], &[2, 3, 4], &[5, 6], &[7, 8, 9, 10, 11], &[12]];

#[test]
fn every_gift_is_proven_by_its_own_salt() {
    for before in [0, 1, 6] {
        let published = publish(&GIFTS, before);
        for number in GIFTS.concat() {
            let proof = published.prove(number).unwrap();
            let told: EntryProof = serde_json::from_str(&serde_json::to_string(&proof).unwrap()).unwrap();
            let proven = told.verify(id(number), &signers().verifiers()).unwrap();
            assert_eq!(proven.entry, gift(number));
            assert_eq!((proven.record.day, proven.record.number), (day(), before));
            assert_eq!(proven.checkpoint.root, published.log.root());
            assert_eq!((told.kind.as_str(), told.amount.clone()), ("settled", riyals(u64::from(number)).to_string()));
        }
    }
}

/// An erased salt takes its own proof with it and nobody else's: nothing but a gift's own salt goes into its proof.
#[test]
fn an_erased_salt_breaks_no_other_proof() {
    let published = publish(&GIFTS, 2);
    for number in [7, 9, 10, 11] {
        assert!(published.prove(number).unwrap().verify(id(number), &signers().verifiers()).is_ok());
    }
    let on_page = published.pages.iter().find(|page| page.entries().len() == 5).unwrap();
    for guess in [Vec::new(), salt(7)] {
        let made = EntryProof::make((on_page, 1), &guess, &published.day, &published.leaves);
        assert_eq!(made, Err(MakeError::OtherSalt), "nothing shows that the leaf was this gift's");
    }
}

/// A proof shows hashes of others and nothing that they gave.
#[test]
fn a_proof_shows_nobody_elses_gift() {
    let published = publish(&GIFTS, 0);
    let told = serde_json::to_string(&published.prove(9).unwrap()).unwrap();
    for number in [7, 8, 10, 11] {
        let others = gift(number);
        let hex = data_encoding::HEXLOWER.encode(others.donation.unwrap().to_string().as_bytes());
        for secret in [others.donation.unwrap().to_string(), hex, others.payment.payment.to_string()] {
            assert!(!told.contains(&secret));
        }
    }
}

#[test]
fn whatever_is_changed_in_a_proof_it_proves_nothing() {
    let published = publish(&GIFTS, 3);
    let proof = published.prove(9).unwrap();
    let keys = signers().verifiers();
    type Change = fn(&mut EntryProof);
    let other = Hash::of(&[b"another"]);
    let table: [(Change, ProofError); 17] = [
        (|proof| proof.entry = "AAAA".to_owned(), ProofError::Entry),
        (|proof| proof.entry.insert(0, '!'), ProofError::Entry),
        (|proof| proof.entry = publish(&GIFTS, 3).prove(8).unwrap().entry, ProofError::OtherDonation),
        (|proof| proof.kind = "refunded".to_owned(), ProofError::Told),
        (|proof| proof.amount = "9000.00".to_owned(), ProofError::Told),
        (|proof| proof.day = proof.day.next(), ProofError::Told),
        (|proof| proof.salt = "09".repeat(15), ProofError::Salt),
        (|proof| proof.salt = "08".repeat(16), ProofError::Day),
        (|proof| proof.page.index = 1, ProofError::Day),
        (|proof| proof.page.entries = 4, ProofError::Page),
        (|proof| proof.page.seq += 1, ProofError::Day),
        (|proof| proof.page.chain = 16, ProofError::Page),
        (|proof| proof.page.index = 5, ProofError::Page),
        (|proof| proof.tree.index = 0, ProofError::Day),
        (|proof| proof.record = proof.record.replace("entries 12", "entries 13"), ProofError::Log),
        (|proof| proof.record = proof.record.replace("entries", "enties"), ProofError::Record),
        (|proof| proof.checkpoint = "no note".to_owned(), ProofError::Checkpoint(NoteError::NotANote)),
    ];
    for (number, (change, expected)) in (0..).zip(table) {
        let mut changed = proof.clone();
        change(&mut changed);
        assert_eq!(changed.verify(id(9), &keys).unwrap_err(), expected, "change {number}");
    }
    let paths: [fn(&mut EntryProof) -> &mut Vec<Hash>; 3] =
        [|proof| &mut proof.page.path, |proof| &mut proof.tree.path, |proof| &mut proof.log_path];
    for path in paths {
        let mut changed = proof.clone();
        path(&mut changed)[0] = other;
        assert!(changed.verify(id(9), &keys).is_err());
        path(&mut changed).clear();
        assert!(changed.verify(id(9), &keys).is_err());
    }
    let strangers = [Signer::new("ihsan.example", &[8; 32]).unwrap().verifier()];
    assert_eq!(proof.verify(id(9), &strangers).unwrap_err(), ProofError::Checkpoint(NoteError::Unsigned));
    assert_eq!(proof.verify(id(8), &keys).unwrap_err(), ProofError::OtherDonation);
    let file = ProofFile { form: FORM + 1, donation: id(9), proofs: vec![proof], waiting: Vec::new() };
    assert_eq!(file.verify(&keys), Err((0, ProofError::Form)));
    let file = ProofFile { form: FORM, donation: id(8), ..file };
    assert_eq!(file.verify(&keys), Err((0, ProofError::OtherDonation)));
}

#[test]
fn what_is_published_must_fit_the_page() {
    let published = publish(&GIFTS, 1);
    let page = &published.pages[0];
    let make = |page: (&Page, u16), pages: &[Hash]| EntryProof::make(page, &salt(1), &published.day, pages);
    assert_eq!(make((page, 1), &published.leaves), Err(MakeError::NoLeaf));
    assert_eq!(make((page, 0), &published.leaves[1..]), Err(MakeError::NotInTree));
    let mut others = published.leaves.clone();
    others.swap(3, 4);
    assert_eq!(make((page, 0), &others), Err(MakeError::OtherRoot));
    assert_eq!(pages::read(&pages::bytes(&others)), Some(others));
    assert_eq!(pages::read(&[0; 33]), None);
}

/// The log grew by the day, as its published growth shows to whoever kept the checkpoint before.
#[test]
fn a_days_growth_leads_from_the_log_before_it() {
    let (before, after) = (publish(&GIFTS, 4), publish(&GIFTS, 5));
    let open = |note: &str| Checkpoint::open(note, &signers().verifiers()).unwrap().0;
    let new = open(&after.day.checkpoint);
    let record: DayRecord = after.day.record.parse().unwrap();
    assert!(tree::is_grown((record.number, record.previous), (new.size, new.root), &after.day.growth));
    let other = open(&before.day.checkpoint);
    assert!(!tree::is_grown((other.size, other.root), (new.size, new.root), &after.day.growth), "of another past");
}

#[test]
fn a_record_is_written_in_these_lines() {
    insta::assert_snapshot!("record_of_a_day", publish(&GIFTS, 2).day.record);
    let bank = Transfer::new(Account::Bank, Account::Clearing(Provider::Moyasar), riyals(60)).unwrap();
    let kind = MovementKind::PaidOut;
    let paid_out =
        Movement { kind, reference: Hash::of(&[b"statement"]), happened_at: NOON, transfers: vec![bank], payment: None };
    let page = Tail::empty(ChainId::new(4).unwrap()).write_movements(vec![paid_out], NOON);
    let mut tree = DayTree::default();
    tree.add(&page);
    let moved = record(&tree, &DayFigures::default(), day(), &Log::default());
    insta::assert_snapshot!("record_of_a_day_of_the_bank", moved.to_string());
    assert_eq!(moved.to_string().parse(), Ok(moved));
    let empty = record(&DayTree::default(), &DayFigures::default(), day(), &Log::default());
    insta::assert_snapshot!("record_of_a_day_without_gifts", empty.to_string());
    assert_eq!(empty.to_string().parse(), Ok(empty));
}

proptest! {
    #[test]
    fn a_record_is_read_as_it_is_written_and_in_no_other_bytes(
        entries in prop::collection::vec(any_entry(), 1..20),
        at: prop::sample::Index,
        byte in any::<u8>(),
    ) {
        let salts = vec![salt(1); entries.len()];
        let page = Tail::empty(ChainId::new(3).unwrap()).write(entries, &salts, NOON);
        let mut tree = DayTree::default();
        tree.add(&page);
        let record = record(&tree, &DayFigures::default(), day(), &Log::default());
        let text = record.to_string();
        prop_assert_eq!(text.parse(), Ok(record.clone()));
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        // Whatever is read of other bytes is another record, with another leaf.
        if let Ok(other) = String::from_utf8(bytes).unwrap_or_default().parse::<DayRecord>() {
            prop_assert_eq!(other == record, other.leaf() == record.leaf());
        }
    }
}
