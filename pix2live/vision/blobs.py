"""Things in a film followed over time: each keeps its number while it moves, crosses others, or is briefly unseen."""

import dataclasses
import math

import numpy as np

MOST_BLOBS = 20
COLUMNS = ("id", "x", "y", "size", "speed_x", "speed_y")
SIZE = COLUMNS.index("size")

_ESTABLISHED_S = 0.1   # what comes up must last so long before it counts; in a first picture it counts at once
_UNSEEN_S = 0.25       # and is remembered so long when it is not seen
_HIDDEN_S = 2.0        # or so long while another thing covers the place where it should be
_RESTART_S = 1.0       # after a longer gap everything is new
_SPEED_S = 0.2         # smoothing of the speeds
_REACH = 0.08          # of the picture: how far from where it was expected a thing may turn up
_REACH_HIDDEN = 0.2    # after it was hidden
_SIZE_COST = 0.03      # a thing that is twice as large costs as much as one that is 0.02 further off
_FASTEST = 4.0         # pictures a second


@dataclasses.dataclass(slots=True)
class _Blob:
    id: int
    slot: int
    x: float
    y: float
    size: float
    born_s: float
    seen_s: float
    speed_x: float = 0.0
    speed_y: float = 0.0
    sightings: int = 1
    established: bool = False
    hidden_s: float = math.inf  # when it went behind another

    def covered(self, now_s: float) -> bool:
        return self.hidden_s <= now_s


class Blobs:
    """Follows areas from picture to picture. At most 20 at a time.

    A thing is expected where its speed takes it; the nearest pairs of things and areas belong together. Where things
    run into one area, all go on at their speeds for up to 2 s (but no longer than they were seen), so that they cross
    with their numbers kept. What appears counts after 0.1 s, in a first picture or after a cut at once; what is gone is
    forgotten after 0.25 s. Times are in seconds, so results hang little on the frame rate.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all things; numbers begin at 1 again."""
        self._next_id = 1
        self._now_s = 0.0
        self._clock_s = 0.0
        self._picture_s = 0.0
        self.restart()

    def restart(self) -> None:
        """Everything in the next picture is new, as after a cut."""
        self._blobs: list[_Blob] = []
        self._fresh = True

    @property
    def count(self) -> int:
        """How many things there are."""
        return sum(blob.established for blob in self._blobs)

    def write(self, out: np.ndarray) -> None:
        """Fill ``out`` (20, 6) float32 with COLUMNS; a thing keeps its row while it lives. id 0: none.

        x 0 left..1 right, y 0 bottom..1 top, size its share of the picture, speeds in pictures a second.
        """
        out[:] = 0.0
        for blob in self._blobs:
            if blob.established:
                out[blob.slot] = (blob.id, blob.x, blob.y, blob.size, blob.speed_x, blob.speed_y)

    def process(self, areas: np.ndarray, places: np.ndarray, time_s: float) -> None:
        """A new picture at ``time_s``: ``areas`` and ``places`` as of ``composition.areas``."""
        now_s = self._advance(time_s)
        passed_s = now_s - self._picture_s
        if passed_s > _RESTART_S:
            self.restart()
        self._picture_s = now_s
        for blob in self._blobs:
            blob.x += blob.speed_x * passed_s
            blob.y += blob.speed_y * passed_s
        area_of = self._pair(areas, now_s)
        taken = {row: blob for blob, row in area_of}
        seen = {blob.id for blob in taken.values()}
        shared: dict[int, list[_Blob]] = {}
        for blob in self._blobs:
            if blob.id not in seen and blob.established:
                row = _area_at(places, blob.x, blob.y)
                if row < 0 and blob.covered(now_s):
                    # It turned back or stopped behind the other, and is there still.
                    row = _nearest(areas, blob)
                if row in taken and self._may_hide(blob, now_s):
                    shared.setdefault(row, [taken[row]]).append(blob)
        for together in shared.values():
            for blob in together:
                blob.hidden_s = min(blob.hidden_s, now_s)
                blob.seen_s = now_s
        for row, blob in taken.items():
            if row not in shared:
                _see(blob, areas[row], now_s, passed_s)
        self._forget(now_s)
        for row in range(len(areas)):
            if row not in taken and len(self._blobs) < MOST_BLOBS:
                self._begin(areas[row], now_s)
        self._fresh = False

    def rest(self, time_s: float, still: bool) -> None:
        """The picture is the same at ``time_s``; ``still``: it stands, and is not just shown again."""
        now_s = self._advance(time_s)
        for blob in self._blobs:
            if blob.seen_s >= self._picture_s and (not blob.covered(now_s) or self._may_hide(blob, now_s)):
                blob.seen_s = now_s
                blob.established = blob.established or now_s - blob.born_s >= _ESTABLISHED_S
            if still:
                blob.speed_x = blob.speed_y = 0.0
        if still:
            self._picture_s = now_s
        self._forget(now_s)

    def _advance(self, time_s: float) -> float:
        # A clock that stands still or jumps back costs no more than the step.
        self._now_s += min(max(time_s - self._clock_s, 0.0), 10.0) if not self._fresh else 0.0
        self._clock_s = time_s
        return self._now_s

    def _pair(self, areas: np.ndarray, now_s: float) -> list[tuple[_Blob, int]]:
        """Things and the rows of their areas, the nearest pairs first."""
        rows = areas.tolist()
        offers = []
        for i, blob in enumerate(self._blobs):
            reach = _REACH_HIDDEN if blob.covered(now_s) else _REACH
            for row, (x, y, size) in enumerate(rows):
                cost = math.hypot(x - blob.x, y - blob.y)
                if cost < reach + 0.5 * math.sqrt(min(size, blob.size)):
                    offers.append((cost + _SIZE_COST * abs(math.log(size / blob.size)), i, row))
        pairs: list[tuple[_Blob, int]] = []
        used: set[int] = set()
        given: set[int] = set()
        for _, i, row in sorted(offers):
            if i not in used and row not in given:
                used.add(i)
                given.add(row)
                pairs.append((self._blobs[i], row))
        return pairs

    def _may_hide(self, blob: _Blob, now_s: float) -> bool:
        begun_s = min(blob.hidden_s, now_s)
        return now_s - begun_s < min(_HIDDEN_S, begun_s - blob.born_s)

    def _forget(self, now_s: float) -> None:
        self._blobs = [blob for blob in self._blobs
                       if 0.0 <= blob.x <= 1.0 and 0.0 <= blob.y <= 1.0
                       and now_s - blob.seen_s < (_UNSEEN_S if blob.established else 1e-9)]

    def _begin(self, area: np.ndarray, now_s: float) -> None:
        slots = {blob.slot for blob in self._blobs}
        slot = next(i for i in range(MOST_BLOBS) if i not in slots)
        x, y, size = (float(value) for value in area)
        self._blobs.append(_Blob(self._next_id, slot, x, y, size, now_s, now_s, established=self._fresh))
        self._next_id += 1


def _area_at(places: np.ndarray, x: float, y: float) -> int:
    """The area at or beside a place; -1 for none."""
    height, width = places.shape
    column, row = int(x * width), int((1.0 - y) * height)
    near = places[max(row - 1, 0):max(row + 2, 0), max(column - 1, 0):max(column + 2, 0)]
    return int(near.max()) if near.size else -1


def _nearest(areas: np.ndarray, blob: _Blob) -> int:
    """The area whose edge is nearest, if within reach; -1 for none."""
    best, best_gap = -1, _REACH_HIDDEN
    for row, (x, y, size) in enumerate(areas.tolist()):
        gap = math.hypot(x - blob.x, y - blob.y) - 0.5 * math.sqrt(size)
        if gap < best_gap:
            best, best_gap = row, gap
    return best


def _see(blob: _Blob, area: np.ndarray, now_s: float, passed_s: float) -> None:
    """``blob`` was moved to where it was expected and is seen at ``area``."""
    x, y, size = (float(value) for value in area)
    if passed_s > 0.0 and not blob.covered(now_s):
        share = max(1.0 - math.exp(-passed_s / _SPEED_S), 1.0 / blob.sightings)
        blob.speed_x += (x - blob.x) / passed_s * share
        blob.speed_y += (y - blob.y) / passed_s * share
        blob.speed_x, blob.speed_y = (min(max(v, -_FASTEST), _FASTEST) for v in (blob.speed_x, blob.speed_y))
        blob.sightings += 1
    blob.x, blob.y, blob.size = x, y, size
    blob.hidden_s, blob.seen_s = math.inf, now_s
    blob.established = blob.established or now_s - blob.born_s >= _ESTABLISHED_S
