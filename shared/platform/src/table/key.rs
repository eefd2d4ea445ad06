//! Every key of the table, in one place.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::case::Reason;
use domain::case::kept::Standing;
use domain::hash::Hash;
use domain::id::{BatchId, CharityId, CorrectionId, DonationId, DonorId, OpportunityId, SlaughterhouseId};
use domain::journal::ChainId;
use domain::moment::{Day, Moment};
use domain::notice::Notice;
use domain::payment::{PaymentRef, Provider};
use domain::sacrifice::ListDay;
use domain::sacrifice::fairness::GiverHash;

use super::{Item, text};

/// The index of donations by donor: hash `donor`, range `made_at`, keys only. Guests' donations are not in it.
pub const DONOR_INDEX: &str = "donor-index";

/// The index of what people have to deal with: hash `listed_in`, range `listed_as`, keys only. Cases by how they stand and why, corrections by how far they have come.
pub const CASE_INDEX: &str = "case-index";

/// How many partitions of the index the cases of one reason are spread over: each takes a thousand a second, and when a provider changes how it writes an amount, every
/// payment of the peak is set aside for one reason.
pub const CASE_SHARDS: u8 = 4;

/// How many partitions opportunities are spread over, so that no listing reads one hot partition.
pub const OPPORTUNITY_SHARDS: u8 = 8;

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    fn of(pk: String, sk: impl Into<String>) -> Key {
        Key { pk, sk: sk.into() }
    }

    /// The key as an item's attributes.
    pub fn item(&self) -> Item {
        [("pk", &self.pk), ("sk", &self.sk)].map(|(name, value)| (name.to_owned(), text(value))).into()
    }

    /// The partition.
    pub fn partition(&self) -> &str {
        &self.pk
    }

    /// The name within the partition.
    pub fn sort(&self) -> &str {
        &self.sk
    }

    /// A donation.
    pub fn donation(id: &DonationId) -> Key {
        Key::of(format!("DON#{id}"), "DON")
    }

    /// A payment that is not its donation's settling one.
    pub fn charge(payment: &PaymentRef) -> Key {
        Key::of(format!("PAY#{}#{}", payment.provider, payment.payment), "PAY")
    }

    /// The note that a payment is being refunded, beside its charge.
    pub fn refund(payment: &PaymentRef) -> Key {
        Key::of(format!("PAY#{}#{}", payment.provider, payment.payment), "REFUND")
    }

    /// A page of the journal. Twelve digits: a page a millisecond for thirty years.
    pub fn page(chain: ChainId, seq: u64) -> Key {
        Key::of(chain_partition(chain), format!("{seq:012}"))
    }

    /// How far the totals have come on each chain.
    pub fn cursors() -> Key {
        Key::of(TOTALS.to_owned(), "CURSOR")
    }

    /// An item of totals, by the name that the fold gives it.
    pub fn total(item: &str) -> Key {
        Key::of(TOTALS.to_owned(), item)
    }

    /// A shard of a capped opportunity's escrow. The shard is in the partition key: in the sort key it would spread nothing.
    pub fn cap(opportunity: &OpportunityId, shard: u8) -> Key {
        Key::of(format!("CAP#{opportunity}#{shard}"), "CAP")
    }

    /// What is sold of an opportunity by the share.
    pub fn offering(id: &OpportunityId) -> Key {
        Key::of(OFFERINGS.to_owned(), id.as_str())
    }

    /// A lot of an offering's stock.
    pub fn lot(offering: &OpportunityId, lot: u32) -> Key {
        Key::of(segment_partition(offering, domain::sacrifice::lot::segment(lot)), format!("LOT#{lot:06}"))
    }

    /// What a giver has used of an offering's limit. The offering is in the hash.
    pub fn allowance(giver: &GiverHash) -> Key {
        Key::of(format!("GIVER#{giver}"), "ALLOWANCE")
    }

    /// How many tickets were taken of an offering's waiting room.
    pub fn tickets(offering: &OpportunityId) -> Key {
        Key::of(format!("ROOM#{offering}"), "TICKETS")
    }

    /// How often somebody tried in a minute, counted from 1970. Who it is is hashed with a key.
    pub fn attempts(who: &str, minute: i64) -> Key {
        Key::of(format!("BRAKE#{who}"), format!("{minute:010}"))
    }

    /// A round of the plan by which an offering's animals are filled.
    pub fn round(offering: &OpportunityId, round: u32) -> Key {
        Key::of(packing_partition(offering), format!("{ROUNDS}{round:06}"))
    }

    /// Some of a round's steps, where they are too many for its item.
    pub fn round_part(offering: &OpportunityId, digest: &Hash, part: u32) -> Key {
        Key::of(packing_partition(offering), format!("PART#{digest}#{part:06}"))
    }

    /// What became of a step of a round.
    pub fn step(offering: &OpportunityId, round: u32, step: u32) -> Key {
        Key::of(packing_partition(offering), format!("{}{step:06}", steps_of(round)))
    }

    /// A list of what a slaughterhouse is to carry out on a day.
    pub fn list(slaughterhouse: &SlaughterhouseId, day: ListDay, version: u32) -> Key {
        Key::of(lists_partition(slaughterhouse), format!("{}{version:06}", lists_of(day)))
    }

    /// The keys by which a slaughterhouse's signatures are verified.
    pub fn house_keys(slaughterhouse: &SlaughterhouseId) -> Key {
        Key::of(updates_partition(slaughterhouse), "KEYS")
    }

    /// Updates that a slaughterhouse sent together.
    pub fn batch(slaughterhouse: &SlaughterhouseId, batch: &BatchId) -> Key {
        Key::of(updates_partition(slaughterhouse), format!("BATCH#{batch}"))
    }

    /// What became of a part of a batch.
    pub fn part(batch: &BatchId, from: u32) -> Key {
        Key::of(parts_partition(batch), format!("PART#{from:06}"))
    }

    /// What is known of an animal's carrying out. Sixty-four animals are a partition, so that a slaughterhouse's whole day is spread over hundreds.
    pub fn carried(offering: &OpportunityId, number: u32) -> Key {
        Key::of(format!("ANIMALS#{offering}#{}", number / ANIMALS_TOGETHER), format!("ANIMAL#{number:06}"))
    }

    /// The note that all animals of an offering were slaughtered.
    pub fn all_carried(offering: &OpportunityId) -> Key {
        Key::of(format!("ANIMALS#{offering}"), "ALL")
    }

    /// An opportunity.
    pub fn opportunity(id: &OpportunityId) -> Key {
        let shard = Hash::of(&[id.as_str().as_bytes()]).bytes()[0] % OPPORTUNITY_SHARDS;
        Key::of(opportunity_partition(shard), id.as_str())
    }

    /// A charity.
    pub fn charity(id: &CharityId) -> Key {
        Key::of(CHARITIES.to_owned(), id.as_str())
    }

    /// The note that a movement without a donor is booked.
    pub fn movement(reference: &Hash) -> Key {
        Key::of(format!("MOV#{reference}"), "MOV")
    }

    /// How far a provider's list was compared with the books.
    pub fn list_cursor(provider: Provider) -> Key {
        Key::of(format!("LIST#{provider}"), "CURSOR")
    }

    /// An account at the bank. Banks write accounts as they like, so it is hashed.
    pub fn bank_account(account: &str) -> Key {
        Key::of(BANK_ACCOUNTS.to_owned(), Hash::of(&[account.as_bytes()]).to_string())
    }

    /// How far a document with statements of the bank was booked, by the hash of its bytes.
    pub fn document(hash: &str) -> Key {
        Key::of(format!("DOC#{hash}"), "DOC")
    }

    /// What a charity owes of an opportunity again.
    pub fn recall(opportunity: &OpportunityId) -> Key {
        Key::of(RECALLS.to_owned(), opportunity.as_str())
    }

    /// A matter for a person.
    pub fn case(id: &str) -> Key {
        Key::of(format!("CASE#{id}"), "CASE")
    }

    /// A correction of the books.
    pub fn correction(id: &CorrectionId) -> Key {
        Key::of(format!("CORR#{}", id.as_str()), "CORR")
    }

    /// What was told of an animal and is taken back.
    pub fn retraction(id: &CorrectionId) -> Key {
        Key::of(format!("RETR#{}", id.as_str()), "RETR")
    }

    /// The note that the donors of a page's gifts were thanked.
    pub fn told_page(chain: ChainId, seq: u64) -> Key {
        Key::of(format!("TOLD#{}#{seq:012}", chain_partition(chain)), "THANKS")
    }

    /// The note that the donor of a donation was told this.
    pub fn told(notice: &Notice) -> Key {
        Key::of(format!("TOLD#{}", notice.donation()), notice.name())
    }

    /// How a donor wants to be told of their gifts.
    pub fn telling(donor: &DonorId) -> Key {
        Key::of(format!("DONOR#{donor}"), "TELLING")
    }

    /// A day's seal.
    pub fn seal(day: Day) -> Key {
        Key::of(format!("SEAL#{day}"), "SEAL")
    }

    /// An operator's act.
    pub fn operation(at: Moment, chance: u64) -> Key {
        Key::of(operations_partition(at.day()), format!("{:015}#{chance:016x}", at.millis()))
    }
}

/// The partition of all totals.
pub const TOTALS: &str = "TOT";
/// The partition of all charities.
pub const CHARITIES: &str = "CHARITY";

/// The partition of all offerings.
pub const OFFERINGS: &str = "OFFERING";

/// The partition of all accounts at the bank.
pub const BANK_ACCOUNTS: &str = "BANK";
/// The partition of all that charities owe again.
pub const RECALLS: &str = "RECALL";

/// The partition of a chain's pages.
pub fn chain_partition(chain: ChainId) -> String {
    format!("JP#{chain}")
}

/// A partition of an offering's lots.
pub fn segment_partition(offering: &OpportunityId, segment: u8) -> String {
    format!("SEG#{offering}#{segment}")
}

/// The partition of all that was planned and done to fill an offering's animals.
pub fn packing_partition(offering: &OpportunityId) -> String {
    format!("PACK#{offering}")
}

/// How the sort keys of rounds begin.
pub const ROUNDS: &str = "PLAN#";

/// How the sort keys of a round's steps begin.
pub fn steps_of(round: u32) -> String {
    format!("STEP#{round:06}#")
}

/// The partition of a slaughterhouse's lists.
pub fn lists_partition(slaughterhouse: &SlaughterhouseId) -> String {
    format!("HOUSE#{slaughterhouse}")
}

/// How the sort keys of a day's lists begin.
pub fn lists_of(day: ListDay) -> String {
    format!("{day}#")
}

/// How many animals are in one partition.
pub const ANIMALS_TOGETHER: u32 = 64;

/// The partition of a slaughterhouse's keys and of what it sent.
pub fn updates_partition(slaughterhouse: &SlaughterhouseId) -> String {
    format!("UPDATES#{slaughterhouse}")
}

/// The partition of what became of a batch.
pub fn parts_partition(batch: &BatchId) -> String {
    format!("BATCH#{batch}")
}

/// A partition of opportunities.
pub fn opportunity_partition(shard: u8) -> String {
    format!("OPP#{shard}")
}

/// A partition of the index of cases.
pub fn case_partition(standing: Standing, reason: Reason, shard: u8) -> String {
    format!("{}#{reason}#{shard}", standing.code())
}

/// The shard of a case in the index, by its id.
pub fn case_shard(id: &str) -> u8 {
    Hash::of(&[id.as_bytes()]).bytes()[0] % CASE_SHARDS
}

/// The partition of the index of cases that has the corrections that have come so far. One for each: they are a few a day, and no partition of cases begins so.
pub fn correction_partition(stage: &str) -> String {
    format!("corrections#{stage}")
}

/// The partition of the index of cases that has the retractions that have come so far.
pub fn retraction_partition(stage: &str) -> String {
    format!("retractions#{stage}")
}

/// The place of a case or a correction in its partition of the index: since when it stands so, and its id.
pub fn case_place(since: Moment, id: &str) -> String {
    format!("{:015}#{id}", since.millis())
}

/// The partition of a day's acts of operators.
pub fn operations_partition(day: Day) -> String {
    format!("OPS#{day}")
}

/// The sort key of an item, if it has one.
pub fn sort_of(item: &Item) -> Option<&str> {
    item.get("sk").and_then(|value| AttributeValue::as_s(value).ok()).map(String::as_str)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Every key, as it stands in the table. A change here is a migration.
    #[test]
    fn keys_are_what_they_were() {
        let payment = PaymentRef { provider: domain::payment::Provider::Moyasar, payment: "p-1".parse().unwrap() };
        let opportunity: OpportunityId = "wells-jazan".parse().unwrap();
        let at = Moment::from_millis(1_795_500_000_000);
        let failure = Notice::Failure { donation: DonationId::from_bytes([0xAB; 16]), attempt: 2 };
        let keys = [
            (Key::donation(&DonationId::from_bytes([0xAB; 16])), "DON#abababababababababababababababab / DON"),
            (Key::charge(&payment), "PAY#moyasar#p-1 / PAY"),
            (Key::refund(&payment), "PAY#moyasar#p-1 / REFUND"),
            (Key::page(ChainId::new(3).unwrap(), 17), "JP#03 / 000000000017"),
            (Key::cursors(), "TOT / CURSOR"),
            (Key::total("OPP#05"), "TOT / OPP#05"),
            (Key::cap(&opportunity, 2), "CAP#wells-jazan#2 / CAP"),
            (Key::opportunity(&opportunity), "OPP#2 / wells-jazan"),
            (Key::offering(&opportunity), "OFFERING / wells-jazan"),
            (Key::lot(&opportunity, 67), "SEG#wells-jazan#3 / LOT#000067"),
            (Key::allowance(&GiverHash::from_bytes([0xAB; 16])), "GIVER#abababababababababababababababab / ALLOWANCE"),
            (Key::tickets(&opportunity), "ROOM#wells-jazan / TICKETS"),
            (Key::attempts("0a", 29_925_000), "BRAKE#0a / 0029925000"),
            (Key::round(&opportunity, 2), "PACK#wells-jazan / PLAN#000002"),
            (Key::step(&opportunity, 2, 41), "PACK#wells-jazan / STEP#000002#000041"),
            (
                Key::round_part(&opportunity, &Hash::NONE, 3),
                "PACK#wells-jazan / PART#0000000000000000000000000000000000000000000000000000000000000000#000003",
            ),
            (Key::list(&"makkah-1".parse().unwrap(), ListDay::Feast(1448, 10), 3), "HOUSE#makkah-1 / 1448-12-10#000003"),
            (Key::house_keys(&"makkah-1".parse().unwrap()), "UPDATES#makkah-1 / KEYS"),
            (
                Key::batch(&"makkah-1".parse().unwrap(), &"0a".repeat(16).parse().unwrap()),
                "UPDATES#makkah-1 / BATCH#0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
            ),
            (Key::part(&"0a".repeat(16).parse().unwrap(), 300), "BATCH#0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a / PART#000300"),
            (Key::carried(&opportunity, 130), "ANIMALS#wells-jazan#2 / ANIMAL#000130"),
            (Key::all_carried(&opportunity), "ANIMALS#wells-jazan / ALL"),
            (Key::charity(&"birr".parse().unwrap()), "CHARITY / birr"),
            (Key::case("0a"), "CASE#0a / CASE"),
            (Key::correction(&"0a".repeat(16).parse().unwrap()), "CORR#0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a / CORR"),
            (Key::retraction(&"0a".repeat(16).parse().unwrap()), "RETR#0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a / RETR"),
            (Key::movement(&Hash::NONE), "MOV#0000000000000000000000000000000000000000000000000000000000000000 / MOV"),
            (Key::list_cursor(Provider::Moyasar), "LIST#moyasar / CURSOR"),
            (Key::bank_account("SA00"), "BANK / b63df54d182ba82a8f098114e60b976850ad73891a51b48dea79ed25fb3fad67"),
            (Key::document("0a"), "DOC#0a / DOC"),
            (Key::recall(&opportunity), "RECALL / wells-jazan"),
            (Key::told_page(ChainId::new(3).unwrap(), 17), "TOLD#JP#03#000000000017 / THANKS"),
            (Key::told(&failure), "TOLD#abababababababababababababababab / failure#2"),
            (Key::telling(&"donor-1".parse().unwrap()), "DONOR#donor-1 / TELLING"),
            (Key::seal(at.day()), "SEAL#2026-11-24 / SEAL"),
            (Key::operation(at, 7), "OPS#2026-11-24 / 001795500000000#0000000000000007"),
        ];
        for (key, expected) in keys {
            assert_eq!(format!("{} / {}", key.partition(), key.sort()), expected);
        }
        let listed = (case_partition(Standing::Closed, Reason::Malformed, case_shard("0a")), case_place(at, "0a"));
        assert_eq!(listed, ("closed#malformed#0".to_owned(), "001795500000000#0a".to_owned()));
        assert_eq!(correction_partition("asked"), "corrections#asked");
        assert_eq!(retraction_partition("asked"), "retractions#asked");
    }
}
