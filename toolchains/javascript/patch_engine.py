"""Makes the guest's copy of the engine: quickjs.c and libregexp.c with the changes below, each of which must fit exactly
as often as it says, so that a new version of the engine fails the build instead of quietly losing one.

usage: patch_engine.py ENGINE_FOLDER OUTPUT_FOLDER
"""

import pathlib
import re
import sys

from engine_messages import MESSAGES, PATTERN_MESSAGES

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

# What is printed goes through here, and is ASCII most of the time.
change(
    "characters that are not ASCII are counted in eight at once",
    "        count = 0;\n        for (pos = 0; pos < len; pos++) {\n            count += src[pos] >> 7;\n        }\n"
    "        if (count == 0 && str->kind == JS_STRING_KIND_NORMAL) {",
    "        count = 0;\n        for (pos = 0; len - pos >= 8; pos += 8) {\n            uint64_t eight;\n"
    "            memcpy(&eight, src + pos, 8);\n            count += __builtin_popcountll(eight & 0x8080808080808080);\n        }\n"
    "        for (; pos < len; pos++)\n            count += src[pos] >> 7;\n"
    "        if (count == 0 && str->kind == JS_STRING_KIND_NORMAL) {",
)

# CommonJS wrappers stand on a line before the first one.
change("scripts may start at line 0", "if (options->line_num != 0)", "if (options->line_num >= 0)")

# Stack traces in V8's form, written here rather than by a JavaScript Error.prepareStackTrace because that doubles the
# cost of a throw.
change(
    "stack traces start with the error itself; for real errors that is added when the stack is first looked at",
    "        js_dbuf_init(ctx, &dbuf);\n        if (stack_trace_limit == 0)\n            goto done;\n",
    "        js_dbuf_init(ctx, &dbuf);\n"
    "        if (has_filter_func || !can_store_error_stack(error_obj))\n"
    "            guest_stack_header(ctx, &dbuf, error_obj);\n"
    "        if (stack_trace_limit == 0)\n            goto done;\n",
)
change(
    "stack traces start with the error itself",
    "    if (p->class_id != JS_CLASS_ERROR)\n        return JS_UNDEFINED;\n    return js_dup(p->u.object_data);\n",
    "    if (p->class_id != JS_CLASS_ERROR)\n        return JS_UNDEFINED;\n"
    "    guest_complete_stack(ctx, this_val, &p->u.object_data);\n    return js_dup(p->u.object_data);\n",
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

change(
    "say what is not a function",
    "    JS_ThrowTypeErrorNotAFunction(ctx);\n    return -1;\n}\n",
    "    guest_throw_bad_value(ctx, obj, \"%s is not a function\");\n    return -1;\n}\n",
)
change(
    "say what is not iterable",
    "    JSValue method, ret, sync_iter;\n\n    if (is_async) {",
    "    JSValue method, ret, sync_iter;\n\n"
    "    if (JS_IsUndefined(obj) || JS_IsNull(obj))\n"
    "        return guest_throw_bad_value(ctx, obj, \"%s is not iterable (cannot read property Symbol(Symbol.iterator))\");\n"
    "    if (is_async) {",
)
change(
    "say what is not iterable",
    "        JS_FreeValue(ctx, method);\n        return JS_ThrowTypeError(ctx, \"value is not iterable\");",
    "        JS_FreeValue(ctx, method);\n        return guest_throw_bad_value(ctx, obj, \"%s is not iterable\");",
)
change(
    "say what cannot be taken apart",
    "                sf->cur_pc = pc;\n                ret_val = JS_ToObject(ctx, sp[-1]);\n",
    "                sf->cur_pc = pc;\n"
    "                if (JS_IsUndefined(sp[-1]) || JS_IsNull(sp[-1]))\n"
    "                    ret_val = JS_ThrowTypeError(ctx, \"Cannot destructure '%1$s' as it is %1$s.\",\n"
    "                                                JS_IsNull(sp[-1]) ? \"null\" : \"undefined\");\n"
    "                else\n"
    "                ret_val = JS_ToObject(ctx, sp[-1]);\n",
)
change(
    "a second super() has its own message",
    "\"'this' can be initialized only once\"",
    '"Super constructor may only be called once"',
)
change(
    "constants have their own message",
    "                    JS_ThrowTypeErrorReadOnly(ctx, JS_PROP_THROW, atom);\n                else\n"
    "                if (type == JS_THROW_VAR_REDECL)",
    "                    JS_ThrowTypeError(ctx, \"Assignment to constant variable.\");\n                else\n"
    "                if (type == JS_THROW_VAR_REDECL)",
)
change(
    "`this` before super() has its own message",
    "    char buf[ATOM_GET_STR_BUF_SIZE];\n    return JS_ThrowReferenceError(ctx, \"%s is not initialized\",\n",
    "    char buf[ATOM_GET_STR_BUF_SIZE];\n"
    "    if (name == JS_ATOM_this)\n"
    "        return JS_ThrowReferenceError(ctx, \"Must call super constructor in derived class before accessing 'this' or returning from derived constructor\");\n"
    "    return JS_ThrowReferenceError(ctx, \"Cannot access '%s' before initialization\",\n",
)
change(
    "say what cannot be added",
    'JS_ThrowTypeErrorOrFalse(ctx, flags, "object is not extensible")',
    "guest_throw_not_extensible(ctx, flags, prop)",
    3,
)
change(
    "say what cannot be deleted",
    'JS_ThrowTypeError(ctx, "could not delete property")',
    "JS_ThrowTypeErrorAtom(ctx, \"Cannot delete property '%s' of #<Object>\", prop)",
)
change(
    "`in` names both sides",
    "    if (JS_VALUE_GET_TAG(op2) != JS_TAG_OBJECT) {\n        JS_ThrowTypeError(ctx, \"invalid 'in' operand\");",
    "    if (JS_VALUE_GET_TAG(op2) != JS_TAG_OBJECT) {\n        guest_throw_bad_in(ctx, op1, op2);",
)
change(
    "`instanceof` tells objects from others",
    "JS_ThrowTypeError(ctx, \"invalid 'instanceof' right operand\")",
    "JS_ThrowTypeError(ctx, JS_IsObject(obj) ? \"Right-hand side of 'instanceof' is not callable\"\n"
    "                                               : \"Right-hand side of 'instanceof' is not an object\")",
    None,
)
change(
    "a class is named",
    "JS_ThrowTypeError(ctx, \"class constructors must be invoked with 'new'\")",
    "guest_throw_class_call(ctx, sf->cur_func)",
)
for method, test, range_text in [
    ("toFixed() digits", "        return JS_EXCEPTION;\n    if (f < 0 || f > 100)\n        ", "0 and 100"),
    ("toExponential()", "    } else {\n        if (f < 0 || f > 100)\n            ", "0 and 100"),
    ("toPrecision()", "    if (p < 1 || p > 100)\n        ", "1 and 100"),
]:
    change(
        "digits are named",
        test + 'return JS_ThrowRangeError(ctx, "invalid number of digits")',
        test + f'return JS_ThrowRangeError(ctx, "{method} argument must be between {range_text}")',
    )
change(
    "the count is named",
    'JS_ThrowRangeError(ctx, "invalid repeat count")',
    'JS_ThrowRangeError(ctx, val < 0 && val > -1e15 ? "Invalid count value: %.0f" : "Invalid count value: %g", val)',
)
change(
    "the number is named",
    'JS_ThrowRangeError(ctx, "cannot convert to BigInt: not an integer")',
    'JS_ThrowRangeError(ctx, "The number %.17g cannot be converted to a BigInt because it is not an integer", d)',
)
change(
    "the text is named",
    "    val = JS_StringToBigInt(ctx, val);\n    if (JS_VALUE_IS_NAN(val))\n"
    '        return JS_ThrowSyntaxError(ctx, "invalid BigInt literal");\n',
    "    JSValue text = js_dup(val);\n    val = JS_StringToBigInt(ctx, val);\n    if (JS_VALUE_IS_NAN(val)) {\n"
    "        const char *shown = JS_ToCString(ctx, text);\n"
    '        JS_ThrowSyntaxError(ctx, "Cannot convert %s to a BigInt", shown ? shown : "");\n'
    "        JS_FreeCString(ctx, shown);\n        val = JS_EXCEPTION;\n    }\n    JS_FreeValue(ctx, text);\n",
)
change(
    "the flags are named",
    "                JS_FreeCString(ctx, str);\n"
    '                return JS_ThrowSyntaxError(ctx, "invalid regular expression flags");',
    "                JS_ThrowSyntaxError(ctx, \"Invalid flags supplied to RegExp constructor '%s'\", str);\n"
    "                JS_FreeCString(ctx, str);\n                return JS_EXCEPTION;",
)
change(
    "the pattern is named",
    '        JS_ThrowSyntaxError(ctx, "%s", error_msg);\n        return JS_EXCEPTION;\n    }\n\n    ret = js_new_string8',
    "        guest_throw_bad_pattern(ctx, pattern, flags, error_msg);\n        return JS_EXCEPTION;\n    }\n\n    ret = js_new_string8",
)
for text, name, count in [
    ("lexical identifier\");", "name", 2),
    ("parameter name\");", "name", 1),
    ("a variable\");", "name", 1),
    ("global identifier in module code\");", "func_name", 1),
    ("global identifier\");\n                JS_FreeAtom", "func_name", 1),
    ("global identifier\");", "name", 1),
]:
    rest = text.partition("\");")[2]
    change("the name is named", f'js_parse_error(s, "invalid redefinition of {text}', f"REDECLARED({name});{rest}", count)
change(
    "an unexpected token, by its kind",
    "    default:\n        return js_parse_error(s, \"unexpected token in expression: '%.*s'\",\n"
    "                              (int)(s->buf_ptr - s->token.ptr), s->token.ptr);\n",
    "    default:\n        return js_parse_expect(s, 0);\n",
)
change(
    "an unexpected token, by its kind",
    "        return js_parse_error(s, \"expecting '%c'\", ';');\n",
    "        return js_parse_expect(s, ';');\n",
)
change(
    "an argument list that does not go on",
    "                /* accept a trailing comma before the ')' */\n                if (js_parse_expect(s, ','))\n",
    "                /* accept a trailing comma before the ')' */\n"
    "                if (s->token.val != ',' && s->token.val != TOK_EOF)\n"
    "                    return js_parse_error(s, \"missing ) after argument list\");\n"
    "                if (js_parse_expect(s, ','))\n",
)

# The engine derives columns from the last white space; a token's own place is exact.
change(
    "columns",
    "    s->token.col_num = max_int(1, s->mark - s->eol);\n",
    "    s->token.col_num = (int)(s->token.ptr - s->token.line_start) + 1;\n",
)

# A module's own function has no source of its own; messages need it.
change(
    "modules keep their source",
    "    fd = js_new_function_def(ctx, NULL, true, false, filename, line, 1);\n",
    "    fd = js_new_function_def(ctx, NULL, true, false, filename, line, 1);\n"
    "    if (fd && (flags & JS_EVAL_TYPE_MASK) == JS_EVAL_TYPE_MODULE) {\n"
    "        fd->source = js_strndup(ctx, input, input_len);\n"
    "        fd->source_len = fd->source ? input_len : 0;\n"
    "    }\n",
)

change(
    "Promise.any says what happened",
    "    JS_DefinePropertyValueConst(ctx, obj, JS_ATOM_errors, errors,\n"
    "                               JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);\n    return obj;\n",
    "    JS_DefinePropertyValue(ctx, obj, JS_ATOM_message, JS_NewString(ctx, \"All promises were rejected\"),\n"
    "                           JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);\n"
    "    JS_DefinePropertyValueConst(ctx, obj, JS_ATOM_errors, errors,\n"
    "                               JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);\n    return obj;\n",
)

# Nobody needs the prelude's source text, which would make up half of the snapshot; a program sees [native code].
change(
    "the prelude's functions have no source",
    "            fd->source = js_strndup(ctx, (const char *)ptr, fd->source_len);\n            if (!fd->source)\n",
    "            if (!guest_keeps_source(s->filename))\n                fd->source_len = 0;\n            else\n"
    "            fd->source = js_strndup(ctx, (const char *)ptr, fd->source_len);\n"
    "            if (fd->source_len && !fd->source)\n",
)
change(
    "the prelude's functions have no source",
    "        fd->source = js_strndup(ctx, (const char *)ptr, fd->source_len);\n        if (!fd->source)\n            goto fail;\n\n        if (next_token(s)) {",
    "        if (!guest_keeps_source(s->filename))\n            fd->source_len = 0;\n        else\n"
    "        fd->source = js_strndup(ctx, (const char *)ptr, fd->source_len);\n"
    "        if (fd->source_len && !fd->source)\n            goto fail;\n\n        if (next_token(s)) {",
)
change(
    "the prelude's classes have no source",
    "    ctor_fd->source = js_strndup(ctx, (const char *)class_start_ptr, ctor_fd->source_len);\n    if (!ctor_fd->source)\n",
    "    ctor_fd->source = NULL;\n    if (!guest_keeps_source(s->filename))\n        ctor_fd->source_len = 0;\n    else\n"
    "    ctor_fd->source = js_strndup(ctx, (const char *)class_start_ptr, ctor_fd->source_len);\n"
    "    if (ctor_fd->source_len && !ctor_fd->source)\n",
)

change(
    "a buffer that is too large can be caught",
    "            abuf->data = js_mallocz(ctx, max_int(len, 1));\n            if (!abuf->data)\n                goto fail;\n",
    "            abuf->data = js_mallocz_rt(ctx->rt, max_int(len, 1));\n            if (!abuf->data) {\n"
    '                JS_ThrowRangeError(ctx, "Array buffer allocation failed");\n                goto fail;\n            }\n',
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

# Fewer and shorter steps for the same program.
change(
    "no checks of what is certain",
    "static __exception int resolve_labels(JSContext *ctx, JSFunctionDef *s)\n{\n",
    '#include "engine_checks.h"\n\nstatic __exception int resolve_labels(JSContext *ctx, JSFunctionDef *s)\n{\n',
)
change(
    "no checks of what is certain",
    "    if (resolve_labels(ctx, fd))\n",
    "    guest_drop_checks(ctx, fd);\n    if (resolve_labels(ctx, fd))\n",
)
change(
    "WebAssembly has no jumps to computed places: a table of labels becomes a table of numbers in front of a switch",
    "#define DIRECT_DISPATCH  1\n",
    "#define DIRECT_DISPATCH  0\n",
)
change(
    "small numbers and neighbouring objects as keys do not all fall into the same few lists",
    "    return h ^ ctx->hash_seed ^ hash32(tag);\n",
    "    h ^= ctx->hash_seed ^ hash32(tag);\n    h = hash32(h ^ h >> 16);\n    return h ^ h >> 15;\n",
)
POLL = "if (unlikely(js_poll_interrupts(ctx)))\n                    goto exception;\n"
for operand, places in [("(int32_t)get_u32(pc - 4) - 4", 2), ("(int8_t)pc[-1] - 1", 2)]:
    change(
        "who does not jump is in no loop by that",
        f"                    pc += {operand};\n                }}\n                {POLL}",
        f"                    pc += {operand};\n                    {POLL}                }}\n",
        places,
    )
change(
    "what is compared is mostly asked at once",
    "#define OP_CMP(opcode, binary_op, slow_call)              \\\n",
    "#define IS_COMPARED(is_true)                                            \\\n"
    "                if (*pc == OP_if_false8) {                              \\\n"
    "                    sp -= 2;                                            \\\n"
    "                    if (is_true) {                                      \\\n"
    "                        pc += 2;                                        \\\n"
    "                    } else {                                            \\\n"
    "                        pc += (int8_t)pc[1] + 1;                        \\\n"
    "                        if (unlikely(js_poll_interrupts(ctx)))          \\\n"
    "                            goto exception;                             \\\n"
    "                    }                                                   \\\n"
    "                } else {                                                \\\n"
    "                    sp[-2] = js_bool(is_true);                          \\\n"
    "                    sp--;                                               \\\n"
    "                }\n\n"
    "#define OP_CMP(opcode, binary_op, slow_call)              \\\n",
)
change(
    "what is compared is mostly asked at once",
    "                    sp[-2] = js_bool(JS_VALUE_GET_INT(op1) binary_op JS_VALUE_GET_INT(op2)); \\\n"
    "                    sp--;                                               \\\n"
    "                } else {                                                \\\n",
    "                    IS_COMPARED(JS_VALUE_GET_INT(op1) binary_op JS_VALUE_GET_INT(op2)) \\\n"
    "                } else if (JS_VALUE_IS_BOTH_FLOAT(op1, op2)) {          \\\n"
    "                    IS_COMPARED(JS_VALUE_GET_FLOAT64(op1) binary_op JS_VALUE_GET_FLOAT64(op2)) \\\n"
    "                } else {                                                \\\n",
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

/* Where what is frozen lives on: it may still be moved. */
static struct list_head guest_frozen;

/* Makes all that there is live for ever, for the snapshot: references to it are not counted, the collector does not walk
   it, and nothing new is put between it. A program then writes to few pages beside its own, each of which would cost a
   page fault to copy. */
void JS_Freeze(JSRuntime *rt)
{
    struct list_head *el, *el1;
    JSArenaState *arenas = &rt->arena_state;

    init_list_head(&guest_frozen);
    list_for_each_safe(el, el1, &rt->gc_obj_list) {
        JS_REF_COUNT(list_entry(el, JSGCObjectHeader, link)) |= JS_REF_FROZEN;
        list_del(el);
        list_add_tail(el, &guest_frozen);
    }
    for (int i = 0; i < rt->atom_size; i++)
        if (!atom_is_free(rt->atom_array[i]))
            JS_REF_COUNT(rt->atom_array[i]) |= JS_REF_FROZEN;
    for (int size = 0; size < JS_ARENA_BLOCK_SIZE_COUNT; size++) {
        list_for_each_safe(el, el1, &arenas->arena_list[size]) {
            JSArena *arena = list_entry(el, JSArena, link);

            /* What is counted here begins at 1 again when it is used for something else. */
            for (int i = 0; i < arena->n_blocks; i++)
                ((JSMallocBlockHeader *)arena_get_block(arena, i, arena_block_sizes[size]))->ref_count |= JS_REF_FROZEN;
            init_list_head(&arena->link);
            init_list_head(&arena->free_link);
        }
        init_list_head(&arenas->arena_list[size]);
        init_list_head(&arenas->free_arena_list[size]);
    }
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


# Counting references, which skips what is in the snapshot (JS_Freeze): (pattern, replacement, number of places).
change(
    "an arena fills a page of the allocator below it, with that one's own word",
    "#define JS_ARENA_SIZE              4096\n",
    "#define JS_ARENA_SIZE              4064\n",
)
COUNTING = [
    (r"--JS_REF_COUNT\((\w[\w>.-]*)\)", r"js_ref_down(\1)", 7),
    (r"JS_REF_COUNT\((\w[\w>.-]*)\)--", r"js_ref_down(\1)", 2),
    (r"JS_REF_COUNT\((\w[\w>.-]*)\)\+\+", r"js_ref_up(\1)", 19),
]
change(
    "references to what is in the snapshot are not counted",
    "#define JS_REF_COUNT(p) (js_rc(p)->ref_count)\n",
    """#define JS_REF_COUNT(p) (js_rc(p)->ref_count)
#define JS_REF_FROZEN (1 << 30)

static inline void js_ref_up(const void *p)
{
    int *count = &js_rc(p)->ref_count;

    if (likely(*count < JS_REF_FROZEN))
        ++*count;
}

static inline int js_ref_down(const void *p)
{
    int *count = &js_rc(p)->ref_count;

    return likely(*count < JS_REF_FROZEN) ? --*count : *count;
}
""",
)


def counted(source):
    for pattern, replacement, places in COUNTING:
        source, found = re.subn(pattern, replacement, source)
        if found != places:
            sys.exit(f"the engine has changed: found {found} times, not {places}: {pattern}")
    return source


def patched(source, changes):
    for reason, old, new, count in changes:
        found = source.count(old)
        if found == 0 or count is not None and found != count:
            sys.exit(f"the engine has changed: found {found} times, not {count or 'any'} ({reason}):\n{old}")
        source = source.replace(old, new)
    return source


def main():
    folder, output = map(pathlib.Path, sys.argv[1:])
    engine = patched(counted((folder / "quickjs.c").read_text()), CHANGES)
    (output / "quickjs.c").write_text(engine + ADDED)
    patterns = patched((folder / "libregexp.c").read_text(), [("V8's wording", old, new, None) for old, new in PATTERN_MESSAGES])
    (output / "libregexp.c").write_text(patterns)


main()
