//! What a component is made of, as far as linking its core modules needs to know: a component's bytes in, parts out.
//! Called by `flatten`. Whatever is not understood here is refused by name.

use super::Unknown;
use std::borrow::Cow;
use std::collections::HashMap;
use wasm_encoder::{ComponentSectionId, ExportKind};
use wasmparser::{
    CanonicalFunction, ComponentAlias, Data, Element, Encoding, ExternalKind, FromReader, FuncType, FunctionBody, Global, Import, Instance,
    MemoryType, Parser, Payload, SectionLimited, Table, TypeRef,
};

/// The sorts of things that core modules pass to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Sort {
    Function,
    Table,
    Memory,
    Global,
}

/// One list for each sort.
#[derive(Debug)]
pub(super) struct BySort<T>([Vec<T>; 4]);

impl<T> Default for BySort<T> {
    fn default() -> Self {
        Self(Default::default())
    }
}

impl<T> BySort<T> {
    pub(super) fn of(&self, sort: Sort) -> &Vec<T> {
        &self.0[sort as usize]
    }

    pub(super) fn of_mut(&mut self, sort: Sort) -> &mut Vec<T> {
        &mut self.0[sort as usize]
    }
}

impl Sort {
    pub(super) const ALL: [Self; 4] = [Self::Function, Self::Table, Self::Memory, Self::Global];

    pub(super) fn of_export(kind: ExternalKind) -> Result<Self, Unknown> {
        match kind {
            ExternalKind::Func => Ok(Self::Function),
            ExternalKind::Table => Ok(Self::Table),
            ExternalKind::Memory => Ok(Self::Memory),
            ExternalKind::Global => Ok(Self::Global),
            ExternalKind::Tag | ExternalKind::FuncExact => Err(Unknown::new("a tag")),
        }
    }

    pub(super) fn kind(self) -> ExportKind {
        match self {
            Self::Function => ExportKind::Func,
            Self::Table => ExportKind::Table,
            Self::Memory => ExportKind::Memory,
            Self::Global => ExportKind::Global,
        }
    }

    pub(super) fn of_import(ty: &TypeRef) -> Result<Self, Unknown> {
        match ty {
            TypeRef::Func(_) => Ok(Self::Function),
            TypeRef::Table(_) => Ok(Self::Table),
            TypeRef::Memory(_) => Ok(Self::Memory),
            TypeRef::Global(_) => Ok(Self::Global),
            TypeRef::Tag(_) | TypeRef::FuncExact(_) => Err(Unknown::new("a tag")),
        }
    }
}

/// A component, taken apart.
#[derive(Default)]
pub(super) struct Parts<'a> {
    /// All that is not a core module, an instance of one, or an alias into one; in order.
    pub(super) items: Vec<Item<'a>>,
    pub(super) modules: Vec<Module<'a>>,
    pub(super) instances: Vec<Instance<'a>>,
    /// The component's core functions, tables, memories and globals, each with where it is from.
    pub(super) core: BySort<Origin<'a>>,
}

pub(super) enum Item<'a> {
    /// Stays as it is.
    Other {
        section: u8,
        content: Cow<'a, [u8]>,
    },
    Canonical(CanonicalFunction),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    /// Made by the item of this number.
    Canonical(usize),
    Export {
        instance: u32,
        name: &'a str,
    },
}

/// A core module, taken apart.
pub(super) struct Module<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) types: Vec<FuncType>,
    pub(super) imports: Vec<Import<'a>>,
    /// The types of its own functions.
    pub(super) functions: Vec<u32>,
    pub(super) tables: Vec<Table<'a>>,
    pub(super) memories: Vec<MemoryType>,
    pub(super) globals: Vec<Global<'a>>,
    pub(super) exports: HashMap<&'a str, (Sort, u32)>,
    pub(super) elements: Vec<Element<'a>>,
    pub(super) data: Vec<Data<'a>>,
    pub(super) code: Vec<FunctionBody<'a>>,
    pub(super) has_start: bool,
}

impl Module<'_> {
    /// How many of a sort it defines itself.
    pub(super) fn count(&self, sort: Sort) -> usize {
        match sort {
            Sort::Function => self.functions.len(),
            Sort::Table => self.tables.len(),
            Sort::Memory => self.memories.len(),
            Sort::Global => self.globals.len(),
        }
    }
}

/// Takes a component apart.
pub(super) fn parts(component: &[u8]) -> Result<Parts<'_>, Unknown> {
    let mut parts = Parts::default();
    // What is inside of modules and components of the component comes too.
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => return Err(Unknown::new("no component")),
            Payload::End(_) => depth = usize::saturating_sub(depth, 1),
            Payload::ModuleSection { ref unchecked_range, .. } | Payload::ComponentSection { ref unchecked_range, .. } => {
                let bytes = &component[unchecked_range.clone()];
                match payload {
                    _ if depth > 0 => {}
                    Payload::ModuleSection { .. } => parts.modules.push(module(bytes)?),
                    _ => parts.items.push(Item::Other { section: ComponentSectionId::Component as u8, content: bytes.into() }),
                }
                depth += 1;
            }
            _ if depth > 0 => {}
            Payload::Version { .. } => {}
            Payload::InstanceSection(section) => {
                for instance in section {
                    parts.instances.push(instance?);
                }
            }
            Payload::ComponentAliasSection(section) => parts.aliases(component, section)?,
            Payload::ComponentCanonicalSection(section) => parts.canonicals(section)?,
            // It names indices that are no more.
            Payload::CustomSection(section) if section.name() == "component-name" => {}
            Payload::ComponentTypeSection(_)
            | Payload::ComponentImportSection(_)
            | Payload::ComponentInstanceSection(_)
            | Payload::ComponentExportSection(_)
            | Payload::CustomSection(_) => {
                let (section, range) = payload.as_section().ok_or(Unknown::new("a section without content"))?;
                parts.items.push(Item::Other { section, content: component[range].into() });
            }
            _ => return Err(Unknown::new("a section of another kind")),
        }
    }
    Ok(parts)
}

impl<'a> Parts<'a> {
    fn aliases(&mut self, component: &'a [u8], section: SectionLimited<'a, ComponentAlias<'a>>) -> Result<(), Unknown> {
        for (alias, bytes) in with_bytes(component, section)? {
            if let ComponentAlias::CoreInstanceExport { kind, instance_index, name } = alias {
                self.core.of_mut(Sort::of_export(kind)?).push(Origin::Export { instance: instance_index, name });
            } else {
                let mut content = vec![1];
                content.extend_from_slice(bytes);
                self.items.push(Item::Other { section: ComponentSectionId::Alias as u8, content: content.into() });
            }
        }
        Ok(())
    }

    fn canonicals(&mut self, section: SectionLimited<'a, CanonicalFunction>) -> Result<(), Unknown> {
        for function in section {
            let function = function?;
            match function {
                CanonicalFunction::Lift { .. } => {}
                CanonicalFunction::Lower { .. } | CanonicalFunction::ResourceDrop { .. } => {
                    self.core.of_mut(Sort::Function).push(Origin::Canonical(self.items.len()));
                }
                _ => return Err(Unknown::new("a canonical function of another kind")),
            }
            self.items.push(Item::Canonical(function));
        }
        Ok(())
    }
}

/// Each item of a section with its own bytes.
fn with_bytes<'a, T: FromReader<'a>>(whole: &'a [u8], section: SectionLimited<'a, T>) -> Result<Vec<(T, &'a [u8])>, Unknown> {
    let end = section.range().end;
    let items = section.into_iter_with_offsets().collect::<Result<Vec<_>, _>>()?;
    let ends = items.iter().skip(1).map(|(offset, _)| *offset).chain([end]).collect::<Vec<_>>();
    Ok(items.into_iter().zip(ends).map(|((begin, item), end)| (item, &whole[begin..end])).collect())
}

fn module(bytes: &[u8]) -> Result<Module<'_>, Unknown> {
    let mut module = Module {
        bytes,
        types: Vec::new(),
        imports: Vec::new(),
        functions: Vec::new(),
        tables: Vec::new(),
        memories: Vec::new(),
        globals: Vec::new(),
        exports: HashMap::new(),
        elements: Vec::new(),
        data: Vec::new(),
        code: Vec::new(),
        has_start: false,
    };
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::TypeSection(section) => module.types = section.into_iter_err_on_gc_types().collect::<Result<_, _>>()?,
            Payload::ImportSection(section) => module.imports = section.into_imports().collect::<Result<_, _>>()?,
            Payload::FunctionSection(section) => module.functions = all(section)?,
            Payload::TableSection(section) => module.tables = all(section)?,
            Payload::MemorySection(section) => module.memories = all(section)?,
            Payload::GlobalSection(section) => module.globals = all(section)?,
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    module.exports.insert(export.name, (Sort::of_export(export.kind)?, export.index));
                }
            }
            Payload::ElementSection(section) => module.elements = all(section)?,
            Payload::DataSection(section) => module.data = all(section)?,
            Payload::CodeSectionEntry(body) => module.code.push(body),
            Payload::StartSection { .. } => module.has_start = true,
            Payload::Version { .. }
            | Payload::CodeSectionStart { .. }
            | Payload::DataCountSection { .. }
            | Payload::CustomSection(_)
            | Payload::End(_) => {}
            _ => return Err(Unknown::new("a module with a section of another kind")),
        }
    }
    Ok(module)
}

fn all<'a, T: FromReader<'a>>(section: SectionLimited<'a, T>) -> Result<Vec<T>, Unknown> {
    Ok(section.into_iter().collect::<Result<_, _>>()?)
}
