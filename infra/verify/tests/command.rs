//! The command as people run it: what it says, and its exit codes.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use domain::donation::{Attempt, Back, Decision, Donation, Giver, Line, State, decide};
use domain::hash::Hash;
use domain::id::DonationId;
use domain::journal::{ChainId, Page, Tail};
use domain::moment::{Day, Moment};
use domain::money::Money;
use domain::notice::Telling;
use domain::payment::{Happening, Method, PaymentFact, PaymentRef, Provider};
use domain::proof::day::{ChainEnd, DayTree};
use domain::proof::gift::{EntryProof, FORM, ProofFile, Waiting};
use domain::proof::log::{Log, LoggedDay, PublishedDay};
use domain::proof::note::{self, Signer, Signers};
use domain::purpose::{Fund, Language, Programme, Region, Track};
use domain::report::DayFigures;
use domain::sacrifice::list::Statement;
use tempfile::TempDir;

const NOON: Moment = Moment::from_millis(1_795_424_400_000);

/// What was published on three days, with a gift on each, and the keys.
struct Scene {
    folder: TempDir,
    log: Log,
}

fn signer(seed: u8) -> Signer {
    Signer::new("proofs.example", &[seed; 32]).unwrap()
}

fn key(seed: u8) -> String {
    signer(seed).verifier().to_string()
}

fn gift(number: u8, at: Moment) -> Donation {
    let purpose = domain::catalogue::Purpose {
        programme: Programme::Projects,
        track: Track::Care,
        region: Region::Jazan,
        charity: "birr-jazan".parse().unwrap(),
    };
    let line = Line {
        opportunity: "wells-jazan".parse().unwrap(),
        fund: Fund::Sadaqa,
        purpose,
        amount_minor: Money::from_riyals(50).unwrap(),
        sacrifice: None,
    };
    Donation {
        id: DonationId::from_bytes([number; 16]),
        version: 0,
        state: State::Awaiting,
        giver: Giver::Guest,
        anonymous: true,
        language: Language::English,
        lines: vec![line],
        attempts: vec![Attempt { number: 1, provider: Provider::Moyasar, reference: "reference".to_owned() }],
        hold: Vec::new(),
        reservation: None,
        dropped: false,
        sought: false,
        command: String::new(),
        return_url: "https://give.example/thanks".to_owned(),
        made_at: at,
        expires_at: at.plus_seconds(900),
        forgotten: false,
        leaf_key: None,
        personal: None,
        telling: Telling::default(),
        place: None,
        back: Back::default(),
    }
}

fn page(number: u8, at: Moment) -> Page {
    let gift = gift(number, at);
    let fact = PaymentFact {
        payment: PaymentRef { provider: Provider::Moyasar, payment: format!("p-{number}").parse().unwrap() },
        donation: Some(gift.id),
        attempt: 1,
        amount_minor: gift.total(),
        currency: "SAR".to_owned(),
        happening: Happening::Captured { method: Method::Mada, captured_at: at, fee_minor: Money::ZERO },
    };
    let Decision::Book { entry, .. } = decide(Some(&gift), None, &fact, at).unwrap() else { panic!("not booked") };
    Tail::empty(ChainId::new(3).unwrap()).write(vec![entry], &[vec![0x5a; 16]], at)
}

impl Scene {
    /// Signed by the first key on the first day, by both on the second, by the second on the third.
    fn set() -> Scene {
        let mut scene = Scene { folder: tempfile::tempdir().unwrap(), log: Log::default() };
        let keys = [signer(1).secret(), format!("{}\n{}", signer(2).secret(), signer(1).secret()), signer(2).secret()];
        for (number, keys) in (1..).zip(keys) {
            let at = NOON.plus_seconds(i64::from(number) * 86_400);
            scene.publish(number, &Signers::read(&keys).unwrap(), at);
        }
        let both = Signers::read(&format!("{}\n{}", signer(2).secret(), signer(1).secret())).unwrap();
        scene.write("keys.txt", &both.sign(&note::key_list(&both.verifiers())));
        scene.write("key.txt", &format!("{}\n", key(1)));
        scene
    }

    fn publish(&mut self, number: u8, signers: &Signers, at: Moment) {
        let (page, day): (Page, Day) = (page(number, at), at.day());
        let (mut tree, mut figures) = (DayTree::default(), DayFigures::default());
        tree.add(&page);
        figures.add(day, &page).unwrap();
        let ends = vec![ChainEnd { chain: 3, first: 0, seal: 1, hash: Hash::of(&[b"seal"]) }];
        let record = tree.record(day, (self.log.size(), self.log.root()), &figures.funds, ends);
        self.log.days.push(LoggedDay { day, leaf: record.leaf() });
        self.log.checkpoint = signers.sign(&self.log.state(signers.name()).to_string());
        let (path, growth) = self.log.last_paths();
        let told = PublishedDay { record: record.to_string(), checkpoint: self.log.checkpoint.clone(), path, growth };
        let proof = EntryProof::make((&page, 0), &[0x5a; 16], &told, tree.leaves()).unwrap();
        let donation = DonationId::from_bytes([number; 16]);
        let waiting = vec![Waiting::new(domain::journal::EntryKind::Refunded, day.next())];
        let file = ProofFile { form: FORM, donation, proofs: vec![proof], waiting };
        self.write(&format!("proof-{number}.json"), &serde_json::to_string_pretty(&file).unwrap());
        self.write(&format!("day-{number}.json"), &serde_json::to_string(&told).unwrap());
        self.write(&format!("log-{number}.json"), &serde_json::to_string(&self.log).unwrap());
        self.write(&format!("checkpoint-{number}.txt"), &told.checkpoint);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).unwrap();
    }

    fn change(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.file(name)).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        self.write(name, &text.replace(from, to));
    }

    /// Exit code and what was said.
    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_verify")).args(arguments).current_dir(&self.folder).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }
}

#[test]
fn a_proof_is_verified_and_told() {
    let scene = Scene::set();
    for trusted in [key(1), "key.txt".to_owned()] {
        let (code, said) = scene.run(&["proof-1.json", "--key", &trusted]);
        assert_eq!(code, 0, "{said}");
        for told in
            ["PROVEN", "given, SAR 50.00", "2026-11-24", "p-1", "proofs.example+", "NOT PROVEN YET: refunded on 2026-11-25"]
        {
            assert!(said.contains(told), "{told} is not in:\n{said}");
        }
    }
}

#[test]
fn a_changed_proof_is_refused_by_the_step_that_does_not_hold() {
    let salt = "5a".repeat(16);
    let changes = [
        ("50.00", "5000.00", "kind, amount or day are not what is proven"),
        (&salt[..], &"5b".repeat(16)[..], "the entry is not in the tree of the day"),
        ("entries 1", "entries 2", "the day's record is not in the log that was signed"),
        ("— proofs.example", "— others.example", "signed by none of the keys that are trusted"),
        ("\"form\": 1", "\"form\": 2", "form"),
        ("01010101010101010101010101010101", "02020202020202020202020202020202", "not of this donation"),
    ];
    for (from, to, why) in changes {
        let scene = Scene::set();
        scene.change("proof-1.json", from, to);
        let (code, said) = scene.run(&["proof-1.json", "--key", &key(1)]);
        assert_eq!(code, 1, "{from}: {said}");
        assert!(said.starts_with("verify: ") && said.contains(why), "{from}: {said}");
    }
}

#[test]
fn a_key_that_is_not_trusted_verifies_nothing_until_a_trusted_one_has_signed_it() {
    let scene = Scene::set();
    assert_eq!(scene.run(&["proof-2.json", "--key", &key(1)]).0, 0, "both sign");
    assert_eq!(scene.run(&["proof-3.json", "--key", &key(1)]).0, 1);
    assert_eq!(scene.run(&["proof-3.json", "--key", &key(1), "--learn", "keys.txt"]).0, 0);
    let (code, said) = scene.run(&["proof-3.json", "--key", &key(9), "--learn", "keys.txt"]);
    assert!(code == 1 && said.contains("the keys in keys.txt"), "{said}");
}

#[test]
fn the_log_is_held_against_what_was_kept_of_it() {
    let scene = Scene::set();
    let keys = ["--key", &key(1), "--key", &key(2)];
    let consistent = |old: &str, new: &str| scene.run(&[["consistency", old, new].as_slice(), &keys].concat());
    for old in ["log-1.json", "day-1.json", "proof-1.json", "checkpoint-1.txt"] {
        for new in ["log-1.json", "log-2.json", "log-3.json", "day-2.json"] {
            let (code, said) = consistent(old, new);
            assert!(code == 0 && said.contains("CONSISTENT"), "{old} {new}: {said}");
        }
    }
    let (code, said) = consistent("log-3.json", "log-1.json");
    assert!(code == 1 && said.contains("give the earlier one first"), "{said}");
    let (code, said) = consistent("log-1.json", "day-3.json");
    assert!(code == 2 && said.contains("is not the log, or the day that followed"), "{said}");
}

/// A log of another past, signed by the same key: the very thing that the log is there to show.
#[test]
fn a_log_that_was_rewritten_is_found_and_the_day_named() {
    let (mut first, second) = (Scene::set(), Scene::set());
    let mut other = Scene { folder: tempfile::tempdir().unwrap(), log: Log::default() };
    for number in 1..=3 {
        let at = NOON.plus_seconds(i64::from(number) * 86_400);
        // Another gift on the second day.
        let gift = if number == 2 { 77 } else { number };
        other.publish(gift, &Signers::read(&signer(1).secret()).unwrap(), at);
    }
    first.log = second.log.clone();
    let other = |name: &str| other.file(name).to_str().unwrap().to_owned();
    let keys = ["--key", &key(1), "--key", &key(2)];
    let run = |old: &str, new: &str| first.run(&[["consistency", old, new].as_slice(), &keys].concat());
    assert_eq!(run("log-1.json", &other("log-3.json")).0, 0, "the first day is the same");
    let (code, said) = run("log-2.json", &other("log-3.json"));
    assert!(code == 1 && said.contains("what is said of 2026-11-25 has changed"), "{said}");
    let (code, said) = run("checkpoint-2.txt", &other("log-3.json"));
    assert!(code == 1 && said.contains("does not have the first 2 days as they were signed"), "{said}");
    // One whose days were changed without signing it anew.
    first.change("log-3.json", &second.log.days[1].leaf.to_string(), &"ab".repeat(32));
    let (code, said) = run("log-1.json", "log-3.json");
    assert!(code == 1 && said.contains("do not make the root that was signed"), "{said}");
}

#[test]
fn what_cannot_be_used_is_told_with_another_code() {
    let scene = Scene::set();
    for (arguments, why) in [
        (vec!["proof-1.json"], "without a key nothing is verified"),
        (vec!["proof-1.json", "--key", "nonsense"], "not a key"),
        (vec!["nowhere.json", "--key", &key(1)], "nowhere.json"),
        (vec!["log-1.json", "--key", &key(1)], "is not a proof of a donation"),
        (vec![], "required"),
    ] {
        let (code, said) = scene.run(&arguments);
        assert!(code == 2 && said.contains(why), "{arguments:?}: {code} {said}");
    }
}

#[test]
fn a_proof_of_what_is_not_published_yet_proves_nothing() {
    let scene = Scene::set();
    let file = ProofFile { form: FORM, donation: DonationId::from_bytes([1; 16]), proofs: Vec::new(), waiting: Vec::new() };
    scene.write("empty.json", &serde_json::to_string(&file).unwrap());
    let (code, said) = scene.run(&["empty.json", "--key", &key(1)]);
    assert!(code == 1 && said.contains("proves nothing yet"), "{said}");
}

#[test]
fn a_key_is_made_once_and_signs() {
    let scene = Scene::set();
    let made = |name: &str| scene.run(&["key", "proofs.example", "--secret", name]);
    let (code, public) = made("secret.txt");
    assert_eq!(code, 0, "{public}");
    let signers = Signers::read(&std::fs::read_to_string(scene.file("secret.txt")).unwrap()).unwrap();
    assert_eq!(signers.verifiers()[0].to_string(), public.trim());
    assert_ne!(made("other.txt").1, public);
    assert_eq!(made("secret.txt").0, 2, "nothing is written over");
    assert_eq!(scene.run(&["key", "two words", "--secret", "third.txt"]).0, 2);
    is_for_its_owner(&scene.file("secret.txt"));
}

#[cfg(unix)]
fn is_for_its_owner(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A list's documents and the note over them, signed by this key in this name.
fn listed(scene: &Scene, seed: u8, by: &str) {
    scene.write("rows.csv", "camel-makkah-1,1\r\n");
    scene.write("pages.pdf", "%PDF-1.7 pages");
    let hash = |name: &str| (name.to_owned(), Hash::of(&[&std::fs::read(scene.file(name)).unwrap()]));
    let statement = Statement {
        by: by.to_owned(),
        slaughterhouse: "makkah-1".parse().unwrap(),
        day: "1448-12-10".parse().unwrap(),
        version: 2,
        animals: 1,
        shares: 7,
        files: vec![hash("rows.csv"), hash("pages.pdf")],
    };
    let signers = Signers::read(&signer(seed).secret()).unwrap();
    scene.write("list.note", &signers.sign(&statement.to_string()));
}

#[test]
fn a_list_is_as_it_was_signed_byte_for_byte() {
    let scene = Scene::set();
    listed(&scene, 1, "proofs.example");
    let run = |files: &[&str], seed: u8| {
        let key = key(seed);
        let arguments = [&["list"][..], files, &["--key", key.as_str()]].concat();
        scene.run(&arguments)
    };
    for files in [["list.note", "rows.csv", "pages.pdf"].as_slice(), &["pages.pdf", "list.note"]] {
        let (code, said) = run(files, 1);
        assert!(code == 0 && said.contains("list 2 of makkah-1 for 1448-12-10, 1 animals, 7 shares"), "{said}");
    }
    assert!(run(&["list.note", "rows.csv"], 1).1.contains("1 of its 2 documents"));
    let (code, said) = run(&["list.note", "rows.csv"], 2);
    assert!(code == 1 && said.contains("signed by none of the keys"), "{said}");
    scene.write("other.csv", "camel-makkah-1,2\r\n");
    let (code, said) = run(&["list.note", "other.csv"], 1);
    assert!(code == 1 && said.contains("none of the documents that were signed"), "{said}");
    scene.change("rows.csv", "makkah-1", "makkah-2");
    let (code, said) = run(&["list.note", "rows.csv"], 1);
    assert!(code == 1 && said.contains("rows.csv: it is not as it was signed"), "{said}");
    scene.change("list.note", "shares 7", "shares 8");
    let (code, said) = run(&["list.note", "pages.pdf"], 1);
    assert!(code == 1 && said.contains("list.note: a signature is false"), "{said}");
}

#[test]
fn a_list_needs_its_note_and_a_note_speaks_for_who_signed_it() {
    let scene = Scene::set();
    listed(&scene, 1, "proofs.example");
    let key = key(1);
    for files in
        [&["rows.csv"][..], &["list.note"], &["list.note", "list.note", "rows.csv"], &["checkpoint-2.txt", "rows.csv"]]
    {
        let (code, said) = scene.run(&[&["list"][..], files, &["--key", key.as_str()]].concat());
        assert!(code == 2 && said.contains("signed note"), "{files:?}: {said}");
    }
    listed(&scene, 1, "somebody.else");
    let (code, said) = scene.run(&["list", "list.note", "rows.csv", "--key", key.as_str()]);
    assert!(code == 1 && said.contains("another name"), "{said}");
}

/// As a slaughterhouse does: a key of its own, a file of its day, the header that goes with it.
#[test]
fn a_slaughterhouse_makes_its_key_and_signs_what_it_sends() {
    use domain::sacrifice::carrying::{self, Form};
    let scene = Scene::set();
    let (code, verifier) = scene.run(&["key", "makkah-1", "--secret", "makkah-1.key"]);
    assert_eq!(code, 0, "{verifier}");
    let body = "animal,slaughtered_at,by\ncamel-makkah-7,2027-05-16T07:15:00+03:00,LIC-1\n";
    scene.write("day.csv", body);
    let sign = |more: &[&str]| {
        scene.run(&[&["sign", "--secret", "makkah-1.key", "--idempotency-key", "a-key-of-chance"], more].concat())
    };
    let (code, signature) = sign(&["day.csv"]);
    assert_eq!(code, 0, "{signature}");
    let statement =
        |form| carrying::Statement::of(&"makkah-1".parse().unwrap(), "a-key-of-chance", form, body.as_bytes()).to_string();
    let trusted = [verifier.trim().parse().unwrap()];
    assert!(note::verify(&statement(Form::Csv), signature.trim(), &trusted).is_ok());
    assert!(note::verify(&statement(Form::Json), signature.trim(), &trusted).is_err());
    scene.write("day.txt", body);
    assert_eq!(sign(&["day.txt", "--form", "csv"]), (0, signature));
    let (code, said) = sign(&["day.txt"]);
    assert!(code == 2 && said.contains("say --form"), "{said}");
    scene.write("bad.csv", "animal,price\ncamel-makkah-7,1\n");
    let (code, said) = sign(&["bad.csv"]);
    assert!(code == 2 && said.contains("column 2 is not known"), "{said}");
    scene.write("odd.csv", "animal,by\ncamel-makkah-7,LIC-1\n");
    let (code, said) = sign(&["odd.csv"]);
    assert!(code == 0 && said.contains("1 of 1 rows will be refused"), "{said}");
    let (code, said) = scene.run(&["sign", "day.csv", "--secret", "key.txt", "--idempotency-key", "k"]);
    assert!(code == 2, "a key to verify by does not sign: {said}");
}
