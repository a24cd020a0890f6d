"""Runs one command and tells what it cost: `python -I -S launch.py FD COMMAND…`.

A process's peak memory counts what its parent held when it was started, so this parent is as small as a Python can
be: it imports nothing but `os`, `sys` and `time`. FD gets one line when the command has ended: its exit code (minus
the signal's number where one ended it), CPU seconds of it and of its children that it waited for, wall seconds, peak
kilobytes.
"""

import os
import sys
import time


def main() -> None:
    """Start it, wait for it, tell."""
    channel, command = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(channel, False)
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    wall_s = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    line = f"{code} {usage.ru_utime + usage.ru_stime:.6f} {wall_s:.6f} {usage.ru_maxrss}\n"
    os.write(channel, line.encode())


main()
