"""Runs a command and says what it cost: wall and CPU time, peak memory, and instructions where they can be counted."""

import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

LAUNCH = Path(__file__).with_name("launch.py")


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
    costs = Path(f"{log}.costs")
    launch = [sys.executable, "-I", "-S", str(LAUNCH), str(log), str(costs)]
    subprocess.run([*launch, *map(str, command)], env={**os.environ, **environment}, check=True)
    code, wall, cpu, peak = costs.read_text().split()
    if int(code) != 0:
        said = Path(log).read_text(errors="replace")
        raise JobFailed(f"{' '.join(map(str, command))} ended with {code}:\n{said}")
    number = None
    if instructions:
        lines = [line for line in counted.read_text().splitlines() if "instructions" in line]
        number = int(lines[0].partition(",")[0])
    return Cost(float(wall), float(cpu), int(peak), number)


def warm(folder):
    """Reads the files once, so that they lie in the page cache."""
    for path in folder.rglob("*.csv"):
        with open(path, "rb") as file:
            while file.read(8 << 20):
                pass
