"""A cluster of dask.distributed for tests. It ends when its standard input does.

The lines that it reads are `scale N`, and `kill`, which ends one worker process with SIGKILL; each is answered by
`done`. The first line that it writes is the address of the scheduler.
"""

import os
import signal
import sys

from distributed import Client, LocalCluster


def main() -> None:
    """Serves until the end of standard input."""
    options = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with LocalCluster(n_workers=2, **options) as cluster, Client(cluster) as client:
        print(cluster.scheduler_address, flush=True)
        for line in sys.stdin:
            if line.startswith("scale"):
                cluster.scale(int(line.split()[1]))
            else:
                os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
            print("done", flush=True)


if __name__ == "__main__":
    main()
