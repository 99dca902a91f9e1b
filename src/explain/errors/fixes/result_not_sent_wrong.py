from multiprocessing import Pool


def work(item):
    return lambda: item


if __name__ == "__main__":
    with Pool(1) as pool:
        print(pool.apply(work, [2]))
