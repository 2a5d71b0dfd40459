# The first lines of many contest programs.
import resource
import sys
import threading

sys.setrecursionlimit(10**6)
threading.stack_size(2**27)
resource.setrlimit(resource.RLIMIT_STACK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(resource.getrusage(resource.RUSAGE_SELF).ru_utime >= 0, resource.getrlimit(resource.RLIMIT_STACK))
input = sys.stdin.readline


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


def main():
    n = int(input())
    print(depth(n))


thread = threading.Thread(target=main)
thread.start()
thread.join()
