# expect: success
# tests: 3
# Looks for the inputs of the other tests, and for what they should print, wherever something can be read.
read -r mine
for file in /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/fd/* /box/work/* /tmp/* /dev/shm/* /runnel/*; do
    [ -f "$file" ] || [ -p "$file" ] || continue
    case $file in /proc/$$/* | /proc/self/* | */main.sh | /runnel/agent) continue ;; esac
    timeout 0.1 head -c 100000 "$file" 2>/dev/null | tr '\0' '\n' | grep -a '^input [0-9]' | grep -avxF "$mine" && echo FOUND
done
printf well
