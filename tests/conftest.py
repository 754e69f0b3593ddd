"""What tests share: the repository root on the path (for ``tools``) and the private rig's fixtures.

A missing program fails the test with one line naming its Debian package; nothing is skipped.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.rig import Rig, RigError


def _rig(**parts: bool) -> Iterator[Rig]:
    try:
        rig = Rig(**parts).__enter__()
    except RigError as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield rig
    finally:
        rig.stop()


@pytest.fixture(scope="session")
def sound_rig() -> Iterator[Rig]:
    """A private PipeWire. Programs play into ``sink`` and hear ``mic``. A test that kills it must restart it."""
    yield from _rig(sound=True)


@pytest.fixture(scope="session")
def screen_rig() -> Iterator[Rig]:
    """A private 1280x720 screen."""
    yield from _rig(screen=True)


@pytest.fixture(scope="module")
def midi_rig() -> Iterator[Rig]:
    """A private JACK server for MIDI."""
    yield from _rig(midi=True)


@pytest.fixture
def full_rig() -> Iterator[Rig]:
    """Sound, screen and MIDI together, fresh for each test, so that user state starts empty."""
    yield from _rig(sound=True, screen=True, midi=True)
