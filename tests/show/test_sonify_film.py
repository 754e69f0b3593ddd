"""The film of what is played: its pace is the source's, and its playhead runs smoothly."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from pix2live.cli import main
from pix2live.show.sonify_film import pace


@pytest.mark.parametrize(("fps", "shown"), [(0.0, 30.0), (0.25, 20.0), (1.0, 20.0), (12.0, 24.0), (15.0, 30.0),
                                            (23.976, 23.976), (25.0, 25.0), (59.94, 59.94), (100.0, 50.0),
                                            (120.0, 60.0)])
def test_a_playhead_runs_smoothly_over_films_of_every_pace(fps: float, shown: float) -> None:
    assert pace(fps) == pytest.approx(shown)


def test_a_slow_animation_is_shown_at_its_own_pace_with_a_quick_playhead(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (160, 90), (0, 0, value)) for value in (0, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=1000)
    files = [str(tmp_path / "a.gif"), "-o", str(tmp_path / "a.mp4")]
    assert main(["sonify", *files, "--seconds", "2", "--sweep", "2"]) == 0
    with av.open(str(tmp_path / "a.mp4")) as film:
        shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(shown) == 40
    assert [int(frame[100, 1270, 2]) > 100 for frame in shown[:39]] == [False] * 20 + [True] * 19
    for number in (5, 15, 25, 35):
        lit = shown[number][600].astype(int).sum(axis=1)
        assert np.argmax(lit) / 1280 == pytest.approx(number / 40, abs=0.015)
