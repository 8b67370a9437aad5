"""The road to a slow database: whole, in order, late, and an end goes all the way."""

import socket
import threading
import time

from tests.e2e.cluster.delays import road

HOST, SECONDS = "127.0.0.1", 0.2


def serve_once(listening: socket.socket, said: bytes) -> None:
    """Answers a line, then it closes, as a database does that was told good-bye."""
    with listening.accept()[0] as one:
        assert one.recv(64) == b"bye\n"
        one.sendall(said)


def test_what_is_said_before_an_end_and_the_end_itself_arrive_late_and_whole():
    said = bytes(range(256)) * 1000
    with socket.create_server((HOST, 0)) as listening:
        server = threading.Thread(target=serve_once, args=(listening, said))
        server.start()
        with road(HOST, listening.getsockname()) as way:
            way.seconds = SECONDS
            with socket.create_connection((HOST, way.port), timeout=10) as caller:
                began = time.monotonic()
                caller.sendall(b"bye\n")
                came = b"".join(iter(lambda: caller.recv(65_536), b""))
                took = time.monotonic() - began
        server.join(10)
    assert came == said
    assert took >= SECONDS
