from concurrent.futures import ProcessPoolExecutor


def double(item):
    return item * 2


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        print(list(pool.map(double, [1, 2])))
