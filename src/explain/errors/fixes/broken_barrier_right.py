from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

barrier = Barrier(2)
with ThreadPoolExecutor(barrier.parties) as pool:
    waits = [pool.submit(barrier.wait, 30) for _ in range(2)]
    print(sorted(wait.result() for wait in waits))
