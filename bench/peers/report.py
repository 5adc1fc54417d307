"""Medians, ratios, and the tables that people read."""

from statistics import median


def summary(costs, base):
    """The median cost of every engine, and its ratios to the base engine where that ran."""
    middle = {
        name: {
            "runs": len(runs),
            "wall": median(run.wall for run in runs),
            "cpu": median(run.cpu for run in runs),
            "peak": median(run.peak for run in runs),
            "instructions": median(run.instructions for run in runs) if runs[0].instructions else None,
        }
        for name, runs in costs.items()
    }
    for entry in middle.values():
        for key in ("wall", "cpu", "peak", "instructions"):
            compared = base in middle and entry[key] and middle[base][key]
            entry[f"{key}_ratio"] = entry[key] / middle[base][key] if compared else None
    return middle


def table(title, middle, base):
    """A Markdown table."""
    counted = any(entry["instructions"] for entry in middle.values())
    head = ["engine", "wall s", "CPU s", "peak MB", f"wall / {base}", f"CPU / {base}", f"peak / {base}"]
    head += ["rejected", "line right", "line wrong"]
    head += ["instructions G", f"instructions / {base}"] if counted else []
    lines = [f"**{title}**", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, entry in middle.items():
        cells = [name, f"{entry['wall']:.2f}", f"{entry['cpu']:.2f}", f"{entry['peak'] / 1e6:.0f}"]
        cells += [ratio(entry[f"{key}_ratio"]) for key in ("wall", "cpu", "peak")]
        cells += [str(entry[key]) for key in ("rejected", "places_right", "places_wrong")]
        if counted:
            cells += [f"{(entry['instructions'] or 0) / 1e9:.1f}", ratio(entry["instructions_ratio"])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def ratio(value):
    return "" if value is None else f"{value:.3f}"
