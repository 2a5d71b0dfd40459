//! What never changes once all modules are one: globals that nobody sets, tables that nobody writes to, functions that only call
//! another one. Called by `merge`.

use super::Unknown;
use super::links::Definition;
use super::merge::Input;
use super::parts::Sort;
use std::collections::{BTreeSet, HashMap, HashSet};
use wasmparser::{ConstExpr, ElementItems, ElementKind, FunctionBody, Operator};

#[derive(Default)]
pub(super) struct Statics {
    pub(super) constants: HashMap<Definition, Constant>,
    /// What is in tables after their start, with the merged module's numbers of the functions' types.
    tables: HashMap<Definition, HashMap<u32, (u32, Definition)>>,
    /// For a function that only calls another one with its own arguments that one.
    forwards: HashMap<Definition, Definition>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Constant {
    I32(i32),
    I64(i64),
}

/// A function that hands on to one that hands on, and so on; more of them would be a circle.
const MOST_FORWARDS: usize = 8;

pub(super) fn statics(inputs: &[Input<'_, '_>], wanted: &BTreeSet<(Sort, Definition)>) -> Result<Statics, Unknown> {
    let changing = changing(inputs, wanted)?;
    let mut statics = Statics::default();
    for input in inputs {
        for (definition, global) in input.own(Sort::Global).zip(&input.module.globals) {
            let is_set = global.ty.mutable && changing.contains(&(Sort::Global, definition));
            if !is_set && let Some(constant) = statics.constant(input, &global.init_expr)? {
                statics.constants.insert(definition, constant);
            }
        }
    }
    statics.fill_tables(inputs, &changing)?;
    for input in inputs {
        for ((definition, body), ty) in input.own(Sort::Function).zip(&input.module.code).zip(&input.module.functions) {
            let params = input.module.types.get(*ty as usize).map_or(0, |ty| ty.params().len());
            if let Some(target) = statics.forward(input, body, params)? {
                statics.forwards.insert(definition, target);
            }
        }
    }
    Ok(statics)
}

/// Globals and tables that code writes to, or that others may.
fn changing(inputs: &[Input<'_, '_>], wanted: &BTreeSet<(Sort, Definition)>) -> Result<HashSet<(Sort, Definition)>, Unknown> {
    let mut changing = wanted.iter().copied().collect::<HashSet<_>>();
    for input in inputs {
        for body in &input.module.code {
            for operator in body.get_operators_reader()? {
                let (sort, index) = match operator? {
                    Operator::GlobalSet { global_index } => (Sort::Global, global_index),
                    Operator::TableSet { table }
                    | Operator::TableGrow { table }
                    | Operator::TableFill { table }
                    | Operator::TableInit { table, .. }
                    | Operator::TableCopy { dst_table: table, .. } => (Sort::Table, table),
                    _ => continue,
                };
                changing.insert((sort, input.definition(sort, index)?));
            }
        }
    }
    Ok(changing)
}

impl Statics {
    /// Where a call of a function ends.
    pub(super) fn target(&self, function: Definition) -> Definition {
        let mut target = function;
        for _ in 0..MOST_FORWARDS {
            match self.forwards.get(&target) {
                Some(next) => target = *next,
                None => return target,
            }
        }
        target
    }

    /// The function in a slot of a table, where it is known and has the type that is called.
    pub(super) fn in_slot(&self, input: &Input<'_, '_>, table: u32, slot: i32, ty: u32) -> Result<Option<Definition>, Unknown> {
        let slots = self.tables.get(&input.definition(Sort::Table, table)?);
        let ty = input.type_number(ty)?;
        let found = slots.and_then(|slots| slots.get(&slot.cast_unsigned()));
        Ok(found.filter(|(found, _)| *found == ty).map(|(_, function)| *function))
    }

    /// The value of an expression of one instruction.
    fn constant(&self, input: &Input<'_, '_>, expression: &ConstExpr<'_>) -> Result<Option<Constant>, Unknown> {
        let mut operators = expression.get_operators_reader();
        let constant = self.constant_of(input, &operators.read()?)?;
        Ok(constant.filter(|_| operators.is_end_then_eof()))
    }

    fn constant_of(&self, input: &Input<'_, '_>, operator: &Operator<'_>) -> Result<Option<Constant>, Unknown> {
        Ok(match operator {
            Operator::I32Const { value } => Some(Constant::I32(*value)),
            Operator::I64Const { value } => Some(Constant::I64(*value)),
            Operator::GlobalGet { global_index } => self.constants.get(&input.definition(Sort::Global, *global_index)?).copied(),
            _ => None,
        })
    }

    /// In the order in which segments are applied: a later one overwrites.
    fn fill_tables(&mut self, inputs: &[Input<'_, '_>], changing: &HashSet<(Sort, Definition)>) -> Result<(), Unknown> {
        let types = inputs.iter().flat_map(|input| {
            let types = input.module.functions.iter().filter_map(|ty| input.types.get(*ty as usize).copied());
            input.own(Sort::Function).zip(types)
        });
        let types = types.collect::<HashMap<_, _>>();
        let mut unknown = HashSet::new();
        for input in inputs {
            for element in &input.module.elements {
                let ElementKind::Active { table_index, offset_expr } = &element.kind else { continue };
                let table = input.definition(Sort::Table, table_index.unwrap_or(0))?;
                let (Some(Constant::I32(offset)), ElementItems::Functions(functions)) =
                    (self.constant(input, offset_expr)?, &element.items)
                else {
                    unknown.insert(table);
                    continue;
                };
                let slots = self.tables.entry(table).or_default();
                for (slot, function) in (offset.cast_unsigned()..).zip(functions.clone()) {
                    let function = input.definition(Sort::Function, function?)?;
                    match types.get(&function) {
                        Some(ty) => slots.insert(slot, (*ty, function)),
                        None => slots.remove(&slot),
                    };
                }
            }
        }
        self.tables.retain(|table, _| !unknown.contains(table) && !changing.contains(&(Sort::Table, *table)));
        Ok(())
    }

    /// The function that a body calls, if that is all it does.
    fn forward(&self, input: &Input<'_, '_>, body: &FunctionBody<'_>, params: usize) -> Result<Option<Definition>, Unknown> {
        if body.get_locals_reader()?.get_count() > 0 {
            return Ok(None);
        }
        let mut operators = body.get_operators_reader()?;
        for param in 0..params {
            if !matches!(operators.read()?, Operator::LocalGet { local_index } if local_index as usize == param) {
                return Ok(None);
            }
        }
        let first = operators.read()?;
        let target = match (&first, self.constant_of(input, &first)?) {
            (Operator::Call { function_index }, _) => Some(input.definition(Sort::Function, *function_index)?),
            (_, Some(Constant::I32(slot))) => match operators.read()? {
                Operator::CallIndirect { type_index, table_index } => self.in_slot(input, table_index, slot, type_index)?,
                _ => None,
            },
            _ => None,
        };
        Ok(target.filter(|_| operators.is_end_then_eof()))
    }
}
