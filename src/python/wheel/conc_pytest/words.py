"""The line of pytest's header that says why the number of workers was chosen."""

from conc_pytest.cost import Cost
from conc_pytest.last_run import History
from conc_pytest.width import Choice

GIB = 1 << 30


def header(choice: Choice) -> str:
    """Returns the reasons for a choice in one line."""
    workers = counted(choice.workers, "worker") if choice.workers else "no workers"
    if choice.history is None or choice.expected_s is None:
        return f"conc: {workers}: a first run, with at most one for each of {_cpus(choice)}"
    parts = [_work(choice.history), f"expected {seconds(choice.expected_s[choice.workers])}{_others(choice)}"]
    if choice.memory_limit is not None and choice.machine.memory_bytes is not None:
        free = f"{choice.machine.memory_bytes / GIB:.1f} GiB"
        parts.append(f"more than {choice.memory_limit} may not fit into {free} of free memory")
    return f"conc: {workers}: {'; '.join(parts)}"


def _work(history: History) -> str:
    costs = history.tests.values()
    total = Cost(sum(cost.wait_s for cost in costs), sum(cost.cpu_s for cost in costs), 0)
    tests = counted(len(costs), "test")
    return (
        f"{tests} computed for {seconds(total.cpu_s)} and waited for {seconds(total.alone_s)} in the last run"
    )


def _others(choice: Choice) -> str:
    """Returns what is expected of the next smaller and the next larger number."""
    expected_s = choice.expected_s or {}
    smaller = [width for width in expected_s if width < choice.workers]
    larger = [width for width in expected_s if width > choice.workers]
    shown = [*sorted(smaller)[-1:], *sorted(larger)[:1]]
    told = ", ".join(f"{width}: {seconds(expected_s[width])}" for width in shown)
    return f" ({told})" if told else ""


def _cpus(choice: Choice) -> str:
    cpus = choice.machine.cpus
    return counted(int(cpus), "CPU") if cpus == int(cpus) else f"{cpus:.1f} CPUs"


def counted(number: int, noun: str) -> str:
    """Returns the number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def seconds(value: float) -> str:
    """Returns seconds with three digits."""
    return f"{value:.0f} s" if value >= 100 else f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"
