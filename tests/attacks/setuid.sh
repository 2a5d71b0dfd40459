# expect: success
# holds: done
# Programs with the rights of others, from the image and of its own making.
for program in su mount umount passwd newgrp chsh; do
    command -v "$program" >/dev/null || continue
    "$program" --help >/dev/null 2>&1
done
[ "$(su -c 'id -u' 2>/dev/null </dev/null)" = 0 ] && echo WORKED
mount -t tmpfs none /tmp 2>/dev/null && echo WORKED
umount /tmp 2>/dev/null && echo WORKED
cp /bin/bash /tmp/root && chmod 6755 /tmp/root
chown 0:0 /tmp/root 2>/dev/null && echo WORKED
[ "$(/tmp/root -p -c 'id -u')" = "$(id -u)" ] || echo WORKED
unshare -r true 2>/dev/null && echo WORKED
nsenter -t 1 -m true 2>/dev/null && echo WORKED
chroot / true 2>/dev/null && echo WORKED
echo done
