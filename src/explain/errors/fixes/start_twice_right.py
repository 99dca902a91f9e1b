from threading import Thread

for _ in range(2):
    thread = Thread(target=print, args=["done"])
    thread.start()
    thread.join()
