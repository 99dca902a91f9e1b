"""Withdraws from an account, and waits for the bank before it writes the new balance."""

import asyncio


class Account:
    def __init__(self, balance):
        self.balance = balance

    async def withdraw(self, amount):
        balance = self.balance
        if balance >= amount:
            await asyncio.sleep(0.01)
            self.balance = balance - amount  # E-ASYNC-007 shared-state


ACCOUNT = Account(100)


async def fetch(item):
    await ACCOUNT.withdraw(10)
    return item
