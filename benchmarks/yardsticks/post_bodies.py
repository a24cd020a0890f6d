"""Bare httpx: posts prepared bodies with THREADS threads, a client and so a connection each, and reads the answers.

Arguments: ENDPOINT FILE THREADS. A line of the file is a request's target, a tab, and its body.
"""

import ssl
import sys
from queue import Empty, SimpleQueue
from threading import Thread

import httpx

endpoint, name, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
HEADERS = {"Authorization": "OAuth any", "Content-Type": "application/json"}
# Made once: every client of its own would load the certificates again, which nobody pays for here.
TLS = ssl.create_default_context()
tasks: "SimpleQueue[tuple[str, bytes]]" = SimpleQueue()
with open(name, "rb") as file:
    for line in file:
        target, _, body = line.rstrip(b"\n").partition(b"\t")
        tasks.put((target.decode(), body))


def work() -> None:
    with httpx.Client(base_url=endpoint, headers=HEADERS, timeout=30, verify=TLS) as client:
        while True:
            try:
                target, body = tasks.get_nowait()
            except Empty:
                return
            client.post(target, content=body).raise_for_status()


workers = [Thread(target=work) for _ in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
