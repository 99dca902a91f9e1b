from concurrent.futures import ProcessPoolExecutor

if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        print(list(pool.map(lambda item: item * 2, [1, 2])))
