/* Output, standard input, waiting, clocks, chance and the end of the program. */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include "guest.h"

/* print(fd, text or bytes) */
NATIVE(io_print)
{
    int fd = value_int(ctx, argv[0]);
    uint8_t *data;
    size_t size;

    if (JS_IsString(argv[1])) {
        const char *text = JS_ToUtf8(ctx, &size, argv[1]);
        if (!text)
            return JS_EXCEPTION;
        output_write(fd, (const uint8_t *)text, size);
        JS_FreeCString(ctx, text);
    } else if (value_bytes(ctx, argv[1], &data, &size)) {
        output_write(fd, data, size);
    }
    return JS_UNDEFINED;
}

/* printLine(fd, text): what console.log does once it has its text. */
NATIVE(io_print_line)
{
    int fd = value_int(ctx, argv[0]);
    size_t size;
    const char *text = JS_ToUtf8(ctx, &size, argv[1]);

    if (!text)
        return JS_EXCEPTION;
    /* The text is followed by a NUL that is ours to change until it is freed: one write, and no copy of the text. */
    ((char *)text)[size] = '\n';
    output_write(fd, (const uint8_t *)text, size + 1);
    ((char *)text)[size] = 0;
    JS_FreeCString(ctx, text);
    return JS_UNDEFINED;
}

NATIVE(io_flush)
{
    output_flush();
    return JS_UNDEFINED;
}

/* Waits until there is input, or its end. All waiting goes through poll, where the host can see that the program is
   idle; the read that follows never blocks. */
void wait_for_input(void)
{
    struct pollfd input = { .fd = 0, .events = POLLIN };

    output_flush();
    poll(&input, 1, -1);
}

/* readInput(most) -> ArrayBuffer, empty at the end, or a negative error number. Waits. */
NATIVE(io_read_input)
{
    size_t most = value_int(ctx, argv[0]);
    uint8_t *data = malloc(most);
    ssize_t got;

    if (!data)
        return JS_ThrowOutOfMemory(ctx);
    wait_for_input();
    do
        got = read(0, data, most);
    while (got < 0 && (errno == EAGAIN || errno == EINTR));
    if (got < 0) {
        free(data);
        return JS_NewInt32(ctx, -errno);
    }
    /* Interactive input comes in short pieces: do not keep the whole room for each. */
    data = realloc(data, got ? got : 1);
    return new_buffer(ctx, data, got);
}

/* wait(milliseconds or -1, forInput) -> whether there is input. This is where the host sees an idle program. */
NATIVE(io_wait)
{
    double milliseconds = value_number(ctx, argv[0]);
    struct pollfd input = { .fd = 0, .events = POLLIN };

    output_flush();
    if (!JS_ToBool(ctx, argv[1])) {
        struct timespec time = {
            .tv_sec = (time_t)(milliseconds / 1000),
            .tv_nsec = (long)((milliseconds - (double)(time_t)(milliseconds / 1000) * 1000) * 1e6),
        };
        if (milliseconds > 0)
            nanosleep(&time, NULL);
        return JS_FALSE;
    }
    return JS_NewBool(ctx, poll(&input, 1, milliseconds < 0 ? -1 : (int)milliseconds) > 0);
}

/* now() -> milliseconds of the monotonic clock. */
NATIVE(io_now)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return JS_NewFloat64(ctx, time.tv_sec * 1e3 + time.tv_nsec / 1e6);
}

NATIVE(io_now_nanoseconds)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return JS_NewBigInt64(ctx, time.tv_sec * 1000000000ll + time.tv_nsec);
}

/* fillRandom(view) */
NATIVE(io_fill_random)
{
    uint8_t *data;
    size_t size;

    if (!value_bytes(ctx, argv[0], &data, &size))
        return JS_ThrowTypeError(ctx, "not a buffer");
    while (size) {
        size_t part = size < 256 ? size : 256;
        if (getentropy(data, part) < 0)
            return JS_ThrowInternalError(ctx, "no entropy");
        data += part;
        size -= part;
    }
    return JS_UNDEFINED;
}

NATIVE(io_exit)
{
    guest_exit(value_int(ctx, argv[0]));
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("print", 2, io_print),
    JS_CFUNC_DEF("printLine", 2, io_print_line),
    JS_CFUNC_DEF("flush", 0, io_flush),
    JS_CFUNC_DEF("readInput", 1, io_read_input),
    JS_CFUNC_DEF("wait", 2, io_wait),
    JS_CFUNC_DEF("now", 0, io_now),
    JS_CFUNC_DEF("nowNanoseconds", 0, io_now_nanoseconds),
    JS_CFUNC_DEF("fillRandom", 1, io_fill_random),
    JS_CFUNC_DEF("exit", 1, io_exit),
};

void add_io_functions(JSContext *ctx, JSValueConst native)
{
    JS_SetPropertyFunctionList(ctx, native, functions, sizeof functions / sizeof *functions);
}
