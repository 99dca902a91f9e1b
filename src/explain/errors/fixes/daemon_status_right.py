import threading

stop = threading.Event()
thread = threading.Thread(target=stop.wait, daemon=True)
thread.start()
stop.set()
thread.join()
print("joined")
