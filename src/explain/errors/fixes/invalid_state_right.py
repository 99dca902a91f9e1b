from concurrent.futures import Future

first = Future()
for answer in ("from a", "from b"):
    if not first.done():
        first.set_result(answer)
print(first.result())
