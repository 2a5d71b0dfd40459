# What a cell does not have ends in an exception with a reason.
import os

def attempt(name, function):
    try:
        function()
    except (OSError, AttributeError, ImportError, NotImplementedError, RuntimeError) as error:
        print(name, type(error).__name__)
    else:
        print(name, "worked")

def use_socket():
    import socket
    socket.create_connection(("127.0.0.1", 80), 1)

def use_processes():
    import multiprocessing
    with multiprocessing.Pool(2) as pool:
        pool.map(abs, [1])

def use_process_pool():
    import concurrent.futures
    with concurrent.futures.ProcessPoolExecutor() as pool:
        pool.submit(abs, 1).result()

def use_subprocess():
    import subprocess
    subprocess.run(["true"])

def use_alarm():
    import signal
    signal.alarm(1)

attempt("fork", lambda: os.fork())
attempt("system", lambda: os.system("true"))
attempt("popen", lambda: os.popen("true").read())
attempt("subprocess", use_subprocess)
attempt("socket", use_socket)
attempt("multiprocessing", use_processes)
attempt("process pool", use_process_pool)
attempt("alarm", use_alarm)
attempt("fcntl", lambda: __import__("fcntl"))
attempt("ctypes", lambda: __import__("ctypes"))
attempt("kill", lambda: os.kill(1, 9))
