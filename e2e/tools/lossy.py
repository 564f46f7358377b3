#!/usr/bin/env python3
"""A bad network on the loopback of a network namespace: delay, jitter and loss for datagrams.

usage: lossy.py DELAY_MS JITTER_MS LOSS_PERCENT
Prints `ready`, then holds back what iptables queues at number 0 until its input ends. Each datagram waits DELAY plus
or minus up to JITTER, so that some overtake others. Needs the Python package NetfilterQueue.
"""
import heapq
import random
import select
import sys
import time

from netfilterqueue import NetfilterQueue

delay, jitter, loss = (float(word) for word in sys.argv[1:4])
waiting, count = [], 0


def take(packet):
    global count
    if random.random() < loss / 100:
        packet.drop()
        return
    packet.retain()
    count += 1
    due = time.monotonic() + (delay + random.uniform(-jitter, jitter)) / 1000
    heapq.heappush(waiting, (due, count, packet))


queue = NetfilterQueue()
queue.bind(0, take, 8192)
print("ready", flush=True)
sockets = [queue.get_fd(), sys.stdin.fileno()]
while True:
    now = time.monotonic()
    while waiting and waiting[0][0] <= now:
        heapq.heappop(waiting)[2].accept()
    patience = min(0.05, waiting[0][0] - now) if waiting else 0.05
    readable, _, _ = select.select(sockets, [], [], patience)
    if queue.get_fd() in readable:
        queue.run(block=False)
    if sys.stdin.fileno() in readable and not sys.stdin.readline():
        break
queue.unbind()
