# expect: success
# holds: base64
# Text that is none: lone surrogates, bytes that are not UTF-8, NULs, escape sequences, half a character at a time.
import os, sys
for piece in (b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\x00" * 10, b"\x1b]0;x\x07\x1b[2J", b"\xf0\x9f", b"\x98\x80", b"\xf4\x90\x80\x80"):
    os.write(1, piece)
    os.write(2, piece)
sys.stdout.reconfigure(errors="surrogateescape")
try:
    print("\udcff\ud800")
except UnicodeError:
    pass
print("done")
