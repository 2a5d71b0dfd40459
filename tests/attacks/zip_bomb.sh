# expect: success or error
# limits: {"files_mb": 16}
# holds: No space left
# A few kilobytes that unpack to a lot.
head -c 200000000 /dev/zero | gzip -9 > bomb.gz
gzip -dc bomb.gz > unpacked1 &
gzip -dc bomb.gz > /tmp/unpacked2
wait
[ "$(du -sm . | cut -f1)" -le 17 ] || echo WORKED
