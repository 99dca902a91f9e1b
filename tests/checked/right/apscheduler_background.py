"""A scheduler of the module does something now and then."""
# needs apscheduler

import atexit

from apscheduler.schedulers.background import BackgroundScheduler

TICKS = []
SCHEDULER = BackgroundScheduler(timezone="UTC")
SCHEDULER.add_job(TICKS.append, "interval", seconds=30, args=[1])


def fetch(item):
    if not SCHEDULER.running:
        SCHEDULER.start()
        atexit.register(SCHEDULER.shutdown, wait=False)
    return len(SCHEDULER.get_jobs()) + item
