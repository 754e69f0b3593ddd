"""What ``pix2live analyze`` writes: every signal over time as numbers."""

import csv
import io
import json
from pathlib import Path

import numpy as np

from pix2live.atomic import Beside, write_whole
from pix2live.show.analysis import Analysis


def check_place(path: Path) -> None:
    """Find out before the work whether ``path`` can be written. Raises FileError."""
    Beside(path, (path.suffix.lower(),)).discard()


def write(analysis: Analysis, path: Path) -> None:
    """Write .npz (all signals, vectors too), .csv (scalars, a row a hop) or .json (scalars as lists, and events).

    Signals have their full names; ``time_s`` is the moment of each hop, ``onset_s`` (``beat_s``, ``downbeat_s``) when
    onsets happened and ``onset_known_s`` when the live instrument knew. Raises FileError; nothing half-written is left.
    """
    scalars = {name: values for name, values in analysis.signals.items() if values.ndim == 1}
    events = analysis.events
    if path.suffix.lower() == ".npz":
        buffer = io.BytesIO()
        arrays = {"time_s": analysis.time_s, **events, **analysis.signals}
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        data = buffer.getvalue()
    elif path.suffix.lower() == ".csv":
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(["time_s", *scalars])
        for i, time_s in enumerate(analysis.time_s):
            rows.writerow([f"{time_s:.6f}", *(f"{values[i]:.6g}" for values in scalars.values())])
        data = text.getvalue().encode()
    else:
        plain = {"time_s": analysis.time_s, **events, **scalars}
        data = json.dumps({name: np.round(values, 6).tolist() for name, values in plain.items()}).encode()
    write_whole(path, data)
