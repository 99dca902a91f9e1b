import time
from concurrent.futures import ThreadPoolExecutor


def pages():
    for page in range(4):
        time.sleep(0.05)
        yield page


shared = pages()
with ThreadPoolExecutor(2) as pool:
    print(list(pool.map(next, [shared, shared])))
