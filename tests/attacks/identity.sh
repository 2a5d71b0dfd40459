grep -E '^(CapEff|CapPrm|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status
echo "uid $(id -u)"
echo interfaces $(ls /sys/class/net)
# This shell, and the agent.
count=0
for process in /proc/[0-9]*; do [ -e "$process/stat" ] && count=$((count + 1)); done
echo "processes $count"
env | grep -qiE 'runnel|docker|secret|token|cargo' && echo "environment leaks" || echo "environment fine"
echo descriptors $(for file in /proc/$$/fd/*; do n=${file##*/}; [ "$n" -lt 255 ] && echo "$n"; done)
