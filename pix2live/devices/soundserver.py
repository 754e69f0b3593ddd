"""What the sound server (PulseAudio, or PipeWire in its place) can be heard from: its sources, asked through libpulse.

PortAudio on Linux sees a server as one device, ``pulse``, and cannot tell what lies behind it: which sources there
are, how many channels they have, and what monitors what is played.
"""

import contextlib
import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

PATIENCE_S = 1.5
_READY, _FAILED, _NO_AUTOSPAWN, _NO_INDEX = 4, 5, 1, 0xFFFFFFFF


@dataclass(frozen=True)
class Source:
    """Something a sound server can be heard from.

    Attributes:
        name: what the server calls it. description: what people call it.
        channels, rate: its own. monitor: it is what a sink plays.
        default: it is heard where none is named. default_monitor: it is what the default sink plays.
    """

    name: str
    description: str
    channels: int
    rate: int
    monitor: bool
    default: bool
    default_monitor: bool


class _SampleSpec(ctypes.Structure):
    _fields_ = (("format", ctypes.c_int), ("rate", ctypes.c_uint32), ("channels", ctypes.c_uint8))


class _ChannelMap(ctypes.Structure):
    _fields_ = (("channels", ctypes.c_uint8), ("map", ctypes.c_int * 32))


class _Volume(ctypes.Structure):
    _fields_ = (("channels", ctypes.c_uint8), ("values", ctypes.c_uint32 * 32))


class _SourceInfo(ctypes.Structure):
    """The beginning of ``pa_source_info`` in pulse/introspect.h (libpulse.so.0)."""

    _fields_ = (("name", ctypes.c_char_p), ("index", ctypes.c_uint32), ("description", ctypes.c_char_p),
                ("sample_spec", _SampleSpec), ("channel_map", _ChannelMap), ("owner_module", ctypes.c_uint32),
                ("volume", _Volume), ("mute", ctypes.c_int), ("monitor_of_sink", ctypes.c_uint32),
                ("monitor_of_sink_name", ctypes.c_char_p))


class _ServerInfo(ctypes.Structure):
    """The beginning of ``pa_server_info``."""

    _fields_ = (("user_name", ctypes.c_char_p), ("host_name", ctypes.c_char_p), ("server_version", ctypes.c_char_p),
                ("server_name", ctypes.c_char_p), ("sample_spec", _SampleSpec),
                ("default_sink_name", ctypes.c_char_p), ("default_source_name", ctypes.c_char_p))


_SOURCE_CALL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(_SourceInfo), ctypes.c_int, ctypes.c_void_p)
_SERVER_CALL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(_ServerInfo), ctypes.c_void_p)


def sources() -> list[Source]:
    """Every source of the sound server; none where there is no server (or no Linux). Takes 1.5 s at most."""
    if not sys.platform.startswith("linux"):
        return []
    try:
        pulse = _libpulse()
    except (OSError, AttributeError):
        return []
    loop = pulse.pa_mainloop_new()
    context = pulse.pa_context_new(pulse.pa_mainloop_get_api(loop), b"pix2live")
    try:
        return _ask(pulse, loop, context)
    finally:
        pulse.pa_context_disconnect(context)
        pulse.pa_context_unref(context)
        pulse.pa_mainloop_free(loop)


def _libpulse() -> Any:
    pulse = ctypes.CDLL("libpulse.so.0")
    for name in ("pa_mainloop_new", "pa_mainloop_get_api", "pa_context_new", "pa_context_get_server_info",
                 "pa_context_get_source_info_list"):
        getattr(pulse, name).restype = ctypes.c_void_p
    one, text = ctypes.c_void_p, ctypes.c_char_p
    for name, types in (
            ("pa_mainloop_get_api", (one,)), ("pa_mainloop_free", (one,)), ("pa_mainloop_poll", (one,)),
            ("pa_mainloop_dispatch", (one,)), ("pa_mainloop_prepare", (one, ctypes.c_int)),
            ("pa_context_new", (one, text)), ("pa_context_connect", (one, text, ctypes.c_int, one)),
            ("pa_context_get_state", (one,)), ("pa_context_disconnect", (one,)), ("pa_context_unref", (one,)),
            ("pa_context_get_server_info", (one, _SERVER_CALL, one)),
            ("pa_context_get_source_info_list", (one, _SOURCE_CALL, one)), ("pa_operation_unref", (one,))):
        getattr(pulse, name).argtypes = types
    return pulse


def _ask(pulse: Any, loop: int, context: int) -> list[Source]:
    until_s = time.monotonic() + PATIENCE_S
    found: list[tuple[str, str, int, int, str | None]] = []
    defaults: list[str] = []
    ended: list[bool] = []

    def turn(done: Callable[[], bool]) -> bool:
        while not done():
            left_s = until_s - time.monotonic()
            if left_s <= 0.0 or pulse.pa_context_get_state(context) >= _FAILED:
                return False
            # Not pa_mainloop_iterate: it would wait for ever for a server that is stopped.
            if (pulse.pa_mainloop_prepare(loop, int(1e6 * min(left_s, 0.1))) < 0 or pulse.pa_mainloop_poll(loop) < 0
                    or pulse.pa_mainloop_dispatch(loop) < 0):
                return False
        return True

    def on_server(_: Any, info: Any, __: Any) -> None:
        if info:
            told = info.contents
            defaults[:] = [_text(told.default_sink_name), _text(told.default_source_name)]

    def on_source(_: Any, info: Any, end: int, __: Any) -> None:
        if end:
            ended.append(True)
        elif info:
            told = info.contents
            sink = None if told.monitor_of_sink == _NO_INDEX else _text(told.monitor_of_sink_name)
            found.append((_text(told.name), _text(told.description), int(told.sample_spec.channels),
                          int(told.sample_spec.rate), sink))

    server_call, source_call = _SERVER_CALL(on_server), _SOURCE_CALL(on_source)
    if pulse.pa_context_connect(context, None, _NO_AUTOSPAWN, None) < 0:
        return []
    if not turn(lambda: pulse.pa_context_get_state(context) == _READY):
        return []
    for operation in (pulse.pa_context_get_server_info(context, server_call, None),
                      pulse.pa_context_get_source_info_list(context, source_call, None)):
        if operation:
            pulse.pa_operation_unref(operation)
    if not turn(lambda: bool(ended and defaults)):
        return []
    sink_name, source_name = defaults
    return [Source(name, description or name, channels, rate, sink is not None, name == source_name, sink == sink_name)
            for name, description, channels, rate, sink in found]


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")


@contextlib.contextmanager
def listening_to(source: str) -> Iterator[None]:
    """Streams opened inside the with statement by way of ``pulse`` hear ``source`` (nothing changes where it is
    empty)."""
    old = os.environ.get("PULSE_SOURCE")
    if source:
        os.environ["PULSE_SOURCE"] = source
    try:
        yield
    finally:
        if source:
            os.environ.pop("PULSE_SOURCE")
            if old is not None:
                os.environ["PULSE_SOURCE"] = old
