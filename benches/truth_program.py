"""A program of known duty: computes and waits as its plan says, and writes down for how long it did.

    python3 truth_program.py PLAN.json TRUTH.json

The plan has the address of a server outside the process tree and a list of segments, which follow one
another. The CPU time is measured by the program itself; a wait ends when whoever it waited for says that it
ended, so that time in a run queue is no part of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import resource
import socket
import struct
import sys
import threading
import time
from typing import Any

CHUNK = bytes(1 << 18)
KINDS = ["sleep", "network", "pipe", "lock"]
# Seconds of computing, and of each kind of wait.
REPORT = struct.Struct("5d")
Report = list[float]


class Server:
    """The server that ends waits, and the files that are waited for; connected to where it is needed."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.packets: socket.socket | None = None
        self.stream: socket.socket | None = None
        self.pipes: list[int] = []

    def wait(self, kind: str, seconds: float) -> dict[str, float]:
        """Waits, and returns the seconds of waiting by kind, without those in a run queue."""
        if kind == "sleep":
            time.sleep(seconds)
            return {kind: seconds}
        return {"network": self.network, "lock": self.lock, "pipe": self.pipe}[kind](seconds)

    def network(self, seconds: float) -> dict[str, float]:
        """Waits for a packet."""
        if self.packets is None:
            self.packets = socket.socket(type=socket.SOCK_DGRAM)
            self.packets.connect((self.plan["host"], self.plan["packets"]))
        begun = time.monotonic()
        self.packets.send(f"{seconds:.9f}".encode())
        return {"network": max(0.0, float(self.packets.recv(64)) - begun)}

    def lock(self, seconds: float) -> dict[str, float]:
        """Waits for a lock on a file, which the server takes before."""
        if self.stream is None:
            self.stream = socket.create_connection((self.plan["host"], self.plan["port"]))
            self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.answers = self.stream.makefile("rb")
        asked = time.monotonic()
        self.stream.sendall(f"{seconds:.9f}\n".encode())
        taken = float(self.answers.readline())
        begun = time.monotonic()
        with open(self.plan["lock"], "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
        ended = float(self.answers.readline())
        return {"network": max(0.0, taken - asked), "lock": max(0.0, ended - begun)}

    def pipe(self, seconds: float) -> dict[str, float]:
        """Waits for a named pipe."""
        if not self.pipes:
            asked, answered = self.plan["fifos"]
            self.pipes = [os.open(asked, os.O_WRONLY), os.open(answered, os.O_RDONLY)]
        begun = time.monotonic()
        os.write(self.pipes[0], f"{seconds:.9f}\n".encode())
        return {"pipe": max(0.0, float(os.read(self.pipes[1], 64)) - begun)}


def compute(seconds: float, mode: str) -> None:
    """Uses CPU time of this thread, in user mode or in the kernel; other threads may compute meanwhile."""
    end = time.thread_time() + seconds
    if mode == "system":
        buffer = bytearray(len(CHUNK))
        with open("/dev/zero", "rb", buffering=0) as zeros:
            while time.thread_time() < end:
                zeros.readinto(buffer)
        return
    while time.thread_time() < end:
        hashlib.sha256(CHUNK).digest()


def work(segment: dict[str, Any], server: Server) -> Report:
    """Takes the turns of one worker; returns seconds of computing and of waiting."""
    begun, waited = time.thread_time(), dict.fromkeys(KINDS, 0.0)
    turns = segment["turns"]
    for _ in range(turns):
        if segment["wait_s"] > 0:
            for kind, seconds in server.wait(segment["kind"], segment["wait_s"] / turns).items():
                waited[kind] += seconds
        if segment["cpu_s"] > 0:
            compute(segment["cpu_s"] / turns, segment["mode"])
    return [time.thread_time() - begun, *waited.values()]


def processes(segment: dict[str, Any], plan: dict[str, Any]) -> list[Report]:
    """Runs the workers of a segment as processes, which all begin at once."""
    gate, report = os.pipe(), os.pipe()
    for _ in range(segment["workers"]):
        if os.fork() == 0:
            os.close(gate[1])
            server = Server(plan)
            os.read(gate[0], 1)
            os.write(report[1], REPORT.pack(*work(segment, server)))
            os._exit(0)
    os.close(gate[1])
    for _ in range(segment["workers"]):
        os.wait()
    os.close(report[1])
    with os.fdopen(report[0], "rb") as reports:
        return [list(REPORT.unpack(reports.read(REPORT.size))) for _ in range(segment["workers"])]


def threads(segment: dict[str, Any], plan: dict[str, Any]) -> list[Report]:
    """Runs the workers of a segment as threads, which all begin at once."""
    gate = threading.Barrier(segment["workers"])
    reports: list[Report] = []

    def worker() -> None:
        server = Server(plan)
        gate.wait()
        reports.append(work(segment, server))

    workers = [threading.Thread(target=worker) for _ in range(segment["workers"])]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    return reports


def children(segment: dict[str, Any], server: Server) -> list[Report]:
    """Waits once, then starts short processes, one after another."""
    waited = {**dict.fromkeys(KINDS, 0.0), **server.wait(segment["kind"], segment["wait_s"])}
    begun = cpu_s()
    while cpu_s() - begun < segment["cpu_s"]:
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    return [[cpu_s() - begun, *waited.values()]]


def cpu_s() -> float:
    """Returns CPU seconds of this process and of the children that it has waited for."""
    own, below = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime


def main() -> None:
    """Runs the plan and writes what it came to."""
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    server = Server(plan)
    segments = []
    for segment in plan["segments"]:
        if segment["how"] == "children":
            reports = children(segment, server)
        elif segment["workers"] == 1:
            reports = [work(segment, server)]
        else:
            reports = (processes if segment["how"] == "processes" else threads)(segment, plan)
        segments.append({**segment, "reports": reports})
    truth = {"cpu_s": cpu_s(), "segments": segments}
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(truth, file)


if __name__ == "__main__":
    main()
