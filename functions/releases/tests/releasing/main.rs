//! Every batch in `events/queues/holds` over one set of donations, and the races for what they hold.

#![allow(clippy::unwrap_used)]

mod dropping;
mod freeing;

use std::path::Path;
use std::time::Duration;

use domain::cap::MOST_SHARDS;
use domain::catalogue::{Bilingual, Opportunity, Purpose, Standing};
use domain::donation::{Back, Donation, Giver, HoldPart, Line, SettledBy, State};
use domain::id::{DonationId, OpportunityId};
use domain::message::Message;
use domain::moment::Moment;
use domain::money::Money;
use domain::notice::Telling;
use domain::payment::{Method, PaymentRef, Provider};
use domain::purpose::{Fund, Language, Programme, Region, Track};
use domain::sacrifice::Reservation;
use domain::sacrifice::fairness::GiverHash;
use platform::table::{Allowing, Claimant, Claiming, Confirming, Limit, Taking};
use releases::decide::{Ending, GRACE_SECS, Step, step};
use releases::{Deps, handle};
use serde_json::{Value, json};
use stage::{Options, Stage, event, sample};
use testkit::connector::invocation;
use testkit::dynamo::DynamoOptions;
use testkit::faults::{Call, Failure, Fault, NoFaults, RandomFaults, Rates, Service};

/// Four shards of a thousand riyals each.
const TARGET: u64 = 4_000;
/// What each donation gives.
const GIFT: u64 = 100;
/// What goes wrong, in a thousand calls.
const RATES: Rates = Rates {
    throttled: 60,
    failed: 40,
    conflict: 40,
    reply_lost: 80,
    delayed: 0,
    duplicated: 0,
    crash_before: 20,
    crash_after: 20,
    longest_delay: Duration::ZERO,
};

fn riyals(amount: u64) -> Money {
    Money::from_riyals(amount).unwrap()
}

fn wells() -> OpportunityId {
    "wells".parse().unwrap()
}

fn opportunity() -> Opportunity {
    let both = |text: &str| Bilingual { ar: text.to_owned(), en: text.to_owned() };
    Opportunity {
        id: wells(),
        charity: "birr".parse().unwrap(),
        title: both("Wells"),
        description: both("Wells"),
        licence: "1".to_owned(),
        fund: Fund::Sadaqa,
        programme: Programme::Projects,
        track: Track::Care,
        region: Region::Jazan,
        target_minor: Some(riyals(TARGET)),
        standing: Standing::Open,
    }
}

fn part(shard: u8) -> HoldPart {
    HoldPart { opportunity: wells(), shard, amount_minor: riyals(GIFT) }
}

fn settled(at: Moment) -> State {
    let payment = PaymentRef { provider: Provider::Moyasar, payment: "p-1".parse().unwrap() };
    State::Settled { settled_by: SettledBy { payment, method: Method::Mada, captured_at: at, fee_minor: Money::ZERO } }
}

/// A donation of a hundred riyals that holds them on the shard of its number.
fn donation(number: u8, state: State, expires_at: Moment) -> Donation {
    let purpose = Purpose {
        programme: Programme::Projects,
        track: Track::Care,
        region: Region::Jazan,
        charity: "birr".parse().unwrap(),
    };
    Donation {
        id: format!("{number:02}").repeat(16).parse().unwrap(),
        version: 3,
        state,
        giver: Giver::Guest,
        anonymous: false,
        language: Language::Arabic,
        lines: vec![Line { opportunity: wells(), fund: Fund::Sadaqa, purpose, amount_minor: riyals(GIFT), sacrifice: None }],
        attempts: Vec::new(),
        hold: vec![part(number % 4)],
        reservation: None,
        dropped: false,
        sought: false,
        command: "command".to_owned(),
        return_url: "https://give.example".to_owned(),
        made_at: expires_at.plus_seconds(-900),
        expires_at,
        forgotten: false,
        leaf_key: None,
        personal: None,
        telling: Telling::default(),
        place: None,
        back: Back::default(),
    }
}

async fn make(stage: &Stage, donation: &Donation) {
    assert!(stage.table.make_donation(donation).await.unwrap().is_none());
    for part in &donation.hold {
        assert_eq!(stage.table.claim(donation.into(), part).await.unwrap(), Claiming::Held);
    }
}

fn deps(stage: &Stage) -> Deps {
    Deps::new(&stage.platform("releases").unwrap()).unwrap()
}

async fn stage_with(options: Options) -> Stage {
    let stage = Stage::new(options).await.unwrap();
    stage.publish(&opportunity()).await.unwrap();
    stage
}

async fn stage() -> Stage {
    stage_with(Options::default()).await
}

/// Runs a batch; gives back the ids of the messages that come again.
async fn release(deps: &Deps, event: &Value) -> Vec<String> {
    let answer = handle(deps, serde_json::from_value(event.clone()).unwrap()).await;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

fn due(donation: &Donation) -> Value {
    event::messages(&[Message::HoldDue { donation: donation.id }])
}

/// What is free on all shards together, and how many claims stand.
async fn escrow(stage: &Stage) -> (u64, usize) {
    let shards = stage.table.escrow(&wells(), MOST_SHARDS).await.unwrap();
    let free = Money::sum(shards.iter().map(|shard| shard.free_minor)).unwrap();
    (free.halalas() / 100, shards.iter().map(|shard| shard.claims.len()).sum())
}

async fn state(stage: &Stage, donation: &Donation) -> State {
    stage.table.donation(&donation.id).await.unwrap().unwrap().state
}

/// The donations that the events speak of, their hold being over for a minute and a second, but for the first.
async fn cast(stage: &Stage) {
    let over = stage.now().plus_seconds(-GRACE_SECS - 1);
    let failed = State::Failed { reason: "declined".to_owned() };
    let states = [State::Awaiting, State::Awaiting, failed, State::Cancelled, State::Expired, settled(over), settled(over)];
    for (number, state) in (1..).zip(states) {
        let expires_at = if number == 1 { stage.now().plus_seconds(600) } else { over };
        make(stage, &donation(number, state, expires_at)).await;
    }
    // The seventh was moved to another shard when it was made, and the call died before the first was given back.
    let last = donation(7, State::Awaiting, over);
    assert_eq!(stage.table.claim((&last).into(), &part(0)).await.unwrap(), Claiming::Held);
}

#[tokio::test(start_paused = true)]
async fn every_batch_is_dealt_with_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/queues/holds");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let stage = stage().await;
        cast(&stage).await;
        let event = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let again = release(&deps(&stage), &event).await;
        let states: Vec<String> = stage
            .items("DON#")
            .await
            .unwrap()
            .iter()
            .map(|donation| format!("{}: {}", &donation["id"].as_str().unwrap()[..2], donation["state"].as_str().unwrap()))
            .collect();
        let shards: Vec<String> = stage
            .table
            .escrow(&wells(), MOST_SHARDS)
            .await
            .unwrap()
            .iter()
            .map(|shard| {
                let claims: Vec<String> = shard.claims.keys().map(|id| id.to_string()[..2].to_owned()).collect();
                format!("{}: {} SAR free, claims of {}", shard.shard, shard.free_minor, claims.join(" "))
            })
            .collect();
        let depth = stage.cloud.services().sqs.depths()["stage-holds"];
        let outcome = json!({
            "come_again": again,
            "sent_again": stage.cloud.services().sqs.bodies("stage-holds"),
            "delayed": depth.delayed,
            "donations": states,
            "shards": shards,
        });
        insta::assert_json_snapshot!(path.file_stem().unwrap().to_string_lossy().into_owned(), outcome);
    }
}

/// The table at the head of `decide`, cell by cell.
#[test]
fn every_message_finds_every_state() {
    let (now, id) = (Moment::from_millis(1_795_467_600_000), DonationId::from_bytes([1; 16]));
    let (due, spent, dropped) =
        (Message::HoldDue { donation: id }, Message::HoldSpent { donation: id }, Message::HoldDropped { donation: id });
    let fail = Step::Fail("told as paid, and does not read so");
    let by = settled(now).settled_by().unwrap().clone();
    let table = [
        (State::Awaiting, Step::Expire, fail, Step::Nothing),
        (State::Failed { reason: String::new() }, Step::Expire, fail, Step::Drop),
        (State::Cancelled, Step::Sweep, fail, Step::End(Ending::Release)),
        (State::Expired, Step::Sweep, fail, Step::End(Ending::Release)),
        (settled(now), Step::Sweep, Step::End(Ending::Spend), Step::End(Ending::Spend)),
        (
            State::PartlyRefunded { settled_by: by.clone(), refunded_minor: riyals(1) },
            Step::Sweep,
            Step::End(Ending::Spend),
            Step::End(Ending::Spend),
        ),
        (
            State::Refunded { settled_by: by, refunded_minor: riyals(1) },
            Step::Sweep,
            Step::End(Ending::Spend),
            Step::End(Ending::Spend),
        ),
    ];
    for (state, when_due, when_spent, when_dropped) in table {
        let over = donation(1, state.clone(), now.plus_seconds(-GRACE_SECS));
        assert_eq!(step(&due, Some(&over), now), when_due, "{state:?}");
        assert_eq!(step(&spent, Some(&over), now), when_spent, "{state:?}");
        assert_eq!(step(&dropped, Some(&over), now), when_dropped, "{state:?}");
        let early = donation(1, state.clone(), Moment::from_millis(now.millis() + 1));
        assert_eq!(step(&due, Some(&early), now), Step::Again(Duration::from_secs(61)), "{state:?}");
    }
    let given_up = |ends| Donation { dropped: true, ..donation(1, State::Failed { reason: String::new() }, ends) };
    let over = given_up(now.plus_seconds(-GRACE_SECS));
    let steps = [&due, &spent, &dropped].map(|message| step(message, Some(&over), now));
    assert_eq!(steps, [Step::Expire, fail, Step::End(Ending::ReleaseDropped)]);
    assert_eq!(step(&due, Some(&given_up(now)), now), Step::Again(Duration::from_secs(60)));
    assert_eq!([&due, &dropped].map(|message| step(message, None, now)), [Step::Nothing; 2]);
    assert_eq!(step(&spent, None, now), fail);
    assert!(matches!(step(&Message::FoldRequested {}, None, now), Step::Fail(_)));
}

/// A hold is longer than a message can be delayed: it is waited for in parts, and released once.
#[tokio::test(start_paused = true)]
async fn a_hold_is_waited_for_to_its_end() {
    let stage = stage().await;
    let gift = donation(1, State::Awaiting, stage.now().plus_seconds(1_500));
    make(&stage, &gift).await;
    let deps = deps(&stage);
    assert!(release(&deps, &due(&gift)).await.is_empty());
    for wait in [900, 660] {
        assert_eq!(escrow(&stage).await, (TARGET - GIFT, 1));
        stage.clock.sleep(Duration::from_secs(wait - 1)).await;
        assert!(stage.take_messages("holds").await.unwrap().is_empty());
        stage.clock.sleep(Duration::from_secs(1)).await;
        let again = stage.take_messages("holds").await.unwrap();
        assert_eq!(again, [Message::HoldDue { donation: gift.id }]);
        assert!(release(&deps, &event::messages(&again)).await.is_empty());
    }
    assert_eq!((state(&stage, &gift).await, escrow(&stage).await), (State::Expired, (TARGET, 0)));
}

/// The payment is booked after the release has read the donation and before it writes: the claim is spent, and not given back.
#[tokio::test(start_paused = true)]
async fn a_payment_that_wins_the_race_keeps_what_it_holds() {
    let stage = stage().await;
    let gift = donation(1, State::Awaiting, stage.now().plus_seconds(-GRACE_SECS));
    make(&stage, &gift).await;
    stage.cloud.services().set_faults(|call: &Call<'_>| {
        if call.operation == "UpdateItem" { Fault::Delay(Duration::from_secs(2)) } else { Fault::Pass }
    });
    let payment = async {
        stage.clock.sleep(Duration::from_secs(1)).await;
        assert!(stage.table.move_donation(&gift, &settled(stage.now())).await.unwrap());
    };
    let (deps, message) = (deps(&stage), due(&gift));
    let (again, ()) = tokio::join!(release(&deps, &message), payment);
    assert!(again.is_empty());
    assert_eq!(state(&stage, &gift).await.code(), "settled");
    assert_eq!(escrow(&stage).await, (TARGET - GIFT, 0));
}

/// And one that loses finds the donation expired before anybody else can have what it held.
#[tokio::test(start_paused = true)]
async fn a_donation_expires_before_its_claim_is_free() {
    let stage = stage().await;
    let gift = donation(1, State::Awaiting, stage.now().plus_seconds(-GRACE_SECS));
    make(&stage, &gift).await;
    stage.cloud.services().set_faults(|call: &Call<'_>| {
        let is_claim = call.operation == "UpdateItem" && String::from_utf8_lossy(call.body).contains("CAP#");
        if is_claim { Fault::Before(Failure::Throttled) } else { Fault::Pass }
    });
    assert_eq!(release(&deps(&stage), &due(&gift)).await.len(), 1);
    assert_eq!((state(&stage, &gift).await, escrow(&stage).await), (State::Expired, (TARGET - GIFT, 1)));
    assert!(!stage.table.move_donation(&gift, &settled(stage.now())).await.unwrap());
}

/// A claim that was made before and comes again after its gift is paid and its claim spent takes nothing, in whatever order gifts are spent.
/// One that is late without need is told so, and nothing is claimed.
#[tokio::test(start_paused = true)]
async fn a_claim_that_comes_after_it_was_spent_takes_nothing() {
    let stage = stage().await;
    let made = stage.now();
    let gifts: Vec<Donation> = (1..=3)
        .map(|number| Donation {
            hold: vec![part(0)],
            ..donation(number, State::Awaiting, made.plus_seconds(number.into()))
        })
        .collect();
    for gift in &gifts[..2] {
        make(&stage, gift).await;
    }
    let deps = deps(&stage);
    for (gift, left) in [(&gifts[1], 1), (&gifts[0], 0)] {
        assert!(stage.table.move_donation(gift, &settled(stage.now())).await.unwrap());
        let message = event::messages(&[Message::HoldSpent { donation: gift.id }]);
        for _ in 0..2 {
            assert!(release(&deps, &message).await.is_empty());
            assert_eq!(stage.table.claim(gift.into(), &part(0)).await.unwrap(), Claiming::Late);
            assert_eq!(escrow(&stage).await, (TARGET - 2 * GIFT, left));
        }
    }
    let shards = stage.table.escrow(&wells(), MOST_SHARDS).await.unwrap();
    assert_eq!(shards[0].spent_until, Some(gifts[1].made_at));
    let before = Claimant { donation: gifts[2].id, made_at: gifts[1].made_at };
    assert_eq!(stage.table.claim(before, &part(0)).await.unwrap(), Claiming::Late);
    assert_eq!(stage.table.claim(before, &part(1)).await.unwrap(), Claiming::Held, "another shard");
    assert_eq!(stage.table.claim((&gifts[2]).into(), &part(0)).await.unwrap(), Claiming::Held);
}

/// The target was four times what it is now when the claim was made: its shard is looked at all the same.
#[tokio::test(start_paused = true)]
async fn a_claim_on_a_shard_that_the_target_has_no_more_is_found() {
    let stage = stage().await;
    let gift = donation(3, State::Awaiting, stage.now().plus_seconds(-GRACE_SECS));
    make(&stage, &gift).await;
    let lower = Opportunity { target_minor: Some(riyals(1_000)), ..opportunity() };
    stage.table.put_opportunity(&lower).await.unwrap();
    assert!(release(&deps(&stage), &due(&gift)).await.is_empty());
    assert_eq!(escrow(&stage).await, (TARGET, 0));
}

/// Deaths, throttles, conflicts, lost requests and lost answers, at every call: in the end each gift that was paid is spent once, and each
/// other is released once.
#[tokio::test(start_paused = true)]
async fn every_claim_ends_once_whatever_happens() {
    for seed in 0..12 {
        let dynamo = DynamoOptions { seed, ..DynamoOptions::default() };
        let stage = stage_with(Options { seed, dynamo, ..Options::default() }).await;
        let over = stage.now().plus_seconds(-GRACE_SECS);
        let gifts: Vec<Donation> = (1..=20).map(|number| donation(number, State::Awaiting, over)).collect();
        for gift in &gifts {
            make(&stage, gift).await;
        }
        stage.cloud.services().set_faults(RandomFaults::new(RATES, seed));
        let pays = async {
            for gift in gifts.iter().step_by(3) {
                stage.clock.sleep(Duration::from_millis(30)).await;
                // Like settlement: look, and write on what was seen.
                let read = stage.table.donation(&gift.id).await.unwrap().unwrap();
                if read.state.is_payable() {
                    stage.table.move_donation(&read, &settled(stage.now())).await.unwrap();
                }
            }
        };
        tokio::join!(drain(&stage, &gifts), pays);
        stage.cloud.services().set_faults(NoFaults);
        let spent: Vec<Message> = gifts.iter().map(|gift| Message::HoldSpent { donation: gift.id }).collect();
        release(&deps(&stage), &event::messages(&spent)).await;
        let mut paid = 0;
        for gift in &gifts {
            paid += u64::from(state(&stage, gift).await.code() == "settled");
        }
        assert_eq!(escrow(&stage).await, (TARGET - GIFT * paid, 0), "seed {seed}, {paid} paid");
    }
}

async fn drain(stage: &Stage, gifts: &[Donation]) {
    drain_all(stage, gifts, |gifts| gifts.iter().map(|gift| Message::HoldDue { donation: gift.id }).collect()).await;
}

/// Delivers each gift's message until it is let go, several times each in no order.
async fn drain_all(stage: &Stage, gifts: &[Donation], messages: impl Fn(&[&Donation]) -> Vec<Message>) {
    for round in 0..2 {
        let mut left: Vec<&Donation> = gifts.iter().collect();
        while !left.is_empty() {
            let messages = messages(&left);
            let died_or_again = match invocation(release(&deps(stage), &event::messages(&messages))).await {
                Ok(again) => again.iter().map(|place| left[place.parse::<usize>().unwrap()]).collect(),
                Err(_) => left.clone(),
            };
            left = died_or_again;
            stage.clock.sleep(Duration::from_millis(10 + round)).await;
        }
    }
}

/// What was counted against a giver's limit goes with the shares: of a gift that is not paid, whoever says so; not of one that is paid, and not of one that a late payment has renewed.
#[tokio::test(start_paused = true)]
async fn shares_that_are_given_back_are_counted_no_more() {
    let stage = stage().await;
    stage.offer(&sample::camels(), &sample::offering(14, stage.now())).await.unwrap();
    let (giver, limit) = (GiverHash::from_bytes([7; 16]), Limit { shares: 20, closes_at: stage.now() });
    let over = stage.now().plus_seconds(-GRACE_SECS - 1);
    let states = [State::Awaiting, State::Cancelled, settled(over), State::Expired];
    let (mut gifts, offering) = (Vec::new(), sample::camels().id);
    for (number, state) in (1..).zip(states) {
        let gift = sample::sacrifice(number, 2, 0, over.plus_seconds(-900));
        let named = Reservation { givers: vec![giver], ..gift.reservation.clone().unwrap() };
        let gift = Donation { state, expires_at: over, reservation: Some(named), ..gift };
        assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
        // The fourth was read as over, and has been renewed since.
        let until = if number == 4 { stage.now().plus_seconds(900) } else { over };
        let held = (if number == 4 { 1 } else { 2 }, until);
        assert_eq!(stage.table.count_shares(&giver, &gift.id, held, limit).await.unwrap(), Allowing::Counted);
        stage.table.take_shares(&offering, 0, &gift.id, held).await.unwrap();
        gifts.push(gift);
    }
    let messages: Vec<Message> = gifts.iter().map(|gift| Message::HoldDue { donation: gift.id }).collect();
    let messages: Vec<Message> = messages.into_iter().chain([Message::HoldDropped { donation: gifts[1].id }]).collect();
    let deps = deps(&stage);
    for _ in 0..2 {
        assert!(release(&deps, &event::messages(&messages)).await.is_empty());
        let allowance = stage.table.allowances(&[giver]).await.unwrap().remove(0);
        let counted: Vec<u8> = allowance.gifts.keys().map(|id| id.bytes()[0]).collect();
        assert!(allowance.is_whole() && counted == [3, 4], "{allowance:?}");
        let lot = stage.table.lots(&offering, &[0]).await.unwrap().remove(0);
        let claims: Vec<u8> = lot.claims.keys().map(|id| id.bytes()[0]).collect();
        assert!(lot.is_whole() && claims == [3, 4], "{lot:?}");
    }
}

/// Two requests for one gift met: its shares are on the lot that it named before, and whoever named the other died before it claimed. It is paid, and not confirmed yet.
#[tokio::test(start_paused = true)]
async fn what_a_paid_gift_left_behind_is_kept_until_its_own_is_confirmed() {
    let stage = stage().await;
    let offering = sample::offering(14, stage.now());
    stage.offer(&sample::camels(), &offering).await.unwrap();
    let gift = sample::sacrifice(9, 2, 0, stage.now().plus_seconds(-900 - GRACE_SECS));
    let held = (2, gift.expires_at);
    assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
    assert_eq!(stage.table.take_shares(&offering.id, 0, &gift.id, held).await.unwrap(), Taking::Held(5));
    let moved = gift.reservation.as_ref().unwrap().moved(1).unwrap();
    assert!(stage.table.name_lot(&gift, &moved).await.unwrap());
    let named = stage.table.donation(&gift.id).await.unwrap().unwrap();
    assert!(stage.table.move_donation(&named, &settled(stage.now())).await.unwrap());
    let (deps, due) = (deps(&stage), due(&gift));
    let spent = event::messages(&[Message::HoldSpent { donation: gift.id }]);
    let free = async || stage.table.all_lots(&offering.id).await.unwrap().iter().map(|lot| lot.free).collect::<Vec<_>>();
    assert!(release(&deps, &spent).await.is_empty());
    assert_eq!((release(&deps, &due).await.len(), free().await), (1, vec![5, 7]));
    assert_eq!(stage.table.take_shares(&offering.id, 1, &gift.id, held).await.unwrap(), Taking::Held(5));
    assert_eq!((release(&deps, &due).await.len(), free().await), (1, vec![5, 5]), "held is not confirmed");
    assert_eq!(stage.table.confirm_shares(&offering.id, 1, &gift.id, 2).await.unwrap(), Confirming::Confirmed);
    for _ in 0..2 {
        assert_eq!((release(&deps, &due).await.len(), free().await), (0, vec![7, 5]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_out_of_reach_lets_nothing_go() {
    let stage = stage().await;
    cast(&stage).await;
    stage.cloud.services().set_faults(|call: &Call<'_>| {
        if call.service == Service::DynamoDb { Fault::Before(Failure::Disconnected) } else { Fault::Pass }
    });
    let messages: Vec<Message> =
        (1..=7).map(|number| Message::HoldDue { donation: format!("{number:02}").repeat(16).parse().unwrap() }).collect();
    assert_eq!(release(&deps(&stage), &event::messages(&messages)).await.len(), 7);
}
