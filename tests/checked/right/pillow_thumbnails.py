"""Makes a picture smaller, in a thread of the loop."""
# needs pillow

import asyncio
import io

from PIL import Image


def thumbnail(item):
    with Image.new("RGB", (600, 400), (item, 0, 90)) as picture:
        picture.thumbnail((60, 60))
        file = io.BytesIO()
        picture.save(file, "PNG")
    return len(file.getvalue())


async def fetch(item):
    return await asyncio.to_thread(thumbnail, item)
