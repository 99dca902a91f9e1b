from concurrent.futures import ThreadPoolExecutor

items = []
with ThreadPoolExecutor(len(items)) as pool:
    print(list(pool.map(abs, items)))
