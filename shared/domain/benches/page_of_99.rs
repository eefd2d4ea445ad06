//! The work of settlement's purest part, the same every time: for counting instructions, never for measuring time.
//!
//! ```text
//! cargo bench -p domain --no-run
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/deps/page_of_99-* WORK
//! ```
//!
//! `WORK` is one of `nothing` (to be taken off the others), `facts` (1,000 captures decided), `page` (99 gifts decided, written as a page and
//! hashed), `read` (the same, then read, verified and folded into totals).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::hint::black_box;

use domain::catalogue::Purpose;
use domain::donation::{Attempt, Back, Decision, Donation, Giver, Line, State, decide};
use domain::id::DonationId;
use domain::journal::page::MOST_ENTRIES;
use domain::journal::{ChainId, Entry, Page, Tail};
use domain::moment::Moment;
use domain::money::Money;
use domain::notice::Telling;
use domain::payment::{Happening, Method, PaymentFact, PaymentRef, Provider};
use domain::purpose::{Fund, Language, Programme, Region, Track};
use domain::totals;

const NOW: Moment = Moment::from_millis(1_795_424_400_000);
const FACTS: u32 = 1_000;

fn gift(number: u32) -> Donation {
    let purpose = Purpose {
        programme: Programme::Projects,
        track: Track::Care,
        region: Region::ALL[number as usize % Region::ALL.len()],
        charity: "water-society".parse().unwrap(),
    };
    let line = Line {
        opportunity: format!("opportunity-{}", number % 50).parse().unwrap(),
        fund: Fund::ALL[number as usize % Fund::ALL.len()],
        purpose,
        amount_minor: Money::from_riyals(u64::from(number % 100) + 1).unwrap(),
        sacrifice: None,
    };
    Donation {
        id: id(number),
        version: 1,
        state: State::Awaiting,
        giver: Giver::Guest,
        anonymous: true,
        language: Language::Arabic,
        lines: vec![line],
        attempts: vec![Attempt { number: 1, provider: Provider::Moyasar, reference: format!("reference-{number}") }],
        hold: Vec::new(),
        reservation: None,
        dropped: false,
        sought: false,
        command: "c0".to_owned(),
        return_url: "https://example.org/thanks".to_owned(),
        made_at: NOW,
        expires_at: NOW.plus_seconds(900),
        forgotten: false,
        leaf_key: None,
        personal: None,
        telling: Telling::default(),
        place: None,
        back: Back::default(),
    }
}

fn id(number: u32) -> DonationId {
    let mut bytes = [0x5a; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    DonationId::from_bytes(bytes)
}

fn captured(gift: &Donation, number: u32) -> PaymentFact {
    PaymentFact {
        payment: PaymentRef {
            provider: Provider::Moyasar,
            payment: format!("760878ec-d1d3-5f72-9056-{number:012}").parse().unwrap(),
        },
        donation: Some(gift.id),
        attempt: 1,
        amount_minor: gift.total(),
        currency: "SAR".to_owned(),
        happening: Happening::Captured { method: Method::Mada, captured_at: NOW, fee_minor: Money::ZERO },
    }
}

fn entry(number: u32) -> Entry {
    let gift = gift(number);
    let fact = captured(&gift, number);
    match decide(Some(&gift), None, &fact, NOW).unwrap() {
        Decision::Book { entry, .. } => entry,
        other => panic!("a capture of a gift that waits settles it: {other:?}"),
    }
}

fn page() -> Page {
    let entries: Vec<Entry> = (0..).take(MOST_ENTRIES).map(entry).collect();
    let salts: Vec<Vec<u8>> = (0..).take(MOST_ENTRIES).map(|number: u8| vec![number; 16]).collect();
    let page = tail().write(entries, &salts, NOW);
    black_box(page.hash());
    page
}

fn tail() -> Tail {
    Tail::empty(ChainId::new(0).unwrap())
}

fn main() {
    // Cargo passes flags of its own.
    let work = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    match work.as_deref().unwrap_or("read") {
        "nothing" => {}
        "facts" => (0..FACTS).for_each(|number| drop(black_box(entry(number)))),
        "page" => drop(black_box(page())),
        "read" => {
            let read = Page::read(&page().bytes()).unwrap();
            read.verify(&tail()).unwrap();
            black_box(totals::fold(&[read]));
        }
        other => panic!("{other} is none of nothing, facts, page, read"),
    }
}
