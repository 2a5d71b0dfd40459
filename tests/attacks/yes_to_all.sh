# expect: output_limit
# limits: {"output_kb": 100}
# Output from everything but itself, after it has ended its own share.
setsid yes flood & setsid yes flood >&2 &
exec >&- 2>&-
wait
