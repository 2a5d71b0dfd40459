/* Standard output goes through one buffer, because a call to the host costs far more than a copy. What is printed must
   still leave at once for whoever watches, so the buffer is emptied whenever the program waits, ends or writes to
   stderr. For a program that only computes, the engine calls output_tick() every now and then: nothing is held back for
   more than a few milliseconds, not even what comes right before an endless loop. */

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "guest.h"

#define BUFFER_BYTES (32 * 1024)
#define HOLD_BACK_NANOSECONDS (5 * 1000 * 1000)

static uint8_t buffer[BUFFER_BYTES];
static size_t buffered;
/* When the buffer got the first of what is in it. */
static uint64_t buffered_since;

static uint64_t monotonic_nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void write_through(int fd, const uint8_t *data, size_t size)
{
    while (size) {
        ssize_t written = write(fd, data, size);
        if (written < 0) {
            if (errno == EAGAIN || errno == EINTR)
                continue;
            /* Nobody reads any more. Node would raise EPIPE here; a program in a cell just goes on. */
            return;
        }
        data += written;
        size -= written;
    }
}

void output_flush(void)
{
    size_t size = buffered;

    buffered = 0;
    if (size)
        write_through(1, buffer, size);
}

void output_write(int fd, const uint8_t *data, size_t size)
{
    if (fd != 1) {
        /* Keeps the order in which the program wrote to its two outputs. */
        output_flush();
        write_through(fd, data, size);
        return;
    }
    if (size > BUFFER_BYTES - buffered)
        output_flush();
    if (size >= BUFFER_BYTES) {
        write_through(1, data, size);
        return;
    }
    if (!buffered)
        buffered_since = monotonic_nanoseconds();
    memcpy(buffer + buffered, data, size);
    buffered += size;
}

void output_tick(void)
{
    if (buffered && monotonic_nanoseconds() - buffered_since > HOLD_BACK_NANOSECONDS)
        output_flush();
}

void output_text(int fd, const char *text)
{
    output_write(fd, (const uint8_t *)text, strlen(text));
}
