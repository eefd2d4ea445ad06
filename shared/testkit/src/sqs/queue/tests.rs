//! A queue under random use, held to what may never be otherwise.

use super::*;
use crate::sqs::message::Attributes;

/// A queue, what was sent to it, and the receipts somebody holds.
struct Use {
    queue: Queue,
    chance: Chance,
    disorder: Disorder,
    now: i64,
    sent: u64,
    deleted: u64,
    dead: u64,
    held: Vec<Receipt>,
}

impl Use {
    fn new(seed: u64) -> Self {
        let redrive = Some(crate::sqs::settings::Redrive { target_arn: String::new(), max_receives: 5 });
        let settings = Settings { redrive, ..Settings::default() };
        Self {
            queue: Queue::new("q".to_owned(), settings),
            chance: Chance::seeded(seed, "use"),
            disorder: Disorder { reorder: seed.is_multiple_of(2), duplicate_per_mille: 100 },
            now: 0,
            sent: 0,
            deleted: 0,
            dead: 0,
            held: Vec::new(),
        }
    }

    fn step(&mut self) {
        match self.chance.below(6) {
            0 | 1 => self.send(),
            2 | 3 => self.receive(),
            4 => self.finish(),
            _ => self.now += i64::try_from(self.chance.below(20_000)).unwrap(),
        }
        self.queue.tick(self.now);
    }

    fn send(&mut self) {
        let message = Message::new(self.chance.uuid(), "x".to_owned(), Attributes::new(), self.now);
        let delay = i64::try_from(self.chance.below(3) * self.chance.below(20)).unwrap();
        self.queue.send(message, delay, self.now);
        self.sent += 1;
    }

    fn receive(&mut self) {
        let visibility = i64::try_from(self.chance.below(30)).unwrap();
        let taken = self.queue.receive(10, visibility, self.now, &self.chance, &self.disorder).unwrap();
        self.dead += taken.dead.len() as u64;
        self.held.extend(taken.received.into_iter().map(|(receipt, _)| receipt));
    }

    /// Deletes a message, or has it come back at another time, with whatever receipt comes to hand.
    fn finish(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let index = usize::try_from(self.chance.below(self.held.len() as u64)).unwrap();
        let receipt = self.held.swap_remove(index);
        if self.chance.happens(300) {
            let seconds = i64::try_from(self.chance.below(60)).unwrap();
            let _ = self.queue.change_visibility(&receipt, seconds, self.now);
            return;
        }
        let before = self.queue.messages.len();
        self.queue.delete(&receipt);
        self.deleted += (before - self.queue.messages.len()) as u64;
    }

    fn check(&self) {
        let count = |wanted: fn(&Place) -> bool| self.queue.messages.values().filter(|each| wanted(&each.place)).count();
        let depth = self.queue.depth();
        assert_eq!(depth.ready, count(|place| matches!(place, Place::Ready)));
        assert_eq!(depth.delayed, count(|place| matches!(place, Place::Delayed { .. })));
        assert_eq!(depth.in_flight, count(|place| matches!(place, Place::InFlight { .. })));
        assert_eq!(self.sent, depth.total() as u64 + self.deleted + self.dead, "none lost, none made up");
        assert!(self.queue.line.len() <= 2 * self.queue.messages.len() + 1024);
        assert!(self.queue.timers.len() <= 2 * self.queue.messages.len() + 1024);
    }
}

#[test]
fn no_message_is_lost_or_made_up() {
    for seed in 0..20 {
        let mut usage = Use::new(seed);
        for _ in 0..1_000 {
            usage.step();
            usage.check();
        }
        // Left alone for long enough, every message is handed out or set aside.
        while usage.queue.depth().total() > 0 {
            usage.now += 60_000;
            usage.receive();
            usage.check();
        }
    }
}

#[test]
fn what_messages_leave_behind_does_not_pile_up() {
    let mut usage = Use::new(1);
    usage.disorder = Disorder::default();
    for _ in 0..50_000 {
        usage.send();
        usage.queue.tick(usage.now + 60_000);
        usage.receive();
        while let Some(receipt) = usage.held.pop() {
            usage.queue.delete(&receipt);
        }
    }
    assert!(usage.queue.timers.len() + usage.queue.line.len() < 10_000);
}
