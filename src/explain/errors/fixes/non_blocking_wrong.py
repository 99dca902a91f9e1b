import socket

client, server = socket.socketpair()
with client, server:
    client.setblocking(False)
    print(client.recv(16))
