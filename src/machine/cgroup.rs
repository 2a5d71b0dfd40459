//! The control groups of this process, of either version: what they bound and what is used of it. A bound of a group holds for
//! all below it, so the tightest on the way up decides, with the figures of the group that has it.

use super::{Space, read};
use std::path::{Path, PathBuf};

/// A bound of memory above this is none: version 1 has no word for that.
const UNBOUNDED: u64 = 1 << 60;

/// The folders from this process's group up, for each controller.
#[derive(Debug, Default)]
pub(super) struct Groups {
    cpu: Vec<PathBuf>,
    memory: Vec<PathBuf>,
    /// Version 1 counts CPU time in a hierarchy of its own.
    accounting: Vec<PathBuf>,
    is_unified: bool,
}

/// A mounted hierarchy.
struct Mount<'a> {
    /// Which part of the hierarchy is seen there.
    root: &'a str,
    point: &'a str,
    is_unified: bool,
    options: &'a str,
}

impl Groups {
    pub(super) fn find(root: &Path) -> Self {
        let (mounts, own) = (read(&root.join("proc/self/mountinfo")), read(&root.join("proc/self/cgroup")));
        let mounts: Vec<Mount<'_>> = mounts.lines().filter_map(mount).collect();
        let folders = |controller: &str| folders(root, &mounts, &own, controller);
        let unified = folders("");
        // A machine may have both; then the controllers are where they are of version 1.
        if folders("memory").is_empty() && folders("cpu").is_empty() {
            return Self { cpu: unified.clone(), memory: unified, accounting: Vec::new(), is_unified: true };
        }
        Self { cpu: folders("cpu"), memory: folders("memory"), accounting: folders("cpuacct"), is_unified: false }
    }

    /// What all may use together, in thousandths of a processor.
    pub(super) fn cpu_milli(&self) -> Option<u64> {
        self.bounding_cpu().map(|(_, milli)| milli)
    }

    fn bounding_cpu(&self) -> Option<(usize, u64)> {
        let bounds = self.cpu.iter().enumerate().filter_map(|(level, folder)| Some((level, self.cpu_bound(folder)?)));
        bounds.min_by_key(|(_, milli)| *milli)
    }

    fn cpu_bound(&self, folder: &Path) -> Option<u64> {
        let (quota, period) = if self.is_unified {
            let text = read(&folder.join("cpu.max"));
            let (quota, period) = text.split_once(' ')?;
            (quota.parse().ok()?, number(period)?)
        } else {
            (number(&read(&folder.join("cpu.cfs_quota_us")))?, number(&read(&folder.join("cpu.cfs_period_us")))?)
        };
        u64::checked_div(u64::saturating_mul(quota, 1000), period)
    }

    /// By the group that has the bound.
    pub(super) fn cpu_used_us(&self) -> Option<u64> {
        let (level, _) = self.bounding_cpu()?;
        if self.is_unified {
            return field(&read(&self.cpu[level].join("cpu.stat")), "usage_usec");
        }
        Some(number(&read(&self.accounting.get(level)?.join("cpuacct.usage")))? / 1000)
    }

    pub(super) fn memory(&self) -> Option<Space> {
        let (bound, used, cache) = match self.is_unified {
            true => ("memory.max", "memory.current", "inactive_file"),
            false => ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        };
        let bounds = self.memory.iter().filter_map(|folder| Some((folder, number(&read(&folder.join(bound)))?)));
        let (folder, allocatable) = bounds.filter(|(_, bound)| *bound < UNBOUNDED).min_by_key(|(_, bound)| *bound)?;
        let used = number(&read(&folder.join(used)))?;
        // The kernel takes these pages back when somebody needs them.
        let cache = field(&read(&folder.join("memory.stat")), cache).unwrap_or(0);
        Some(Space { allocatable, used: used.saturating_sub(cache) })
    }
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// From lines of a name and a number.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| number(line.strip_prefix(name)?.strip_prefix(' ')?))
}

/// A line of `mountinfo`: `36 35 0:31 /root /point options … - cgroup2 cgroup2 rw`.
fn mount(line: &str) -> Option<Mount<'_>> {
    let (own, kind) = line.split_once(" - ")?;
    let mut own = own.split(' ').skip(3);
    let (root, point) = (own.next()?, own.next()?);
    let mut kind = kind.split(' ');
    let is_unified = match kind.next()? {
        "cgroup2" => true,
        "cgroup" => false,
        _ => return None,
    };
    Some(Mount { root, point, is_unified, options: kind.nth(1)? })
}

/// The group's own folder and those above it, as far as they are seen; `""` is the unified hierarchy.
fn folders(root: &Path, mounts: &[Mount<'_>], own: &str, controller: &str) -> Vec<PathBuf> {
    let is_unified = controller.is_empty();
    let has = |list: &str| list.split(',').any(|word| word == controller);
    let Some(mount) = mounts.iter().find(|mount| mount.is_unified == is_unified && (is_unified || has(mount.options))) else {
        return Vec::new();
    };
    // `4:cpu,cpuacct:/path`, and `0::/path` for the unified one.
    let path = own.lines().find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        (if is_unified { controllers.is_empty() } else { has(controllers) }).then_some(path)
    });
    // In a container the whole hierarchy may be named, of which only the own part is mounted.
    let below = path.and_then(|path| Path::new(path).strip_prefix(mount.root).ok()).unwrap_or(Path::new(""));
    let top = root.join(mount.point.trim_start_matches('/'));
    below.ancestors().map(|part| top.join(part)).collect()
}
