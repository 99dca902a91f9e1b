from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

barrier = Barrier(2)
with ThreadPoolExecutor(1) as pool:
    waits = [pool.submit(barrier.wait, 0.1) for _ in range(2)]
    print(sorted(wait.result() for wait in waits))
