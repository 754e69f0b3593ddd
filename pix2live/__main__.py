"""``python -m pix2live``."""

import sys

from pix2live.cli import main

if __name__ == "__main__":
    sys.exit(main())
