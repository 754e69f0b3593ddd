"""pix2live: a real-time audiovisual instrument. Sound draws, pictures sound."""

__version__ = "0.1.0"
