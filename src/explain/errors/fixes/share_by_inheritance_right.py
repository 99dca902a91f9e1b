from multiprocessing import Lock, Pool

lock = None


def setup(shared):
    global lock
    lock = shared


def work(item):
    with lock:
        return item


if __name__ == "__main__":
    with Pool(2, initializer=setup, initargs=(Lock(),)) as pool:
        print(sum(pool.map(work, [1, 1])))
