import resource
import threading

resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
threading.stack_size(1 << 27)
done = threading.Event()
threads = [threading.Thread(target=done.wait) for _ in range(100)]
try:
    for thread in threads:
        thread.start()
finally:
    done.set()
