import threading
import time
from concurrent.futures import ThreadPoolExecutor


def pages():
    for page in range(4):
        time.sleep(0.05)
        yield page


def take(generator):
    with lock:
        return next(generator)


lock = threading.Lock()
shared = pages()
with ThreadPoolExecutor(2) as pool:
    print(sorted(pool.map(take, [shared, shared])))
