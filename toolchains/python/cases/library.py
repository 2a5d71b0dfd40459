# A tour through the library: data files, C modules, sources.
import bisect, collections, csv, decimal, fractions, hashlib, heapq, inspect, io, itertools, json, math, re, sqlite3
import statistics, string, struct, textwrap, tomllib, xml.etree.ElementTree as tree, zipfile, zlib, gzip
import dis, sysconfig, platform, calendar, locale, importlib.resources, importlib.metadata, pydoc

print(math.comb(50, 25), math.isqrt(10**30), decimal.Decimal(1) / 3, fractions.Fraction(3, 9))
print(hashlib.sha256(b"x").hexdigest()[:16], hashlib.md5(b"").hexdigest()[:8], hashlib.blake2b(b"").hexdigest()[:8])
print(collections.Counter("abracadabra").most_common(2), list(itertools.batched("abcdef", 4)))
db = sqlite3.connect(":memory:")
db.execute("create table t (x)")
db.executemany("insert into t values (?)", [(i,) for i in range(5)])
print(db.execute("select sum(x), max(x) from t").fetchone())
print(re.sub(r"(\w+) (\w+)", r"\2 \1", "hello world"), struct.unpack("<I", b"\1\0\0\0"))
print(tomllib.loads("a = [1, 2]"), tree.fromstring("<a b='1'><c/></a>").attrib, json.dumps({"é": [1.5, None]}))
print(zlib.decompress(zlib.compress(b"x" * 50))[:3], gzip.decompress(gzip.compress(b"zip")), textwrap.shorten("a b c d", 5))
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
    file.writestr("a.txt", "inside")
print(zipfile.ZipFile(archive).read("a.txt"), calendar.monthrange(2024, 2), statistics.median([3, 1, 2]))
print(list(csv.reader(io.StringIO('a,"b,c"\n'))), string.capwords("two words"))


def sample(x):
    return x + 1  # a comment


print(inspect.getsource(sample))
print(inspect.getsource(textwrap.dedent).splitlines()[0], inspect.getsourcefile(json) is not None)
print(type(sysconfig.get_paths()).__name__, platform.python_version()[:4], platform.system() != "")
print("abs(" in pydoc.render_doc(abs), bool(__import__("this")))
