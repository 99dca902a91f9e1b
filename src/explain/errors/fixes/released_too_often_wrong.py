from threading import BoundedSemaphore

free = BoundedSemaphore(2)
free.acquire()
try:
    print("working")
finally:
    free.release()
free.release()
