//! One core module out of many: numbers anew what they define, in the order of their instances, and leaves out what is constant.
//! Called by `flatten`.

use super::Unknown;
use super::code::Rewriter;
use super::links::{Definition, Links, module};
use super::parts::{BySort, Module, Parts, Sort};
use super::statics::{Statics, statics};
use std::collections::{BTreeSet, HashMap};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, EntityType, ExportSection, FunctionSection, GlobalSection, ImportSection,
    MemorySection, TableSection, TypeSection,
};
use wasmparser::{FuncType, Instance, TypeRef, ValType};

/// The merged module and how it is to be instantiated.
pub(super) struct Merged {
    pub(super) bytes: Vec<u8>,
    /// The component's core functions that it imports; each is named by its place here.
    pub(super) imports: Vec<u32>,
    /// What it exports, and as what.
    pub(super) exports: HashMap<(Sort, Definition), String>,
}

pub(super) fn merge(parts: &Parts<'_>, links: &Links<'_>, wanted: &BTreeSet<(Sort, Definition)>) -> Result<Merged, Unknown> {
    let mut types = Types::default();
    let mut inputs = Vec::new();
    for number in (0..parts.instances.len()).filter(|number| !links.late.contains(number)) {
        if let Instance::Instantiate { .. } = parts.instances[number] {
            let module = module(parts, number)?;
            let types = module.types.iter().map(|ty| types.number(ty)).collect::<Result<_, _>>()?;
            inputs.push(Input { number, module, space: &links.spaces[number], types });
        }
    }
    let statics = statics(&inputs, wanted)?;
    let numbers = Numbers::new(&inputs, wanted, &statics);
    let mut sections = Sections::default();
    for (place, function) in numbers.imports.iter().enumerate() {
        sections.imports.import("", &place.to_string(), EntityType::Function(type_of(*function, &inputs)?));
    }
    let (mut elements, mut data) = (0, 0);
    for input in &inputs {
        let mut rewriter = Rewriter { input, statics: &statics, numbers: &numbers, elements, data };
        sections.add(input, &mut rewriter)?;
        elements += input.module.elements.len() as u32;
        data += input.module.data.len() as u32;
    }
    let mut exports = HashMap::new();
    for (name, (sort, definition)) in wanted.iter().enumerate() {
        let name = name.to_string();
        sections.exports.export(&name, sort.kind(), numbers.place(*sort, *definition)?);
        exports.insert((*sort, *definition), name);
    }
    Ok(Merged { bytes: sections.module(&types), imports: numbers.imports, exports })
}

/// An instance that is merged.
pub(super) struct Input<'p, 'a> {
    pub(super) number: usize,
    pub(super) module: &'p Module<'a>,
    pub(super) space: &'p BySort<Definition>,
    /// The merged module's numbers of its types.
    pub(super) types: Vec<u32>,
}

impl Input<'_, '_> {
    pub(super) fn definition(&self, sort: Sort, index: u32) -> Result<Definition, Unknown> {
        self.space.of(sort).get(index as usize).copied().ok_or(Unknown::new("an index without a definition"))
    }

    pub(super) fn type_number(&self, index: u32) -> Result<u32, Unknown> {
        self.types.get(index as usize).copied().ok_or(Unknown::new("an index without a definition"))
    }

    /// What it defines itself of a sort.
    pub(super) fn own(&self, sort: Sort) -> impl Iterator<Item = Definition> {
        let instance = self.number;
        (0..self.module.count(sort)).map(move |number| Definition::Own { instance, number })
    }
}

/// The type of a function that is imported, as one of its importers says it.
fn type_of(function: u32, inputs: &[Input<'_, '_>]) -> Result<u32, Unknown> {
    for input in inputs {
        let types = input.module.imports.iter().filter_map(|import| match import.ty {
            TypeRef::Func(ty) => Some(ty),
            _ => None,
        });
        for (ty, definition) in types.zip(input.space.of(Sort::Function)) {
            if *definition == Definition::Canonical(function) {
                return input.type_number(ty);
            }
        }
    }
    Err(Unknown::new("an index without a definition"))
}

/// The merged module's types, each once.
#[derive(Default)]
struct Types<'a> {
    numbers: HashMap<&'a FuncType, u32>,
    section: TypeSection,
}

impl<'a> Types<'a> {
    fn number(&mut self, ty: &'a FuncType) -> Result<u32, Unknown> {
        if let Some(number) = self.numbers.get(ty) {
            return Ok(*number);
        }
        let names_a_type = |ty: &ValType| matches!(ty, ValType::Ref(ty) if ty.type_index().is_some());
        if ty.params().iter().chain(ty.results()).any(names_a_type) {
            return Err(Unknown::new("a reference to a type"));
        }
        let number = self.section.len();
        self.section.ty().func_type(&RoundtripReencoder.func_type(ty.clone()).map_err(|error| Unknown::Code(error.to_string()))?);
        self.numbers.insert(ty, number);
        Ok(number)
    }
}

/// The numbers of the merged module.
pub(super) struct Numbers {
    places: HashMap<(Sort, Definition), u32>,
    imports: Vec<u32>,
}

impl Numbers {
    fn new(inputs: &[Input<'_, '_>], wanted: &BTreeSet<(Sort, Definition)>, statics: &Statics) -> Self {
        let imported = inputs.iter().flat_map(|input| input.space.of(Sort::Function)).filter_map(|definition| match definition {
            Definition::Canonical(function) => Some(*function),
            Definition::Own { .. } => None,
        });
        let imports = imported.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        let mut places = HashMap::new();
        let functions = imports.iter().map(|function| Definition::Canonical(*function));
        let functions = functions.chain(inputs.iter().flat_map(|input| input.own(Sort::Function)));
        places.extend(functions.zip(0..).map(|(definition, place)| ((Sort::Function, definition), place)));
        for sort in [Sort::Table, Sort::Memory, Sort::Global] {
            let own = inputs.iter().flat_map(|input| input.own(sort));
            // Constant globals became constants where they are used.
            let kept = |global: &Definition| !statics.constants.contains_key(global) || wanted.contains(&(sort, *global));
            let own = own.filter(|definition| sort != Sort::Global || kept(definition));
            places.extend(own.zip(0..).map(|(definition, place)| ((sort, definition), place)));
        }
        Self { places, imports }
    }

    pub(super) fn place(&self, sort: Sort, definition: Definition) -> Result<u32, Unknown> {
        self.places.get(&(sort, definition)).copied().ok_or(Unknown::new("an index without a definition"))
    }
}

#[derive(Default)]
struct Sections {
    imports: ImportSection,
    functions: FunctionSection,
    tables: TableSection,
    memories: MemorySection,
    globals: GlobalSection,
    exports: ExportSection,
    elements: ElementSection,
    data: DataSection,
    code: CodeSection,
}

impl Sections {
    fn add(&mut self, input: &Input<'_, '_>, rewriter: &mut Rewriter<'_, '_, '_>) -> Result<(), Unknown> {
        let module = input.module;
        for ty in &module.functions {
            self.functions.function(input.type_number(*ty)?);
        }
        for table in &module.tables {
            rewriter.parse_table(&mut self.tables, table.clone())?;
        }
        for memory in &module.memories {
            self.memories.memory(rewriter.memory_type(*memory)?);
        }
        for (definition, global) in input.own(Sort::Global).zip(&module.globals) {
            if rewriter.numbers.place(Sort::Global, definition).is_ok() {
                rewriter.parse_global(&mut self.globals, global.clone())?;
            }
        }
        for element in &module.elements {
            rewriter.parse_element(&mut self.elements, element.clone())?;
        }
        for data in &module.data {
            rewriter.parse_data(&mut self.data, data.clone())?;
        }
        for body in &module.code {
            rewriter.parse_function_body(&mut self.code, body.clone())?;
        }
        Ok(())
    }

    fn module(self, types: &Types<'_>) -> Vec<u8> {
        let mut module = wasm_encoder::Module::new();
        let Self { imports, functions, tables, memories, globals, exports, elements, data, code } = self;
        module.section(&types.section).section(&imports).section(&functions).section(&tables).section(&memories).section(&globals);
        module.section(&exports).section(&elements).section(&DataCountSection { count: data.len() }).section(&code).section(&data);
        module.finish()
    }
}
