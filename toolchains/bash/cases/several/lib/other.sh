echo "other: $1"
exit 9
