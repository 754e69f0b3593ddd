import random

import pytest

from tools.ears_corpus_midi import DRUMS
from tools.train_beat_music import compose
from tools.train_beat_styles import STYLES, part


def test_every_pattern_fits_its_bar():
    for style in STYLES.values():
        steps = style.beats * style.steps
        for _, _, patterns in style.voices:
            for pattern in patterns:
                assert len(pattern) % steps == 0 or steps % len(pattern) == 0, style.name
                assert set(pattern) <= set("xo.")


def test_a_part_takes_one_pattern_for_each_drum_of_its_style():
    for style in STYLES.values():
        known = {pitch: patterns for pitch, _, patterns in style.voices}
        assert all(pattern in known[pitch] for pitch, pattern in part(style, random.Random(1)).items())


@pytest.mark.parametrize("seed", range(40))
def test_a_piece_has_notes_within_its_beats_and_its_downbeats_are_beats(seed):
    piece = compose(random.Random(seed))
    assert piece.notes and set(piece.downbeats) <= set(piece.beats)
    assert all(-1e-9 <= n.start < piece.end + 1.0 and n.length > 0 for n in piece.notes)
    assert all(0 <= n.pitch <= 127 and 1 <= n.velocity <= 127 and 0 <= n.channel <= DRUMS for n in piece.notes)
    assert 35 < piece.bpm < 255


def test_the_same_seed_gives_the_same_piece():
    one, two = compose(random.Random(7)), compose(random.Random(7))
    assert one.notes == two.notes and one.beats == two.beats


def test_most_strokes_of_clicks_fall_on_beats():
    pieces = [compose(random.Random(seed)) for seed in range(200)]
    clicks = [p for p in pieces if p.tags[0] == "clicks"]
    assert len(clicks) > 2
    for piece in clicks:
        assert all(abs(n.start - round(n.start)) < 0.15 for n in piece.notes)
