import warnings

warnings.simplefilter("always")


def read(path):
    return len(open(path).read())


print(read(__file__) > 0)
