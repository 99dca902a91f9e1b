"""Scales a picture in C, a candidate for `asyncio.to_thread`."""

from PIL import Image

items = range(30)
PICTURE = Image.linear_gradient("L").resize((1000, 1000)).convert("RGB")


def task(item: int) -> int:
    """Takes about 15 ms, and releases the GIL."""
    return item + len(PICTURE.resize((400, 400), Image.Resampling.LANCZOS).tobytes())
