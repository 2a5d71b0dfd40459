import sys

print("out", end="")
sys.stderr.write("err\n")
raise RuntimeError
