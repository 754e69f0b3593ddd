"""Videos and pictures of known content for the device tests."""

from fractions import Fraction

import av
import numpy as np

BITS = 10


def numbered(number, width=160, height=96):
    """A frame that tells its number in black and white columns, so that it can be read back after any codec."""
    frame = np.zeros((height, width, 3), np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            frame[:, bit * width // BITS : (bit + 1) * width // BITS] = 255
    return frame


def number_of(frame):
    """What ``numbered`` wrote."""
    _, width = frame.shape[:2]
    middles = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    return sum(int(frame[frame.shape[0] // 2, x].mean() > 127) << bit for bit, x in enumerate(middles))


def write_video(path, frames, stamps=None, rate=30, codec="libx264", pix_fmt="yuv420p", format_=None, rotation=None,
                aspect=None, sound_s=0.0, time_base=Fraction(1, 90000), **options):
    """Encode ``frames``; ``stamps`` in seconds (default: evenly by ``rate``)."""
    frames = list(frames)
    with av.open(str(path), "w", format=format_) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.options = {key: str(value) for key, value in options.items()}
        if codec not in ("gif", "mjpeg", "mpeg4"):
            stream.codec_context.time_base = time_base
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        if sound_s:
            audio = container.add_stream("aac", rate=48000)
        for i, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, "rgba" if picture.shape[2] == 4 else "rgb24")
            if stamps is not None:
                frame.pts, frame.time_base = round(stamps[i] / time_base), time_base
            else:
                frame.pts, frame.time_base = i, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound_s:
            block = av.AudioFrame.from_ndarray(np.zeros((2, int(48000 * sound_s)), np.float32), "fltp", "stereo")
            block.sample_rate = 48000
            container.mux(audio.encode(block))
            container.mux(audio.encode(None))
    return path
