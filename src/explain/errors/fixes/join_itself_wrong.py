import threading

threads = [threading.current_thread()]
threads.append(threading.Thread(target=print, args=["done"]))
threads[1].start()
for thread in threads:
    thread.join()
