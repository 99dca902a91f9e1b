from concurrent.futures import ThreadPoolExecutor


def work():
    raise ValueError("somebody handles this")


with ThreadPoolExecutor(1) as pool:
    try:
        pool.submit(work).result()
    except ValueError as error:
        print("failed:", error)
