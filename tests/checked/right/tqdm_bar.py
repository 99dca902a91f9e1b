"""Shows progress."""
# needs tqdm

import io
import time

from tqdm import tqdm


def fetch(item):
    total = 0
    for part in tqdm(range(5), file=io.StringIO(), mininterval=0.0):
        time.sleep(0.001)
        total += part
    return total + item
