import mmap

memory = mmap.mmap(-1, 8)
view = memoryview(memory)
view[0] = 1
memory.close()
