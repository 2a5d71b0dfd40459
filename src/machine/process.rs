//! What processes of ours use, out of `/proc`. Asked by `server::metrics`.

use super::{TICK_US, read};
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Of this process, of those given, and of children that have ended.
    pub(crate) cpu_ms: u64,
    pub(crate) resident: u64,
}

pub(crate) fn usage(others: &[u32]) -> Usage {
    let folder = |process: String| Path::new("/proc").join(process);
    let own = folder("self".to_owned());
    let others: Vec<PathBuf> = others.iter().map(|process| folder(process.to_string())).collect();
    let all = || others.iter().chain([&own]);
    let ticks = all().map(|folder| ticks(&read(&folder.join("stat")))).sum::<u64>() + ended(&read(&own.join("stat")));
    let pages: u64 = all().map(|folder| pages(&read(&folder.join("statm")))).sum();
    Usage { cpu_ms: ticks * TICK_US / 1000, resident: pages * rustix::param::page_size() as u64 }
}

/// Of the process itself: the 14th and 15th field; the name, the 2nd, may hold anything.
fn ticks(stat: &str) -> u64 {
    fields(stat).skip(11).take(2).sum()
}

/// Of its children that have ended and were waited for.
fn ended(stat: &str) -> u64 {
    fields(stat).skip(13).take(2).sum()
}

/// From the 3rd on, what is no number as 0.
fn fields(stat: &str) -> impl Iterator<Item = u64> {
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().map(|field| field.parse().unwrap_or(0))
}

fn pages(statm: &str) -> u64 {
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_any_name() {
        let stat = "7 (a) R 9) S 1 7 7 0 -1 4194560 100 200 0 0 41 12 1000 200 20 0 5 0 99 1000000 300";
        assert_eq!((ticks(stat), ended(stat), pages("5000 321 7 1 0 2 0")), (53, 1200, 321));
        assert_eq!((ticks(""), ended("7 (x"), pages("")), (0, 0, 0));
    }

    #[test]
    fn our_own_is_there() {
        assert!(usage(&[]).resident > 1 << 20);
    }
}
