"""Parses a document."""
# needs lxml

from lxml import etree

TEXT = b"<items>" + b"".join(b'<item id="%d"><name>n</name></item>' % n for n in range(300)) + b"</items>"


def fetch(item):
    tree = etree.fromstring(TEXT, etree.XMLParser())
    return len(tree.xpath("//item[@id >= $least]", least=item))
