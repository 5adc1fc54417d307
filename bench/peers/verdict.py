"""Compares what the engines published: figure by figure, rejected rows, canonical rows. Exact, or a difference."""

from decimal import ROUND_HALF_UP, Decimal

from peers.engines import tally

SHOWN = 10
ORE = Decimal("0.01")


def differences(name, result, reference_name, reference, data):
    """What is wrong with a result, in sentences."""
    found = against_generator(name, result, data)
    found += rounding(name, result)
    if result is not reference:
        found += figures(name, result.figures, reference_name, reference.figures)
        both = result.canonical and reference.canonical
        if both and result.canonical != reference.canonical:
            found.append(f"{name}: canonical rows and sum {result.canonical}, {reference_name}: {reference.canonical}")
    return found


def against_generator(name, result, data):
    """The generator knows which rows are malformed, and how many are not."""
    expected = tally(reason for _, _, reason in data.malformed)
    found = []
    if result.rejected != expected:
        found.append(f"{name}: rejected {result.rejected}, planted {expected}")
    if result.exact_places and (wrong := sorted(result.places ^ data.malformed)):
        found.append(f"{name}: {len(wrong)} place(s) of rejected rows are wrong: {wrong[:SHOWN]}")
    accepted = data.rows - len(data.malformed)
    if result.canonical and result.canonical[0] != accepted:
        found.append(f"{name}: {result.canonical[0]} canonical rows, expected {accepted}")
    return found


def rounding(name, result):
    """Every value is its own quotient, rounded once, halves away from zero."""
    wrong = [
        f"{name}: {' '.join(key)}: {n} / {d} is not {value}"
        for key, (n, d, value) in result.figures.items()
        if (n / d).quantize(ORE, ROUND_HALF_UP) != value
    ]
    return wrong[:SHOWN]


def figures(name, these, reference_name, those):
    """Figures that differ, or that one of the two lacks."""
    keys = sorted(set(these) | set(those))
    wrong = [key for key in keys if these.get(key) != those.get(key)]
    shown = [
        f"{name}: {' '.join(key)}: {these.get(key)}, {reference_name}: {those.get(key)}" for key in wrong[:SHOWN]
    ]
    if len(wrong) > SHOWN:
        shown.append(f"{name}: {len(wrong) - SHOWN} more figures differ from {reference_name}")
    return shown
