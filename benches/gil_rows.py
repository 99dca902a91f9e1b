"""Library calls of `src/evidence/data/gil.csv` as code: what is prepared at import, and the call.

A call that takes microseconds is repeated, so that a task takes a millisecond or so.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """Code for a row of the table, found by library, call and input."""

    library: str
    call: str
    input: str
    setup: str
    expression: str
    times: int = 1


# What every module begins with.
PRELUDE = """
import io, json, random
random.seed(1)
RECORDS = [{"id": i, "name": "name %d" % i, "tags": ["a", "b"], "value": i * 0.5} for i in range(15_000)]
DOCUMENT = json.dumps(RECORDS).encode()
TEXT = b"".join(b"line %d of a text rather like prose\\n" % (i * 7919 % 10_007) for i in range(27_000))
STRING = TEXT.decode()
RANDOM = random.randbytes(1 << 20)
PAGE = "<html><body><table>" + "".join(
    "<tr><td class='name'>row %d</td><td><a href='/row/%d'>link</a></td></tr>" % (i, i) for i in range(13_000)
) + "</table></body></html>"
"""

ARRAYS = "import numpy; GENERATOR = numpy.random.default_rng(1); A = GENERATOR.random(1_000_000)"
PICTURE = """
from PIL import Image, ImageFilter
PICTURE = Image.frombytes("RGB", (1000, 1000), random.randbytes(3_000_000))
def packed(kind):
    file = io.BytesIO()
    PICTURE.save(file, kind)
    return file.getvalue()
JPEG, PNG = packed("JPEG"), packed("PNG")
"""
KEY = "from cryptography.hazmat.primitives.ciphers.aead import AESGCM; AES = AESGCM(bytes(32))"
FRAME = """
import numpy, pandas
GENERATOR = numpy.random.default_rng(1)
FRAME = pandas.DataFrame({"k": GENERATOR.integers(0, 100, 1_000_000), "v": GENERATOR.random(1_000_000)})
NUMBERS = FRAME.head(45_000).to_csv(index=False)
WORDS = pandas.Series(["word number %d" % i for i in range(100_000)], dtype=object)
DATES = ["2026-01-%02d 10:%02d:00" % (i % 28 + 1, i % 60) for i in range(50_000)]
"""
DATABASE = """
import sqlite3
def connected():
    connection = sqlite3.connect(":memory:")
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d)"
    return connection, rows
def fetch():
    connection, rows = connected()
    return len(connection.execute(rows % 100_000 + " SELECT i, i * 2 FROM n").fetchall())
def insert():
    connection, _ = connected()
    connection.execute("CREATE TABLE t (a, b)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", ((i, "b") for i in range(10_000)))
"""

ROWS = [
    Row("orjson", "orjson.loads", "1 MB", "import orjson", "orjson.loads(DOCUMENT)"),
    Row("orjson", "orjson.dumps", "1 MB", "import orjson", "orjson.dumps(RECORDS)"),
    Row("msgspec", "msgspec.json.decode", "1 MB", "import msgspec", "msgspec.json.decode(DOCUMENT)"),
    Row("ujson", "ujson.loads", "1 MB", "import ujson", "ujson.loads(DOCUMENT)"),
    Row("python-rapidjson", "rapidjson.loads", "1 MB", "import rapidjson", "rapidjson.loads(DOCUMENT)"),
    Row(
        "msgpack",
        "msgpack.unpackb",
        "1 MB",
        "import msgpack; P = msgpack.packb(RECORDS)",
        "msgpack.unpackb(P)",
    ),
    Row("cbor2", "cbor2.loads", "1 MB", "import cbor2; P = cbor2.dumps(RECORDS)", "cbor2.loads(P)"),
    Row(
        "PyYAML",
        "yaml.load(Loader=CSafeLoader)",
        "20 KB",
        "import yaml; Y = yaml.safe_dump(RECORDS[:300])",
        "yaml.load(Y, Loader=yaml.CSafeLoader)",
    ),
    Row(
        "lxml",
        "lxml.etree.fromstring (default parser)",
        "1 MB",
        "import lxml.etree",
        "lxml.etree.fromstring(PAGE)",
    ),
    Row(
        "lxml",
        "lxml.etree.fromstring (own XMLParser each)",
        "1 MB",
        "import lxml.etree",
        "lxml.etree.fromstring(PAGE, lxml.etree.XMLParser())",
    ),
    Row(
        "lxml",
        "lxml.html.fromstring (default parser)",
        "1 MB",
        "import lxml.html",
        "lxml.html.fromstring(PAGE)",
    ),
    Row(
        "lxml",
        "lxml.html.fromstring (own HTMLParser each)",
        "1 MB",
        "import lxml.html",
        "lxml.html.fromstring(PAGE, parser=lxml.html.HTMLParser())",
    ),
    Row(
        "selectolax",
        "LexborHTMLParser",
        "1 MB",
        "from selectolax.lexbor import LexborHTMLParser",
        "LexborHTMLParser(PAGE)",
    ),
    Row("html5lib", "html5lib.parse", "20 KB", "import html5lib", "html5lib.parse(PAGE[:20_000])"),
    Row(
        "regex",
        "regex.findall (str, many matches)",
        "200 KB",
        "import regex",
        "regex.findall(r'\\w+', STRING[:200_000])",
    ),
    Row(
        "regex",
        "regex.search (str, no match, one long scan)",
        "1 MB",
        "import regex",
        "regex.search(r'[a-z]+9[a-z]+8', STRING)",
    ),
    Row(
        "regex",
        "regex.search (bytes, no match, one long scan)",
        "1 MB",
        "import regex",
        "regex.search(rb'[a-z]+9[a-z]+8', TEXT)",
    ),
    Row(
        "re",
        "re.search (str, no match, one long scan)",
        "200 KB",
        "import re",
        "re.search(r'[a-z]+9[a-z]+8', STRING[:200_000])",
    ),
    Row(
        "google-re2",
        "re2.search (no match, one long scan)",
        "1 MB",
        "import re2; PATTERN = re2.compile('[a-z]+9[a-z]+8')",
        "PATTERN.search(STRING)",
    ),
    Row(
        "rapidfuzz",
        "rapidfuzz.process.extract",
        "5000 choices",
        "import rapidfuzz; CHOICES = STRING.splitlines()[:5000]",
        "rapidfuzz.process.extract('line 77 of a prose', CHOICES)",
    ),
    Row(
        "Levenshtein",
        "Levenshtein.distance",
        "two strings of 10 kB",
        "import Levenshtein",
        "Levenshtein.distance(STRING[:10_000], STRING[30_000:40_000])",
    ),
    Row("hashlib", "hashlib.sha256", "1 KB", "import hashlib", "hashlib.sha256(RANDOM[:1024])", 1000),
    Row("hashlib", "hashlib.sha256", "64 KB", "import hashlib", "hashlib.sha256(RANDOM[:65_536])", 20),
    Row("hashlib", "hashlib.sha256", "1 MB", "import hashlib", "hashlib.sha256(RANDOM)"),
    Row("hashlib", "hashlib.blake2b", "1 MB", "import hashlib", "hashlib.blake2b(RANDOM)"),
    Row(
        "hashlib",
        "hashlib.pbkdf2_hmac",
        "2000 rounds",
        "import hashlib",
        "hashlib.pbkdf2_hmac('sha256', b's', b's', 2000)",
        4,
    ),
    Row(
        "hashlib",
        "hashlib.scrypt",
        "n=4096 r=8",
        "import hashlib",
        "hashlib.scrypt(b's', salt=b's', n=4096, r=8, p=1)",
    ),
    Row("blake3", "blake3.blake3(d).digest", "1 MB", "import blake3", "blake3.blake3(RANDOM).digest()", 8),
    Row(
        "blake3",
        "blake3.blake3(d).digest",
        "1 KB",
        "import blake3",
        "blake3.blake3(RANDOM[:1024]).digest()",
        500,
    ),
    Row("xxhash", "xxhash.xxh64_intdigest", "1 MB", "import xxhash", "xxhash.xxh64_intdigest(RANDOM)", 30),
    Row(
        "xxhash",
        "xxhash.xxh64(d).intdigest",
        "1 KB",
        "import xxhash",
        "xxhash.xxh64(RANDOM[:1024]).intdigest()",
        2000,
    ),
    Row("mmh3", "mmh3.hash128", "1 MB", "import mmh3", "mmh3.hash128(RANDOM)", 5),
    Row("zlib", "zlib.crc32", "1 MB", "import zlib", "zlib.crc32(RANDOM)", 5),
    Row("zlib", "zlib.adler32", "1 MB", "import zlib", "zlib.adler32(RANDOM)", 5),
    Row(
        "binascii", "binascii.crc32", "1 KB", "import binascii; D = RANDOM[:1024]", "binascii.crc32(D)", 3000
    ),
    Row("binascii", "binascii.crc32", "1 MB", "import binascii", "binascii.crc32(RANDOM)", 5),
    Row("base64", "base64.b64encode", "1 MB", "import base64", "base64.b64encode(RANDOM)"),
    Row(
        "bcrypt", "bcrypt.hashpw", "cost 6", "import bcrypt; S = bcrypt.gensalt(6)", "bcrypt.hashpw(b's', S)"
    ),
    Row("cryptography", "AESGCM.encrypt", "1 MB", KEY, "AES.encrypt(bytes(12), RANDOM, None)", 10),
    Row(
        "cryptography",
        "hazmat hashes.Hash(SHA256).update",
        "1 MB",
        "from cryptography.hazmat.primitives import hashes",
        "hashes.Hash(hashes.SHA256()).update(RANDOM)",
    ),
    Row("zlib", "zlib.compress", "1 MB", "import zlib", "zlib.compress(TEXT)"),
    Row("bz2", "bz2.compress", "300 KB", "import bz2", "bz2.compress(TEXT[:300_000])"),
    Row("lzma", "lzma.compress", "100 KB", "import lzma", "lzma.compress(TEXT[:100_000])"),
    Row(
        "zstandard",
        "ZstdCompressor().compress (own compressor each)",
        "1 MB",
        "import zstandard",
        "zstandard.ZstdCompressor().compress(TEXT)",
        4,
    ),
    Row("lz4", "lz4.frame.compress", "1 MB", "import lz4.frame", "lz4.frame.compress(TEXT)", 4),
    Row("lz4", "lz4.block.compress", "1 MB", "import lz4.block", "lz4.block.compress(TEXT)", 4),
    Row(
        "Brotli",
        "brotli.compress(quality=5)",
        "100 KB",
        "import brotli",
        "brotli.compress(TEXT[:100_000], quality=5)",
    ),
    Row("cramjam", "cramjam.zstd.compress", "1 MB", "import cramjam", "cramjam.zstd.compress(TEXT)", 4),
    Row("Pillow", "Image.resize (LANCZOS)", "1000x1000 to 500x500", PICTURE, "PICTURE.resize((500, 500), 1)"),
    Row("Pillow", "Image.open(JPEG).load", "1000x1000", PICTURE, "Image.open(io.BytesIO(JPEG)).load()"),
    Row("Pillow", "Image.open(PNG).load", "1000x1000", PICTURE, "Image.open(io.BytesIO(PNG)).load()"),
    Row("Pillow", "Image.save (JPEG)", "1000x1000 to BytesIO", PICTURE, "PICTURE.save(io.BytesIO(), 'JPEG')"),
    Row("Pillow", "Image.convert L", "1000x1000", PICTURE, "PICTURE.convert('L')", 2),
    Row(
        "Pillow",
        "Image.filter(GaussianBlur(3))",
        "1000x1000",
        PICTURE,
        "PICTURE.filter(ImageFilter.GaussianBlur(3))",
    ),
    Row("numpy", "numpy.sort", "1e6 float64", ARRAYS, "numpy.sort(A)"),
    Row("numpy", "a + b", "1000 float64", ARRAYS + "; B = A[:1000].copy()", "B + B", 3000),
    Row("numpy", "numpy.exp", "1e5 float64", ARRAYS + "; B = A[:100_000].copy()", "numpy.exp(B)", 20),
    Row("numpy", "a.tolist", "1e5 float64", ARRAYS + "; B = A[:100_000].copy()", "B.tolist()"),
    Row(
        "numpy",
        "numpy.interp",
        "1e6 float64",
        ARRAYS + "; X = numpy.linspace(0, 1, 100)",
        "numpy.interp(A, X, X)",
    ),
    Row(
        "numpy",
        "numpy.searchsorted",
        "1e5 in 1e6",
        ARRAYS + "; S = numpy.sort(A)",
        "numpy.searchsorted(S, A[:100_000])",
    ),
    Row(
        "numpy",
        "numpy.char.upper",
        "2e4 str",
        ARRAYS + "; W = numpy.array(STRING.split()[:20_000])",
        "numpy.char.upper(W)",
    ),
    Row("numpy", "object-dtype sum", "1e5", ARRAYS + "; B = A[:100_000].astype(object)", "B.sum()"),
    Row("numpy", "a @ b", "600x600", ARRAYS + "; M = A[:360_000].reshape(600, 600)", "M @ M"),
    Row("numpy", "numpy.fft.fft", "1e6", ARRAYS, "numpy.fft.fft(A)"),
    Row(
        "numpy",
        "Generator.normal (own generator each)",
        "1e6",
        ARRAYS,
        "numpy.random.default_rng(1).normal(size=1_000_000)",
    ),
    Row(
        "numpy",
        "numpy.random.normal (legacy global state)",
        "1e6",
        ARRAYS,
        "numpy.random.normal(size=1_000_000)",
    ),
    Row(
        "scipy",
        "scipy.ndimage.gaussian_filter",
        "1000x1000 float64",
        ARRAYS + "; import scipy.ndimage; M = A.reshape(1000, 1000)",
        "scipy.ndimage.gaussian_filter(M, 2)",
    ),
    Row(
        "scipy",
        "scipy.spatial.distance.cdist",
        "1000 x 1000 x 10",
        ARRAYS + "; import scipy.spatial; M = A[:10_000].reshape(1000, 10)",
        "scipy.spatial.distance.cdist(M, M)",
    ),
    Row(
        "scipy",
        "scipy.signal.lfilter",
        "1e6",
        ARRAYS + "; import scipy.signal",
        "scipy.signal.lfilter([1.0], [1.0, 0.5], A)",
    ),
    Row(
        "pandas",
        "pandas.read_csv (C engine, numbers)",
        "1 MB",
        FRAME,
        "pandas.read_csv(io.StringIO(NUMBERS))",
    ),
    Row("pandas", "groupby.sum", "1e6 rows", FRAME, "FRAME.groupby('k').sum()"),
    Row("pandas", "DataFrame.sort_values", "1e6 rows", FRAME, "FRAME.sort_values('v')"),
    Row("pandas", "DataFrame.to_csv", "1e4 rows", FRAME, "FRAME.head(10_000).to_csv()"),
    Row("pandas", "pandas.to_datetime (ISO strings)", "5e4", FRAME, "pandas.to_datetime(DATES)"),
    Row("pandas", "Series.str.contains (object dtype)", "1e5", FRAME, "WORDS.str.contains('77')"),
    Row("sqlite3", "SELECT scan, fetchall (own connection)", "1e5 rows", DATABASE, "fetch()"),
    Row("sqlite3", "executemany INSERT (own connection, :memory:)", "1e4 rows", DATABASE, "insert()"),
    Row(
        "jinja2",
        "Template.render",
        "770 objects",
        "import jinja2; T = jinja2.Template('{% for r in rows %}<p>{{ r.name|e }}</p>{% endfor %}')",
        "T.render(rows=RECORDS[:770])",
    ),
    Row(
        "markdown-it-py",
        "MarkdownIt().render",
        "20 KB",
        "import markdown_it",
        "markdown_it.MarkdownIt().render(STRING[:20_000])",
    ),
    Row("mistune", "mistune.html", "20 KB", "import mistune", "mistune.html(STRING[:20_000])"),
]
