from threading import Thread

threads = [Thread(target=print, args=[number]) for number in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
