import multiprocessing
import time

if __name__ == "__main__":

    def double(item):
        return item * 2

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        job = pool.apply_async(double, [1])
        time.sleep(1)  # `job.get()` would wait for ever.
