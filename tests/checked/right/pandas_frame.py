"""Groups the rows of a table."""
# needs pandas

import io

import pandas

TEXT = "key,value\n" + "".join("%d,%d\n" % (n % 5, n) for n in range(500))


def fetch(item):
    frame = pandas.read_csv(io.StringIO(TEXT))
    totals = frame.assign(value=frame["value"] + item).groupby("key")["value"].sum()
    return int(totals.max())
