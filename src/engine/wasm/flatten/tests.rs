//! Small components, run as they are and flattened.

use super::{flatten, parts};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

/// Two modules over one memory and one table, addresses and functions passed as globals, a function handed on in a circle, and
/// a host's function that needs the memory, so that it comes last. `AFTER` stands for more instances, `EXTRA` for more of the library.
const LINKED: &str = r#"
(component
  (import "told" (func $told (param "text" string)))
  (core module $Shim
    (type $t (func (param i32 i32)))
    (table (export "$imports") 1 1 funcref)
    (func (export "0") (param i32 i32) local.get 0 local.get 1 i32.const 0 call_indirect (type $t)))
  (core module $Main
    (type $f (func (param i32) (result i32)))
    (memory (export "memory") 1)
    (table (export "table") 8 funcref)
    (global (export "base") i32 (i32.const 3))
    (global (export "got") (mut i32) (i32.const 4))
    (global (export "text") (mut i32) (i32.const 64))
    (global (export "stack") (mut i32) (i32.const 1000))
    (func (export "triple") (param i32) (result i32) local.get 0 i32.const 5 call_indirect (type $f))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (data (i32.const 64) "hello"))
  (core module $Library
    (type $f (func (param i32) (result i32)))
    (import "env" "memory" (memory 0))
    (import "env" "table" (table 1 funcref))
    (import "env" "base" (global $base i32))
    (import "env" "stack" (global $stack (mut i32)))
    (import "env" "triple" (func $triple (param i32) (result i32)))
    (import "got" "double" (global $double (mut i32)))
    (import "got" "text" (global $text (mut i32)))
    (import "host" "told" (func $told (param i32 i32)))
    (func $double_it (param i32) (result i32) local.get 0 i32.const 2 i32.mul)
    (func $triple_it (export "triple_it") (param i32) (result i32) local.get 0 i32.const 3 i32.mul)
    (func (export "run") (result i32)
      global.get $stack i32.const 16 i32.sub global.set $stack
      global.get $text i32.const 5 call $told
      i32.const 7 global.get $double call_indirect (type $f)
      call $triple
      global.get $stack i32.add
      global.get $text i32.load8_u i32.add)
    (elem (global.get $base) func $triple_it $double_it)
    EXTRA)
  (core module $Init
    (import "env" "table" (table 1 funcref))
    (import "library" "triple_it" (func $triple_it (param i32) (result i32)))
    (elem (i32.const 5) func $triple_it))
  (core module $Fixup
    (import "" "$imports" (table 1 funcref))
    (import "" "0" (func $f (param i32 i32)))
    (elem (i32.const 0) func $f))
  (core instance $shim (instantiate $Shim))
  (core instance $main (instantiate $Main))
  (alias core export $main "memory" (core memory $memory))
  (alias core export $main "table" (core table $table))
  (alias core export $main "base" (core global $base))
  (alias core export $main "stack" (core global $stack))
  (alias core export $main "got" (core global $got))
  (alias core export $main "text" (core global $text))
  (alias core export $main "triple" (core func $triple))
  (core instance $env (export "memory" (memory $memory)) (export "table" (table $table)) (export "base" (global $base))
    (export "stack" (global $stack)) (export "triple" (func $triple)))
  (core instance $globals (export "double" (global $got)) (export "text" (global $text)))
  (alias core export $shim "0" (core func $told_early))
  (core instance $host (export "told" (func $told_early)))
  (core instance $library (instantiate $Library (with "env" (instance $env)) (with "got" (instance $globals)) (with "host" (instance $host))))
  (alias core export $main "realloc" (core func $realloc))
  (core func $told_late (canon lower (func $told) (memory $memory) (realloc $realloc)))
  (alias core export $shim "$imports" (core table $imports))
  (core instance $fix (export "$imports" (table $imports)) (export "0" (func $told_late)))
  (core instance (instantiate $Fixup (with "" (instance $fix))))
  (core instance (instantiate $Init (with "env" (instance $env)) (with "library" (instance $library))))
  AFTER
  (alias core export $library "run" (core func $run))
  (func (export "run") (result u32) (canon lift (core func $run))))
"#;

/// `7 * 2 * 3`, the stack pointer after a push, and a letter.
const RESULT: u32 = 42 + (1000 - 16) + b'h' as u32;

fn linked(extra: &str, after: &str) -> Vec<u8> {
    wat::parse_str(LINKED.replace("EXTRA", extra).replace("AFTER", after)).unwrap()
}

/// What a component returns, and what it told the host.
fn run(component: &[u8]) -> (u32, Vec<String>) {
    let engine = Engine::default();
    let component = Component::new(&engine, component).unwrap();
    let mut linker = Linker::<Vec<String>>::new(&engine);
    linker
        .root()
        .func_wrap("told", |mut store: wasmtime::StoreContextMut<'_, Vec<String>>, (text,): (String,)| {
            store.data_mut().push(text);
            Ok(())
        })
        .unwrap();
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &component).unwrap();
    let run = instance.get_typed_func::<(), (u32,)>(&mut store, "run").unwrap();
    let (result,) = run.call(&mut store, ()).unwrap();
    (result, store.into_data())
}

#[test]
fn many_modules_become_one_and_the_last() {
    let component = linked("", "");
    let expected = (RESULT, vec!["hello".to_owned()]);
    assert_eq!(run(&component), expected);
    let flat = flatten(&component).unwrap();
    assert_eq!(run(&flat), expected);
    assert_eq!(parts::parts(&component).unwrap().modules.len(), 5);
    assert_eq!(parts::parts(&flat).unwrap().modules.len(), 2);
}

#[test]
fn the_same_input_makes_the_same() {
    assert_eq!(flatten(&linked("", "")).unwrap(), flatten(&linked("", "")).unwrap());
    let again = flatten(&flatten(&linked("", "")).unwrap()).unwrap();
    assert_eq!(run(&again), run(&linked("", "")));
}

/// What nobody writes to is written down: the one global that is left is the one that is set, and calls are direct.
#[test]
fn what_is_constant_is_written_down() {
    let flat = flatten(&linked("", "")).unwrap();
    let parts = parts::parts(&flat).unwrap();
    assert_eq!(parts.modules[0].globals.len(), 1);
    let calls = |body: &wasmparser::FunctionBody<'_>| {
        let operators = body.get_operators_reader().unwrap().into_iter().map(Result::unwrap);
        operators.filter(|operator| matches!(operator, wasmparser::Operator::CallIndirect { .. })).count()
    };
    // The way to the host, whose function comes later.
    assert_eq!(parts.modules[0].code.iter().map(calls).sum::<usize>(), 1);
}

/// A table that is written to while the program runs keeps its calls.
#[test]
fn what_changes_is_looked_up() {
    let extra = r#"(func (export "swap") i32.const 4 ref.null func table.set 0)"#;
    let component = linked(extra, "");
    let flat = flatten(&component).unwrap();
    assert_eq!(run(&flat), run(&component));
    let parts = parts::parts(&flat).unwrap();
    let body = parts.modules[0].code.iter().map(|body| body.get_operators_reader().unwrap().into_iter().map(Result::unwrap));
    let indirect = body.flatten().filter(|operator| matches!(operator, wasmparser::Operator::CallIndirect { .. })).count();
    assert_eq!(indirect, 3);
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let cases = [
        (linked("(func $go) (start $go)", ""), "it has a module with a start function"),
        (linked("(tag)", ""), "it has a module with a section of another kind"),
        (
            linked(
                "",
                r#"(core module $More (import "env" "table" (table 1 funcref)) (func $f) (elem (i32.const 0) func $f))
                (core instance (instantiate $More (with "env" (instance (export "table" (table $imports))))))"#,
            ),
            "it has a segment that must come after a later module's",
        ),
        (wat::parse_str("(module)").unwrap(), "it has no component"),
        (wat::parse_str("(component (core type (func)))").unwrap(), "it has a section of another kind"),
    ];
    for (component, expected) in cases {
        assert_eq!(flatten(&component).unwrap_err().to_string(), expected);
    }
    assert!(flatten(b"\0asm\x0d\0\x01\0\xff").unwrap_err().to_string().starts_with("it can't be read: "));
}
