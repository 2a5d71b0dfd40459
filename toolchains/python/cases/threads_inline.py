# A thread runs at its start; a pool at its submit.
import concurrent.futures
import threading


def work(n):
    print("work", n, threading.current_thread().name)


threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print([thread.is_alive() for thread in threads], threading.current_thread().name, threading.active_count())
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(list(pool.map(abs, [-1, -2])))
    future = pool.submit(int, "x")
    print(type(future.exception()).__name__)
    done = [f.result() for f in concurrent.futures.as_completed([pool.submit(pow, 2, n) for n in range(4)])]
    print(sorted(done))
lock = threading.Lock()
with lock:
    print(lock.locked(), lock.acquire(blocking=False))
local = threading.local()
local.x = 1
print(local.x, threading.main_thread() is threading.current_thread())


def fail():
    raise ValueError("in a thread")


thread = threading.Thread(target=fail, name="T")
thread.start()
thread.join()
timer = threading.Timer(0.01, print, ["timer"])
timer.start()
timer.join()
