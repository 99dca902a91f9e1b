import warnings

warnings.simplefilter("always")


def read(path):
    with open(path) as file:
        return len(file.read())


print(read(__file__) > 0)
