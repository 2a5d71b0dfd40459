/* Compiling and running the program's code: CommonJS wrappers, ES modules, the job queue. Which file a name means and
   what kind of module it is, the prelude decides (see modules.js); the engine asks it through the hooks. */

#include <string.h>
#include "guest.h"

/* evaluate(source, file name, first line) -> value of the script. Line 0 lets a wrapper stand on a line of its own
   before the program's first one, which keeps lines and columns true. */
NATIVE(code_evaluate)
{
    size_t size;
    const char *source = JS_ToCStringLen(ctx, &size, argv[0]);
    const char *file = JS_ToCString(ctx, argv[1]);
    JSEvalOptions options = {
        .version = JS_EVAL_OPTIONS_VERSION,
        .eval_flags = JS_EVAL_TYPE_GLOBAL,
        .filename = file,
        .line_num = value_int(ctx, argv[2]),
    };
    JSValue result = JS_EXCEPTION;

    if (source && file)
        result = JS_Eval2(ctx, source, size, &options);
    JS_FreeCString(ctx, source);
    JS_FreeCString(ctx, file);
    return result;
}

static JSValue call_hook(JSContext *ctx, enum hook hook, int argc, JSValueConst *argv)
{
    return JS_Call(ctx, guest_hooks[hook], JS_UNDEFINED, argc, argv);
}

/* The `type` import attribute, or undefined. */
static JSValue attribute_type(JSContext *ctx, JSValueConst attributes)
{
    return JS_IsObject(attributes) ? JS_GetPropertyStr(ctx, attributes, "type") : JS_UNDEFINED;
}

static char *normalize_name(JSContext *ctx, const char *referrer, const char *specifier, JSValueConst attributes,
                            void *opaque)
{
    JSValue arguments[] = {
        JS_NewString(ctx, specifier),
        JS_NewString(ctx, referrer),
        attribute_type(ctx, attributes),
    };
    JSValue resolved = call_hook(ctx, HOOK_RESOLVE, 3, (JSValueConst *)arguments);
    char *name = NULL;

    for (int i = 0; i < 3; i++)
        JS_FreeValue(ctx, arguments[i]);
    if (!JS_IsException(resolved)) {
        const char *text = JS_ToCString(ctx, resolved);
        if (text)
            name = js_strdup(ctx, text);
        JS_FreeCString(ctx, text);
    }
    JS_FreeValue(ctx, resolved);
    return name;
}

/* Fills the exports of a module that the prelude makes: a builtin, JSON, or a CommonJS file, which runs now. */
static int fill_exports(JSContext *ctx, JSModuleDef *module)
{
    JSAtom name_atom = JS_GetModuleName(ctx, module);
    JSValue name = JS_AtomToString(ctx, name_atom);
    JSValue exports = call_hook(ctx, HOOK_EXPORTS, 1, (JSValueConst *)&name);
    JSPropertyEnum *properties;
    uint32_t count;

    JS_FreeAtom(ctx, name_atom);
    JS_FreeValue(ctx, name);
    if (JS_IsException(exports))
        return -1;
    if (JS_GetOwnPropertyNames(ctx, &properties, &count, exports, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0) {
        JS_FreeValue(ctx, exports);
        return -1;
    }
    for (uint32_t i = 0; i < count; i++) {
        const char *export_name = JS_AtomToCString(ctx, properties[i].atom);
        JS_SetModuleExport(ctx, module, export_name, JS_GetProperty(ctx, exports, properties[i].atom));
        JS_FreeCString(ctx, export_name);
    }
    JS_FreePropertyEnum(ctx, properties, count);
    JS_FreeValue(ctx, exports);
    return 0;
}

static JSModuleDef *declare_module(JSContext *ctx, const char *name, JSValueConst export_names)
{
    JSModuleDef *module = JS_NewCModule(ctx, name, fill_exports);
    int64_t count = 0;

    if (!module)
        return NULL;
    JS_GetLength(ctx, export_names, &count);
    for (int64_t i = 0; i < count; i++) {
        JSValue item = JS_GetPropertyInt64(ctx, export_names, i);
        const char *export_name = JS_ToCString(ctx, item);
        JS_AddModuleExport(ctx, module, export_name);
        JS_FreeCString(ctx, export_name);
        JS_FreeValue(ctx, item);
    }
    return module;
}

static JSModuleDef *compile_module(JSContext *ctx, const char *name, JSValueConst source)
{
    size_t size;
    const char *text = JS_ToCStringLen(ctx, &size, source);

    if (!text)
        return NULL;
    JSValue compiled = JS_Eval(ctx, text, size, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    JS_FreeCString(ctx, text);
    if (JS_IsException(compiled))
        return NULL;
    JSModuleDef *module = JS_VALUE_GET_PTR(compiled);
    /* The context keeps every module; this reference is not needed. */
    JS_FreeValue(ctx, compiled);

    JSValue arguments[] = { JS_GetImportMeta(ctx, module), JS_NewString(ctx, name) };
    JSValue result = call_hook(ctx, HOOK_META, 2, (JSValueConst *)arguments);
    JS_FreeValue(ctx, arguments[0]);
    JS_FreeValue(ctx, arguments[1]);
    if (JS_IsException(result))
        return NULL;
    JS_FreeValue(ctx, result);
    return module;
}

static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque, JSValueConst attributes)
{
    JSValue arguments[] = { JS_NewString(ctx, name), attribute_type(ctx, attributes) };
    JSValue loaded = call_hook(ctx, HOOK_LOAD, 2, (JSValueConst *)arguments);
    JSModuleDef *module = NULL;

    JS_FreeValue(ctx, arguments[0]);
    JS_FreeValue(ctx, arguments[1]);
    if (JS_IsException(loaded))
        return NULL;
    /* The prelude may have compiled it to find out what it is. */
    if (JS_IsBool(loaded))
        return JS_FindLoadedModule(ctx, name);
    if (JS_IsString(loaded))
        module = compile_module(ctx, name, loaded);
    else
        module = declare_module(ctx, name, loaded);
    JS_FreeValue(ctx, loaded);
    return module;
}

/* compileModule(source, name): compiles an ES module, for runModule and imports to find. */
NATIVE(code_compile_module)
{
    const char *name = JS_ToCString(ctx, argv[1]);
    JSModuleDef *module = compile_module(ctx, name, argv[0]);

    JS_FreeCString(ctx, name);
    return module ? JS_UNDEFINED : JS_EXCEPTION;
}

/* runModule(name) -> [promise of the evaluation, namespace]. Throws what loading or linking throws. */
NATIVE(code_run_module)
{
    const char *name = JS_ToCString(ctx, argv[0]);
    JSModuleDef *module = JS_FindLoadedModule(ctx, name);

    if (!module)
        module = load_module(ctx, name, NULL, JS_UNDEFINED);
    JS_FreeCString(ctx, name);
    if (!module)
        return JS_EXCEPTION;
    JSValue handle = JS_MKPTR(JS_TAG_MODULE, module);
    /* Resolving the imports is skipped for modules that have done so already. */
    if (JS_ResolveModule(ctx, handle) < 0)
        return JS_EXCEPTION;
    JSValue promise = JS_EvalFunction(ctx, JS_DupValue(ctx, handle));
    if (JS_IsException(promise))
        return JS_EXCEPTION;
    JSValue pair = JS_NewArray(ctx);
    JS_SetPropertyUint32(ctx, pair, 0, promise);
    JS_SetPropertyUint32(ctx, pair, 1, JS_GetModuleNamespace(ctx, module));
    return pair;
}

/* runJobs(): empties the queue of microtasks. A job never throws: promise reactions catch what their functions throw,
   and the prelude's own queueMicrotask catches for itself. */
NATIVE(code_run_jobs)
{
    JSContext *job_context;
    int result;

    while ((result = JS_ExecutePendingJob(guest_runtime, &job_context)) > 0)
        ;
    return result < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

static void track_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, bool handled, void *opaque)
{
    JSValueConst arguments[] = { promise, reason, JS_NewBool(ctx, handled) };

    if (!JS_IsUndefined(guest_hooks[HOOK_REJECTION]))
        JS_FreeValue(ctx, call_hook(ctx, HOOK_REJECTION, 3, arguments));
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("evaluate", 3, code_evaluate),
    JS_CFUNC_DEF("compileModule", 2, code_compile_module),
    JS_CFUNC_DEF("runModule", 1, code_run_module),
    JS_CFUNC_DEF("runJobs", 0, code_run_jobs),
};

void add_code_functions(JSContext *ctx, JSValueConst native)
{
    for (int i = 0; i < HOOK_COUNT; i++)
        guest_hooks[i] = JS_UNDEFINED;
    JS_SetModuleLoaderFunc2(guest_runtime, NULL, load_module, NULL, NULL);
    JS_SetModuleNormalizeFunc2(guest_runtime, normalize_name);
    JS_SetHostPromiseRejectionTracker(guest_runtime, track_rejection, NULL);
    JS_SetPropertyFunctionList(ctx, native, functions, sizeof functions / sizeof *functions);
}
