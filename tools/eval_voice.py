"""How well pictures sound: how faithfully, how many partials at once, and whether what people feel goes together does.

    python -m tools.eval_voice [--part fidelity|partials|correspondence|hour] [--json]
        fidelity         scan and other methods: the picture found again in its sound (tools/eval_scan's analyser)
        partials         sinusoids a core in real time, beside SuperCollider, csound and numpy
        correspondence   pictures that vary in one respect, and what of the sound follows
                         [--preset NAME|FILE] [--seeds N] [--seconds S] [--sets brightness,height]
        hour             harmony on a changing film: clicks, peaks, level, memory
                         [--preset NAME|FILE] [--minutes M] [--plot OUT.png]

Without --part: all but the hour.
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any

from tools import eval_scan, voice_correspondence, voice_fidelity, voice_hour, voice_partials


def fidelity(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The table of ``voice_fidelity``, printed line by line as it is measured."""
    results = []
    for rows in voice_fidelity.measure():
        results += rows
        if not options.json:
            bar = eval_scan.BARS.get(rows[0]["rows"]) if rows[0]["system"] == "scan" else None
            mean = sum(row["ssim"] for row in rows) / len(rows)
            verdict = "" if bar is None else f"  bar {bar}: {'met' if mean >= bar else 'MISSED'}"
            print(eval_scan.line(rows) + verdict, flush=True)
    return results


def partials(options: argparse.Namespace) -> dict[str, float]:
    """Partials a core of each bank."""
    figures = voice_partials.measure()
    own = figures["pix2live"]
    for name, count in figures.items():
        if options.json:
            break
        if math.isnan(count):
            print(voice_partials.missing(name))
            continue
        bar = voice_partials.BARS.get(name)
        met = bar is None or (count >= bar if name == "pix2live" else own / count >= bar)
        verdict = "" if bar is None else f"  bar {bar:,.0f}{'' if name == 'pix2live' else ' times'}: " + (
            "met" if met else "MISSED")  # fmt: skip
        print(f"{name:26s} {count:9,.0f} partials a core, {own / count:5.1f} times fewer than pix2live{verdict}")
    return figures


def correspondence(options: argparse.Namespace) -> list[dict[str, Any]]:
    """One line for each relation, printed as it is measured."""
    results = []
    sets = options.sets.split(",") if options.sets else None
    for row in voice_correspondence.measure(options.preset, options.seconds, seeds=options.seeds, sets=sets):
        results.append(row)
        if not options.json:
            way = "+" if row["sign"] > 0 else "-"
            print(f"{row['instrument']:8s} {row['seen']:11s} -> {row['heard']:10s} {way}  rho {row['rho']:+.2f} "
                  f"(least favourable seed {row['lowest']:+.2f})  {'met' if row['met'] else 'MISSED':6s}  "
                  f"{row['source']}", flush=True)  # fmt: skip
    return results


def hour(options: argparse.Namespace) -> dict[str, Any]:
    """The hour's figures and claims; the page where one was asked for."""
    figures, watch = voice_hour.measure(options.minutes, options.preset)
    figures["claims"] = voice_hour.verdicts(figures)
    if not options.json:
        for name, value in figures.items():
            print(f"{name:18s} {value:.4f}" if isinstance(value, float) else f"{name:18s} {value}")
    if options.plot:
        voice_hour.plot(watch, Path(options.plot))
    return figures


PARTS = {"fidelity": fidelity, "partials": partials, "correspondence": correspondence, "hour": hour}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--preset", default=voice_correspondence.PRESET, help="whose routes are measured")
    parser.add_argument("--seconds", type=float, default=24.0, help="of sound for each picture")
    parser.add_argument("--seeds", type=int, default=3, help="pictures and pieces for each step")
    parser.add_argument("--sets", help="only these sets of pictures")
    parser.add_argument("--minutes", type=float, default=60.0, help="of the hour")
    parser.add_argument("--plot", metavar="OUT.png", help="the hour as a spectrogram and level curve")
    options = parser.parse_args()
    chosen = [options.part] if options.part else ["fidelity", "partials", "correspondence"]
    results: dict[str, Any] = {}
    for part in chosen:
        if not options.json:
            print(f"\n{part}")
        results[part] = PARTS[part](options)
    if options.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
