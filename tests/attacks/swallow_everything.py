# expect: timeout
# limits: {"time_ms": 400}
# Whatever is thrown at it, it goes on.
import sys
sys.setrecursionlimit(100)
def again():
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
        finally:
            again()
again()
