/* Included into the engine's own source (see patch_engine.py), because all of this looks into its private structures:
   stack traces in V8's form, the names of things in error messages, and text for the outside. */

#include "guest.h"

/* The current context of AsyncLocalStorage. */
JSValue guest_async_context = JS_UNDEFINED;

/* Lone surrogates come out of the engine as three bytes that are no valid UTF-8. Replaces each by U+FFFD, which happens
   to be as long. */
static void guest_replace_surrogates(uint8_t *text, size_t size)
{
    uint8_t *end = text + size, *at = text;

    while ((at = memchr(at, 0xed, end - at))) {
        if (end - at >= 3 && at[1] >= 0xa0) {
            at[0] = 0xef;
            at[1] = 0xbf;
            at[2] = 0xbd;
            at += 3;
        } else {
            at++;
        }
    }
}

/* JS_ToCStringLen, and what it gives is valid. Only strings of 16 bits a character hold surrogates, and theirs is
   always a copy; most text is ASCII, and is given as it lies in its string. */
const char *JS_ToUtf8(JSContext *ctx, size_t *size, JSValueConst value)
{
    int tag = JS_VALUE_GET_TAG(value);
    bool is_narrow = (tag == JS_TAG_STRING && !JS_VALUE_GET_STRING(value)->is_wide_char)
        || (tag == JS_TAG_STRING_ROPE && !JS_VALUE_GET_STRING_ROPE(value)->is_wide_char);
    const char *text = JS_ToCStringLen(ctx, size, value);

    if (text && !is_narrow)
        guest_replace_surrogates((uint8_t *)text, *size);
    return text;
}

static bool guest_is_prelude(const char *file)
{
    return !strncmp(file, "node:internal", 13);
}

static bool guest_keeps_source(const char *file)
{
    return !guest_is_prelude(file);
}

/* A string that is a plain property of the object or of its prototypes; getters are not run. NULL if there is none. */
static const char *guest_plain_text(JSContext *ctx, JSValueConst object, JSAtom name)
{
    JSObject *p;
    JSProperty *property;
    JSShapeProperty *shape;

    if (JS_VALUE_GET_TAG(object) != JS_TAG_OBJECT)
        return NULL;
    for (p = JS_VALUE_GET_OBJ(object); p; p = p->shape->proto) {
        if (p->is_exotic)
            return NULL;
        shape = find_own_property(&property, p, name);
        if (!shape)
            continue;
        if ((shape->flags & JS_PROP_TMASK) != JS_PROP_NORMAL || !JS_IsString(property->u.value))
            return NULL;
        return JS_ToCString(ctx, property->u.value);
    }
    return NULL;
}

/* `Name: message`, which begins the stack in V8. */
static void guest_stack_header(JSContext *ctx, DynBuf *out, JSValueConst error)
{
    const char *name = guest_plain_text(ctx, error, JS_ATOM_name);
    const char *message = guest_plain_text(ctx, error, JS_ATOM_message);

    dbuf_putstr(out, name ? name : "Error");
    if (message && *message) {
        dbuf_putstr(out, ": ");
        dbuf_putstr(out, message);
    }
    JS_FreeCString(ctx, name);
    JS_FreeCString(ctx, message);
}

static JSValue js_error_toString(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);

/* Puts the error's own text before its frames, on the first look. V8 does so then, too: classes that set their name in
   the constructor rely on it. */
static void guest_complete_stack(JSContext *ctx, JSValueConst error, JSValue *stack)
{
    JSValue heading, pending;

    if (!JS_IsString(*stack))
        return;
    JSString *text = JS_VALUE_GET_STRING(*stack);
    if (text->len > 0 && (text->is_wide_char ? str16(text)[0] : str8(text)[0]) != '\n')
        return;
    pending = JS_GetException(ctx);
    heading = js_error_toString(ctx, error, 0, NULL);
    if (JS_IsException(heading)) {
        JS_FreeValue(ctx, JS_GetException(ctx));
        heading = JS_NewString(ctx, "Error");
    }
    if (!JS_IsUninitialized(pending))
        JS_Throw(ctx, pending);
    heading = JS_ConcatString(ctx, heading, js_dup(*stack));
    JS_FreeValue(ctx, *stack);
    *stack = heading;
}

/* A line or a column of a place. By hand, because it is most of the cost of a throw otherwise. */
static void guest_put_place(DynBuf *out, int number)
{
    char digits[16] = ":";

    dbuf_put(out, digits, 1 + i32toa(digits + 1, number));
}

/* One line of a stack. False if the frame is not the program's, and so is not shown. */
static bool guest_stack_frame(JSContext *ctx, DynBuf *out, JSStackFrame *frame, JSFunctionBytecode *b)
{
    const char *name, *shown, *file;
    int line, column;

    /* Native functions only appear in V8 with the class they belong to, which is not known here. */
    if (!b || !frame->cur_pc || !b->filename)
        return false;
    file = JS_AtomToCString(ctx, b->filename);
    if (!file)
        return false;
    if (guest_is_prelude(file)) {
        JS_FreeCString(ctx, file);
        return false;
    }
    line = find_line_num(ctx, b, frame->cur_pc - b->byte_code_buf - 1, &column);
    name = get_func_name(ctx, frame->cur_func);
    shown = name;
    /* A CommonJS wrapper starts before the first line. */
    if (b->line_num == 0)
        shown = "Object.<anonymous>";
    else if (!name || !*name || *name == '<')
        shown = NULL;
    dbuf_putstr(out, "\n    at ");
    if (shown) {
        dbuf_putstr(out, shown);
        dbuf_putstr(out, " (");
    }
    dbuf_putstr(out, file);
    guest_put_place(out, line);
    guest_put_place(out, column);
    if (shown)
        dbuf_putc(out, ')');
    JS_FreeCString(ctx, name);
    JS_FreeCString(ctx, file);
    return true;
}

/* How V8 shows a value in a message. */
static void guest_show_value(JSContext *ctx, char *out, size_t room, JSValueConst value)
{
    const char *text = NULL;

    if (JS_IsString(value)) {
        text = JS_ToCString(ctx, value);
        snprintf(out, room, "%s", text ? text : "");
    } else if (JS_IsFunction(ctx, value)) {
        text = get_func_name(ctx, value);
        snprintf(out, room, "%s", text && *text ? text : "function");
    } else if (JS_IsObject(value)) {
        JSValueConst constructor_holder = value;
        JSObject *p = JS_VALUE_GET_OBJ(constructor_holder)->shape->proto;
        JSProperty *property;
        JSShapeProperty *shape = p ? find_own_property(&property, p, JS_ATOM_constructor) : NULL;
        if (shape && (shape->flags & JS_PROP_TMASK) == JS_PROP_NORMAL)
            text = get_func_name(ctx, property->u.value);
        snprintf(out, room, "#<%s>", text ? text : "Object");
    } else if (JS_IsSymbol(value)) {
        snprintf(out, room, "Symbol()");
    } else {
        text = JS_ToCString(ctx, value);
        snprintf(out, room, "%s", text ? text : "value");
    }
    JS_FreeCString(ctx, text);
}

static bool guest_is_name_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '$' || c == '#' ||
           c >= 0x80;
}

static bool guest_is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The byte of the function's source at which a line and column are, or -1. */
static int guest_source_offset(JSFunctionBytecode *b, int line, int column)
{
    int at_line = b->line_num, at_column = b->col_num, i = 0;

    while (i < b->source_len) {
        if (at_line == line && at_column == column)
            return i;
        if (at_line > line)
            return -1;
        /* The engine counts bytes. */
        if (b->source[i++] == '\n') {
            at_line++;
            at_column = 1;
        } else {
            at_column++;
        }
    }
    return -1;
}

/* Goes back from a closing bracket to its opening one; -1 if there is none. Brackets in strings may mislead it, which
   costs a message its name and nothing else. */
static int guest_matching_bracket(const char *source, int at)
{
    int depth = 0;

    for (; at >= 0; at--) {
        char c = source[at];
        if (c == ')' || c == ']' || c == '}')
            depth++;
        if ((c == '(' || c == '[' || c == '{') && --depth == 0)
            return at;
    }
    return -1;
}

/* Writes the expression that ends before `end`: names joined by dots, with (...) for calls. False if it is something
   else. */
static bool guest_callee_text(const char *source, int end, char *out, size_t room)
{
    int start = end, at;
    size_t used = 0;

    for (;;) {
        at = start;
        while (at > 0 && guest_is_space(source[at - 1]))
            at--;
        if (at > 0 && (source[at - 1] == ')' || source[at - 1] == ']')) {
            start = guest_matching_bracket(source, at - 1);
            if (start < 0)
                return false;
            continue;
        }
        if (at == 0 || !guest_is_name_byte(source[at - 1]))
            return false;
        while (at > 0 && guest_is_name_byte(source[at - 1]))
            at--;
        start = at;
        while (at > 0 && guest_is_space(source[at - 1]))
            at--;
        if (at == 0 || source[at - 1] != '.' || (at > 1 && source[at - 2] == '.'))
            break;
        start = at - 1;
        if (start > 0 && source[start - 1] == '?')
            start--;
    }
    for (at = start; at < end && used + 8 < room; at++) {
        if (guest_is_space(source[at]))
            continue;
        out[used++] = source[at];
        if (source[at] == '(') {
            int depth = 0;
            for (; at < end; at++) {
                if (source[at] == '(')
                    depth++;
                if (source[at] == ')' && --depth == 0)
                    break;
            }
            memcpy(out + used, "...)", 4);
            used += 4;
        }
    }
    out[used] = 0;
    return used > 0;
}

/* `a.b is not a function`: the running function is the caller, and knows where in its source the call is. */
static JSValue guest_throw_not_callable(JSContext *ctx, JSValueConst value, const char *what)
{
    JSStackFrame *frame = ctx->rt->current_stack_frame;
    JSFunctionBytecode *b = frame ? JS_GetFunctionBytecode(frame->cur_func) : NULL;
    char text[200];

    if (b && b->source && frame->cur_pc) {
        int column, line = find_line_num(ctx, b, frame->cur_pc - b->byte_code_buf - 1, &column);
        int end = guest_source_offset(b, line, column);
        if (end >= 0) {
            if (!strncmp(b->source + end, "new", 3) && !guest_is_name_byte(b->source[end + 3])) {
                for (end += 3; end < b->source_len && guest_is_space(b->source[end]); end++)
                    ;
                if (!guest_is_name_byte(b->source[end]))
                    return JS_ThrowTypeError(ctx, "(intermediate value) is not a %s", what);
                while (end < b->source_len && (guest_is_name_byte(b->source[end]) || b->source[end] == '.'))
                    end++;
            } else {
                while (end < b->source_len && guest_is_name_byte(b->source[end]))
                    end++;
            }
            if (guest_callee_text(b->source, end, text, sizeof text))
                return JS_ThrowTypeError(ctx, "%s is not a %s", text, what);
            return JS_ThrowTypeError(ctx, "(intermediate value) is not a %s", what);
        }
    }
    guest_show_value(ctx, text, sizeof text, value);
    return JS_ThrowTypeError(ctx, "%s is not a %s", text, what);
}

static JSValue JS_ThrowTypeErrorAtom(JSContext *ctx, const char *fmt, JSAtom atom);
static int JS_ThrowTypeErrorOrFalse(JSContext *ctx, int flags, const char *fmt, ...);

/* A message about a value; `format` has one %s for it. */
static JSValue guest_throw_bad_value(JSContext *ctx, JSValueConst value, const char *format)
{
    char shown[100];

    guest_show_value(ctx, shown, sizeof shown, value);
    return JS_ThrowTypeError(ctx, format, shown);
}

static int guest_throw_not_extensible(JSContext *ctx, int flags, JSAtom property)
{
    char name[ATOM_GET_STR_BUF_SIZE];

    JS_AtomGetStr(ctx, name, sizeof name, property);
    return JS_ThrowTypeErrorOrFalse(ctx, flags, "Cannot add property %s, object is not extensible", name);
}

static JSValue guest_throw_bad_in(JSContext *ctx, JSValueConst key, JSValueConst object)
{
    char shown_key[64], shown_object[100];

    guest_show_value(ctx, shown_key, sizeof shown_key, key);
    guest_show_value(ctx, shown_object, sizeof shown_object, object);
    return JS_ThrowTypeError(ctx, "Cannot use 'in' operator to search for '%s' in %s", shown_key, shown_object);
}

static JSValue guest_throw_class_call(JSContext *ctx, JSValueConst function)
{
    const char *name = get_func_name(ctx, function);

    JS_ThrowTypeError(ctx, "Class constructor %s cannot be invoked without 'new'", name ? name : "");
    JS_FreeCString(ctx, name);
    return JS_EXCEPTION;
}

static JSValue guest_throw_bad_pattern(JSContext *ctx, JSValueConst pattern, JSValueConst flags, const char *reason)
{
    const char *pattern_text = JS_ToCString(ctx, pattern);
    const char *flags_text = JS_IsUndefined(flags) ? NULL : JS_ToCString(ctx, flags);

    JS_ThrowSyntaxError(ctx, "Invalid regular expression: /%s/%s: %s", pattern_text ? pattern_text : "",
                        flags_text ? flags_text : "", reason);
    JS_FreeCString(ctx, pattern_text);
    JS_FreeCString(ctx, flags_text);
    return JS_EXCEPTION;
}

/* For the parser: a name that is declared twice. */
static char guest_declared_name[ATOM_GET_STR_BUF_SIZE];
#define REDECLARED(name)                                                            \
    js_parse_error(s, "Identifier '%s' has already been declared",                  \
                   JS_AtomGetStr(s->ctx, guest_declared_name, sizeof guest_declared_name, name))
