# Nothing is left of the build or of rehearsals: counters, caches and states are as in a fresh interpreter.
import asyncio
import atexit
import linecache
import logging
import sys
import tempfile
import threading
import time

print(threading.Thread().name, asyncio.run(asyncio.sleep(0, asyncio)).__name__)
print(tempfile._name_sequence, tempfile.tempdir, sorted(linecache.cache), atexit._ncallbacks())
print([hasattr(sys, name) for name in ("last_exc", "last_value", "last_traceback", "ps1")])
record = logging.LogRecord("n", 10, "p", 1, "m", (), None)
print(0 <= record.relativeCreated < 5000, logging.root.handlers, time.process_time() < 1)
print([name for name in sys.modules if name.startswith(("_runnel", "wit_world", "componentize"))])
print(sys.path[0], sys.argv, "app" in sys.modules)
