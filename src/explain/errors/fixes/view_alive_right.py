import mmap

memory = mmap.mmap(-1, 8)
with memoryview(memory) as view:
    view[0] = 1
memory.close()
print("closed")
