/* What the parts of the native side share. */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "quickjs.h"

/* The size of the shadow stack, which is also handed to the linker. The engine turns its overflow into a RangeError;
   the host's own stack must be 16 times as large, so that this one always ends first. */
#ifndef SHADOW_STACK_BYTES
#define SHADOW_STACK_BYTES (4 * 1024 * 1024)
#endif

/* guest.c */
extern JSRuntime *guest_runtime;
extern JSContext *guest_context;
_Noreturn void guest_exit(int code);

/* output.c */
void output_write(int fd, const uint8_t *data, size_t size);
void output_text(int fd, const char *text);
void output_flush(void);
void output_tick(void);

/* io.c */
void wait_for_input(void);

/* values.c */
bool value_bytes(JSContext *ctx, JSValueConst value, uint8_t **data, size_t *size);
int value_int(JSContext *ctx, JSValueConst value);
double value_number(JSContext *ctx, JSValueConst value);
JSValue new_buffer(JSContext *ctx, uint8_t *malloced, size_t size);

/* A native function as the engine calls it; JS_CFUNC_DEF's shape, with less noise. */
#define NATIVE(name) \
    static JSValue name(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)

/* Each part adds its functions to the object that the prelude gets. */
void add_io_functions(JSContext *ctx, JSValueConst native);
void add_file_functions(JSContext *ctx, JSValueConst native);
void add_text_functions(JSContext *ctx, JSValueConst native);
void add_code_functions(JSContext *ctx, JSValueConst native);
void add_value_functions(JSContext *ctx, JSValueConst native);

/* What native code asks of the prelude; filled by native.setHooks(). */
enum hook {
    HOOK_MAIN,          /* (path, source, args, env) -> exit code */
    HOOK_RESOLVE,       /* (specifier, referrer, type) -> module name */
    HOOK_LOAD,          /* (name, type) -> source text, the export names of a module made by the prelude, or true if it
                           is compiled already */
    HOOK_EXPORTS,       /* (name) -> object whose properties are the exports of such a module */
    HOOK_META,          /* (import.meta, name) */
    HOOK_REJECTION,     /* (promise, reason, handled) */
    HOOK_COUNT
};
extern JSValue guest_hooks[HOOK_COUNT];

/* Added to the engine's source by patch_engine.py. */
void JS_SetRandomSeed(JSContext *ctx, uint64_t seed);
const char *JS_ToUtf8(JSContext *ctx, size_t *size, JSValueConst value);
JSModuleDef *JS_FindLoadedModule(JSContext *ctx, const char *name);
void JS_Freeze(JSRuntime *rt);
JSValue JS_PreviewIterator(JSContext *ctx, JSValueConst value);
extern JSValue guest_async_context;
/* Called by the patched engine when an allocation fails. */
_Noreturn void guest_out_of_memory(void);

#endif
