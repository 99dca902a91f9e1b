from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(1) as pool:
    print(pool.submit(int, "1").result())
print(pool.submit(int, "2").result())
