"""What a call will probably cost, and whether it still fits."""

_KEEP = 32
_FORGET = 0.97


class Cost:
    """The 90th percentile of the newest 32 costs of one model, in seconds.

    Each refusal lets what is remembered fade by 3%, so that a model which a busy moment made look dear is tried again
    (after 23 refusals it looks half as dear) rather than shut out for good. Not for the audio callback.
    """

    def __init__(self) -> None:
        self._recent: list[float] = []
        self.expected_s = 0.0
        self.runs = 0

    def add(self, cost_s: float) -> None:
        """One call took ``cost_s``."""
        if len(self._recent) < _KEEP:
            self._recent.append(cost_s)
        else:
            self._recent[self.runs % _KEEP] = cost_s
        self.runs += 1
        ordered = sorted(self._recent)
        self.expected_s = ordered[int(0.9 * (len(ordered) - 1) + 0.5)]

    def fits(self, left_s: float) -> bool:
        """Whether a call is expected to end within ``left_s``; a refusal fades the estimate."""
        if self.expected_s <= left_s:
            return True
        self.expected_s *= _FORGET
        self._recent = [cost_s * _FORGET for cost_s in self._recent]
        return False
