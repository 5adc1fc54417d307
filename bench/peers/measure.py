"""Runs a command and says what it cost: wall and CPU time, peak memory, and instructions where they can be counted."""

import os
import shutil
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Seconds, bytes, and instructions (`None` where the machine does not count them)."""

    wall: float
    cpu: float
    peak: int
    instructions: int | None

    def as_json(self):
        return asdict(self)


class JobFailed(Exception):
    """The command did not end well."""


def counts_instructions():
    """Whether `perf` can count the instructions of a process here; in most virtual machines it cannot."""
    if shutil.which("perf") is None:
        return False
    probe = subprocess.run(
        ["perf", "stat", "-x,", "-e", "instructions:u", "true"], capture_output=True, text=True, check=False
    )
    return probe.returncode == 0 and probe.stderr.partition(",")[0].isdigit()


def run(command, log, environment, instructions=False):
    """Runs the command with its output in the log. The peak is that of the largest process of its tree, the times are
    those of all of them."""
    counted = Path(f"{log}.instructions")
    if instructions:
        command = ["perf", "stat", "-x,", "-e", "instructions:u", "-o", str(counted), "--", *command]
    with open(log, "wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        said = Path(log).read_text(errors="replace")
        raise JobFailed(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    number = None
    if instructions:
        lines = [line for line in counted.read_text().splitlines() if "instructions" in line]
        number = int(lines[0].partition(",")[0])
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, number)


def warm(folder):
    """Reads the files once, so that they lie in the page cache."""
    for path in folder.rglob("*.csv"):
        with open(path, "rb") as file:
            while file.read(8 << 20):
                pass
