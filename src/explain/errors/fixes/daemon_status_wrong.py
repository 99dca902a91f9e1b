import threading

stop = threading.Event()
thread = threading.Thread(target=stop.wait)
thread.start()
try:
    thread.daemon = True
finally:
    stop.set()
