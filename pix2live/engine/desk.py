"""The desk: the one authority on what is played. Keys, MIDI, learn, presets, params, autosave.

    keys, web, parent ─ commands ─┐
    midi ─ mapping ─ takeover ────┼─ params, patch ─ bus ─ every engine
    presets ──────────────────────┘
"""

import contextlib
import threading
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from pix2live.atomic import write_whole
from pix2live.control.learn import Learner, Mapping
from pix2live.control.midi import MidiIn
from pix2live.control.takeover import Takeover
from pix2live.engine.notes import NoteSender
from pix2live.engine.options import Options
from pix2live.engine.patching import make_patch
from pix2live.errors import Pix2liveError, PresetError
from pix2live.patch.patch import Patch, publish_text, read_patch
from pix2live.patch.preset import find_preset
from pix2live.resources import config_dir, listing, state_dir
from pix2live.signals import table
from pix2live.signals.bus import MAX_PARAMS, Bus
from pix2live.signals.clock import Clock
from pix2live.signals.transport import TapTempo, Transport

AUTOSAVE_S = 5.0
_SOUND_OPENS_S = 8.0  # at most


class DeskEngine:
    """Holds the show's state. All methods run in the process's main thread; MIDI arrives through a bounded queue.

    Args:
        bus: the bus. clock: the time. options: which preset to begin with, and overrides of its values.
    """

    name = "desk"
    period_s = 0.005

    def __init__(self, bus: Bus, clock: Clock, options: Options) -> None:
        self._bus, self._clock, self._options = bus, clock, options
        self._status = bus.status["desk"]
        self.notices: list[str] = []
        self._patch = Patch()
        self._values = np.zeros(MAX_PARAMS)
        self._transport, self._taps, self._nudge_s = Transport(), TapTempo(), 0.0
        self._heard = bus.hearing.record()
        self._panics = 0
        self._selected = 0
        self._midi: MidiIn | None = None
        self._notes: NoteSender | None = None
        self._mapping = Mapping()
        self._learner, self._takeover = Learner(), Takeover()
        self._unsaved = False
        self._path: Path | None = None
        self._saving = threading.Thread()
        self._saving.start()
        self._saved_s = -1e9

    def open(self) -> None:
        """Load the first preset (or go on from what is on the bus), open MIDI. Raises PresetError, FileError."""
        if not self._resume():
            self._begin()
        if not self._options.offline:
            self._open_control()

    def _resume(self) -> bool:
        patch = read_patch(self._bus)
        if patch is None:
            return False
        record = self._bus.params.record()
        self._bus.params.newest(record)
        self._patch, self._panics = patch, int(record["panics"][0])
        self._values[:] = record["values"][0]
        self._transport.read(record)
        self._nudge_s = float(record["nudge_s"][0])
        with contextlib.suppress(Pix2liveError):
            self._path = find_preset(patch.preset)
        self._publish_params()
        return True

    def _begin(self) -> None:
        saved = {} if self._options.offline or self._options.preset else self._read_autosave()
        wanted = self._options.preset or saved.get("preset")
        names = list(listing("presets"))
        if not names and not wanted:
            raise PresetError("there are no presets", "presets", "reinstall pix2live or name a preset file")
        try:
            self._load(find_preset(str(wanted) if wanted else names[0]))
        except Pix2liveError:
            if self._options.preset or not names:
                raise
            saved = {}
            self._load(find_preset(names[0]))
        for id_, value in saved.get("params", {}).items():
            if id_ in self._patch.table.index and isinstance(value, int | float):
                self._set(id_, float(value))
        self._set("master.blackout", 0.0)
        self._set("master.mute", 0.0)
        for id_, value in self._options.overrides:
            self._set(id_, value)
        self._publish_params()

    def _open_control(self) -> None:
        path = config_dir() / "midi.toml"
        try:
            self._mapping = Mapping.load(path) if path.exists() else Mapping()
        except Pix2liveError as error:
            self.notices.append(str(error))
        self._control = self._bus.control.record()
        self._bus.control.newest(self._control)
        # After a crash the counters go on from where they stood.
        self._bus.control.frame["scalars"][0] = self._control["scalars"][0]
        if self._sound_is_open(self._clock.now()):
            self._open_midi()

    def _sound_is_open(self, now_s: float) -> bool:
        # To list devices PortAudio and ALSA open and drop clients of JACK. A MIDI port that opens just then may be
        # given the place of one of those, and who sends to it may go on waking the dropped one: it would stay deaf.
        return self._bus.status["audio"]["ready_s"] > 0.0 or now_s >= self._bus.begin_s + _SOUND_OPENS_S

    def _open_midi(self) -> None:
        self._midi = MidiIn(clock=self._clock)
        scalars = self._control["scalars"][0]
        self._midi.counts.notes = int(scalars[table.local("control", "midi.note_count")])
        self._midi.counts.clocks = int(scalars[table.local("control", "midi.clock_count")])
        self.notices += self._midi.notices
        self._midi.notices.clear()
        if self._options.midi_out not in (None, "none"):
            self._notes = NoteSender(self._bus, str(self._options.midi_out), self.notices)

    # -- presets ----------------------------------------------------------------------------------------------

    def _load(self, path: Path) -> None:
        """Make the preset at ``path`` the patch in force. Raises PresetError, FileError; the old one stays then."""
        patch, values, problems = make_patch(path, self._patch, self._values)
        self._patch, self._values[:len(values)] = patch, values
        self.notices += problems
        self._takeover.reset()
        self._path = path
        self._say(patch.preset)
        self._selected = min(self._selected, len(patch.table) - 1)
        self._unsaved = True
        publish_text(self._bus.patch, self._patch.dumps(), self._patch.generation, self._clock.now())
        self._publish_params()

    def _step_preset(self, by: int) -> None:
        files = list(listing("presets").values())
        at = files.index(self._path) if self._path in files else -by
        for n in range(1, len(files) + 1):
            try:
                self._load(files[(at + n * by) % len(files)])
                return
            except Pix2liveError as error:  # passed over, and said
                self.notices.append(str(error))

    # -- params -----------------------------------------------------------------------------------------------

    def _set(self, id_: str, value: float) -> None:
        i = self._patch.table.index.get(id_)
        if i is not None:
            self._values[i] = self._patch.table.specs[i].clamp(value)
            self._unsaved = True

    def _get(self, id_: str) -> float:
        return float(self._values[self._patch.table.index[id_]])

    def _publish_params(self) -> None:
        frame = self._bus.params.frame
        frame["stamp"], frame["generation"] = self._clock.now(), self._patch.generation
        self._transport.put(frame)
        frame["nudge_s"], frame["panics"] = self._nudge_s, self._panics
        frame["values"][0] = self._values
        self._bus.params.publish()

    # -- the step ---------------------------------------------------------------------------------------------

    def wait(self, until_s: float) -> None:
        """Sleep until ``until_s`` or until MIDI arrives, but never longer than a period.

        MIDI wakes the desk early and its loop plans a step a period after the last one planned: after many messages
        ``until_s`` may lie seconds ahead.
        """
        until_s = min(until_s, self._clock.now() + self.period_s)
        if self._midi is not None:
            self._midi.wait(until_s)
        else:
            self._clock.wait(until_s)

    def step(self, now_s: float) -> None:
        """Carry out all waiting commands and MIDI, publish what changed, save it."""
        changed = False
        for queue in ("parent>desk", "render>desk", "web>desk"):
            for command in self._bus.queues[queue].drain():
                changed = True
                try:
                    self._do(command, now_s)
                except Pix2liveError as error:
                    self._say(str(error))
        if self._midi is None and not self._options.offline and self._sound_is_open(now_s):
            self._open_midi()
        if self._midi is not None and self._take_midi(now_s):
            changed = True
        if changed:
            self._publish_params()
        if self._notes is not None:
            self._notes.step(now_s, self._get("master.mute") > 0.5)
        if self._unsaved and now_s - self._saved_s >= AUTOSAVE_S:
            self.save(now_s)
        self._status["dropped"] = sum(q.dropped for q in self._bus.queues.values())

    def _do(self, command: dict[str, Any], now_s: float) -> None:
        what = command.get("do")
        if what == "next_preset":
            self._step_preset(1)
        elif what == "previous_preset":
            self._step_preset(-1)
        elif what == "load_preset":
            self._load_named(command)
        elif what == "set_param":
            self._set(str(command["id"]), float(command["value"]))
        elif what == "blackout":
            self._set("master.blackout", 1.0 - self._get("master.blackout"))
        elif what == "panic":
            self._panic()
        elif what == "tap":
            self._tap(float(command.get("at_s", now_s)))
        elif what == "nudge_beat":
            self._nudge_s += float(command["by_s"])
            self._say(f"beat {self._nudge_s * 1000.0:+.0f} ms")
        elif what == "follow_beat":
            self._transport, self._nudge_s = Transport(), 0.0
            self._say("the beat follows the music")
        elif what == "select_param":
            self._selected = (self._selected + int(command["by"])) % len(self._patch.table)
            self._show_param()
        elif what == "nudge_param":
            spec = self._patch.table.specs[self._selected]
            by = float(command["by"])
            now = self._get(spec.id)
            self._set(spec.id, now + (1 if by > 0 else -1) if spec.stepped else spec.map(spec.unmap(now) + by))
            self._show_param()
        elif what == "learn":
            self._learner.arm(self._patch.table.ids[self._selected], now_s)
            self._say(f"learn {self._patch.table.ids[self._selected]}: move a control" if self._midi_here()
                      else "no MIDI here: nothing to learn from")
        elif what == "learn_cancel":
            if self._learner.cancel():
                self._say("learned nothing")
        elif what == "learn_clear":
            self._learner.cancel()
            if self._mapping.clear(self._patch.table.ids[self._selected]):
                self._save_mapping()
            self._say(f"{self._patch.table.ids[self._selected]} is free of controls")

    def _tap(self, at_s: float) -> None:
        if not self._transport.tapped and self._bus.hearing.newest(self._heard) >= 0:
            self._transport.hear(float(self._heard["stamp"][0]), self._heard["scalars"][0, :len(table.BEAT)])
        self._transport, self._nudge_s = self._taps.tap(at_s, self._transport), 0.0
        self._say(f"{self._transport.bpm:.1f} BPM by hand; R follows the music again")

    def _panic(self) -> None:
        # A picture that goes on would sound again at once, so all is muted as well, until asked for again.
        if self._get("master.mute") > 0.5:
            self._set("master.mute", 0.0)
            self._say("sound again")
        else:
            self._panics += 1
            self._set("master.mute", 1.0)
            self._say("panic: all sound is off; P again for sound")

    def _load_named(self, command: dict[str, Any]) -> None:
        if "index" in command:
            files = list(listing("presets").values())
            if 0 <= int(command["index"]) < len(files):
                self._load(files[int(command["index"])])
        else:
            self._load(find_preset(str(command["name"])))

    def _midi_here(self) -> bool:
        return self._midi is not None and self._midi.available

    def _show_param(self) -> None:
        spec = self._patch.table.specs[self._selected]
        value = self._get(spec.id)
        self._bus.queues["desk>render"].put({
            "do": "show_param", "label": spec.label or spec.id, "id": spec.id, "value": round(value, 4),
            "unit": spec.unit, "position": round(spec.unmap(value), 4)})

    def _say(self, text: str) -> None:
        self._bus.queues["desk>render"].put({"do": "say", "text": text})

    # -- MIDI -------------------------------------------------------------------------------------------------

    def _take_midi(self, now_s: float) -> bool:
        midi = self._midi
        assert midi is not None
        midi.poll(now_s)
        if midi.notices:
            self.notices += midi.notices
            midi.notices.clear()
        if self._learner.poll(now_s):
            self._say("nothing was moved: learned nothing")
        events = midi.take()
        if not events:
            return False
        frame = self._bus.control.frame
        scalars = frame["scalars"][0]
        for name, value, stamp_s in events:
            scalars[table.local("control", name)] = value
            frame["stamp"] = stamp_s
            learned = self._learner.hear(name, value, now_s)
            if learned is not None:
                self._mapping.bind(name, learned)
                self._takeover.reset()
                self._save_mapping()
                self._say(f"{name} moves {learned}")
            for binding in self._mapping.of(name):
                i = self._patch.table.index.get(binding.param)
                if i is None:
                    continue
                spec = self._patch.table.specs[i]
                position = binding.position(value)
                step = 1.0 / (spec.high - spec.low) if spec.stepped and spec.high > spec.low else 0.0
                if not binding.takeover or self._takeover.allows(
                        name, binding.param, position, spec.unmap(float(self._values[i])), step,
                        binding.low, binding.high):
                    self._set(binding.param, spec.map(position))
        self._bus.control.publish()
        return True

    def _save_mapping(self) -> None:
        try:
            kept = self._mapping.save(config_dir() / "midi.toml")
            if kept is not None:
                self._say(f"the old mapping could not be read and is kept as {kept}")
        except Pix2liveError as error:
            self._say(str(error))

    # -- nothing lost -----------------------------------------------------------------------------------------

    def _read_autosave(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
            return tomllib.loads((state_dir() / "autosave.toml").read_text(encoding="utf-8"))
        return {}

    def save(self, now_s: float) -> None:
        """Write the state of the show beside the old autosave, then rename."""
        self._saved_s, self._unsaved = now_s, False
        if self._options.offline:
            return
        overridden = {id_ for id_, _ in self._options.overrides}
        state = {"preset": str(self._path or self._patch.preset),
                 "params": {id_: float(self._values[i]) for id_, i in self._patch.table.index.items()
                            if id_ not in overridden}}
        # The disk may take its time; MIDI must not wait for it.
        self._saving.join()
        self._saving = threading.Thread(target=self._write_autosave, args=(tomli_w.dumps(state).encode(),))
        self._saving.start()

    def _write_autosave(self, data: bytes) -> None:
        try:
            write_whole(state_dir() / "autosave.toml", data, make_folder=True)
        except Pix2liveError as error:
            self.notices.append(str(error))

    def close(self) -> None:
        """Save what is not saved yet."""
        if self._unsaved:
            self.save(self._clock.now())
        self._saving.join()
        if self._notes is not None:
            self._notes.close()
        # MIDI ports go with the process: closing them would wait for a JACK server that hangs, with Python's lock held.
