from multiprocessing.shared_memory import SharedMemory

shared = SharedMemory(create=True, size=8)
try:
    print(shared.size >= 8)
finally:
    shared.close()
    shared.unlink()
