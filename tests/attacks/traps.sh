# expect: timeout
# message: wall time
# limits: {"wall_ms": 700}
# lacks: trapped
# Whatever it is told, it does not go.
for signal in {1..64}; do trap 'echo trapped' "$signal" 2>/dev/null; done
trap 'sleep 100' EXIT
while :; do sleep 100; done
