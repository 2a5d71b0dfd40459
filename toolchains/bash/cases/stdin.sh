read -r -p "name? " name
echo "[$name]"
count=0
while IFS= read -r line || [ -n "$line" ]; do
    count=$((count + 1))
    printf '%d: %s\n' "$count" "${line^^}"
done
