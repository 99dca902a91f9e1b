from concurrent.futures import ProcessPoolExecutor


def outer(item):
    with ProcessPoolExecutor(1) as pool:
        return pool.submit(abs, item).result()


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        print(list(pool.map(outer, [-1])))
