import sys

print("before")
raise KeyboardInterrupt
