# expect: output_limit
# limits: {"output_kb": 100}
# Bytes that are no text, to both pipes at once, by programs of their own.
cat /dev/urandom >&2 &
cat /dev/urandom
