import signal
from concurrent.futures import ThreadPoolExecutor


def stop(number, frame):
    print("stopped by", number)


with ThreadPoolExecutor(1) as pool:
    pool.submit(signal.signal, signal.SIGTERM, stop).result()
