# What only a second thread could do is an error, not an endless wait.
import _thread
import queue
import threading

attempts = {
    "daemon": lambda: threading.Thread(target=print, daemon=True).start(),
    "raw": lambda: _thread.start_new_thread(print, ()),
    "event": lambda: threading.Event().wait(),
    "queue": lambda: queue.Queue().get(),
    "barrier": lambda: threading.Barrier(2).wait(),
    "semaphore": lambda: threading.Semaphore(0).acquire(),
}
for name, attempt in attempts.items():
    try:
        attempt()
    except RuntimeError as error:
        print(name, "RuntimeError")
print(threading.Event().wait(0.01))
try:
    queue.Queue().get(timeout=0.01)
except queue.Empty:
    print("empty")
