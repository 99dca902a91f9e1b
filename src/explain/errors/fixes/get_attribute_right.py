import multiprocessing


def double(item):
    return item * 2


if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.apply_async(double, [1]).get())
