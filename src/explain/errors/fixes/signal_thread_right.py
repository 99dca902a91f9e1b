import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda number, frame: stopped.set())
with ThreadPoolExecutor(1) as pool:
    waiting = pool.submit(stopped.wait, 30)
    os.kill(os.getpid(), signal.SIGTERM)
    print(waiting.result())
