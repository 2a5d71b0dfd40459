echo "$# $0"
for arg; do echo "[$arg]"; done
