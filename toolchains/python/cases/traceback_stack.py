# Stacks that a program prints itself have no frames of ours either.
import inspect
import logging
import sys
import traceback


def f():
    traceback.print_stack(file=sys.stdout)
    print([frame.function for frame in inspect.stack()])
    print([frame.name for frame in traceback.extract_stack()])
    print(len(traceback.format_stack()))


f()
logging.basicConfig(stream=sys.stdout, format="%(filename)s %(funcName)s %(message)s")
logging.warning("message", stack_info=True)
try:
    1 / 0
except ZeroDivisionError:
    traceback.print_exc(file=sys.stdout)
    logging.exception("logged")
