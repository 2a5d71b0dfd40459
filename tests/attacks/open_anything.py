# expect: success
# holds: done
# Every path that leads out, by every way to say it.
import os, pathlib
for path in (
    "/etc/passwd", "/proc/self/status", "/dev/null", "/dev/mem", "/sys", "/", "/root", "/..", "../../../../etc/passwd", "/box/../etc/passwd",
    "/proc/self/root/etc/passwd", "/proc/1/environ", "/var/run/docker.sock", "\\etc\\passwd", "//etc/passwd", "/box/./../../etc/passwd",
):
    for way in (open, os.open, os.stat, os.listdir, os.readlink, os.unlink, pathlib.Path.read_bytes):
        try:
            result = way(path, os.O_RDONLY) if way is os.open else way(pathlib.Path(path) if way is pathlib.Path.read_bytes else path)
            if way is os.listdir and set(result) <= {"box", "tmp", "python", "main.py"} or way in (os.stat, os.open) and os.path.abspath(path).strip("/") == "":
                continue
            print("WORKED", way.__name__, path, result)
        except (OSError, AttributeError, ValueError, TypeError):
            pass
for descriptor in range(3, 64):
    try:
        os.fstat(descriptor)
        os.write(descriptor, b"x")
        print("WORKED", descriptor)
    except OSError:
        pass
print("done")
