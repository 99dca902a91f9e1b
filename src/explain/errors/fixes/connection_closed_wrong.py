import socket

client, server = socket.socketpair()
with client:
    server.close()
    client.sendall(b"again")
