import time

start = time.perf_counter()
wall = time.time()
print(0 <= time.process_time() < 1, 0 <= time.thread_time() < 1, time.process_time_ns() >= 0)
time.sleep(0.05)
print(0.05 <= time.perf_counter() - start < 5, 0.04 <= time.time() - wall < 5)
print(time.process_time() < 0.05 or time.process_time())
print(time.time() > 1.7e9, time.gmtime(0)[:6], time.monotonic() <= time.monotonic())
print(time.get_clock_info("process_time").monotonic, time.strftime("%Y-%m-%d", time.gmtime(86400)), time.tzname[0])
try:
    time.sleep(-1)
except ValueError as error:
    print(error)
