"""What fails at first is tried again."""
# needs tenacity

import tenacity


class Flaky:
    def __init__(self):
        self.calls = 0

    @tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_fixed(0.001))
    def call(self, item):
        self.calls += 1
        if self.calls < 3:
            raise ConnectionError("not yet")
        return item


@tenacity.retry(stop=tenacity.stop_after_attempt(2), wait=tenacity.wait_none())
async def answer(flaky, item):
    return flaky.call(item)


async def fetch(item):
    return await answer(Flaky(), item)
