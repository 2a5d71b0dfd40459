# expect: success
# holds: done
# A folder that is hard to remove, and nothing left to start from.
mkdir -p a/b/c && touch a/b/c/d && chmod 000 a/b/c a/b a
rm -rf /box/work/* /tmp/* /box/bin/* / 2>/dev/null
cd / && rm -rf /box/work 2>/dev/null
echo done
