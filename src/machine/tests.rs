use super::*;

/// A machine of files.
struct Fake(PathBuf);

impl Fake {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("runnel-machine-{}-{name}", std::process::id()));
        for (path, content) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        Self(root)
    }

    fn groups(&self) -> Groups {
        Groups::find(&self.0)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const STAT: &str = "cpu  100 20 30 5000 7 1 2 4 50 0\ncpu0 100 20 30 5000 7 1 2 4 50 0\n";
const MEMINFO: &str = "MemTotal:        8000 kB\nMemFree:          100 kB\nMemAvailable:    6000 kB\n";

#[test]
fn of_the_host() {
    assert_eq!(host_cpu_us(STAT), 157 * TICK_US);
    assert_eq!(host_memory(MEMINFO), Space { allocatable: 8000 << 10, used: 2000 << 10 });
    assert_eq!((host_cpu_us("nonsense"), host_memory("")), (0, Space::default()));
    assert_eq!(milli(1_500_000, Duration::from_secs(1)), 1500);
    assert_eq!(milli(5, Duration::ZERO), 5000);
    let space = storage(Path::new("/no/such/folder"));
    assert!(space.allocatable >= space.used && space.allocatable > 0, "{space:?}");
}

#[test]
fn the_tightest_unified_group_on_the_way_up() {
    let fake = Fake::new(
        "unified",
        &[
            ("proc/self/mountinfo", "25 1 8:1 / / rw - ext4 /dev/sda rw\n30 25 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n"),
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/a/cpu.stat", "usage_usec 700\nuser_usec 1\n"),
            ("sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/a/b/cpu.stat", "usage_usec 3\n"),
            ("sys/fs/cgroup/a/memory.max", "max\n"),
            ("sys/fs/cgroup/a/b/memory.max", "1000\n"),
            ("sys/fs/cgroup/a/b/memory.current", "600\n"),
            ("sys/fs/cgroup/a/b/memory.stat", "anon 1\ninactive_file 100\n"),
        ],
    );
    let groups = fake.groups();
    assert_eq!((groups.cpu_milli(), groups.cpu_used_us()), (Some(1500), Some(700)));
    assert_eq!(groups.memory(), Some(Space { allocatable: 1000, used: 500 }));
}

#[test]
fn version_one_seen_from_a_container() {
    let fake = Fake::new(
        "one",
        &[
            (
                "proc/self/mountinfo",
                "40 30 0:30 /docker/x /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n41 30 0:31 /docker/x /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n42 30 0:32 / /sys/fs/cgroup/unified ro - cgroup2 cgroup2 rw\n",
            ),
            ("proc/self/cgroup", "4:cpu,cpuacct:/docker/x\n5:memory:/docker/x\n0::/\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", "9000000\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "5\n"),
        ],
    );
    let groups = fake.groups();
    assert_eq!((groups.cpu_milli(), groups.cpu_used_us(), groups.memory()), (Some(500), Some(9000), None));
}

#[test]
fn without_bounds_it_is_the_host() {
    let fake = Fake::new(
        "host",
        &[
            ("proc/self/mountinfo", "30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            ("proc/self/cgroup", "0::/\n"),
            ("proc/stat", STAT),
            ("proc/meminfo", MEMINFO),
        ],
    );
    let machine = Machine::at(&fake.0, fake.0.clone());
    let first = machine.figures();
    assert_eq!((first.cpu_used_milli, first.memory.allocatable), (0, 8000 << 10));
    assert_eq!(first.cpu_allocatable_milli, processors() * 1000);
    std::fs::write(fake.0.join("proc/stat"), STAT.replace("cpu  100", "cpu  200")).unwrap();
    assert_eq!(machine.figures(), first, "nothing is read again within a second");
    lock(&machine.state).told = None;
    let second = machine.figures();
    assert_eq!(second.cpu_used_milli, milli(100 * TICK_US, second.cpu_over).min(processors() * 1000));
}
