from multiprocessing.shared_memory import SharedMemory

shared = SharedMemory(create=True, size=8)
shared.close()
shared.unlink()
print(SharedMemory(shared.name).size)
