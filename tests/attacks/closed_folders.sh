# expect: success
# tests: 2
# Leaves folders that even their owner can't enter, files in them, and takes the rights from its own folder.
mkdir -p a/b/c && echo x > a/b/c/d && ln a/b/c/d a/e
mkdir -p /tmp/a/b && touch /tmp/a/b/c
chmod 000 a/b/c/d a/b/c a/b a /tmp/a/b /tmp/a . 2>/dev/null
printf well
