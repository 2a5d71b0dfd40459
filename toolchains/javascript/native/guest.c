/* The guest's exports. `wizer-initialize` runs once, when the guest is built: it makes the engine and evaluates the
   whole prelude, and the memory it leaves behind is the snapshot that each instance starts from. `run` runs one
   program. Nothing that depends on time, chance or the environment may happen before `run`. */

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "guest.h"

JSRuntime *guest_runtime;
JSContext *guest_context;
JSValue guest_hooks[HOOK_COUNT];

static const char prelude_source[] = {
#embed "prelude.js"
    , 0
};

/* libc looks up the host's directories only once; after a snapshot it must look again. */
void __wasilibc_reset_preopens(void);

__attribute__((import_module("runnel:guest/host@1.0.0"), import_name("exit")))
void host_exit(int code);

_Noreturn void guest_exit(int code)
{
    output_flush();
    host_exit(code & 255);
    abort();
}

_Noreturn void guest_out_of_memory(void)
{
    output_flush();
    output_text(2, "fatal error: JavaScript heap out of memory\n");
    guest_exit(134);
}

/* An error that reaches this point is a defect of the prelude, except when memory or stack ran out there. */
static void report_internal_error(void)
{
    JSValue error = JS_GetException(guest_context);
    const char *text = JS_ToCString(guest_context, error);
    JSValue stack = JS_GetPropertyStr(guest_context, error, "stack");
    const char *stack_text = JS_ToCString(guest_context, stack);

    output_text(2, text ? text : "unknown error");
    output_text(2, "\n");
    if (stack_text) {
        output_text(2, stack_text);
        output_text(2, "\n");
    }
}

NATIVE(set_hooks)
{
    for (int i = 0; i < HOOK_COUNT && i < argc; i++)
        guest_hooks[i] = JS_DupValue(ctx, argv[i]);
    return JS_UNDEFINED;
}

/* The engine calls this after every ten thousand jumps or calls. */
static int on_interrupt(JSContext *ctx, void *opaque)
{
    output_tick();
    return 0;
}

/* Takes all free memory between the snapshot's objects out of circulation. A program's own objects then come to lie
   side by side at the end of the heap, instead of on a hundred pages that each cost a page fault to copy. */
static void fill_gaps(void)
{
    char *end = malloc(1024 * 1024);

    free(end);
    for (size_t size = 512 * 1024; size >= 8; size -= size > 1024 ? size / 2 : 8) {
        char *piece;
        while ((piece = malloc(size)) && piece < end)
            ;
        free(piece);
    }
}

__attribute__((export_name("wizer-initialize")))
void initialize(void)
{
    JSContext *job_context;
    JSValue global, native, result;

    guest_runtime = JS_NewRuntime();
    /* The rest of the shadow stack is for C code that does not check. */
    JS_SetMaxStackSize(guest_runtime, SHADOW_STACK_BYTES / 8 * 7 - 32 * 1024);
    JS_SetInterruptHandler(guest_runtime, on_interrupt, NULL);
    guest_context = JS_NewContext(guest_runtime);

    native = JS_NewObject(guest_context);
    add_io_functions(guest_context, native);
    add_file_functions(guest_context, native);
    add_text_functions(guest_context, native);
    add_code_functions(guest_context, native);
    add_value_functions(guest_context, native);
    JS_SetPropertyStr(guest_context, native, "setHooks",
                      JS_NewCFunction(guest_context, set_hooks, "setHooks", HOOK_COUNT));

    /* The prelude takes this name away again before it does anything else. */
    global = JS_GetGlobalObject(guest_context);
    JS_SetPropertyStr(guest_context, global, "__native", native);
    JS_FreeValue(guest_context, global);

    result = JS_Eval(guest_context, prelude_source, sizeof prelude_source - 1, "node:internal",
                     JS_EVAL_TYPE_GLOBAL);
    if (JS_IsException(result)) {
        report_internal_error();
        abort();
    }
    JS_FreeValue(guest_context, result);
    while (JS_ExecutePendingJob(guest_runtime, &job_context) > 0)
        ;
    /* Also sets the threshold of the next collection well above the snapshot, so that short programs never walk, and
       thereby copy, the prelude's whole heap. */
    JS_RunGC(guest_runtime);
    JS_Freeze(guest_runtime);
    fill_gaps();
}

struct text {
    const char *data;
    size_t size;
};

static JSValue new_string(struct text text)
{
    return JS_NewStringLen(guest_context, text.data, text.size);
}

__attribute__((export_name("run")))
int run(const char *path, size_t path_size, const uint8_t *source, size_t source_size, const struct text *args,
        size_t arg_count, const struct text *env, size_t env_count)
{
    JSContext *ctx = guest_context;
    uint64_t seed = 0;
    int code = 1;

    __wasilibc_reset_preopens();
    JS_UpdateStackTop(guest_runtime);
    getentropy(&seed, sizeof seed);
    JS_SetRandomSeed(ctx, seed);

    JSValue arg_list = JS_NewArray(ctx);
    for (size_t i = 0; i < arg_count; i++)
        JS_SetPropertyUint32(ctx, arg_list, i, new_string(args[i]));
    JSValue env_object = JS_NewObject(ctx);
    for (size_t i = 0; i < env_count; i++) {
        JSAtom name = JS_NewAtomLen(ctx, env[2 * i].data, env[2 * i].size);
        JS_SetProperty(ctx, env_object, name, new_string(env[2 * i + 1]));
        JS_FreeAtom(ctx, name);
    }
    JSValueConst arguments[] = {
        new_string((struct text){ path, path_size }),
        new_string((struct text){ (const char *)source, source_size }),
        arg_list,
        env_object,
    };
    JSValue result = JS_Call(ctx, guest_hooks[HOOK_MAIN], JS_UNDEFINED, 4, arguments);
    if (JS_IsException(result))
        report_internal_error();
    else
        JS_ToInt32(ctx, &code, result);
    output_flush();
    return code & 255;
}

__attribute__((export_name("cabi_realloc")))
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t new_size)
{
    void *memory;

    /* The canonical ABI asks for a dangling but aligned pointer here. */
    if (new_size == 0)
        return (void *)align;
    /* malloc's own alignment is enough for everything that the interface passes. */
    memory = realloc(old_size ? old : NULL, new_size);
    if (!memory)
        guest_out_of_memory();
    return memory;
}
