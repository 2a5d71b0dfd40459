# What is bash's own, and the tools that are there.
declare -A age=([Ada]=36 [Alan]=41)
for name in $(printf '%s\n' "${!age[@]}" | sort); do echo "$name ${age[$name]}"; done
text="a-b-c"
echo "${text//-/+} ${#text} $((2 ** 40)) ${text:2:1}"
[[ $text =~ ^(.)-(.) ]] && echo "${BASH_REMATCH[2]}"
diff <(seq 3) <(seq 2 4) | grep -c '[<>]'
echo "1 2 3" | awk '{ print $1 + $2 + $3 }' | sed 's/$/!/'
for i in 3 1 2; do (sleep "0.$i"; echo "job $i") & done
wait
cat <<< "$(date -u -d @0 +%Y)"
