"""Says what the callables of a workload are, before anything is run."""

from .load import load_module, load_steps, own_items


def inspect(order):
    """The forms of every step, and how many items the module offers."""
    steps = load_steps(order["steps"])
    found = None
    if order.get("own_items"):
        items = own_items(load_module(order["steps"][0]))
        found = None if items is None else len(items)
    return {
        "steps": [
            {
                "name": step.name,
                "blocking": step.blocking is not None,
                "awaitable": step.coroutine is not None,
                "takes_value": step.takes_value,
            }
            for step in steps
        ],
        "items": found,
    }
