//! What is written down and published: pages, archives, proofs, the bank's statements, and amounts as people write them.

use domain::journal::{Page, Tail, archive as archived};
use domain::moment::Moment;
use domain::money::Money;
use domain::proof::checkpoint::Checkpoint;
use domain::proof::day::DayRecord;
use domain::proof::gift::ProofFile;
use domain::proof::log::{Log, PublishedDay};
use domain::proof::note::{self, Signers, Verifier};
use domain::proof::tree;
use domain::report::DayFigures;
use domain::{totals, words as in_words};

use super::TRUSTED;

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
