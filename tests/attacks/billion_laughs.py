# expect: error or memory_limit or timeout or success
# limits: {"memory_mb": 128, "time_ms": 2000}
# Documents that are small until they are read.
import io, zipfile, zlib
import xml.etree.ElementTree as tree
entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
try:
    print(len(tree.fromstring(f'<!DOCTYPE x [<!ENTITY a0 "ha">{entities}]><x>&a11;</x>').text) > 10 ** 9 and "WORKED")
except Exception as error:
    print(type(error).__name__)
packed = zlib.compress(bytes(50_000_000), 9)
kept = []
while True:
    kept.append(zlib.decompress(packed))
