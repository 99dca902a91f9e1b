import threading
import time
from concurrent.futures import ThreadPoolExecutor


def later():
    time.sleep(0.1)
    pool.submit(print, "done").result()


pool = ThreadPoolExecutor(1)
threading.Thread(target=later).start()
