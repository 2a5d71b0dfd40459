/* Conversions between JavaScript values and C, and looks into values that the language itself does not offer. */

#include <stdlib.h>
#include "guest.h"

/* The bytes of an ArrayBuffer or of a view on one. False, without exception, for anything else. */
bool value_bytes(JSContext *ctx, JSValueConst value, uint8_t **data, size_t *size)
{
    if (JS_GetTypedArrayType(value) >= 0) {
        size_t offset, length, element, total;
        JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, &length, &element);
        if (JS_IsException(buffer)) {
            JS_FreeValue(ctx, JS_GetException(ctx));
            return false;
        }
        uint8_t *start = JS_GetArrayBuffer(ctx, &total, buffer);
        JS_FreeValue(ctx, buffer);
        if (!start && total)
            return false;
        *data = start ? start + offset : NULL;
        *size = length;
        return true;
    }
    if (JS_IsArrayBuffer(value)) {
        *data = JS_GetArrayBuffer(ctx, size, value);
        return *data || !*size;
    }
    return false;
}

int value_int(JSContext *ctx, JSValueConst value)
{
    int32_t result = 0;

    JS_ToInt32(ctx, &result, value);
    return result;
}

double value_number(JSContext *ctx, JSValueConst value)
{
    double result = 0;

    JS_ToFloat64(ctx, &result, value);
    return result;
}

static void *resize_buffer(JSRuntime *runtime, void *opaque, void *data, size_t size)
{
    if (size)
        return realloc(data, size);
    free(data);
    return NULL;
}

/* An ArrayBuffer that owns `malloced`. */
JSValue new_buffer(JSContext *ctx, uint8_t *malloced, size_t size)
{
    return JS_NewArrayBuffer(ctx, malloced, size, 0, resize_buffer, NULL, false);
}

/* promiseState(promise) -> [state, result]; 0 pending, 1 fulfilled, 2 rejected. */
NATIVE(promise_state)
{
    int state = JS_PromiseState(ctx, argv[0]);
    JSValue pair = JS_NewArray(ctx);

    JS_SetPropertyUint32(ctx, pair, 0, JS_NewInt32(ctx, state));
    JS_SetPropertyUint32(ctx, pair, 1, state > 0 ? JS_PromiseResult(ctx, argv[0]) : JS_UNDEFINED);
    return pair;
}

/* proxyParts(value) -> undefined, or [target, handler] of a proxy. */
NATIVE(proxy_parts)
{
    if (!JS_IsProxy(argv[0]))
        return JS_UNDEFINED;
    JSValue pair = JS_NewArray(ctx);
    JS_SetPropertyUint32(ctx, pair, 0, JS_GetProxyTarget(ctx, argv[0]));
    JS_SetPropertyUint32(ctx, pair, 1, JS_GetProxyHandler(ctx, argv[0]));
    return pair;
}

/* previewIterator(value) -> undefined, or [entries, whether they are pairs] of a Map or Set iterator. */
NATIVE(preview_iterator)
{
    return JS_PreviewIterator(ctx, argv[0]);
}

/* An array index as the language defines it: no larger than 2**32 - 2, no leading zeros. */
static bool is_index(const char *text)
{
    uint64_t index = 0;

    if (!*text || (*text == '0' && text[1]))
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        index = index * 10 + (*text - '0');
        if (index > UINT32_MAX - 1)
            return false;
    }
    return true;
}

/* nonIndexKeys(object, onlyEnumerable) -> its string and symbol keys that are no array indices. */
NATIVE(non_index_keys)
{
    int flags = JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK;
    JSPropertyEnum *properties;
    uint32_t count, kept = 0;

    if (JS_ToBool(ctx, argv[1]))
        flags |= JS_GPN_ENUM_ONLY;
    if (JS_GetOwnPropertyNames(ctx, &properties, &count, argv[0], flags) < 0)
        return JS_EXCEPTION;
    JSValue list = JS_NewArray(ctx);
    for (uint32_t i = 0; i < count; i++) {
        JSValue key = JS_AtomToValue(ctx, properties[i].atom);
        if (JS_IsString(key)) {
            const char *text = JS_ToCString(ctx, key);
            bool skip = is_index(text);
            JS_FreeCString(ctx, text);
            if (skip) {
                JS_FreeValue(ctx, key);
                continue;
            }
        }
        JS_SetPropertyUint32(ctx, list, kept++, key);
    }
    JS_FreePropertyEnum(ctx, properties, count);
    return list;
}

/* The context of AsyncLocalStorage; see async-context.js. */
NATIVE(get_context)
{
    return JS_DupValue(ctx, guest_async_context);
}

NATIVE(set_context)
{
    JSValue old = guest_async_context;

    guest_async_context = JS_DupValue(ctx, argv[0]);
    JS_FreeValue(ctx, old);
    return JS_UNDEFINED;
}

NATIVE(heap_bytes)
{
    JSMemoryUsage usage;

    JS_ComputeMemoryUsage(guest_runtime, &usage);
    return JS_NewInt64(ctx, usage.malloc_size);
}

/* The size of the whole linear memory, without walking the heap. */
NATIVE(memory_bytes)
{
    return JS_NewInt64(ctx, (int64_t)__builtin_wasm_memory_size(0) * 65536);
}

NATIVE(collect_garbage)
{
    JS_RunGC(guest_runtime);
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("promiseState", 1, promise_state),
    JS_CFUNC_DEF("proxyParts", 1, proxy_parts),
    JS_CFUNC_DEF("previewIterator", 1, preview_iterator),
    JS_CFUNC_DEF("nonIndexKeys", 2, non_index_keys),
    JS_CFUNC_DEF("getContext", 0, get_context),
    JS_CFUNC_DEF("setContext", 1, set_context),
    JS_CFUNC_DEF("heapBytes", 0, heap_bytes),
    JS_CFUNC_DEF("memoryBytes", 0, memory_bytes),
    JS_CFUNC_DEF("collectGarbage", 0, collect_garbage),
};

void add_value_functions(JSContext *ctx, JSValueConst native)
{
    JS_SetPropertyFunctionList(ctx, native, functions, sizeof functions / sizeof *functions);
}
