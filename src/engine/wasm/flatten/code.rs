//! Code of one of the merged modules with the numbers of the merged one: what was looked up at run time and can be known is
//! written down. Called by `merge`.

use super::Unknown;
use super::merge::{Input, Numbers};
use super::parts::Sort;
use super::statics::{Constant, Statics};
use wasm_encoder::Instruction;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasmparser::{FunctionBody, Operator};

pub(super) struct Rewriter<'r, 'p, 'a> {
    pub(super) input: &'r Input<'p, 'a>,
    pub(super) statics: &'r Statics,
    pub(super) numbers: &'r Numbers,
    /// Segments of the modules before it.
    pub(super) elements: u32,
    pub(super) data: u32,
}

type Rewritten<T> = Result<T, Error<Unknown>>;

impl Rewriter<'_, '_, '_> {
    fn place(&self, sort: Sort, index: u32) -> Rewritten<u32> {
        let definition = self.input.definition(sort, index).map_err(Error::UserError)?;
        self.numbers.place(sort, definition).map_err(Error::UserError)
    }

    /// A call past functions that only hand it on.
    fn callee(&self, index: u32) -> Rewritten<u32> {
        let definition = self.input.definition(Sort::Function, index).map_err(Error::UserError)?;
        self.numbers.place(Sort::Function, self.statics.target(definition)).map_err(Error::UserError)
    }

    /// The function in a slot of a table, where it is known and has the type that is called.
    fn callee_in(&self, table: u32, slot: i32, ty: u32) -> Rewritten<Option<u32>> {
        let target = self.statics.in_slot(self.input, table, slot, ty).map_err(Error::UserError)?;
        let place = |definition| self.numbers.place(Sort::Function, definition).map_err(Error::UserError);
        target.map(|definition| place(self.statics.target(definition))).transpose()
    }
}

impl Reencode for Rewriter<'_, '_, '_> {
    type Error = Unknown;

    fn type_index(&mut self, index: u32) -> Rewritten<u32> {
        self.input.type_number(index).map_err(Error::UserError)
    }

    fn function_index(&mut self, index: u32) -> Rewritten<u32> {
        self.place(Sort::Function, index)
    }

    fn table_index(&mut self, index: u32) -> Rewritten<u32> {
        self.place(Sort::Table, index)
    }

    fn memory_index(&mut self, index: u32) -> Rewritten<u32> {
        self.place(Sort::Memory, index)
    }

    fn global_index(&mut self, index: u32) -> Rewritten<u32> {
        self.place(Sort::Global, index)
    }

    fn element_index(&mut self, index: u32) -> Rewritten<u32> {
        Ok(self.elements + index)
    }

    fn data_index(&mut self, index: u32) -> Rewritten<u32> {
        Ok(self.data + index)
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Rewritten<Instruction<'a>> {
        match operator {
            Operator::GlobalGet { global_index } => {
                let definition = self.input.definition(Sort::Global, global_index).map_err(Error::UserError)?;
                match self.statics.constants.get(&definition) {
                    Some(Constant::I32(value)) => Ok(Instruction::I32Const(*value)),
                    Some(Constant::I64(value)) => Ok(Instruction::I64Const(*value)),
                    None => utils::instruction(self, operator),
                }
            }
            Operator::Call { function_index } => Ok(Instruction::Call(self.callee(function_index)?)),
            Operator::ReturnCall { function_index } => Ok(Instruction::ReturnCall(self.callee(function_index)?)),
            _ => utils::instruction(self, operator),
        }
    }

    /// As usual, but a call through a table at a constant place becomes a call.
    fn parse_function_body(&mut self, code: &mut wasm_encoder::CodeSection, body: FunctionBody<'_>) -> Rewritten<()> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut reader = body.get_operators_reader()?;
        let mut constant = None;
        while !reader.eof() {
            let operator = reader.read()?;
            if let Some(slot) = constant.take() {
                if let Operator::CallIndirect { type_index, table_index } = operator
                    && let Some(callee) = self.callee_in(table_index, slot, type_index)?
                {
                    function.instruction(&Instruction::Call(callee));
                    continue;
                }
                function.instruction(&Instruction::I32Const(slot));
            }
            match self.instruction(operator)? {
                Instruction::I32Const(value) => constant = Some(value),
                instruction => _ = function.instruction(&instruction),
            }
        }
        code.function(&function);
        Ok(())
    }
}
