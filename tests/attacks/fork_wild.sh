# expect: success or timeout or error
# limits: {"time_ms": 2000, "wall_ms": 2000}
bomb() { bomb | bomb & }
bomb
for i in 1 2 3; do setsid bash -c 'while :; do (:) & done' & done
sleep 1
