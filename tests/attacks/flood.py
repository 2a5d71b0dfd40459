# expect: output_limit
# limits: {"output_kb": 100}
# Both pipes, in pieces large and small.
import sys
while True:
    sys.stdout.write("x" * 100_000)
    sys.stderr.write("y")
    print("z")
