from threading import Thread

thread = Thread(target=print, args=["done"])
for _ in range(2):
    thread.start()
    thread.join()
