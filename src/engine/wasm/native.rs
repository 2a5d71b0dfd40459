//! How guests become native code, and how that code is run: one place for the settings, because what compiles and
//! what runs must agree. Called by `guests` (compiler) and `cell` (runtime).

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How a program's time is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clocking {
    /// Epochs: cheap, tells CPU time.
    Epochs,
    /// Fuel: counts instructions, the same on each machine.
    Fuel,
}

/// JavaScript's parser recurses deeply in native frames: 16 times its own 4 MiB stack.
const WASM_STACK: usize = 64 << 20;
/// What host functions may use on top of it.
const HOST_STACK: usize = 1 << 20;

fn config(clocking: Clocking) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(clocking == Clocking::Epochs)
        .consume_fuel(clocking == Clocking::Fuel)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(WASM_STACK + HOST_STACK)
        // A deep recursion must not keep its stack's pages after its end, nor leave its traces to the next program.
        .async_stack_zeroing(true)
        .memory_init_cow(true)
        // An interpreter's snapshot is mapped, never copied; without this a large sparse one would be copied.
        .memory_guaranteed_dense_image_size(1 << 30)
        .generate_address_map(false)
        .native_unwind_info(false)
        .wasm_backtrace_max_frames(None);
    config
}

/// wasmtime's errors for those who collect ours.
pub(crate) fn in_words(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

pub(crate) fn compiler(clocking: Clocking) -> wasmtime::Result<Engine> {
    Engine::new(&config(clocking))
}

/// An engine with room for `slots` sandboxes, reserved once: what grows later is bounded by the limits of each.
pub(crate) fn runtime(clocking: Clocking, slots: u32) -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots * INSTANCES)
        .total_memories(slots * 2)
        .total_tables(slots * TABLES)
        .total_stacks(slots)
        .max_component_instance_size(8 << 20)
        .max_core_instance_size(8 << 20)
        .max_core_instances_per_component(INSTANCES)
        .max_memories_per_component(2)
        .max_tables_per_component(TABLES)
        .max_tables_per_module(4)
        .table_elements(200_000)
        .max_memory_size(4 << 30)
        // What a sandbox leaves behind is dropped page by page only where it was touched (Linux 6.7 and later).
        .pagemap_scan(if swaps(&std::fs::read_to_string("/proc/swaps").unwrap_or_default()) { Enabled::No } else { Enabled::Auto })
        .linear_memory_keep_resident(MEMORY_KEPT)
        .table_keep_resident(TABLE_KEPT)
        .max_unused_warm_slots(WARM_SLOTS)
        .async_stack_keep_resident(STACK_KEPT);
    let mut config = config(clocking);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// Whether the machine may put memory aside. wasmtime 48 looks for touched pages among those that are in memory: one
/// that was swapped out would come back to the next program with what the last one left in it.
fn swaps(list: &str) -> bool {
    list.lines().nth(1).is_some()
}

/// Pages that an ended sandbox leaves to the next one of its kind, cleaned: a page fault costs more than a copy. A
/// hello world touches about 1 MiB of its memory and a few pages of its stack.
const MEMORY_KEPT: usize = 4 << 20;
const STACK_KEPT: usize = 32 << 10;
/// Python's table has 5,700 functions; each is looked up when it is first called.
const TABLE_KEPT: usize = 64 << 10;
/// Unused sandboxes that keep such pages; together they bound what is kept.
const WARM_SLOTS: u32 = 16;
/// A dynamically linked guest that could not be flattened (Python by componentize-py: 14 modules, and what passes things between them).
const INSTANCES: u32 = 50;
const TABLES: u32 = 16;

/// For code that runs once: made quickly rather than well.
pub(crate) fn compiler_quick() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.cranelift_opt_level(wasmtime::OptLevel::None).max_wasm_stack(WASM_STACK).async_stack_size(WASM_STACK + HOST_STACK);
    Engine::new(&config)
}

#[cfg(test)]
mod tests {
    use super::swaps;

    #[test]
    fn swap_is_seen() {
        let head = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
        assert!(!swaps("") && !swaps(head));
        assert!(swaps(&format!("{head}/dev/zram0                              partition\t4194304\t\t0\t\t100\n")));
    }
}
