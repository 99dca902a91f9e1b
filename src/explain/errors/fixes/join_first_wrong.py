from threading import Thread

threads = [Thread(target=print, args=[number]) for number in range(2)]
threads[0].start()
for thread in threads:
    thread.join()
