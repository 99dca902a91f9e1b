from concurrent.futures import ProcessPoolExecutor


def size(path):
    with open(path) as file:
        return len(file.read())


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        print(pool.submit(size, __file__).result() > 0)
