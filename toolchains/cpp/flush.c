// Shows what a program prints while it still runs.
//
// glibc keeps what goes to a pipe until 4096 bytes have come or the program ends; who watches a program, or sees it
// killed at its time limit, would miss the rest. This object is linked into every program. It looks up to 100 times a
// second whether something has been lying in stdout's buffer, and writes it.
//
// A thread that calls fflush would do, but with a second thread glibc locks every getchar, putchar and shared_ptr:
// measured, `cin >> n` takes 4.5 times as long, getchar 6, putchar 7. So the onlooker here is a task of the kernel that
// glibc does not know, and it never changes the buffer. It writes bytes early and counts them in `told`; when stdout is
// flushed, what is told already is left out. That moment is caught by the linker (--wrap=__write), which needs a static
// libc. Nothing else of the program is touched: no signal, no file descriptor, no errno.
//
// Never here: anything of libc inside `look` and what it calls. It runs on the thread data of the program's first thread.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

ssize_t __real___write(int fd, const void *data, size_t size);
int __real__IO_file_doallocate(FILE *file);
void __real___fpurge(FILE *file);

// The time between two looks: a tenth of the silence so far, within these bounds.
#ifndef LEAST_NS
#define LEAST_NS (10 * 1000 * 1000)
#endif
#define MOST_NS (100 * 1000 * 1000)
// A thread that has used this much CPU time has gone on by more than the few instructions that matter here.
#define WENT_ON_NS (100 * 1000)

// Nobody, the onlooker, the onlooker while the program waits, the program.
enum { FREE, LOOKING, AWAITED, FLUSHING };

static pid_t owner;           // where the onlooker is: a forked child inherits all this, but not the task
static FILE *out;             // the stream it looks at; none until something is printed
static clockid_t printer;     // CPU time of the thread that printed first
static atomic_int holder;     // who may write, and change the two below
static atomic_size_t told;    // bytes at the buffer's start that are written already
static atomic_uint flushes;
static _Alignas(16) char stack[8192];

static long call(long number, long a, long b, long c, long d)
{
#if defined __x86_64__
    register long r10 __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
#elif defined __aarch64__
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
#else
#error "system calls of this processor"
#endif
}

static int begin(int who)
{
    int nobody = FREE;
    return atomic_compare_exchange_strong(&holder, &nobody, who);
}

static void done(void)
{
    if (atomic_exchange(&holder, FREE) == AWAITED) call(SYS_futex, (long)&holder, FUTEX_WAKE_PRIVATE, 1, 0);
}

static void begin_flush(void)
{
    while (!begin(FLUSHING)) {
        // A flush that was left by longjmp or cancellation never ends, and neither does what a forked child inherited.
        if (atomic_load(&holder) == FLUSHING || call(SYS_getpid, 0, 0, 0, 0) != owner) {
            atomic_store(&holder, FLUSHING);
            return;
        }
        int looking = LOOKING;
        atomic_compare_exchange_strong(&holder, &looking, AWAITED);
        call(SYS_futex, (long)&holder, FUTEX_WAIT_PRIVATE, AWAITED, 0);
    }
}

// After a flush nothing that was seen or told before counts.
static void end_flush(void)
{
    atomic_store(&told, 0);
    atomic_fetch_add(&flushes, 1);
    done();
}

// The end of what is in the buffer. Written by the program at any moment.
static char *filled(void) { return __atomic_load_n(&out->_IO_write_ptr, __ATOMIC_ACQUIRE); }

static long used_ns(void)
{
    struct timespec t = {0, 0};
    call(SYS_clock_gettime, printer, (long)&t, 0, 0);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

// Whether the first thread sleeps in the kernel. The file is open for microseconds in which that thread most likely
// sleeps; kept open it would be in the program's way.
static int sleeps(void)
{
    char text[64];
    long fd = call(SYS_openat, AT_FDCWD, (long)"/proc/self/stat", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return 0;
    long size = call(SYS_read, fd, (long)text, sizeof text, 0);
    call(SYS_close, fd, 0, 0, 0);
    for (long i = size - 3; i >= 0; i--)
        if (text[i] == ')') return text[i + 2] == 'S';
    return 0;
}

static void tell(char *until, unsigned since)
{
    if (!begin(LOOKING)) return;
    char *from = out->_IO_write_base + told;
    if (flushes == since && from < until) {
        long wrote = call(SYS_write, out->_fileno, (long)from, until - from, 0);
        if (wrote > 0) told += (size_t)wrote;
    }
    done();
}

// putc moves the end before it stores its byte, so what lies before the end is there for certain only if the printing
// thread has gone on since, or sleeps, or (among several threads, which lock the stream) holds no lock.
static _Noreturn int look(void *unused)
{
    struct timespec pause = {0, LEAST_NS};
    char *seen = NULL;
    unsigned seen_flushes = 0;
    long seen_used = 0, silence = 0;
    (void)unused;
    for (;;) {
        call(SYS_nanosleep, (long)&pause, 0, 0, 0);
        unsigned now_flushes = flushes;
        char *now = filled();
        silence = now == seen && now_flushes == seen_flushes ? silence + pause.tv_nsec : 0;
        pause.tv_nsec = silence / 10 < LEAST_NS ? LEAST_NS : silence / 10 > MOST_NS ? MOST_NS : silence / 10;
        if (now == NULL || now <= out->_IO_write_base + told) {
            // Nothing to tell.
        } else if (!__atomic_load_n(&__libc_single_threaded, __ATOMIC_ACQUIRE)) {
            if (__atomic_load_n((int *)out->_lock, __ATOMIC_ACQUIRE) == 0) tell(now, now_flushes);
        } else {
            long used = used_ns();
            if (used - seen_used < WENT_ON_NS && sleeps()) tell(now, now_flushes);
            else if (used - seen_used >= WENT_ON_NS && seen_flushes == now_flushes) tell(seen, now_flushes);
            seen_used = used;
        }
        seen = now;
        seen_flushes = now_flushes;
    }
}

// In a child that was forked before anything was printed there is none: each would take one of the places for processes.
__attribute__((constructor)) static void born(void) { owner = getpid(); }

// Where no place is free, there is no onlooker, and everything is as without this file.
static void start(FILE *file)
{
    unsigned long all = ~0UL, before;
    int error = errno;
    if (getpid() != owner || pthread_getcpuclockid(pthread_self(), &printer) != 0) return;
    out = file;
    // The task inherits that no signal is delivered to it.
    call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&all, (long)&before, sizeof all);
    clone(look, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL);
    call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before);
    errno = error;
}

// stdout gets its buffer: the program prints for the first time, and has chosen no buffer of its own.
int __wrap__IO_file_doallocate(FILE *file)
{
    int result = __real__IO_file_doallocate(file);
    if (file == stdout && out == NULL && !__flbf(file)) start(file);
    return result;
}

// Each flush of stdio comes by here, among other writes.
ssize_t __wrap___write(int fd, const void *data, size_t size)
{
    if (out == NULL || fd != out->_fileno || data != out->_IO_write_base) return __real___write(fd, data, size);
    begin_flush();
    size_t skip = told < size ? told : size;
    ssize_t wrote = skip < size ? __real___write(fd, (const char *)data + skip, size - skip) : 0;
    // stdio does so too when we have returned, but then somebody may be looking.
    __atomic_store_n(&out->_IO_write_ptr, out->_IO_write_base, __ATOMIC_RELEASE);
    end_flush();
    return wrote >= 0 ? (ssize_t)skip + wrote : skip > 0 ? (ssize_t)skip : -1;
}

// What a program takes back from the buffer; what is told stays told.
void __wrap___fpurge(FILE *file)
{
    if (file != out) {
        __real___fpurge(file);
        return;
    }
    begin_flush();
    __real___fpurge(file);
    end_flush();
}
