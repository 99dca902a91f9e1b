"""A function that returns a coroutine, which nobody will await."""


async def real(item):  # E-ASYNC-002 awaited
    return item


def fetch(item):
    return real(item)
