# expect: success
# holds: CapEff:	0000000000000000
# holds: CapPrm:	0000000000000000
# holds: CapAmb:	0000000000000000
# holds: NoNewPrivs:	1
# holds: Seccomp:	2
# holds: interfaces lo
# holds: processes 2
# holds: environment fine
# holds: descriptors 0 1 2
# holds: uid is the run's own
grep -E '^(CapEff|CapPrm|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status
[ "$(id -u)" -ge 20000 ] && [ "$(id -G)" = "$(id -u)" ] && echo "uid is the run's own"
echo interfaces $(ls /sys/class/net)
# This shell, and the agent.
count=0
for process in /proc/[0-9]*; do [ -e "$process/stat" ] && count=$((count + 1)); done
echo "processes $count"
env | grep -qiE 'runnel|docker|secret|token|cargo' && echo "environment leaks" || echo "environment fine"
echo descriptors $(for file in /proc/$$/fd/*; do n=${file##*/}; [ "$n" -lt 255 ] && echo "$n"; done)
