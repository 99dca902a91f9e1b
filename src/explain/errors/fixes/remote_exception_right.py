from concurrent.futures import ProcessPoolExecutor


def half(text):
    try:
        return int(text) / 2
    except ValueError as error:
        return str(error)


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        print(list(pool.map(half, ["4", "many"])))
