# expect: memory_limit or error
# limits: {"memory_mb": 48}
# One variable that doubles.
x=xxxxxxxxxxxxxxxx
while :; do x=$x$x; done
