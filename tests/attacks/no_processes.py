# expect: success
# holds: done
# Other processes, other hosts, native code: none of them is there, and asking does no harm.
import os
def imported(name):
    try:
        return __import__(name)
    except ImportError:
        return None
attempts = [
    lambda: os.fork(), lambda: os.execv("/bin/sh", ["sh"]), lambda: os.system("id"), lambda: os.kill(1, 9), lambda: os.setuid(0),
    lambda: os.popen("id").read(), lambda: __import__("subprocess").run(["id"]), lambda: __import__("ctypes").CDLL(None),
    lambda: __import__("mmap").mmap(-1, 1 << 40), lambda: __import__("socket").create_connection(("127.0.0.1", 22), 1),
    lambda: __import__("socket").getaddrinfo("localhost", 80)[0][4] and __import__("socket").socket().bind(("127.0.0.1", 8080)),
    lambda: __import__("multiprocessing").Process(target=print).start(), lambda: __import__("_posixsubprocess").fork_exec(),
    lambda: __import__("signal").alarm(1), lambda: __import__("urllib.request").request.urlopen("http://127.0.0.1/"),
]
for number, attempt in enumerate(attempts):
    try:
        attempt()
        print("WORKED", number)
    except (Exception, SystemExit):
        pass
print("done")
