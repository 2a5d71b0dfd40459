//! Makes one core module of the many that a dynamically linked guest consists of. At each start of such a guest its modules are
//! instantiated one by one, their tables are filled one entry at a time, and every call and address that crosses
//! a module's border is looked up; once the guest's snapshot is taken, all that is constant. The component around the
//! modules (types, imports, what is lifted and lowered) stays as it is. Called by `guests`; a component that has
//! something that is not known here is refused with its name, and works as it was.
//!
//! Modules that need a function which itself needs the merged one's memory come after it, as they did before: that is the
//! table of such functions which every component has.

#![expect(clippy::wildcard_enum_match_arm, reason = "a format with hundreds of kinds: what is not named is refused, or is copied")]

mod code;
mod links;
mod merge;
mod parts;
mod statics;

use links::{Definition, Links};
use merge::Merged;
use parts::{Item, Origin, Parts, Sort};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, Component, ComponentAliasSection, ExportKind, InstanceSection, ModuleArg, RawSection,
};
use wasmparser::CanonicalFunction;

/// Something in a component that this does not know how to merge.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unknown {
    #[error("it has {0}")]
    Part(Cow<'static, str>),
    #[error("it can't be read: {0}")]
    Format(#[from] wasmparser::BinaryReaderError),
    #[error("an instruction can't be rewritten: {0}")]
    Code(String),
}

impl Unknown {
    fn new(part: impl Into<Cow<'static, str>>) -> Self {
        Self::Part(part.into())
    }
}

impl From<wasm_encoder::reencode::Error<Unknown>> for Unknown {
    fn from(error: wasm_encoder::reencode::Error<Unknown>) -> Self {
        match error {
            wasm_encoder::reencode::Error::UserError(unknown) => unknown,
            other => Self::Code(other.to_string()),
        }
    }
}

/// A component that does the same with as few core modules as possible.
pub(super) fn flatten(component: &[u8]) -> Result<Vec<u8>, Unknown> {
    let parts = parts::parts(component)?;
    let links = links::link(&parts)?;
    let merged = merge::merge(&parts, &links, &wanted(&parts, &links)?)?;
    let flat = Writer::new(&parts, &links, &merged).component()?;
    wasmparser::Validator::new().validate_all(&flat)?;
    Ok(flat)
}

/// What the merged module has to export: what is lifted, memories and allocators of what is lowered or lifted, and what
/// later modules import.
fn wanted(parts: &Parts<'_>, links: &Links<'_>) -> Result<BTreeSet<(Sort, Definition)>, Unknown> {
    let mut wanted = BTreeSet::new();
    for item in &parts.items {
        let Item::Canonical(function) = item else { continue };
        if let CanonicalFunction::Lift { core_func_index, .. } = function {
            wanted.insert((Sort::Function, links.core(Sort::Function, *core_func_index)?));
        }
        for option in options(function) {
            if let Some((sort, index)) = core_option(option)? {
                wanted.insert((sort, links.core(sort, index)?));
            }
        }
    }
    for instance in links.late.iter() {
        wanted.extend(links.imports(parts, *instance)?);
    }
    wanted.retain(|(_, definition)| matches!(definition, Definition::Own { instance, .. } if !links.late.contains(instance)));
    Ok(wanted)
}

fn options(function: &CanonicalFunction) -> &[wasmparser::CanonicalOption] {
    match function {
        CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => options,
        _ => &[],
    }
}

/// The core definition that an option names.
fn core_option(option: &wasmparser::CanonicalOption) -> Result<Option<(Sort, u32)>, Unknown> {
    use wasmparser::CanonicalOption as Option_;
    match *option {
        Option_::UTF8 | Option_::UTF16 | Option_::CompactUTF16 => Ok(None),
        Option_::Memory(index) => Ok(Some((Sort::Memory, index))),
        Option_::Realloc(index) | Option_::PostReturn(index) => Ok(Some((Sort::Function, index))),
        Option_::Async | Option_::Callback(_) | Option_::CoreType(_) | Option_::Gc => {
            Err(Unknown::new("a canonical option of another kind"))
        }
    }
}

/// Writes the component again, with the merged module where the many were.
struct Writer<'w, 'a> {
    parts: &'w Parts<'a>,
    links: &'w Links<'a>,
    merged: &'w Merged,
    component: Component,
    instances: u32,
    /// How many core functions, tables, memories and globals there are by now.
    counts: [u32; 4],
    /// What they are called now.
    places: HashMap<(Sort, Definition), u32>,
}

impl<'w, 'a> Writer<'w, 'a> {
    fn new(parts: &'w Parts<'a>, links: &'w Links<'a>, merged: &'w Merged) -> Self {
        Self { parts, links, merged, component: Component::new(), instances: 0, counts: [0; 4], places: HashMap::new() }
    }

    fn component(mut self) -> Result<Vec<u8>, Unknown> {
        // All that modules need is there before anything of theirs is lifted.
        let is_lift = |item: &Item<'_>| matches!(item, Item::Canonical(CanonicalFunction::Lift { .. }));
        let first_lift = self.parts.items.iter().position(is_lift).unwrap_or(self.parts.items.len());
        let mut function = 0;
        let mut later = Vec::new();
        for (number, item) in self.parts.items.iter().enumerate() {
            if number == first_lift {
                self.modules(&later)?;
            }
            let canonical = match item {
                Item::Other { section, content } => {
                    self.component.section(&RawSection { id: *section, data: content });
                    continue;
                }
                Item::Canonical(canonical) => canonical,
            };
            if let CanonicalFunction::Lift { .. } = canonical {
                self.canonical(canonical)?;
                continue;
            }
            let index = self.function_of(number, &mut function)?;
            if number < first_lift && self.links.late_functions.contains(&index) {
                later.push((index, canonical));
            } else {
                self.canonical(canonical)?;
                self.define(Sort::Function, Definition::Canonical(index));
            }
        }
        if first_lift == self.parts.items.len() {
            self.modules(&later)?;
        }
        Ok(self.component.finish())
    }

    /// The number, among the component's core functions as they were, of the one that an item makes.
    fn function_of(&self, item: usize, from: &mut u32) -> Result<u32, Unknown> {
        for origin in self.parts.core.of(Sort::Function).iter().skip(*from as usize) {
            *from += 1;
            if matches!(origin, Origin::Canonical(made) if *made == item) {
                return Ok(*from - 1);
            }
        }
        Err(Unknown::new("an index without a definition"))
    }

    fn define(&mut self, sort: Sort, definition: Definition) {
        let count = &mut self.counts[sort as usize];
        self.places.insert((sort, definition), *count);
        *count += 1;
    }

    fn place(&self, sort: Sort, definition: Definition) -> Result<u32, Unknown> {
        self.places.get(&(sort, definition)).copied().ok_or(Unknown::new("something that is used before it is made"))
    }

    /// The merged module, what it was waited for with, and the modules that come after it.
    fn modules(&mut self, later: &[(u32, &CanonicalFunction)]) -> Result<(), Unknown> {
        self.module(&self.merged.bytes);
        let imports = self.merged.imports.iter().enumerate().map(|(name, function)| {
            Ok((name.to_string(), ExportKind::Func, self.place(Sort::Function, Definition::Canonical(*function))?))
        });
        let imports = imports.collect::<Result<Vec<_>, Unknown>>()?;
        let imports = self.instance_of(imports);
        let merged = self.instantiate(0, vec![(String::new(), ModuleArg::Instance(imports))]);
        let mut exports = self.merged.exports.iter().collect::<Vec<_>>();
        exports.sort();
        for ((sort, definition), name) in exports {
            self.alias(merged, *sort, *definition, name);
        }
        for (index, function) in later {
            self.canonical(function)?;
            self.define(Sort::Function, Definition::Canonical(*index));
        }
        for (module, instance) in (1..).zip(&self.links.late) {
            self.late(module, *instance)?;
        }
        Ok(())
    }

    /// A module that comes after the merged one, as it was.
    fn late(&mut self, number: u32, instance: usize) -> Result<(), Unknown> {
        let module = links::module(self.parts, instance)?;
        self.module(module.bytes);
        let mut by_module = Vec::<(&str, Vec<(String, ExportKind, u32)>)>::new();
        for (import, (sort, definition)) in module.imports.iter().zip(self.links.imports(self.parts, instance)?) {
            let export = (import.name.to_owned(), sort.kind(), self.place(sort, definition)?);
            match by_module.iter_mut().find(|(name, _)| *name == import.module) {
                Some((_, exports)) => exports.push(export),
                None => by_module.push((import.module, vec![export])),
            }
        }
        let mut args = Vec::new();
        for (name, exports) in by_module {
            args.push((name.to_owned(), ModuleArg::Instance(self.instance_of(exports))));
        }
        let made = self.instantiate(number, args);
        let exports = module.exports.iter().filter_map(|(name, (sort, index))| {
            let definition = self.links.spaces[instance].of(*sort).get(*index as usize)?;
            Some((*sort, *definition, *name))
        });
        let mut exports = exports.collect::<Vec<_>>();
        exports.sort();
        for (sort, definition, name) in exports {
            self.alias(made, sort, definition, name);
        }
        Ok(())
    }

    fn module(&mut self, bytes: &[u8]) {
        self.component.section(&RawSection { id: wasm_encoder::ComponentSectionId::CoreModule as u8, data: bytes });
    }

    fn instance_of(&mut self, exports: Vec<(String, ExportKind, u32)>) -> u32 {
        self.component.section(InstanceSection::new().export_items(exports));
        self.instances += 1;
        self.instances - 1
    }

    fn instantiate(&mut self, module: u32, args: Vec<(String, ModuleArg)>) -> u32 {
        self.component.section(InstanceSection::new().instantiate(module, args));
        self.instances += 1;
        self.instances - 1
    }

    fn alias(&mut self, instance: u32, sort: Sort, definition: Definition, name: &str) {
        self.component.section(ComponentAliasSection::new().alias(Alias::CoreInstanceExport { instance, kind: sort.kind(), name }));
        self.define(sort, definition);
    }

    fn canonical(&mut self, function: &CanonicalFunction) -> Result<(), Unknown> {
        let mut written = Vec::new();
        for option in options(function) {
            let place = match core_option(option)? {
                Some((sort, index)) => self.place(sort, self.links.core(sort, index)?)?,
                None => 0,
            };
            written.push(match option {
                wasmparser::CanonicalOption::UTF8 => CanonicalOption::UTF8,
                wasmparser::CanonicalOption::UTF16 => CanonicalOption::UTF16,
                wasmparser::CanonicalOption::CompactUTF16 => CanonicalOption::CompactUTF16,
                wasmparser::CanonicalOption::Memory(_) => CanonicalOption::Memory(place),
                wasmparser::CanonicalOption::Realloc(_) => CanonicalOption::Realloc(place),
                wasmparser::CanonicalOption::PostReturn(_) => CanonicalOption::PostReturn(place),
                _ => return Err(Unknown::new("a canonical option of another kind")),
            });
        }
        let mut section = CanonicalFunctionSection::new();
        match function {
            CanonicalFunction::Lift { core_func_index, type_index, .. } => {
                let function = self.place(Sort::Function, self.links.core(Sort::Function, *core_func_index)?)?;
                section.lift(function, *type_index, written)
            }
            CanonicalFunction::Lower { func_index, .. } => section.lower(*func_index, written),
            CanonicalFunction::ResourceDrop { resource } => section.resource_drop(*resource),
            _ => return Err(Unknown::new("a canonical function of another kind")),
        };
        self.component.section(&section);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
