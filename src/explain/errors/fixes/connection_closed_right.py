import socket


def send(data):
    client, server = socket.socketpair()  # A new connection for each attempt.
    with client, server:
        client.sendall(data)
        return server.recv(16)


print(send(b"again"))
