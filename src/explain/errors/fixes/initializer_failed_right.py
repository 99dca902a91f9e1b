from concurrent.futures import ThreadPoolExecutor


def prepare():
    limits["requests"] = int("20")


limits = {}
prepare()  # By hand, so that a mistake shows where it is.
with ThreadPoolExecutor(1, initializer=prepare) as pool:
    print(pool.submit(len, limits).result())
