from multiprocessing import Pool


def outer(item):
    with Pool(1) as pool:
        return pool.apply(abs, [item])


if __name__ == "__main__":
    with Pool(1) as pool:
        print(pool.map(outer, [-1]))
