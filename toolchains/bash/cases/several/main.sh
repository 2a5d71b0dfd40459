source lib/text.sh
upper < words.txt | sort > sorted.txt
mapfile -t lines < sorted.txt
echo "${#lines[@]} ${lines[*]}"
bash lib/other.sh "${lines[0]}"
exit $?
