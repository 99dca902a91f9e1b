import resource
import threading
from concurrent.futures import ThreadPoolExecutor

resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
threading.stack_size(1 << 27)
with ThreadPoolExecutor(2) as pool:
    print(sum(pool.map(int, ["1"] * 100)))
