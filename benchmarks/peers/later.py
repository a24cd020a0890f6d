"""bonusctl at a later time: `python -m benchmarks.peers.later MILLISECONDS ARGUMENTS…`.

A story lets an hour or a day pass by moving the emulator's clock. bonusctl reads this machine's clocks as well, and
believes the larger age: so they are moved by as much before the command itself runs, unchanged.
"""

import sys
import time

from reconcile.cli import main


def move_clocks(milliseconds: int) -> None:
    """Shift the wall clock, and the clock that counts from the machine's start, for this process."""
    wall_ns, other_ns, shift_ns = time.time_ns, time.clock_gettime_ns, milliseconds * 1_000_000
    time.time_ns = lambda: wall_ns() + shift_ns
    time.clock_gettime_ns = lambda clock: other_ns(clock) + shift_ns


if __name__ == "__main__":
    move_clocks(int(sys.argv.pop(1)))
    main()
