"""How well pictures sound: how faithfully, how many partials at once, and whether what people feel goes together does.

    python -m tools.eval_voice [--part fidelity|partials|correspondence|hour] [--json]
        fidelity         scan and other methods: the picture found again in its sound (tools/eval_scan's analyser)
        partials         sinusoids a core in real time, beside SuperCollider, csound and numpy
        correspondence   pictures that vary in one respect, and what of the sound follows  [--preset FILE] [--seeds N]
        hour             an hour of harmony on a changing film: clicks, peaks, level, memory  [--minutes M] [--plot PNG]

Without --part: the first three.
"""

import argparse
import json
import math
from typing import Any

from tools import eval_scan, voice_fidelity, voice_partials

PARTS = ("fidelity", "partials")


def fidelity(say: bool) -> list[dict[str, Any]]:
    """The table of ``voice_fidelity``, printed line by line as it is measured."""
    results = []
    for rows in voice_fidelity.measure():
        results += rows
        if say:
            bar = eval_scan.BARS.get(rows[0]["rows"]) if rows[0]["system"] == "scan" else None
            mean = sum(row["ssim"] for row in rows) / len(rows)
            verdict = "" if bar is None else f"  bar {bar}: {'met' if mean >= bar else 'MISSED'}"
            print(eval_scan.line(rows) + verdict, flush=True)
    return results


def partials(say: bool) -> dict[str, float]:
    """Partials a core of each bank."""
    figures = voice_partials.measure()
    if say:
        own = figures["pix2live"]
        for name, count in figures.items():
            if math.isnan(count):
                print(voice_partials.missing(name))
            else:
                print(f"{name:14s} {count:9.0f} partials a core, {own / count:4.1f} times fewer than pix2live")
    return figures


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for part, run in (("fidelity", fidelity), ("partials", partials)):
        if options.part in (None, part):
            if not options.json:
                print(f"\n{part}")
            results[part] = run(not options.json)
    if options.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
