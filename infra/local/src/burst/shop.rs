//! What buyers do, over HTTP: ask for shares, once or twice with the same key, again when told "one moment", and for less where less is left; then pay, leave, cancel or pay late.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::buyers::{Buyers, Fate, Wish};
use super::offer;
use crate::client::Reply;
use crate::giving::{Gift, Giver, Givers};

/// How often a buyer comes again before they give up: at two seconds each, longer than anybody waits.
const MOST_TRIES: u32 = 60;
/// When nothing is said of it, they come again after so long.
const AGAIN: Duration = Duration::from_secs(2);
/// How often those who wait at the door look whether they are let in.
const AT_THE_DOOR: Duration = Duration::from_millis(10);
/// How many different failures are remembered by their words.
const REMEMBERED: usize = 10;

/// What was counted of the buyers.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Requests of the opening: how long each took, in microseconds.
    pub answer_micros: Vec<u64>,
    /// Who has had shares: the ids of their gifts.
    pub gifts: Vec<String>,
    /// What buyers did, and were told.
    pub counts: BTreeMap<&'static str, u64>,
    /// What is not to be, in words.
    pub failures: Vec<String>,
}

/// The buyers and the way to the platform.
pub struct Shop {
    givers: Givers,
    guests: Vec<Giver>,
    buyers: Arc<Buyers>,
    places: Arc<Semaphore>,
    /// Who is here, in flight or coming again in a moment.
    visiting: AtomicU64,
    tally: Mutex<Tally>,
}

/// Who may come in a wave, as it goes on.
#[derive(Debug)]
pub struct Door {
    /// How many at most, so far.
    most: AtomicU64,
}

impl Door {
    /// Open to everyone.
    pub const fn open() -> Self {
        Self { most: AtomicU64::new(u64::MAX) }
    }

    /// Nobody comes yet.
    pub const fn closed() -> Self {
        Self { most: AtomicU64::new(0) }
    }

    /// So many may have come by now.
    pub fn allow(&self, most: u64) {
        self.most.fetch_max(most, Ordering::Relaxed);
    }
}

/// What came of a visit.
enum Ended {
    /// It is over.
    Done,
    /// Nothing was left: they come back for what comes free.
    SoldOut,
    /// They pay when their hold has ended.
    Late(Box<Gift>),
}

/// What came of a wave.
#[derive(Debug, Default)]
pub struct Wave {
    /// Who comes back for what comes free.
    pub back: Vec<u64>,
    /// Gifts that are paid when their hold has ended.
    pub late: Vec<Gift>,
}

/// What was answered to a request.
enum Answer {
    /// Shares are held.
    Held(Box<Gift>),
    /// Come again.
    Moment(Duration),
    /// There are not so many; so many are.
    Fewer(u8),
    /// What is not to be.
    Failed(String),
}

impl Shop {
    pub fn new(givers: Givers, guests: Vec<Giver>, buyers: Arc<Buyers>, in_flight: usize) -> Self {
        Self {
            givers,
            guests,
            buyers,
            places: Arc::new(Semaphore::new(in_flight)),
            visiting: AtomicU64::new(0),
            tally: Mutex::default(),
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, what: &'static str) {
        *self.tally().counts.entry(what).or_default() += 1;
    }

    fn failed(&self, why: String) {
        self.count("failed");
        let mut tally = self.tally();
        if tally.failures.len() < REMEMBERED {
            tally.failures.push(why);
        }
    }

    /// What was counted so far.
    pub fn so_far(&self) -> Tally {
        self.tally().clone()
    }

    /// How many are here.
    pub fn visiting(&self) -> u64 {
        self.visiting.load(Ordering::Relaxed)
    }

    /// Lets these come, as many at a time as are allowed in flight and in all as the door lets in, until it `is_over`; who has not come by then comes back.
    pub async fn wave(
        self: &Arc<Self>,
        wave: u64,
        who: Vec<u64>,
        door: &Door,
        is_over: impl Future<Output = ()>,
        done: impl Fn(u64),
    ) -> Wave {
        let (mut outcome, mut visits) = (Wave::default(), JoinSet::new());
        let mut who = who.into_iter();
        tokio::pin!(is_over);
        let mut come = 0;
        loop {
            while let Some(ended) = visits.try_join_next() {
                done(1);
                self.take(&mut outcome, ended);
            }
            let lets_in = come < door.most.load(Ordering::Relaxed);
            let place = tokio::select! {
                biased;
                () = &mut is_over => break,
                place = Arc::clone(&self.places).acquire_owned(), if lets_in => place,
                () = tokio::time::sleep(AT_THE_DOOR), if !lets_in => continue,
            };
            // Places are never closed.
            let (Ok(place), Some(buyer)) = (place, who.next()) else { break };
            come += 1;
            self.visiting.fetch_add(1, Ordering::Relaxed);
            let shop = Arc::clone(self);
            visits.spawn(async move { (buyer, shop.visit(buyer, wave, place).await) });
        }
        while let Some(ended) = visits.join_next().await {
            done(1);
            self.take(&mut outcome, ended);
        }
        outcome.back.extend(who);
        outcome
    }

    fn take(&self, outcome: &mut Wave, ended: Result<(u64, Ended), tokio::task::JoinError>) {
        self.visiting.fetch_sub(1, Ordering::Relaxed);
        match ended {
            Ok((_, Ended::Done)) => {}
            Ok((buyer, Ended::SoldOut)) => outcome.back.push(buyer),
            Ok((_, Ended::Late(gift))) => outcome.late.push(*gift),
            Err(panicked) => self.failed(panicked.to_string()),
        }
    }

    async fn visit(&self, buyer: u64, wave: u64, place: OwnedSemaphorePermit) -> Ended {
        let mut place = Some(place);
        let (mut key, mut wish) = (self.givers.key(), self.buyers.wish(buyer));
        let mut clicks_twice = self.buyers.clicks_twice(buyer, wave);
        for _ in 0..MOST_TRIES {
            let place = match place.take() {
                Some(place) => Some(place),
                None => Arc::clone(&self.places).acquire_owned().await.ok(),
            };
            let answer = if std::mem::take(&mut clicks_twice) {
                self.ask_twice(buyer, wave, &key, wish).await
            } else {
                self.ask(buyer, wave, &key, wish).await
            };
            drop(place);
            match answer {
                Answer::Held(gift) => {
                    self.tally().gifts.push(gift.id.clone());
                    return self.act(gift, self.buyers.fate(buyer, wave)).await;
                }
                Answer::Moment(wait) => {
                    self.count("one_moment");
                    tokio::time::sleep(wait).await;
                }
                Answer::Fewer(shares) if shares > 0 && self.buyers.takes_less(buyer, wave) => {
                    self.count("took_less");
                    (key, wish) = (self.givers.key(), Wish { shares, ..wish });
                }
                Answer::Fewer(_) => {
                    self.count("told_sold_out");
                    return Ended::SoldOut;
                }
                Answer::Failed(why) => {
                    self.failed(why);
                    return Ended::Done;
                }
            }
        }
        self.count("gave_up");
        Ended::SoldOut
    }

    /// The same request twice at the same time: both must speak of the same gift.
    async fn ask_twice(&self, buyer: u64, wave: u64, key: &str, wish: Wish) -> Answer {
        self.count("clicked_twice");
        let answers = tokio::join!(self.ask(buyer, wave, key, wish), self.ask(buyer, wave, key, wish));
        match answers {
            (Answer::Held(one), Answer::Held(two)) if one.id != two.id => {
                Answer::Failed(format!("one key made two gifts, {} and {}", one.id, two.id))
            }
            (failed @ Answer::Failed(_), _) | (_, failed @ Answer::Failed(_)) => failed,
            (held @ Answer::Held(_), _) | (_, held @ Answer::Held(_)) => held,
            (fewer @ Answer::Fewer(_), _) | (_, fewer @ Answer::Fewer(_)) => fewer,
            (moment, _) => moment,
        }
    }

    async fn ask(&self, buyer: u64, wave: u64, key: &str, wish: Wish) -> Answer {
        let guest = &self.guests[usize::try_from(buyer).unwrap_or(0) % self.guests.len()];
        let asked = Instant::now();
        let reply = self.givers.ask(guest, key, offer::request(buyer, wish)).await;
        let took = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
        let reply = match reply {
            Ok(reply) => reply,
            Err(_) => {
                self.count("unanswered");
                return Answer::Moment(AGAIN);
            }
        };
        if wave == 0 {
            self.tally().answer_micros.push(took);
        }
        self.read(guest, reply)
    }

    fn read(&self, guest: &Giver, reply: Reply) -> Answer {
        match reply.status {
            201 => match Gift::read(guest, &reply) {
                Some(gift) if gift.checkout_url.is_some() => Answer::Held(Box::new(gift)),
                // The same request, sent at the same time, was told that nothing is left; or the hold has ended meanwhile.
                Some(_) => Answer::Fewer(0),
                None => Answer::Failed(format!("201 {}", reply.body)),
            },
            409 => match reply.body["code"].as_str() {
                Some("sold_out") => Answer::Fewer(0),
                Some("no_room_in_one") => Answer::Fewer(remaining(&reply.body)),
                Some(_) | None => Answer::Failed(format!("409 {}", reply.body)),
            },
            503 => Answer::Moment(retry_after(&reply)),
            // The function died or took too long; the same request goes on.
            500 | 504 => {
                self.count("unanswered");
                Answer::Moment(AGAIN)
            }
            status => Answer::Failed(format!("{status} {}", reply.body)),
        }
    }

    async fn act(&self, gift: Box<Gift>, fate: Fate) -> Ended {
        match fate {
            Fate::Pays => {
                self.pay(&gift, false).await;
                Ended::Done
            }
            Fate::Leaves => {
                self.count("left");
                Ended::Done
            }
            Fate::Cancels => {
                let path = format!("/v1/donations/{}/cancel", gift.id);
                let opens = [(gift.opens.0, gift.opens.1.as_str())];
                match self.givers.api().call(Method::POST, &path, &opens, &Value::Null).await {
                    Ok(reply) if reply.status == 200 => self.count("cancelled"),
                    // Whoever cannot cancel leaves.
                    Ok(_) | Err(_) => self.count("left"),
                }
                Ended::Done
            }
            Fate::PaysLate => Ended::Late(gift),
        }
    }

    async fn pay(&self, gift: &Gift, insist: bool) {
        match self.givers.pay(gift, &json!({"method": "mada", "insist": insist})).await {
            Ok(_) => self.count(if insist { "paid_late" } else { "paid" }),
            Err(error) => self.failed(format!("{}: {error}", gift.id)),
        }
    }

    /// These pay although their holds have ended.
    pub async fn pay_late(self: Arc<Self>, gifts: Vec<Gift>) {
        for gift in gifts {
            self.pay(&gift, true).await;
        }
    }
}

/// The most that one animal still has.
fn remaining(problem: &Value) -> u8 {
    problem["errors"][0]["remains"].as_str().and_then(|remains| remains.parse().ok()).unwrap_or(0)
}

fn retry_after(reply: &Reply) -> Duration {
    let seconds = reply.headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    seconds.map_or(AGAIN, Duration::from_secs)
}
