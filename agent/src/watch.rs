//! Tells the server when the program waits for input, and when it has been doing nothing for a while. Called by
//! `running`. Only looks: what it gets wrong costs a notice, never the program.

use crate::awaiting;
use crate::input::Drained;
use crate::meter::{Meter, is_busy};
use crate::serve::Kit;
use crate::user::User;
use runnel_link::{ExecId, FromExecutor};
use std::time::{Duration, Instant};

/// After something has happened it is looked at soon, then ever less often.
const SOON: Duration = Duration::from_millis(1);
const LATE: Duration = Duration::from_millis(50);
/// A program that uses no CPU for so long waits for something.
const STILL: Duration = Duration::from_millis(20);

pub(crate) struct Watch {
    exec: ExecId,
    user: User,
    next: Instant,
    interval: Duration,
    looked: Instant,
    cpu: Duration,
    /// No CPU has been used since then.
    still_since: Instant,
    told_waiting: bool,
    told_parked: bool,
}

impl Watch {
    pub(crate) fn new(exec: ExecId, user: User, now: Instant) -> Self {
        Self {
            exec,
            user,
            next: now + SOON,
            interval: SOON,
            looked: now,
            cpu: Duration::ZERO,
            still_since: now,
            told_waiting: false,
            told_parked: false,
        }
    }

    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// The program did something, or was given something to do.
    pub(crate) fn stir(&mut self, now: Instant) {
        self.interval = SOON;
        self.next = now + SOON;
    }

    /// There is new input, which the program does not have yet.
    pub(crate) fn feed(&mut self, kit: &mut Kit, now: Instant) {
        self.told_waiting = false;
        self.still_since = now;
        self.tell_parked(kit, false);
        self.stir(now);
    }

    /// `input` is given where the program has taken all of its input and may still be reading. Says whether it waits
    /// for more although that was all.
    /// `is_silent` says whether all that it wrote has been passed on: whoever hears that it waits must have heard that first.
    pub(crate) fn check(
        &mut self,
        kit: &mut Kit,
        meter: &mut Meter,
        reaped: Duration,
        now: Instant,
        (input, is_silent): (Option<Drained>, impl Fn() -> bool),
    ) -> bool {
        let cpu = meter.cpu(&kit.gauges, reaped);
        if is_busy(cpu - self.cpu, now - self.looked) {
            self.still_since = now;
            self.tell_parked(kit, false);
        }
        (self.cpu, self.looked) = (cpu, now);
        self.next = now + self.interval;
        self.interval = (self.interval * 2).min(LATE);
        let is_still = now - self.still_since >= STILL;
        let asked = input.filter(|_| !self.told_waiting);
        // Looking at all threads is dear, and there may be nothing that one wants to know.
        if asked.is_none() && (!is_still || self.told_parked) {
            return false;
        }
        let doing = awaiting::look(&kit.gauges.procs, self.user, asked.as_ref().map(|drained| drained.id));
        let waits = doing.awaits || (asked.is_some() && doing.hidden && doing.asleep && is_still);
        let has_ended = asked.as_ref().is_some_and(|drained| drained.has_ended);
        if waits && !has_ended && !is_silent() {
            self.stir(now);
            return false;
        }
        if let Some(Drained { received, .. }) = asked.filter(|_| waits && !has_ended) {
            self.told_waiting = true;
            kit.outbox.push(&FromExecutor::Waiting { exec: self.exec, received });
        }
        if doing.asleep && (is_still || (waits && !has_ended)) {
            self.tell_parked(kit, true);
        }
        waits && has_ended
    }

    /// The last word on it, before the end.
    pub(crate) fn end(&mut self, kit: &mut Kit) {
        self.tell_parked(kit, false);
    }

    fn tell_parked(&mut self, kit: &mut Kit, parked: bool) {
        if self.told_parked != parked {
            self.told_parked = parked;
            kit.outbox.push(&FromExecutor::Parked { exec: self.exec, parked });
        }
    }
}
