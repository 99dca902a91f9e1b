from multiprocessing.shared_memory import SharedMemory

memory = SharedMemory(create=True, size=8)
memory.buf[0] = 1
memory.close()
