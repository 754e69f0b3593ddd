"""Soft takeover: a knob is ignored until it meets the param's present value, so that nothing jumps."""

TOLERANCE = 0.025  # of the travel: three steps of a 7-bit controller
_MOVED = 0.005  # a param this far from where its knob put it has been moved by something else


class Takeover:
    """One memory for all controls: where each knob stands, and whether it has its param in hand."""

    def __init__(self, tolerance: float = TOLERANCE) -> None:
        self._tolerance = tolerance
        self._stands: dict[tuple[str, str], float] = {}
        self._put: dict[tuple[str, str], float] = {}  # of those in hand: where the knob put the param

    def allows(self, source: str, param: str, position: float, current: float, step: float = 0.0,
               low: float = 0.0, high: float = 1.0) -> bool:
        """Whether the param obeys its control now: the knob has met or crossed the present value, and holds it since.

        Whoever else moves the param (a preset, a key, another control) takes it out of hand until the knob meets it
        again.

        Args:
            source, param: the pair. position: where the knob wants the param, 0..1 of its travel.
            current: where the param is, 0..1 (its base value, with this control's last move already in it).
            step: the size of one step of a stepped param on that travel; 0 for a smooth one.
            low, high: the part of the travel that the knob reaches; it meets a value beyond at its end.
        """
        key = (source, param)
        reached = min(max(current, min(low, high)), max(low, high))
        before = self._stands.get(key)
        self._stands[key] = position
        put = self._put.get(key)
        if put is None or abs(put - current) > max(_MOVED, 0.51 * step):
            met = abs(position - reached) <= max(self._tolerance, 0.51 * step)
            crossed = before is not None and (before - reached) * (position - reached) < 0.0
            if not (met or crossed):
                self._put.pop(key, None)
                return False
        self._put[key] = position
        return True

    def reset(self) -> None:
        """After a preset change: every knob must meet its param again. Where the knobs stand stays known."""
        self._put.clear()
