def total(numbers):
    return numbers[0] + total(numbers[1:])


print(total([1, 2, 3] * 1000))
