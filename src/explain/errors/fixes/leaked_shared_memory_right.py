from multiprocessing.shared_memory import SharedMemory

memory = SharedMemory(create=True, size=8)
try:
    memory.buf[0] = 1
finally:
    memory.close()
    memory.unlink()
