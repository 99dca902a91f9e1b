import socket
import threading
import time

ready = threading.Event()
addresses = []


def serve():
    with socket.create_server(("127.0.0.1", 0)) as server:
        addresses.append(server.getsockname())
        ready.set()
        server.accept()[0].close()


thread = threading.Thread(target=serve)
thread.start()
ready.wait()
for attempt in range(5):
    try:
        with socket.create_connection(addresses[0]):
            print("connected")
        break
    except ConnectionRefusedError:
        time.sleep(0.05 * 2**attempt)
thread.join()
