//! One standard queue as a state machine over time: no waiting, no locks, the time is an argument.
//!
//! Every step costs the logarithm of the messages at most: ready messages stand in a line, delayed and invisible ones in a
//! heap by the time they come back. What a message leaves behind there when it moves on is stale by its turn and skipped.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;

use super::error::SqsError;
use super::limits;
use super::message::{Message, Place};
use super::receipt::Receipt;
use super::settings::Settings;
use super::{Depth, Disorder};
use crate::chance::Chance;

/// How far from the head of the line a message may be taken when order is shuffled.
const SHUFFLED: u64 = 64;

pub(super) struct Queue {
    pub name: String,
    pub settings: Settings,
    pub messages: BTreeMap<u64, Message>,
    pub next_number: u64,
    pub purged_at: Option<i64>,
    /// Told when a message becomes ready.
    pub arrived: Arc<Notify>,
    line: VecDeque<(u64, u32)>,
    timers: BinaryHeap<Reverse<(i64, u64, u32)>>,
    in_flight: usize,
    delayed: usize,
}

/// What a receive took.
pub(super) struct Taken {
    pub received: Vec<(Receipt, Message)>,
    /// Messages that were received too often already: they go to the queue for such.
    pub dead: Vec<Message>,
    /// How many of them stay in the line, as if they had not been received.
    pub duplicated: u64,
    /// How many of them overtook others.
    pub reordered: u64,
}

impl Queue {
    pub fn new(name: String, settings: Settings) -> Self {
        Self {
            name,
            settings,
            messages: BTreeMap::new(),
            next_number: 0,
            purged_at: None,
            arrived: Arc::new(Notify::new()),
            line: VecDeque::new(),
            timers: BinaryHeap::new(),
            in_flight: 0,
            delayed: 0,
        }
    }

    /// Puts a message in, visible after `delay_secs`.
    pub fn send(&mut self, mut message: Message, delay_secs: i64, now: i64) {
        message.place = Place::Ready;
        if delay_secs > 0 {
            message.place = Place::Delayed { until: now + delay_secs * 1000 };
        }
        let number = self.next_number;
        self.next_number += 1;
        self.keep(number, message);
    }

    /// Places a message that is new here, or read from disk.
    pub fn keep(&mut self, number: u64, message: Message) {
        self.enter(number, message.place, message.turn);
        self.messages.insert(number, message);
    }

    /// Lets come back what is due, and go what was kept long enough.
    pub fn tick(&mut self, now: i64) {
        while let Some(Reverse((at, number, turn))) = self.timers.peek().copied() {
            if at > now {
                break;
            }
            self.timers.pop();
            self.move_to(number, turn, Place::Ready);
        }
        let kept_millis = self.settings.retention_secs * 1000;
        while let Some((&number, message)) = self.messages.first_key_value() {
            if message.sent_at + kept_millis > now {
                break;
            }
            self.remove(number);
        }
    }

    /// Takes up to `max` ready messages out of sight for `visibility_secs`.
    pub fn receive(
        &mut self,
        max: usize,
        visibility_secs: i64,
        now: i64,
        chance: &Chance,
        disorder: &Disorder,
    ) -> Result<Taken, SqsError> {
        self.tick(now);
        if self.in_flight >= limits::IN_FLIGHT {
            return Err(SqsError::over_limit());
        }
        let mut taken = Taken { received: Vec::new(), dead: Vec::new(), duplicated: 0, reordered: 0 };
        while taken.received.len() < max {
            let Some((number, place)) = self.next_ready(chance, disorder) else { break };
            if let Some(dead) = self.take_dead(number, now) {
                taken.dead.extend(dead);
                continue;
            }
            taken.received.extend(self.hand_out(number, visibility_secs, now));
            taken.reordered += u64::from(place > 0);
            if chance.happens(disorder.duplicate_per_mille)
                && let Some(message) = self.messages.get(&number)
            {
                // Delivered again as if it had never been out of sight, as a standard queue may.
                self.move_to(number, message.turn, Place::Ready);
                taken.duplicated += 1;
            }
        }
        Ok(taken)
    }

    /// Deletes the message of a receipt. One that was received again since is not deleted; one that is gone is fine.
    pub fn delete(&mut self, receipt: &Receipt) {
        if self.is_latest(receipt) {
            self.remove(receipt.number);
        }
    }

    /// Has the message of a receipt come back `seconds` from now.
    pub fn change_visibility(&mut self, receipt: &Receipt, seconds: i64, now: i64) -> Result<(), SqsError> {
        self.tick(now);
        let Some(message) = self.messages.get(&receipt.number).filter(|_| self.is_latest(receipt)) else {
            return Err(SqsError::not_in_flight());
        };
        let Place::InFlight { received_at, .. } = message.place else { return Err(SqsError::not_in_flight()) };
        let until = now + seconds * 1000;
        if until > received_at + limits::VISIBILITY_SECS * 1000 {
            return Err(SqsError::invalid_value(
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
            ));
        }
        let place = if seconds == 0 { Place::Ready } else { Place::InFlight { received_at, until } };
        self.move_to(receipt.number, message.turn, place);
        Ok(())
    }

    /// Takes out every message that is ready, oldest first.
    pub fn take_ready(&mut self, now: i64) -> Vec<Message> {
        self.tick(now);
        let ready = self.messages.iter().filter(|(_, message)| matches!(message.place, Place::Ready));
        let numbers: Vec<u64> = ready.map(|(number, _)| *number).collect();
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }

    pub fn purge(&mut self, now: i64) -> Result<(), SqsError> {
        if self.purged_at.is_some_and(|at| now < at + limits::PURGE_SECS * 1000) {
            return Err(SqsError::purging());
        }
        self.purged_at = Some(now);
        self.messages.clear();
        self.line.clear();
        self.timers.clear();
        (self.in_flight, self.delayed) = (0, 0);
        Ok(())
    }

    pub fn depth(&self) -> Depth {
        Depth {
            ready: self.messages.len() - self.in_flight - self.delayed,
            in_flight: self.in_flight,
            delayed: self.delayed,
        }
    }

    /// When the next message comes back by itself.
    pub fn next_due(&self) -> Option<i64> {
        self.timers.peek().map(|Reverse((at, _, _))| *at)
    }

    /// The next in line that is still ready, and from which place; the line forgets it.
    fn next_ready(&mut self, chance: &Chance, disorder: &Disorder) -> Option<(u64, u64)> {
        while !self.line.is_empty() {
            let reach = SHUFFLED.min(self.line.len() as u64);
            let place = if disorder.reorder { chance.below(reach) } else { 0 };
            let (number, turn) = self.line.swap_remove_front(usize::try_from(place).unwrap_or_default())?;
            if self.messages.get(&number).is_some_and(|message| message.turn == turn) {
                return Some((number, place));
            }
        }
        None
    }

    /// Takes the message out if it was received as often as it may be, or kept as long.
    fn take_dead(&mut self, number: u64, now: i64) -> Option<Option<Message>> {
        let message = self.messages.get(&number)?;
        if message.sent_at + self.settings.retention_secs * 1000 <= now {
            self.remove(number);
            return Some(None);
        }
        let redrive = self.settings.redrive.as_ref()?;
        (message.receives >= redrive.max_receives).then(|| self.remove(number))
    }

    fn hand_out(&mut self, number: u64, visibility_secs: i64, now: i64) -> Option<(Receipt, Message)> {
        let message = self.messages.get_mut(&number)?;
        message.receives += 1;
        message.first_received_at.get_or_insert(now);
        let turn = message.turn;
        let place = match visibility_secs {
            0 => Place::Ready,
            _ => Place::InFlight { received_at: now, until: now + visibility_secs * 1000 },
        };
        self.move_to(number, turn, place);
        let message = self.messages.get(&number)?.clone();
        Some((Receipt { number, receives: message.receives, id: message.id.clone() }, message))
    }

    fn is_latest(&self, receipt: &Receipt) -> bool {
        self.messages
            .get(&receipt.number)
            .is_some_and(|message| message.id == receipt.id && message.receives == receipt.receives)
    }

    /// Moves a message, unless it has moved since `turn`.
    fn move_to(&mut self, number: u64, turn: u32, place: Place) {
        let Some(message) = self.messages.get_mut(&number).filter(|message| message.turn == turn) else { return };
        let left = message.place;
        message.move_to(place);
        let turn = message.turn;
        self.leave(left);
        self.enter(number, place, turn);
    }

    fn remove(&mut self, number: u64) -> Option<Message> {
        let message = self.messages.remove(&number)?;
        self.leave(message.place);
        self.forget_stale();
        Some(message)
    }

    fn enter(&mut self, number: u64, place: Place, turn: u32) {
        match place {
            Place::Ready => {
                self.line.push_back((number, turn));
                self.arrived.notify_waiters();
            }
            Place::Delayed { until } => {
                self.delayed += 1;
                self.timers.push(Reverse((until, number, turn)));
            }
            Place::InFlight { until, .. } => {
                self.in_flight += 1;
                self.timers.push(Reverse((until, number, turn)));
            }
        }
    }

    fn leave(&mut self, place: Place) {
        match place {
            Place::Ready => {}
            Place::Delayed { .. } => self.delayed -= 1,
            Place::InFlight { .. } => self.in_flight -= 1,
        }
    }

    /// Drops what messages left behind, once it is most of what is there.
    fn forget_stale(&mut self) {
        let messages = &self.messages;
        let lives = |number: &u64, turn: u32| messages.get(number).is_some_and(|message| message.turn == turn);
        if self.timers.len() > 2 * messages.len() + 1024 {
            self.timers.retain(|Reverse((_, number, turn))| lives(number, *turn));
        }
        if self.line.len() > 2 * messages.len() + 1024 {
            self.line.retain(|(number, turn)| lives(number, *turn));
        }
    }
}

#[cfg(test)]
mod tests;
