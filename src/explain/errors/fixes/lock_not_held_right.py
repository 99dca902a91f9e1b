import threading

changed = threading.Condition()
with changed:
    changed.notify_all()
