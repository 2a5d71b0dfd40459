# expect: timeout
# limits: {"time_ms": 400}
# It ends, and goes on in what is run at the end.
import atexit, sys, weakref
class Undying:
    def __del__(self):
        Undying()
        while True:
            pass
@atexit.register
def go_on():
    while True:
        pass
sys.excepthook = lambda *_: go_on()
keep = Undying()
raise SystemExit(0)
