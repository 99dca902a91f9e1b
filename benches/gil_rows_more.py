"""More library calls, most of the standard library; `gil_measure.py` measures them too."""

from __future__ import annotations

from gil_rows import Row

# Modules that have the version of Python.
STANDARD = {
    "array",
    "ast",
    "base64",
    "binascii",
    "builtins",
    "bz2",
    "colorsys",
    "configparser",
    "copy",
    "csv",
    "ctypes",
    "datetime",
    "decimal",
    "difflib",
    "email",
    "fractions",
    "functools",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "io",
    "ipaddress",
    "json",
    "lzma",
    "marshal",
    "math",
    "mmap",
    "os",
    "pickle",
    "plistlib",
    "random",
    "re",
    "select",
    "shlex",
    "socket",
    "sqlite3",
    "ssl",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "tarfile",
    "textwrap",
    "time",
    "tokenize",
    "unicodedata",
    "urllib",
    "uuid",
    "xml",
    "zipfile",
    "zlib",
}

# What every module begins with, after the prelude of `gil_rows`.
PRELUDE = """
import os, tempfile
NUMBERS = [random.random() for _ in range(100_000)]
WORDS = STRING.split()
LINES = STRING.splitlines()
FUNCTION = "def f%d(a, b=%d):\\n    return [a + i for i in range(b) if i %% 3]"
CODE = "\\n".join(FUNCTION % (i, i) for i in range(300))
XML = "<r>" + "".join("<row id='%d'><a>%d</a></row>" % (i, i) for i in range(10_000)) + "</r>"
FILE = tempfile.NamedTemporaryFile()
FILE.write(RANDOM); FILE.flush()
"""

# A library of C that `ctypes` calls with and without the GIL.
LIBC = (
    "import ctypes; C = ctypes.CDLL(None); P = ctypes.PyDLL(None); B = ctypes.create_string_buffer(1 << 22)"
)
SOCKETS = "import socket; A, B = socket.socketpair(); A.setblocking(True); D = RANDOM[:65_536]"

TAR = """
import tarfile
Z = io.BytesIO()
with tarfile.open(fileobj=Z, mode="w") as archive:
    for i in range(1000):
        archive.addfile(tarfile.TarInfo("f%d" % i))
"""
ZIP = """
import zipfile
Z = io.BytesIO()
with zipfile.ZipFile(Z, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("a", TEXT)
"""
QUERIES = """
import sqlite3, threading
LOCAL = threading.local()
def query():
    if not hasattr(LOCAL, "connection"):
        LOCAL.connection = sqlite3.connect(":memory:")
        LOCAL.connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v)")
        LOCAL.connection.executemany("INSERT INTO t VALUES (?, 1)", ((i,) for i in range(1000)))
    for i in range(1000):
        LOCAL.connection.execute("SELECT v FROM t WHERE k = ?", (i,)).fetchone()
"""
SHEET = """
import openpyxl
book = openpyxl.Workbook()
for i in range(500):
    book.active.append([i] * 5)
Z = io.BytesIO()
book.save(Z)
"""
PAGES = """
import pypdf
def write():
    writer = pypdf.PdfWriter()
    for _ in range(20):
        writer.add_blank_page(100, 100)
    writer.write(io.BytesIO())
"""
SMALL_XML = "S = '<r>' + XML[3:%d].rsplit('<row', 1)[0] + '</r>'"

ROWS = [
    Row("json", "json.loads", "1 MB", "", "json.loads(DOCUMENT)"),
    Row("json", "json.dumps", "1 MB", "", "json.dumps(RECORDS)"),
    Row("json", "json.dumps(indent=1)", "100 KB", "R = RECORDS[:1500]", "json.dumps(R, indent=1)"),
    Row(
        "pickle", "pickle.loads", "15000 dicts", "import pickle; P = pickle.dumps(RECORDS)", "pickle.loads(P)"
    ),
    Row("pickle", "pickle.dumps", "15000 dicts", "import pickle", "pickle.dumps(RECORDS)"),
    Row("pickle", "pickle.dumps", "1 MB bytes", "import pickle", "pickle.dumps(RANDOM)", 10),
    Row(
        "marshal",
        "marshal.loads",
        "15000 dicts",
        "import marshal; P = marshal.dumps(RECORDS)",
        "marshal.loads(P)",
    ),
    Row("copy", "copy.deepcopy", "1000 dicts", "import copy; R = RECORDS[:1000]", "copy.deepcopy(R)"),
    Row(
        "csv",
        "csv.reader",
        "1 MB",
        "import csv; T = STRING[:1_000_000]",
        "list(csv.reader(io.StringIO(T), delimiter=' '))",
    ),
    Row(
        "csv",
        "csv.writer.writerows",
        "27000 rows",
        "import csv; R = [l.split() for l in LINES]",
        "csv.writer(io.StringIO()).writerows(R)",
    ),
    Row(
        "xml",
        "xml.etree.ElementTree.fromstring",
        "400 KB",
        "import xml.etree.ElementTree as E",
        "E.fromstring(XML)",
    ),
    Row(
        "xml",
        "ElementTree.tostring",
        "400 KB",
        "import xml.etree.ElementTree as E; T = E.fromstring(XML)",
        "E.tostring(T)",
    ),
    Row(
        "xml",
        "xml.sax.parseString",
        "400 KB",
        "import xml.sax; H = xml.sax.ContentHandler()",
        "xml.sax.parseString(XML.encode(), H)",
    ),
    Row(
        "xml",
        "xml.dom.minidom.parseString",
        "40 KB",
        "import xml.dom.minidom as M; " + SMALL_XML % 40_003,
        "M.parseString(S)",
    ),
    Row(
        "html", "html.unescape", "200 KB", "import html; T = html.escape(PAGE[:200_000])", "html.unescape(T)"
    ),
    Row(
        "html",
        "html.parser.HTMLParser.feed",
        "200 KB",
        "from html.parser import HTMLParser; T = PAGE[:200_000]",
        "HTMLParser().feed(T)",
    ),
    Row(
        "email",
        "email.message_from_bytes",
        "100 KB",
        "import email; M = b'Subject: x\\n' * 50 + b'\\n' + TEXT[:100_000]",
        "email.message_from_bytes(M)",
    ),
    Row(
        "plistlib",
        "plistlib.loads (XML)",
        "1500 dicts",
        "import plistlib; P = plistlib.dumps(RECORDS[:1500])",
        "plistlib.loads(P)",
    ),
    Row(
        "configparser",
        "ConfigParser.read_string",
        "1000 keys",
        "import configparser; T = '[s]\\n' + '\\n'.join('k%d = v' % i for i in range(1000))",
        "configparser.ConfigParser().read_string(T)",
    ),
    Row(
        "re",
        "re.findall (many matches)",
        "200 KB",
        "import re; T = STRING[:200_000]",
        "re.findall(r'\\w+', T)",
    ),
    Row(
        "re", "re.sub (many matches)", "200 KB", "import re; T = STRING[:200_000]", "re.sub(r'\\d+', '#', T)"
    ),
    Row(
        "re",
        "re.compile (no cache)",
        "40 alternatives",
        "import re; S = '|'.join(sorted(set(WORDS))[:40])",
        "re.purge(); re.compile(S)",
    ),
    Row("builtins", "loop of additions", "1e5", "", "sum(i * i for i in range(100_000))"),
    Row("builtins", "sorted", "1e5 float", "", "sorted(NUMBERS)"),
    Row("builtins", "sorted(key=str)", "1e4 float", "N = NUMBERS[:10_000]", "sorted(N, key=str)"),
    Row("builtins", "list.sort of str", "1.6e5 str", "", "sorted(WORDS)"),
    Row("builtins", "sum", "1e5 float", "", "sum(NUMBERS)", 5),
    Row("builtins", "str.split", "1 MB", "", "STRING.split()"),
    Row("builtins", "str.join", "1.6e5 str", "", "' '.join(WORDS)"),
    Row("builtins", "str.replace (many)", "1 MB", "", "STRING.replace('line', 'row')"),
    Row("builtins", "str.find (no match)", "1 MB", "", "STRING.find('no such text')", 5),
    Row("builtins", "str.encode", "1 MB ASCII", "", "STRING.encode()", 50),
    Row("builtins", "str.encode", "1 MB not ASCII", "U = STRING.replace('i', '\\u00ef')", "U.encode()", 2),
    Row("builtins", "bytes.decode", "1 MB ASCII", "", "TEXT.decode()", 20),
    Row("builtins", "str.upper", "1 MB", "", "STRING.upper()"),
    Row("builtins", "bytes.translate", "1 MB", "T = bytes(reversed(range(256)))", "RANDOM.translate(T)"),
    Row("builtins", "bytes(bytearray), a copy", "1 MB", "B = bytearray(RANDOM)", "bytes(B)", 20),
    Row("builtins", "dict.fromkeys", "1.6e5 str", "", "dict.fromkeys(WORDS)"),
    Row("builtins", "set union", "1e5 float", "A = set(NUMBERS); B = set(n + 1 for n in NUMBERS)", "A | B"),
    Row(
        "builtins",
        "pow(a, b, m)",
        "2048 bit",
        "A = random.getrandbits(2048); M = random.getrandbits(2048) | 1",
        "pow(A, A, M)",
    ),
    Row("builtins", "int * int", "100000 bit", "A = random.getrandbits(100_000)", "A * A", 4),
    Row("builtins", "int(str)", "4000 digits", "S = '7' * 4000", "int(S)", 20),
    Row("builtins", "str(int)", "4000 digits", "I = int('7' * 4000)", "str(I)", 20),
    Row("builtins", "compile", "300 functions", "", "compile(CODE, 'x', 'exec')"),
    Row(
        "builtins",
        "exec of a function",
        "1e4 calls",
        "def f(a):\n    return a + 1",
        "for i in range(10_000): f(i)",
    ),
    Row("ast", "ast.parse", "300 functions", "import ast", "ast.parse(CODE)"),
    Row(
        "tokenize",
        "tokenize.generate_tokens",
        "300 functions",
        "import tokenize",
        "list(tokenize.generate_tokens(io.StringIO(CODE).readline))",
    ),
    Row("math", "math.factorial", "2000", "import math", "math.factorial(2000)", 10),
    Row("math", "math.fsum", "1e5 float", "import math", "math.fsum(NUMBERS)"),
    Row("math", "math.sqrt", "1e4 calls", "import math; N = NUMBERS[:10_000]", "list(map(math.sqrt, N))", 4),
    Row("statistics", "statistics.median", "1e5 float", "import statistics", "statistics.median(NUMBERS)"),
    Row(
        "random",
        "random.gauss",
        "1e4 calls",
        "R = random.Random(1)",
        "[R.gauss(0, 1) for _ in range(10_000)]",
    ),
    Row("random", "random.shuffle", "1e4", "R = random.Random(1); N = NUMBERS[:10_000]", "R.shuffle(N[:])"),
    Row("random", "random.randbytes", "1 MB", "R = random.Random(1)", "R.randbytes(1 << 20)"),
    Row(
        "decimal",
        "Decimal arithmetic",
        "1e4 operations",
        "from decimal import Decimal; D = Decimal('1.1')",
        "sum((D * i for i in range(10_000)), Decimal(0))",
    ),
    Row(
        "decimal",
        "Decimal.sqrt",
        "10000 digits",
        "import decimal; C = decimal.Context(prec=10_000)",
        "C.sqrt(decimal.Decimal(2))",
    ),
    Row(
        "fractions",
        "Fraction sum",
        "300 terms",
        "from fractions import Fraction as F",
        "sum((F(1, i) for i in range(1, 300)), F(0))",
    ),
    Row("heapq", "heapq.nsmallest", "100 of 1e5", "import heapq", "heapq.nsmallest(100, NUMBERS)"),
    Row(
        "difflib",
        "SequenceMatcher.ratio",
        "two strings of 500",
        "import difflib",
        "difflib.SequenceMatcher(None, STRING[:500], STRING[700:1200]).ratio()",
    ),
    Row("textwrap", "textwrap.fill", "20 KB", "import textwrap; T = STRING[:20_000]", "textwrap.fill(T)"),
    Row(
        "unicodedata",
        "unicodedata.normalize (NFD)",
        "100 KB not ASCII",
        "import unicodedata; U = '\\u00e9\\u00fc' * 50_000",
        "unicodedata.normalize('NFD', U)",
    ),
    Row(
        "string",
        "string.Template.substitute",
        "1000 times",
        "import string; T = string.Template('$a is $b')",
        "[T.substitute(a=1, b=2) for _ in range(1000)]",
    ),
    Row("shlex", "shlex.split", "5 KB", "import shlex; T = STRING[:5000]", "shlex.split(T)"),
    Row("struct", "struct.iter_unpack", "1 MB", "import struct", "list(struct.iter_unpack('<IHBB', RANDOM))"),
    Row("struct", "struct.pack", "1e5 floats", "import struct", "struct.pack('100000d', *NUMBERS)"),
    Row("array", "array.tolist", "1e5 double", "import array; A = array.array('d', NUMBERS)", "A.tolist()"),
    Row(
        "array",
        "array.byteswap",
        "1e6 int",
        "import array; A = array.array('i', bytes(4_000_000))",
        "A[:].byteswap()",
    ),
    Row(
        "base64",
        "base64.b64decode",
        "1 MB",
        "import base64; E = base64.b64encode(RANDOM)",
        "base64.b64decode(E)",
    ),
    Row("base64", "base64.b85encode", "100 KB", "import base64; D = RANDOM[:100_000]", "base64.b85encode(D)"),
    Row("binascii", "binascii.hexlify", "1 MB", "import binascii", "binascii.hexlify(RANDOM)"),
    Row("hashlib", "hashlib.md5", "1 MB", "import hashlib", "hashlib.md5(RANDOM)"),
    Row("hashlib", "hashlib.sha1", "1 MB", "import hashlib", "hashlib.sha1(RANDOM)"),
    Row("hashlib", "hashlib.sha512", "1 MB", "import hashlib", "hashlib.sha512(RANDOM)"),
    Row("hashlib", "hashlib.sha3_256", "1 MB", "import hashlib", "hashlib.sha3_256(RANDOM)"),
    Row("hashlib", "hashlib.blake2s", "1 MB", "import hashlib", "hashlib.blake2s(RANDOM)"),
    Row("hmac", "hmac.digest", "1 MB", "import hmac", "hmac.digest(b'k', RANDOM, 'sha256')"),
    Row(
        "zlib",
        "zlib.decompress",
        "1 MB of text",
        "import zlib; Z = zlib.compress(TEXT)",
        "zlib.decompress(Z)",
    ),
    Row("zlib", "zlib.crc32", "1 KB", "import zlib; D = RANDOM[:1024]", "zlib.crc32(D)", 5000),
    Row("gzip", "gzip.compress", "1 MB", "import gzip", "gzip.compress(TEXT, 6)"),
    Row(
        "gzip",
        "gzip.GzipFile, read by lines",
        "1 MB",
        "import gzip; G = gzip.compress(TEXT)",
        "sum(1 for _ in gzip.GzipFile(fileobj=io.BytesIO(G)))",
    ),
    Row(
        "bz2", "bz2.decompress", "300 KB", "import bz2; Z = bz2.compress(TEXT[:300_000])", "bz2.decompress(Z)"
    ),
    Row(
        "lzma",
        "lzma.decompress",
        "1 MB of text",
        "import lzma; Z = lzma.compress(TEXT)",
        "lzma.decompress(Z)",
    ),
    Row(
        "zipfile",
        "ZipFile.read (deflated)",
        "1 MB",
        ZIP,
        "zipfile.ZipFile(io.BytesIO(Z.getvalue())).read('a')",
    ),
    Row(
        "tarfile",
        "tarfile.open, getmembers",
        "1000 members",
        TAR,
        "tarfile.open(fileobj=io.BytesIO(Z.getvalue())).getmembers()",
    ),
    Row(
        "datetime",
        "datetime.fromisoformat",
        "1e4 calls",
        "from datetime import datetime",
        "[datetime.fromisoformat('2026-01-02T03:04:05') for _ in range(10_000)]",
    ),
    Row(
        "datetime",
        "datetime.strptime",
        "1000 calls",
        "from datetime import datetime",
        "[datetime.strptime('2026-01-02', '%Y-%m-%d') for _ in range(1000)]",
    ),
    Row("uuid", "uuid.uuid4", "1000 calls", "import uuid", "[uuid.uuid4() for _ in range(1000)]"),
    Row(
        "urllib",
        "urllib.parse.urlsplit",
        "1000 calls (no cache)",
        "import urllib.parse as U",
        "[U.urlsplit('http://h/%d?a=%d' % (i, i)) for i in range(1000)]",
    ),
    Row(
        "urllib",
        "urllib.parse.quote",
        "100 KB",
        "import urllib.parse as U; T = STRING[:100_000]",
        "U.quote(T)",
    ),
    Row(
        "ipaddress",
        "ip_address",
        "1000 calls",
        "import ipaddress",
        "[ipaddress.ip_address(i) for i in range(1000)]",
    ),
    Row(
        "colorsys",
        "colorsys.rgb_to_hsv",
        "5000 calls",
        "import colorsys",
        "[colorsys.rgb_to_hsv(.1, .2, i / 5000) for i in range(5000)]",
    ),
    Row(
        "functools",
        "functools.reduce",
        "1e5",
        "import functools, operator",
        "functools.reduce(operator.add, NUMBERS)",
    ),
    Row("io", "BytesIO.getvalue + write", "1 MB", "", "io.BytesIO().write(RANDOM)", 20),
    Row(
        "io", "TextIOWrapper, read by lines", "1 MB", "", "sum(1 for _ in io.TextIOWrapper(io.BytesIO(TEXT)))"
    ),
    Row("io", "open(file, 'rb').read (cached)", "1 MB", "N = FILE.name", "open(N, 'rb').read()", 4),
    Row("os", "os.stat", "1000 calls", "N = FILE.name", "[os.stat(N) for _ in range(1000)]"),
    Row(
        "os",
        "os.pread (cached)",
        "4 KB, 100 calls",
        "F = FILE.fileno()",
        "[os.pread(F, 4096, i * 4096) for i in range(100)]",
        4,
    ),
    Row("os", "os.urandom", "1 MB", "", "os.urandom(1 << 20)"),
    Row("os", "os.listdir", "a large directory", "D = os.path.dirname(os.__file__)", "os.listdir(D)", 5),
    Row(
        "mmap",
        "mmap slice (cached)",
        "1 MB",
        "import mmap; M = mmap.mmap(FILE.fileno(), 0, prot=mmap.PROT_READ)",
        "M[:]",
        10,
    ),
    Row(
        "mmap",
        "mmap.find (no match)",
        "1 MB",
        "import mmap; M = mmap.mmap(FILE.fileno(), 0, prot=mmap.PROT_READ)",
        "M.find(b'no such text here')",
        4,
    ),
    Row("ctypes", "CDLL memset", "4 MB", LIBC, "C.memset(B, 1, 1 << 22)", 2),
    Row("ctypes", "PyDLL memset", "4 MB", LIBC, "P.memset(B, 1, 1 << 22)", 2),
    Row("ctypes", "CDLL abs", "1000 calls", LIBC, "[C.abs(-i) for i in range(1000)]"),
    Row("time", "time.sleep(0)", "1000 calls", "import time", "[time.sleep(0) for _ in range(1000)]"),
    Row(
        "sqlite3",
        "SELECT by key (own connection)",
        "1000 queries",
        QUERIES,
        "query()",
    ),
    Row(
        "ssl",
        "ssl.create_default_context",
        "the system's certificates",
        "import ssl",
        "ssl.create_default_context()",
    ),
    Row(
        "subprocess",
        "subprocess.run(['true'])",
        "one process",
        "import subprocess",
        "subprocess.run(['true'])",
    ),
    Row(
        "beautifulsoup4",
        "BeautifulSoup(html.parser)",
        "50 KB",
        "import bs4; T = PAGE[:50_000]",
        "bs4.BeautifulSoup(T, 'html.parser')",
    ),
    Row(
        "attrs",
        "attrs class, instances",
        "1e4",
        "import attrs\n@attrs.define\nclass P:\n    a: int\n    b: int",
        "[P(i, i) for i in range(10_000)]",
    ),
    Row(
        "python-slugify",
        "slugify",
        "1000 titles",
        "from slugify import slugify; T = LINES[:200]",
        "[slugify(t) for t in T]",
    ),
    Row(
        "toml",
        "toml.loads",
        "1000 keys",
        "import toml; T = '\\n'.join('k%d = %d' % (i, i) for i in range(1000))",
        "toml.loads(T)",
    ),
    Row("simplejson", "simplejson.loads", "1 MB", "import simplejson", "simplejson.loads(DOCUMENT)"),
    Row(
        "xmltodict",
        "xmltodict.parse",
        "100 KB",
        "import xmltodict; " + SMALL_XML % 100_003,
        "xmltodict.parse(S)",
    ),
    Row(
        "PyYAML",
        "yaml.load(Loader=SafeLoader)",
        "2 KB",
        "import yaml; Y = yaml.safe_dump(RECORDS[:30])",
        "yaml.safe_load(Y)",
    ),
    Row(
        "Pygments",
        "pygments.highlight (Python)",
        "20 KB",
        "import pygments, pygments.lexers as L, pygments.formatters as F; C = CODE[:20_000]",
        "pygments.highlight(C, L.PythonLexer(), F.HtmlFormatter())",
    ),
    Row(
        "sqlglot",
        "sqlglot.parse_one",
        "one query",
        "import sqlglot",
        "sqlglot.parse_one('SELECT a, sum(b) FROM t JOIN u USING (k) WHERE a > 1 GROUP BY a ORDER BY 2')",
    ),
    Row(
        "sympy",
        "sympy.expand",
        "(x + y)**20",
        "import sympy; X, Y = sympy.symbols('x y')",
        "sympy.expand((X + Y) ** 20)",
    ),
    Row(
        "openpyxl",
        "openpyxl.load_workbook",
        "500 x 5 cells",
        SHEET,
        "openpyxl.load_workbook(io.BytesIO(Z.getvalue()))",
    ),
    Row(
        "pypdf",
        "PdfWriter.write",
        "20 blank pages",
        PAGES,
        "write()",
    ),
]
