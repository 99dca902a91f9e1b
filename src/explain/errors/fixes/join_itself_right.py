import threading

threads = [threading.Thread(target=print, args=["done"])]
threads[0].start()
for thread in threads:
    thread.join()
