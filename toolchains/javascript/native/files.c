/* Files. Every function gives a negative error number (WASI's, which the prelude translates) instead of an exception.
   Paths are absolute: the working directory lives in the prelude. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "guest.h"

static JSValue failure(JSContext *ctx)
{
    return JS_NewInt32(ctx, -errno);
}

static JSValue outcome(JSContext *ctx, int result)
{
    return result < 0 ? failure(ctx) : JS_NewInt32(ctx, result);
}

/* The prelude's open flags; they are Linux's, which programs see as fs.constants. */
enum {
    LINUX_O_WRONLY = 1,
    LINUX_O_RDWR = 2,
    LINUX_O_CREAT = 0100,
    LINUX_O_EXCL = 0200,
    LINUX_O_TRUNC = 01000,
    LINUX_O_APPEND = 02000,
    LINUX_O_DIRECTORY = 0200000,
};

static int open_flags(int linux_flags)
{
    int flags = linux_flags & LINUX_O_RDWR ? O_RDWR : linux_flags & LINUX_O_WRONLY ? O_WRONLY : O_RDONLY;

    if (linux_flags & LINUX_O_CREAT)
        flags |= O_CREAT;
    if (linux_flags & LINUX_O_EXCL)
        flags |= O_EXCL;
    if (linux_flags & LINUX_O_TRUNC)
        flags |= O_TRUNC;
    if (linux_flags & LINUX_O_APPEND)
        flags |= O_APPEND;
    if (linux_flags & LINUX_O_DIRECTORY)
        flags |= O_DIRECTORY;
    return flags;
}

/* open(path, flags) -> descriptor */
NATIVE(file_open)
{
    const char *path = JS_ToCString(ctx, argv[0]);
    int fd = open(path, open_flags(value_int(ctx, argv[1])), 0666);

    JS_FreeCString(ctx, path);
    return outcome(ctx, fd);
}

NATIVE(file_close)
{
    return outcome(ctx, close(value_int(ctx, argv[0])));
}

/* read(fd, view, position or -1) -> number of bytes */
NATIVE(file_read)
{
    int fd = value_int(ctx, argv[0]);
    double position = value_number(ctx, argv[2]);
    uint8_t *data;
    size_t size;
    ssize_t got;

    if (!value_bytes(ctx, argv[1], &data, &size))
        return JS_ThrowTypeError(ctx, "not a buffer");
    if (fd == 0)
        wait_for_input();
    do
        got = position < 0 ? read(fd, data, size) : pread(fd, data, size, (off_t)position);
    while (got < 0 && (errno == EAGAIN || errno == EINTR));
    return outcome(ctx, got);
}

/* write(fd, view, position or -1) -> number of bytes, which is always all of them */
NATIVE(file_write)
{
    int fd = value_int(ctx, argv[0]);
    double position = value_number(ctx, argv[2]);
    uint8_t *data;
    size_t size, done = 0;

    if (!value_bytes(ctx, argv[1], &data, &size))
        return JS_ThrowTypeError(ctx, "not a buffer");
    if (fd == 1 || fd == 2) {
        output_write(fd, data, size);
        return JS_NewInt64(ctx, size);
    }
    while (done < size) {
        ssize_t written = position < 0 ? write(fd, data + done, size - done)
                                       : pwrite(fd, data + done, size - done, (off_t)position + done);
        if (written < 0) {
            if (errno == EAGAIN || errno == EINTR)
                continue;
            return failure(ctx);
        }
        done += written;
    }
    return JS_NewInt64(ctx, size);
}

/* readAll(fd) -> ArrayBuffer with everything from the current position on */
NATIVE(file_read_all)
{
    int fd = value_int(ctx, argv[0]);
    struct stat status;
    size_t room = 64 * 1024, size = 0;

    if (fd != 0 && fstat(fd, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return JS_NewInt32(ctx, -EISDIR);
        /* One more byte than the file has, so that the end is seen without growing. */
        if (status.st_size > 0)
            room = status.st_size + 1;
    }
    uint8_t *data = malloc(room);
    while (data) {
        if (fd == 0)
            wait_for_input();
        ssize_t got = read(fd, data + size, room - size);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got < 0) {
            free(data);
            return failure(ctx);
        }
        if (got == 0)
            return new_buffer(ctx, data, size);
        size += got;
        if (size == room) {
            room *= 2;
            uint8_t *larger = realloc(data, room);
            if (!larger)
                free(data);
            data = larger;
        }
    }
    return JS_ThrowOutOfMemory(ctx);
}

static double milliseconds(struct timespec time)
{
    return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

/* [kind, size, atime, mtime, ctime, inode, links, device]; kind is the type part of a Unix mode. */
static JSValue status_list(JSContext *ctx, const struct stat *status)
{
    double fields[] = {
        S_ISDIR(status->st_mode) ? 0040000 : S_ISREG(status->st_mode) ? 0100000
            : S_ISLNK(status->st_mode) ? 0120000 : S_ISCHR(status->st_mode) ? 0020000 : 0010000,
        status->st_size, milliseconds(status->st_atim), milliseconds(status->st_mtim),
        milliseconds(status->st_ctim), status->st_ino, status->st_nlink, status->st_dev,
    };
    JSValue list = JS_NewArray(ctx);

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        JS_SetPropertyUint32(ctx, list, i, JS_NewNumber(ctx, fields[i]));
    return list;
}

/* stat(path, followLinks) */
NATIVE(file_stat)
{
    const char *path = JS_ToCString(ctx, argv[0]);
    struct stat status;
    int result = JS_ToBool(ctx, argv[1]) ? stat(path, &status) : lstat(path, &status);

    JS_FreeCString(ctx, path);
    return result < 0 ? failure(ctx) : status_list(ctx, &status);
}

NATIVE(file_fstat)
{
    struct stat status;

    if (fstat(value_int(ctx, argv[0]), &status) < 0)
        return failure(ctx);
    return status_list(ctx, &status);
}

/* kindOf(path) -> 1 for a file, 2 for a directory, 0 for nothing. What looking for modules needs, and no more. */
NATIVE(file_kind_of)
{
    const char *path = JS_ToCString(ctx, argv[0]);
    struct stat status;
    int result = stat(path, &status);

    JS_FreeCString(ctx, path);
    return JS_NewInt32(ctx, result < 0 ? 0 : S_ISDIR(status.st_mode) ? 2 : 1);
}

/* readdir(path) -> [name, kind, name, kind, ...] in the host's order */
NATIVE(file_readdir)
{
    const char *path = JS_ToCString(ctx, argv[0]);
    DIR *directory = opendir(path);
    struct dirent *entry;
    uint32_t count = 0;

    JS_FreeCString(ctx, path);
    if (!directory)
        return failure(ctx);
    JSValue list = JS_NewArray(ctx);
    while ((entry = readdir(directory))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        int kind = entry->d_type == DT_DIR ? 0040000 : entry->d_type == DT_LNK ? 0120000 : 0100000;
        JS_SetPropertyUint32(ctx, list, count++, JS_NewString(ctx, entry->d_name));
        JS_SetPropertyUint32(ctx, list, count++, JS_NewInt32(ctx, kind));
    }
    closedir(directory);
    return list;
}

/* Operations on one path. */
#define PATH_OPERATION(function, expression)                \
    NATIVE(function)                                        \
    {                                                       \
        const char *path = JS_ToCString(ctx, argv[0]);      \
        int result = (expression);                          \
        JS_FreeCString(ctx, path);                          \
        return outcome(ctx, result);                        \
    }

PATH_OPERATION(file_mkdir, mkdir(path, 0777))
PATH_OPERATION(file_rmdir, rmdir(path))
PATH_OPERATION(file_unlink, unlink(path))

/* Operations on two paths. */
#define TWO_PATH_OPERATION(function, expression)            \
    NATIVE(function)                                        \
    {                                                       \
        const char *from = JS_ToCString(ctx, argv[0]);      \
        const char *to = JS_ToCString(ctx, argv[1]);        \
        int result = (expression);                          \
        JS_FreeCString(ctx, from);                          \
        JS_FreeCString(ctx, to);                            \
        return outcome(ctx, result);                        \
    }

TWO_PATH_OPERATION(file_rename, rename(from, to))
TWO_PATH_OPERATION(file_link, link(from, to))
TWO_PATH_OPERATION(file_symlink, symlink(from, to))

NATIVE(file_readlink)
{
    char target[4096];
    const char *path = JS_ToCString(ctx, argv[0]);
    ssize_t size = readlink(path, target, sizeof target);

    JS_FreeCString(ctx, path);
    return size < 0 ? failure(ctx) : JS_NewStringLen(ctx, target, size);
}

/* truncate(fd, size) */
NATIVE(file_truncate)
{
    return outcome(ctx, ftruncate(value_int(ctx, argv[0]), (off_t)value_number(ctx, argv[1])));
}

static struct timespec timespec_of(double seconds)
{
    struct timespec time = { .tv_sec = (time_t)seconds };

    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    return time;
}

/* setTimes(path, access seconds, modification seconds) */
NATIVE(file_set_times)
{
    const char *path = JS_ToCString(ctx, argv[0]);
    struct timespec times[2] = {
        timespec_of(value_number(ctx, argv[1])),
        timespec_of(value_number(ctx, argv[2])),
    };
    int result = utimensat(AT_FDCWD, path, times, 0);

    JS_FreeCString(ctx, path);
    return outcome(ctx, result);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("open", 2, file_open),
    JS_CFUNC_DEF("close", 1, file_close),
    JS_CFUNC_DEF("read", 3, file_read),
    JS_CFUNC_DEF("write", 3, file_write),
    JS_CFUNC_DEF("readAll", 1, file_read_all),
    JS_CFUNC_DEF("stat", 2, file_stat),
    JS_CFUNC_DEF("fstat", 1, file_fstat),
    JS_CFUNC_DEF("kindOf", 1, file_kind_of),
    JS_CFUNC_DEF("readdir", 1, file_readdir),
    JS_CFUNC_DEF("mkdir", 1, file_mkdir),
    JS_CFUNC_DEF("rmdir", 1, file_rmdir),
    JS_CFUNC_DEF("unlink", 1, file_unlink),
    JS_CFUNC_DEF("rename", 2, file_rename),
    JS_CFUNC_DEF("link", 2, file_link),
    JS_CFUNC_DEF("symlink", 2, file_symlink),
    JS_CFUNC_DEF("readlink", 1, file_readlink),
    JS_CFUNC_DEF("truncate", 2, file_truncate),
    JS_CFUNC_DEF("setTimes", 3, file_set_times),
};

void add_file_functions(JSContext *ctx, JSValueConst native)
{
    JS_SetPropertyFunctionList(ctx, native, functions, sizeof functions / sizeof *functions);
}
