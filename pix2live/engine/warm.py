"""Imported once, before the engines are forked: loads what they share and every kernel.

Must start no thread and open no device, for it is forked afterwards.
"""

import os

from pix2live.engine.compiling import warm_all


def _load_libraries() -> None:
    # The engines' own heavy imports, paid once for all of them. None of these starts a thread when imported.
    import cv2
    import moderngl  # noqa: F401
    import rtmidi  # noqa: F401

    import pix2live.engine.desk
    import pix2live.engine.perception
    import pix2live.engine.render  # noqa: F401

    cv2.setNumThreads(1)


if os.environ.get("PIX2LIVE_NO_WARM") != "1":
    warm_all()
    _load_libraries()
