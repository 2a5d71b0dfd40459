echo out
echo err >&2
no_such_command
echo "$?"
