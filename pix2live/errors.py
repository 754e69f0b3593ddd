"""The one family of errors that a user can meet: each says what is wrong, where, and how to mend it."""


class Pix2liveError(Exception):
    """A mistake or fault that a person can mend.

    Args:
        what: what is wrong, in plain words, no full stop.
        where: the file, device or option it concerns (may be empty).
        mend: what to do about it (may be empty).

    ``str(error)`` is one line. The command line prints it and exits with ``exit_code``.
    """

    exit_code = 1

    def __init__(self, what: str, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, str(where), mend
        line = f"{self.where}: {what}" if self.where else what
        if mend:
            line += f"; {mend}"
        super().__init__(" ".join(line.split()))

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.what, self.where, self.mend)


class UsageError(Pix2liveError):
    """A wrong option or argument: exit code 2."""

    exit_code = 2


class FileError(Pix2liveError):
    """A file that is missing, corrupt or cannot be written."""


class DeviceError(Pix2liveError):
    """A device that is unknown, busy or gone."""


class PresetError(Pix2liveError):
    """A preset or mapping that cannot be used."""


class ShaderError(Pix2liveError):
    """A shader that does not parse or compile; ``where`` is ``file:line``."""


class ModelError(Pix2liveError):
    """A model file that breaks its contract."""
