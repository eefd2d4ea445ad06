//! What is asked to go wrong, and what was done.

use super::Sandbox;
use crate::mischief::{Deed, Down, Mischief, OneShot, Tally};
use crate::settings::{Readings, WebhookTarget};

impl Sandbox {
    /// What is asked to go wrong.
    #[must_use]
    pub fn mischief(&self) -> Mischief {
        self.room().state.mischief.asked.clone()
    }

    /// Asks for this to go wrong from now on, instead of what was asked before.
    pub fn set_mischief(&self, mischief: Mischief) {
        self.room().state.mischief.asked = mischief;
    }

    /// Nothing goes wrong any more: no odds, nothing armed, not down.
    pub fn behave(&self) {
        let mut room = self.room();
        room.state.mischief.asked = Mischief::default();
        room.state.mischief.armed.clear();
        room.state.mischief.come_up();
    }

    /// Arms a deed for the next time it can be done.
    pub fn next(&self, deed: Deed) {
        self.arm(OneShot { deed, times: 1, on: None });
    }

    /// Arms a deed.
    pub fn arm(&self, shot: OneShot) {
        self.room().state.mischief.armed.push(shot);
    }

    /// The API is down for this long.
    pub fn go_down(&self, for_ms: u64, how: Down) {
        self.at_once(|state, at| state.mischief.go_down(at.now.saturating_add(for_ms), how));
    }

    /// The API is up again.
    pub fn come_up(&self) {
        self.room().state.mischief.come_up();
    }

    /// What was done, by kind.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.room().state.tally.clone()
    }

    /// How silent documents are read.
    #[must_use]
    pub fn readings(&self) -> Readings {
        self.room().settings.readings
    }

    /// Reads silent documents like this from now on.
    pub fn set_readings(&self, readings: Readings) {
        self.room().settings.readings = readings;
    }

    /// Points the webhook of the settings somewhere else, or registers it.
    pub fn set_webhook(&self, target: WebhookTarget) {
        self.room().settings.webhook = Some(target);
        self.at_once(|state, at| state.follow_settings(at));
    }
}
