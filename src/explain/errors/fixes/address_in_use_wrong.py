import socket

with socket.create_server(("127.0.0.1", 0)) as first:
    port = first.getsockname()[1]
    with socket.create_server(("127.0.0.1", port)) as second:
        print(second.getsockname()[1] != port)
