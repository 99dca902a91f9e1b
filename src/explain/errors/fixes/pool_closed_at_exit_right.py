import threading
import time
from concurrent.futures import ThreadPoolExecutor


def later():
    time.sleep(0.1)
    pool.submit(print, "done").result()


with ThreadPoolExecutor(1) as pool:
    thread = threading.Thread(target=later)
    thread.start()
    thread.join()
