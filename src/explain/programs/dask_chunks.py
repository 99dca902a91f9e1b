"""Sends items to a cluster of dask.distributed in chunks, because messages cost milliseconds.

Needs the package distributed.
Prints: 400 results from 20 messages
"""

from distributed import Client

CHUNK = 20

# {"address": "tcp://HOST:PORT"} uses a cluster that is there.
CLUSTER = {
    "n_workers": 2,
    "threads_per_worker": 1,
    "host": "127.0.0.1",
    "dashboard_address": None,
}


def work(item):
    """Stands for a task of some milliseconds."""
    return sum(number * number for number in range(item % 7 * 1000))


def run_chunk(items):
    """Runs on a worker: one message carries many items."""
    return [work(item) for item in items]


def main():
    items = list(range(400))
    chunks = [items[at : at + CHUNK] for at in range(0, len(items), CHUNK)]
    with Client(**CLUSTER) as client:
        futures = client.map(run_chunk, chunks, pure=False)
        results = [result for chunk in client.gather(futures) for result in chunk]
    print(f"{len(results)} results from {len(chunks)} messages")


if __name__ == "__main__":
    main()
