from concurrent.futures import ThreadPoolExecutor

items = []
with ThreadPoolExecutor(max(1, len(items))) as pool:
    print(list(pool.map(abs, items)))
