import threading

changed = threading.Condition()
changed.notify_all()
