"""Makes the guest's copy of the engine: quickjs.c with the changes below, each of which must fit exactly as often as it
says, so that a new version of the engine fails the build instead of quietly losing one.

usage: patch_engine.py ENGINE_FOLDER OUTPUT_FILE
"""

import pathlib
import sys

from engine_messages import MESSAGES

# (what it is for, text in the engine, replacement, number of places)
CHANGES = []


def change(reason, old, new, count=1):
    CHANGES.append((reason, old, new, count))


change(
    "the guest's own parts of the engine",
    "#define JS_BACKTRACE_FLAG_SKIP_FIRST_LEVEL (1 << 0)\n",
    '#include "engine_parts.h"\n\n#define JS_BACKTRACE_FLAG_SKIP_FIRST_LEVEL (1 << 0)\n',
)

# Out of memory ends the program: what is left is too little to run handlers in. All other InternalErrors are ordinary
# errors, which a program can catch.
change(
    "out of memory ends the program",
    "    if (!rt->in_out_of_memory) {\n        rt->in_out_of_memory = true;\n"
    '        JS_ThrowInternalError(ctx, "out of memory");\n        rt->in_out_of_memory = false;\n    }\n'
    "    return JS_EXCEPTION;",
    "    (void)rt;\n    guest_out_of_memory();",
)
change(
    "internal errors can be caught",
    "        if (JS_##uc##_ERROR == JS_INTERNAL_ERROR)                       \\\n"
    "            js_set_uncatchable_error(val, true);                        \\\n",
    "",
)
change(
    "internal errors can be caught",
    "        if (JS_##uc##_ERROR == JS_INTERNAL_ERROR)                       \\\n"
    "            js_set_uncatchable_error(ctx->rt->current_exception, true); \\\n",
    "",
)
change(
    "internal errors can be caught",
    "    case JS_INTERNAL_ERROR:\n        js_set_uncatchable_error(obj, true);\n        // fallthru\n",
    "",
)
change("as in V8", 'JS_ThrowInternalError(ctx, "string too long")', 'JS_ThrowRangeError(ctx, "Invalid string length")')
change("as in V8", 'JS_ThrowRangeError(ctx, "string too long")', 'JS_ThrowRangeError(ctx, "Invalid string length")')

# CommonJS wrappers stand on a line before the first one.
change("scripts may start at line 0", "if (options->line_num != 0)", "if (options->line_num >= 0)")

# Stack traces in V8's form, written here rather than by a JavaScript Error.prepareStackTrace because that doubles the
# cost of a throw.
change(
    "stack traces start with the error itself",
    "        js_dbuf_init(ctx, &dbuf);\n        if (stack_trace_limit == 0)\n            goto done;\n",
    "        js_dbuf_init(ctx, &dbuf);\n        guest_stack_header(ctx, &dbuf, error_obj);\n"
    "        if (stack_trace_limit == 0)\n            goto done;\n",
)
change(
    "a frame is a line that begins with a line break",
    '            dbuf_printf(&dbuf, "    at %s", filename);\n'
    "            if (line_num != -1)\n"
    '                dbuf_printf(&dbuf, ":%d:%d", line_num, col_num);\n'
    "            dbuf_putc(&dbuf, '\\n');\n",
    '            dbuf_printf(&dbuf, "\\n    at %s", filename);\n'
    "            if (line_num != -1)\n"
    '                dbuf_printf(&dbuf, ":%d:%d", line_num, col_num);\n',
)
change(
    "frames in V8's form, and none of the prelude's",
    "            /* func_name_str is UTF-8 encoded if needed */\n"
    "            func_name_str = get_func_name(ctx, sf->cur_func);\n",
    "            if (!guest_stack_frame(ctx, &dbuf, sf, b)) {\n"
    "                if (backtrace_barrier)\n                    break;\n"
    "                continue;\n            }\n"
    "        }\n        if (0) {\n"
    "            func_name_str = get_func_name(ctx, sf->cur_func);\n",
)

# Columns as V8 has them: a call is where its callee's last name is, `new` where it stands, a property where its name is.
change(
    "remember where the callee is",
    "    bool accept_lparen = (parse_flags & PF_POSTFIX_CALL) != 0;\n\n    call_type = FUNC_CALL_NORMAL;\n",
    "    bool accept_lparen = (parse_flags & PF_POSTFIX_CALL) != 0;\n"
    "    int callee_line = s->token.line_num, callee_col = s->token.col_num;\n\n"
    "    call_type = FUNC_CALL_NORMAL;\n",
)
change(
    "a call's position",
    "        parse_func_call:\n            if (next_token(s))\n                return -1;\n",
    "        parse_func_call:\n"
    "            if (callee_line < 0) {\n"
    "                callee_line = s->token.line_num;\n"
    "                callee_col = s->token.col_num;\n"
    "            }\n"
    "            if (next_token(s))\n                return -1;\n",
)
change(
    "a call's position comes after its arguments' positions",
    "            emit_func_call:\n                switch(opcode) {\n",
    "            emit_func_call:\n                emit_source_loc_at(s, callee_line, callee_col);\n                switch(opcode) {\n",
)
change(
    "a call's position comes after its arguments' positions",
    "                /* apply function call */\n                switch(opcode) {\n",
    "                /* apply function call */\n"
    "                emit_source_loc_at(s, callee_line, callee_col);\n                switch(opcode) {\n",
)
change(
    "the result of a call has no name",
    "            call_type = FUNC_CALL_NORMAL;\n        } else if (s->token.val == '.') {\n",
    "            call_type = FUNC_CALL_NORMAL;\n            callee_line = -1;\n        } else if (s->token.val == '.') {\n",
)
change(
    "a property's position",
    "        parse_property:\n",
    "        parse_property:\n            callee_line = s->token.line_num;\n            callee_col = s->token.col_num;\n",
)
change(
    "a property's position",
    "                    emit_op(s, OP_get_field);\n                    emit_atom(s, s->token.u.ident.atom);\n"
    "                }\n            }\n            if (next_token(s))\n",
    "                    emit_source_loc(s);\n"
    "                    emit_op(s, OP_get_field);\n                    emit_atom(s, s->token.u.ident.atom);\n"
    "                }\n            }\n            if (next_token(s))\n",
)
change(
    "an element has no name",
    "                emit_op(s, OP_get_super_value);\n            } else {\n                emit_op(s, OP_get_array_el);\n            }\n",
    "                emit_op(s, OP_get_super_value);\n            } else {\n                emit_op(s, OP_get_array_el);\n            }\n"
    "            callee_line = -1;\n",
)

# `x.y is not a function`, with the words of the program.
change(
    "say what is not a function",
    "            return JS_ThrowTypeErrorNotAFunction(caller_ctx);\n",
    "            return guest_throw_not_callable(caller_ctx, func_obj, \"function\");\n",
)
change(
    "say what is not a constructor",
    "        return JS_ThrowTypeErrorNotAConstructor(ctx, func_obj);\n"
    "    if (unlikely(p->class_id != JS_CLASS_BYTECODE_FUNCTION)) {\n",
    "        return guest_throw_not_callable(ctx, func_obj, \"constructor\");\n"
    "    if (unlikely(p->class_id != JS_CLASS_BYTECODE_FUNCTION)) {\n",
)
change(
    "say what is not a constructor",
    "            return JS_ThrowTypeErrorNotAFunction(ctx);\n        }\n"
    "        return call_func(ctx, func_obj, new_target, argc,\n",
    "            return guest_throw_not_callable(ctx, func_obj, \"constructor\");\n        }\n"
    "        return call_func(ctx, func_obj, new_target, argc,\n",
)

# AsyncLocalStorage: a promise reaction runs in the context that was the current one when it was added.
change(
    "reactions remember their context",
    "    JSValue resolving_funcs[2];\n    JSValue handler;\n} JSPromiseReactionData;",
    "    JSValue resolving_funcs[2];\n    JSValue handler;\n    JSValue context;\n} JSPromiseReactionData;",
)
change(
    "reactions remember their context",
    "        rd->handler = js_dup(handler);\n",
    "        rd->handler = js_dup(handler);\n        rd->context = js_dup(guest_async_context);\n",
)
change(
    "reactions remember their context",
    "    JS_FreeValueRT(rt, rd->handler);\n    js_free_rt(rt, rd);\n",
    "    JS_FreeValueRT(rt, rd->handler);\n    JS_FreeValueRT(rt, rd->context);\n    js_free_rt(rt, rd);\n",
)
change(
    "reactions remember their context",
    "            JS_MarkValue(rt, rd->handler, mark_func);\n",
    "            JS_MarkValue(rt, rd->handler, mark_func);\n            JS_MarkValue(rt, rd->context, mark_func);\n",
)
change("the context is an argument of the job", "    JSValueConst args[5];\n\n    if (!s ||", "    JSValueConst args[6];\n\n    if (!s ||")
change("the context is an argument of the job", "        JSValueConst args[5];\n        call_promise", "        JSValueConst args[6];\n        call_promise")
change(
    "the context is an argument of the job",
    "JS_EnqueueJob(ctx, promise_reaction_job, 5, args)",
    "args[5] = rd->context;\n        JS_EnqueueJob(ctx, promise_reaction_job, 6, args)",
    2,
)
change("the context is an argument of the job", "    assert(argc == 5);\n    handler = argv[2];", "    assert(argc == 6);\n    handler = argv[2];")
change(
    "reactions run in their context",
    "    if (JS_IsUndefined(handler)) {\n        if (is_reject) {\n            res = JS_Throw(ctx, js_dup(arg));",
    "    JSValue outer_context = guest_async_context;\n"
    "    guest_async_context = js_dup(argv[5]);\n"
    "    if (JS_IsUndefined(handler)) {\n        if (is_reject) {\n            res = JS_Throw(ctx, js_dup(arg));",
)
change(
    "reactions run in their context",
    "        res2 = JS_UNDEFINED;\n    }\n    JS_FreeValue(ctx, res);\n\n    return res2;\n",
    "        res2 = JS_UNDEFINED;\n    }\n    JS_FreeValue(ctx, res);\n"
    "    JS_FreeValue(ctx, guest_async_context);\n    guest_async_context = outer_context;\n\n    return res2;\n",
)

for old, new in MESSAGES:
    change("V8's wording", old, new, None)

ADDED = """
/* What the guest needs and the engine's interface does not offer. */

void JS_SetRandomSeed(JSContext *ctx, uint64_t seed)
{
    ctx->random_state = seed ? seed : 1;
}

JSModuleDef *JS_FindLoadedModule(JSContext *ctx, const char *name)
{
    JSAtom atom = JS_NewAtom(ctx, name);
    JSModuleDef *module = js_find_loaded_module_by_name(ctx, atom);

    JS_FreeAtom(ctx, atom);
    return module;
}

/* What a Map or Set iterator would still give: [entries, whether they are keys and values in turn]. Undefined for
   anything else. */
JSValue JS_PreviewIterator(JSContext *ctx, JSValueConst value)
{
    JSMapIteratorData *iterator = NULL;
    JSClassID id = JS_GetClassID(value);
    struct list_head *at;
    uint32_t count = 0;

    if (id == JS_CLASS_MAP_ITERATOR || id == JS_CLASS_SET_ITERATOR)
        iterator = JS_GetOpaque(value, id);
    if (!iterator)
        return JS_UNDEFINED;
    bool is_map = id == JS_CLASS_MAP_ITERATOR, pairs = iterator->kind == JS_ITERATOR_KIND_KEY_AND_VALUE;
    JSValue entries = JS_NewArray(ctx), result = JS_NewArray(ctx);
    if (!JS_IsUndefined(iterator->obj)) {
        JSMapState *map = JS_GetOpaque(iterator->obj, is_map ? JS_CLASS_MAP : JS_CLASS_SET);
        for (at = iterator->cur_record ? iterator->cur_record->link.next : map->records.next; at != &map->records;
             at = at->next) {
            JSMapRecord *record = list_entry(at, JSMapRecord, link);
            if (record->empty)
                continue;
            if (iterator->kind != JS_ITERATOR_KIND_VALUE || !is_map)
                JS_SetPropertyUint32(ctx, entries, count++, js_dup(record->key));
            if (pairs || (iterator->kind == JS_ITERATOR_KIND_VALUE && is_map))
                JS_SetPropertyUint32(ctx, entries, count++, js_dup(is_map ? record->value : record->key));
        }
    }
    JS_SetPropertyUint32(ctx, result, 0, entries);
    JS_SetPropertyUint32(ctx, result, 1, js_bool(pairs));
    return result;
}
"""


def main():
    folder, output = map(pathlib.Path, sys.argv[1:])
    source = (folder / "quickjs.c").read_text()
    for reason, old, new, count in CHANGES:
        found = source.count(old)
        if found == 0 or count is not None and found != count:
            sys.exit(f"the engine has changed: found {found} times, not {count or 'any'} ({reason}):\n{old}")
        source = source.replace(old, new)
    output.write_text(source + ADDED)


main()
