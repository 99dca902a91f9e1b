from threading import BoundedSemaphore

free = BoundedSemaphore(2)
with free:
    print("working")
