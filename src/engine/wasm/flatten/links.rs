//! Who provides what: follows each import of each core instance to where it is defined, and finds the instances that can't be
//! merged because they need what the merged module must exist for. Called by `flatten`.

use super::parts::{BySort, Item, Origin, Parts, Sort};
use super::{Unknown, core_option, options};
use std::collections::{BTreeSet, HashMap};
use wasmparser::{DataKind, ElementKind, Instance};

/// Where a function, table, memory or global is really from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Definition {
    /// The component makes it; the number among its core functions.
    Canonical(u32),
    /// A module of this instance defines it; the number among those that it defines.
    Own { instance: usize, number: usize },
}

#[derive(Default)]
pub(super) struct Links<'a> {
    /// For each instance of a module all that its code can name, imports first; for others nothing.
    pub(super) spaces: Vec<BySort<Definition>>,
    /// Instances of modules that come after the merged one.
    pub(super) late: BTreeSet<usize>,
    /// Core functions that need the merged module's memory or allocator.
    pub(super) late_functions: BTreeSet<u32>,
    exports: Vec<HashMap<&'a str, (Sort, Definition)>>,
    core: BySort<Definition>,
}

pub(super) fn link<'a>(parts: &Parts<'a>) -> Result<Links<'a>, Unknown> {
    let mut links = Links::default();
    for (index, origin) in parts.core.of(Sort::Function).iter().enumerate() {
        if let Origin::Canonical(item) = origin
            && let Some(Item::Canonical(function)) = parts.items.get(*item)
        {
            for option in options(function) {
                if core_option(option)?.is_some() {
                    links.late_functions.insert(narrow(index)?);
                }
            }
        }
    }
    for instance in &parts.instances {
        let exports = match instance {
            Instance::FromExports(exports) => {
                let mut named = HashMap::new();
                for export in exports {
                    let sort = Sort::of_export(export.kind)?;
                    named.insert(export.name, (sort, links.origin(parts, sort, export.index)?));
                }
                links.spaces.push(BySort::default());
                named
            }
            Instance::Instantiate { module_index, args } => {
                let args = args.iter().map(|arg| (arg.name, arg.index)).collect();
                links.instantiate(parts, *module_index, &args)?
            }
        };
        links.exports.push(exports);
    }
    for sort in Sort::ALL {
        for index in 0..parts.core.of(sort).len() {
            let definition = links.origin(parts, sort, narrow(index)?)?;
            links.core.of_mut(sort).push(definition);
        }
    }
    links.check(parts)?;
    Ok(links)
}

impl<'a> Links<'a> {
    /// Where one of the component's core functions, tables, memories or globals is from.
    pub(super) fn core(&self, sort: Sort, index: u32) -> Result<Definition, Unknown> {
        self.core.of(sort).get(index as usize).copied().ok_or(Unknown::new("an index without a definition"))
    }

    /// What an instance of a module imports, in order.
    pub(super) fn imports(&self, parts: &Parts<'a>, instance: usize) -> Result<impl Iterator<Item = (Sort, Definition)>, Unknown> {
        let mut seen = [0; 4];
        let mut imports = Vec::new();
        for import in &module(parts, instance)?.imports {
            let sort = Sort::of_import(&import.ty)?;
            let definition = self.spaces[instance].of(sort)[seen[sort as usize]];
            seen[sort as usize] += 1;
            imports.push((sort, definition));
        }
        Ok(imports.into_iter())
    }

    fn origin(&self, parts: &Parts<'a>, sort: Sort, index: u32) -> Result<Definition, Unknown> {
        match parts.core.of(sort).get(index as usize) {
            Some(Origin::Canonical(_)) => Ok(Definition::Canonical(index)),
            Some(Origin::Export { instance, name }) => self.export(*instance, name, sort),
            None => Err(Unknown::new("an index without a definition")),
        }
    }

    fn export(&self, instance: u32, name: &str, sort: Sort) -> Result<Definition, Unknown> {
        match self.exports.get(instance as usize).and_then(|exports| exports.get(name)) {
            Some((found, definition)) if *found == sort => Ok(*definition),
            _ => Err(Unknown::new(format!("no export `{name}` where one is imported"))),
        }
    }

    fn instantiate(
        &mut self,
        parts: &Parts<'a>,
        module: u32,
        args: &HashMap<&str, u32>,
    ) -> Result<HashMap<&'a str, (Sort, Definition)>, Unknown> {
        let instance = self.spaces.len();
        let module = parts.modules.get(module as usize).ok_or(Unknown::new("an instance of no module"))?;
        let mut space = BySort::default();
        let mut is_late = false;
        for import in &module.imports {
            let sort = Sort::of_import(&import.ty)?;
            let arg = args.get(import.module).ok_or(Unknown::new(format!("no argument `{}`", import.module)))?;
            let definition = self.export(*arg, import.name, sort)?;
            is_late |= match definition {
                Definition::Canonical(function) => self.late_functions.contains(&function),
                Definition::Own { instance, .. } => self.late.contains(&instance),
            };
            space.of_mut(sort).push(definition);
        }
        for sort in Sort::ALL {
            space.of_mut(sort).extend((0..module.count(sort)).map(|number| Definition::Own { instance, number }));
        }
        if is_late {
            self.late.insert(instance);
        }
        let exports = module.exports.iter().map(|(name, (sort, index))| match space.of(*sort).get(*index as usize) {
            Some(definition) => Ok((*name, (*sort, *definition))),
            None => Err(Unknown::new("an index without a definition")),
        });
        let exports = exports.collect::<Result<_, _>>()?;
        self.spaces.push(space);
        Ok(exports)
    }

    /// What is done at an instance's start must not depend on that it comes where it came.
    fn check(&self, parts: &Parts<'a>) -> Result<(), Unknown> {
        let mut filled = BTreeSet::new();
        for (number, instance) in parts.instances.iter().enumerate() {
            let Instance::Instantiate { .. } = instance else { continue };
            let module = module(parts, number)?;
            let space = &self.spaces[number];
            if self.late.contains(&number) {
                filled.extend(space.of(Sort::Table).iter().map(|table| (Sort::Table as u8, *table)));
                filled.extend(space.of(Sort::Memory).iter().map(|memory| (Sort::Memory as u8, *memory)));
                continue;
            }
            if module.has_start {
                return Err(Unknown::new("a module with a start function"));
            }
            let tables = module.elements.iter().filter_map(|element| match element.kind {
                ElementKind::Active { table_index, .. } => Some((Sort::Table, table_index.unwrap_or(0))),
                ElementKind::Passive | ElementKind::Declared => None,
            });
            let memories = module.data.iter().filter_map(|data| match data.kind {
                DataKind::Active { memory_index, .. } => Some((Sort::Memory, memory_index)),
                DataKind::Passive => None,
            });
            for (sort, index) in tables.chain(memories) {
                let target = space.of(sort).get(index as usize).ok_or(Unknown::new("an index without a definition"))?;
                if filled.contains(&(sort as u8, *target)) {
                    return Err(Unknown::new("a segment that must come after a later module's"));
                }
            }
        }
        Ok(())
    }
}

/// The module of an instance.
pub(super) fn module<'p, 'a>(parts: &'p Parts<'a>, instance: usize) -> Result<&'p super::parts::Module<'a>, Unknown> {
    match parts.instances.get(instance) {
        Some(Instance::Instantiate { module_index, .. }) => {
            parts.modules.get(*module_index as usize).ok_or(Unknown::new("an instance of no module"))
        }
        _ => Err(Unknown::new("an instance of no module")),
    }
}

fn narrow(index: usize) -> Result<u32, Unknown> {
    u32::try_from(index).map_err(|_| Unknown::new("too many definitions"))
}
