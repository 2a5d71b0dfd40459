//! For whom a worker may work: for a gateway that has answered something which the worker said not long ago, on the worker's own clock. So a gateway that waits for longer
//! than that after the last word it has heard knows that nothing of its runs goes on, whatever was lost or late on the way between them. Called by `kafka`.

use crate::gateway::kafka::LEASE;
use crate::lock::lock;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

/// Gateways that are known at once.
const GATEWAYS: usize = 4096;

pub(super) struct Leases {
    begun: Duration,
    /// The last of our own times that each has answered.
    heard: Mutex<HashMap<String, u64>>,
}

/// What a gateway's letter does to its lease.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Renewed {
    Holds,
    /// It had run out; what was run under it is over, whether or not there is a new one.
    RanOut,
}

impl Default for Leases {
    fn default() -> Self {
        Self { begun: boot_time(), heard: Mutex::default() }
    }
}

/// Goes on while the machine sleeps.
fn boot_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

impl Leases {
    /// In ms, since the session began.
    pub(super) fn clock(&self) -> u64 {
        u64::try_from(boot_time().saturating_sub(self.begun).as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn renew(&self, gateway: &str, heard: u64) -> Renewed {
        self.renew_at(self.clock(), gateway, heard)
    }

    fn renew_at(&self, now: u64, gateway: &str, heard: u64) -> Renewed {
        let mut all = lock(&self.heard);
        // A time that we have not had yet is nobody's answer.
        let heard = heard.min(now);
        let Some(before) = all.get_mut(gateway) else {
            all.retain(|_, heard| holds(now, *heard));
            if all.len() < GATEWAYS {
                all.insert(gateway.to_owned(), heard);
            }
            return Renewed::Holds;
        };
        let had_run_out = !holds(now, *before);
        *before = heard.max(*before);
        if had_run_out { Renewed::RanOut } else { Renewed::Holds }
    }

    pub(super) fn holds(&self, gateway: &str) -> bool {
        lock(&self.heard).get(gateway).is_some_and(|heard| holds(self.clock(), *heard))
    }

    /// Of these gateways, those whose time is over.
    pub(super) fn run_out(&self, gateways: Vec<String>) -> Vec<String> {
        gateways.into_iter().filter(|gateway| !self.holds(gateway)).collect()
    }
}

fn holds(now: u64, heard: u64) -> bool {
    Duration::from_millis(now.saturating_sub(heard)) < LEASE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_lasts_from_what_was_said_and_not_from_what_was_heard() {
        let (leases, lease) = (Leases::default(), u64::try_from(LEASE.as_millis()).unwrap());
        assert!(!leases.holds("a"), "nobody has it from the beginning");
        assert_eq!(leases.renew_at(1000, "a", 500), Renewed::Holds);
        // A letter that was long on its way prolongs nothing.
        assert_eq!(leases.renew_at(1000 + lease / 2, "a", 400), Renewed::Holds);
        assert_eq!(leases.renew_at(500 + lease, "a", 500 + lease), Renewed::RanOut);
        // The new one is a new one.
        assert_eq!(leases.renew_at(501 + lease, "a", 500 + lease), Renewed::Holds);
        assert_eq!(leases.renew_at(10, "b", u64::MAX), Renewed::Holds);
        assert_eq!(leases.renew_at(10 + lease, "b", u64::MAX), Renewed::RanOut, "nobody answers what was not said");
    }

    #[test]
    fn who_comes_late_gets_none() {
        let leases = Leases::default();
        let before = leases.clock();
        assert_eq!(leases.renew("a", before), Renewed::Holds);
        assert!(leases.holds("a"));
        assert_eq!(leases.run_out(vec!["a".to_owned(), "b".to_owned()]), ["b"]);
    }
}
