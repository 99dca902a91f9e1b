import threading


def work():
    raise ValueError("nobody handles this")


thread = threading.Thread(target=work)
thread.start()
thread.join()
