"""Does next to nothing: whatever runs it costs more than it does."""

items = range(40_000)


def task(item: int) -> int:
    """Takes less than a microsecond."""
    return item * item
