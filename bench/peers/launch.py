"""Runs a command and writes what it cost: exit code, wall seconds, CPU seconds, peak bytes.

A program of its own, with as few modules as can be: to the peak memory of a process Linux counts what its parent held
when it was started, and the command that compares has DuckDB loaded.
"""

import os
import sys
import time


def main():
    log, costs, *command = sys.argv[1:]
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    outputs = [(os.POSIX_SPAWN_DUP2, output, number) for number in (1, 2)]
    started = time.monotonic()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=outputs)
    _, status, usage = os.wait4(process, 0)
    wall = time.monotonic() - started
    cpu, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
    with open(costs, "w", encoding="ascii") as file:
        file.write(f"{os.waitstatus_to_exitcode(status)} {wall} {cpu} {peak}")


if __name__ == "__main__":
    main()
