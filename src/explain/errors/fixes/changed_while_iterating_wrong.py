prices = {"a": 1, "b": 0}
for name in prices:
    if not prices[name]:
        del prices[name]
print(prices)
