from concurrent.futures import ThreadPoolExecutor


def prepare():
    limits["requests"] = int("many")


limits = {}
with ThreadPoolExecutor(1, initializer=prepare) as pool:
    print(pool.submit(len, limits).result())
