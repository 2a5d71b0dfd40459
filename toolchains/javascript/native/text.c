/* Text and bytes. The engine's own UTF-8 decoder is lax about broken input; these follow the Encoding Standard, as Node
   does, so that a broken byte gives the same number of replacement characters. */

#include <stdlib.h>
#include "guest.h"

#define REPLACEMENT 0xfffd

/* Decodes one character and says how many bytes it took; broken ones give REPLACEMENT for their longest valid start. */
static uint32_t decode_character(const uint8_t *at, const uint8_t *end, int *taken)
{
    uint8_t lead = at[0], low = 0x80, high = 0xbf;
    int more;
    uint32_t character;

    *taken = 1;
    if (lead < 0x80)
        return lead;
    if (lead >= 0xc2 && lead <= 0xdf) {
        more = 1;
        character = lead & 0x1f;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        more = 2;
        character = lead & 0x0f;
        if (lead == 0xe0)
            low = 0xa0;
        if (lead == 0xed)
            high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        more = 3;
        character = lead & 0x07;
        if (lead == 0xf0)
            low = 0x90;
        if (lead == 0xf4)
            high = 0x8f;
    } else {
        return REPLACEMENT;
    }
    for (int i = 1; i <= more; i++) {
        if (at + i >= end || at[i] < low || at[i] > high)
            return REPLACEMENT;
        character = character << 6 | (at[i] & 0x3f);
        *taken = i + 1;
        low = 0x80;
        high = 0xbf;
    }
    return character;
}

static bool is_valid_utf8(const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        int taken;
        if (*at < 0x80) {
            at++;
            continue;
        }
        /* A genuine U+FFFD in the text takes three bytes; a broken sequence that takes three starts with 0xf0. */
        if (decode_character(at, end, &taken) == REPLACEMENT && !(taken == 3 && *at == 0xef))
            return false;
        at += taken;
    }
    return true;
}

static JSValue decode_broken_utf8(JSContext *ctx, const uint8_t *at, const uint8_t *end)
{
    uint16_t *units = malloc((end - at) * sizeof *units);
    size_t count = 0;

    if (!units)
        return JS_ThrowOutOfMemory(ctx);
    while (at < end) {
        int taken;
        uint32_t character = decode_character(at, end, &taken);
        at += taken;
        if (character >= 0x10000) {
            units[count++] = 0xd7c0 + (character >> 10);
            units[count++] = 0xdc00 | (character & 0x3ff);
        } else {
            units[count++] = character;
        }
    }
    JSValue result = JS_NewStringUTF16(ctx, units, count);
    free(units);
    return result;
}

/* decodeUtf8(bytes, fatal) -> text, or null if fatal and broken. */
NATIVE(text_decode_utf8)
{
    uint8_t *data;
    size_t size;

    if (!value_bytes(ctx, argv[0], &data, &size))
        return JS_ThrowTypeError(ctx, "not a buffer");
    if (is_valid_utf8(data, data + size))
        return JS_NewStringLen(ctx, (const char *)data, size);
    if (JS_ToBool(ctx, argv[1]))
        return JS_NULL;
    return decode_broken_utf8(ctx, data, data + size);
}

/* encodeUtf8(text) -> ArrayBuffer */
NATIVE(text_encode_utf8)
{
    size_t size;
    const char *text = JS_ToUtf8(ctx, &size, argv[0]);

    if (!text)
        return JS_EXCEPTION;
    JSValue result = JS_NewArrayBufferCopy(ctx, (const uint8_t *)text, size);
    JS_FreeCString(ctx, text);
    return result;
}

/* utf8Length(text) -> number of bytes */
NATIVE(text_utf8_length)
{
    size_t size;
    const char *text = JS_ToCStringLen(ctx, &size, argv[0]);

    if (!text)
        return JS_EXCEPTION;
    JS_FreeCString(ctx, text);
    return JS_NewInt64(ctx, size);
}

/* decodeLatin1(bytes) -> text */
NATIVE(text_decode_latin1)
{
    uint8_t *data;
    size_t size;

    if (!value_bytes(ctx, argv[0], &data, &size))
        return JS_ThrowTypeError(ctx, "not a buffer");
    uint16_t *units = malloc(size * sizeof *units + 1);
    if (!units)
        return JS_ThrowOutOfMemory(ctx);
    for (size_t i = 0; i < size; i++)
        units[i] = data[i];
    JSValue result = JS_NewStringUTF16(ctx, units, size);
    free(units);
    return result;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("decodeUtf8", 2, text_decode_utf8),
    JS_CFUNC_DEF("encodeUtf8", 1, text_encode_utf8),
    JS_CFUNC_DEF("utf8Length", 1, text_utf8_length),
    JS_CFUNC_DEF("decodeLatin1", 1, text_decode_latin1),
};

void add_text_functions(JSContext *ctx, JSValueConst native)
{
    JS_SetPropertyFunctionList(ctx, native, functions, sizeof functions / sizeof *functions);
}
