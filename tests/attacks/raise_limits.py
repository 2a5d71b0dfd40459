# expect: timeout
# limits: {"time_ms": 400}
# Its own limits are its own to raise. Ours are not.
import gc, resource, sys, threading, time
for which in ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_STACK"):
    try:
        resource.setrlimit(getattr(resource, which), (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except Exception:
        pass
sys.settrace(lambda *_: time.sleep)
sys.setprofile(None)
sys.setswitchinterval(1e6)
time.process_time = time.perf_counter = time.time = lambda: 0
gc.disable()
while True:
    pass
