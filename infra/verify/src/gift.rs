//! The proof that a donor was given.

use std::fmt::Write as _;
use std::path::Path;

use domain::journal::EntryKind;
use domain::money::Money;
use domain::proof::gift::{EntryProof, ProofFile, Proven};
use domain::proof::note::Verifier;

use crate::{VerifyError, read};

/// Verifies every proof of a file; gives back what they prove, for people.
///
/// # Errors
/// When the file is none, the first proof that does not hold, or that there is none.
pub fn verify(file: &Path, trusted: &[Verifier]) -> Result<String, VerifyError> {
    let told: ProofFile = serde_json::from_str(&read(file)?)
        .map_err(|_| VerifyError::NotThat { file: file.to_owned(), expected: "a proof of a donation" })?;
    let proven = told.verify(trusted);
    let proven =
        proven.map_err(|(index, source)| VerifyError::Proof { file: file.to_owned(), number: index + 1, source })?;
    if proven.is_empty() {
        return Err(VerifyError::Nothing(file.to_owned()));
    }
    let mut text = format!("Donation {}", told.donation);
    for (proof, proven) in told.proofs.iter().zip(&proven) {
        tell(&mut text, proof, proven);
    }
    for waiting in &told.waiting {
        let _ = write!(text, "\n\n  NOT PROVEN YET: {} on {}, published after that day", waiting.kind, waiting.day);
    }
    Ok(text)
}

fn tell(text: &mut String, proof: &EntryProof, Proven { entry, record, checkpoint, signed_by }: &Proven) {
    let signed: Vec<String> = signed_by.iter().map(ToString::to_string).collect();
    let lines = [
        ("PROVEN", format!("{}, SAR {}", said(entry.kind), proof.amount)),
        ("payment", format!("{} {}, {}", entry.payment.provider, entry.payment.payment, entry.happened_at)),
        ("day of the books", format!("{}, one of {} entries", record.day, record.entries)),
        ("given that day", given(record.funds.values().map(|fund| fund.given_minor).sum())),
        ("day's root", record.root.to_string()),
        ("log", format!("{}, day {} of {}", checkpoint.origin, record.number + 1, checkpoint.size)),
        ("log's root", checkpoint.root.to_string()),
        ("signed by", signed.join(", ")),
    ];
    text.push('\n');
    for (name, value) in lines {
        let _ = write!(text, "\n  {name:<18}{value}");
    }
}

fn given(halalas: i64) -> String {
    let money = u64::try_from(halalas).ok().and_then(Money::from_halalas).unwrap_or(Money::ZERO);
    format!("SAR {money} in all")
}

const fn said(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Settled => "given",
        EntryKind::SecondCharge => "paid a second time",
        EntryKind::LateCharge => "paid too late",
        EntryKind::Orphan => "paid for no known donation",
        EntryKind::Refunded => "given back",
        EntryKind::ChargeReturned => "a charge given back",
        EntryKind::Disputed => "disputed with the bank",
        EntryKind::DisputeWon => "no longer disputed",
        EntryKind::DisputeLost => "given back after a dispute",
        EntryKind::FeeCharged => "a fee of the provider's",
        EntryKind::Assigned => "found to be this donation's",
    }
}
