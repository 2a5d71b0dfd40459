import os
import sys
import threading
import traceback

print("before")
os.chdir = os.environ = threading._shutdown = traceback.print_exception = traceback.TracebackException = None
del sys.excepthook, sys.stderr
raise ValueError
