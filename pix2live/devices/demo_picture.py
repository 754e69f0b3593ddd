"""The built-in moving picture: what is seen where no camera and no file are. An aurora over a lake."""

import math

import numpy as np

from pix2live.dsp.jit import kernel

WIDTH, HEIGHT, FPS = 640, 360, 30
SHORE = 268  # row at which the lake begins
_CURTAINS = 3
_NIGHT, _DUSK, _GLOW = (0.0005, 0.0009, 0.0040), (0.0022, 0.0050, 0.0190), (0.24, 0.066, 0.026)
_TABLE = 4096
TAU = 2.0 * math.pi


def _waves(random: np.random.Generator, size: int, first: int, last: int, slope: float) -> np.ndarray:
    """Periodic noise of ``size`` points, −1..1, of waves ``first`` to ``last`` a turn, falling as 1/k^slope."""
    spectrum = np.zeros(size // 2 + 1, complex)
    k = np.arange(first, last + 1)
    spectrum[first : last + 1] = k**-slope * np.exp(1j * random.uniform(0.0, TAU, len(k)))
    wave = np.fft.irfft(spectrum, size)
    return wave / np.abs(wave).max()


def _ground() -> tuple[np.ndarray, np.ndarray]:
    """Light of what stands still, float32 (SHORE, width, 3), and the row at which land hides the sky, per column."""
    random = np.random.default_rng(7)
    y, x = np.arange(SHORE)[:, None] / SHORE, np.linspace(0.0, 1.0, WIDTH)[None, :]
    night, dusk, glow = np.array(_NIGHT), np.array(_DUSK), np.array(_GLOW)
    sun = np.exp(-(((x - 0.74) / 0.26) ** 2)) * np.exp(-(((y - 1.0) / 0.13) ** 2))
    sky = night + (dusk - night) * (y**3)[..., None] + glow * sun[..., None]
    far = SHORE - 30 - 24 * _waves(random, 1400, 2, 160, 1.15)[:WIDTH]
    near = SHORE - 11 - 13 * _waves(random, 1400, 3, 300, 1.05)[300 : 300 + WIDTH]
    rows = np.arange(SHORE)[:, None]
    haze = np.clip((rows - far) / 60.0, 0.0, 1.0)[..., None]
    sky = np.where((rows >= far)[..., None], np.array([0.0018, 0.0034, 0.0100]) + haze * (0.35 * sky), sky)
    # A last light along the far ridge, where the sun went down.
    rim = np.exp(-(((rows - far) / 1.3) ** 2)) * np.exp(-(((x - 0.74) / 0.3) ** 2))
    sky = sky + 0.10 * rim[..., None] * np.array([1.0, 0.42, 0.2])
    sky = np.where((rows >= near)[..., None], np.array([0.0004, 0.0006, 0.0016]), sky)
    return sky.astype(np.float32), np.minimum(far, near)


@kernel
def _curtains(t, shape, fine, low, light, hue, streak):
    """Where each curtain hangs at time ``t``: its lower edge (rows), light, hue and height of its rays, per column.

    Slow waves bend the curtain; where it turns along the line of sight it grows bright, as real ones do.
    """
    count, width = low.shape
    size = len(shape)
    for c in range(count):
        drift, side = t * (0.011 + 0.004 * c), 1.0 if c % 2 == 0 else -1.0
        for x in range(width):
            u = x / width
            bend = 0.0
            for k in range(3):
                turn = u * (0.35 + 0.31 * k) + 0.27 * c + side * drift * (1.0 + 0.7 * k)
                bend += shape[int((turn - math.floor(turn)) * size)] * (0.6, 0.3, 0.14)[k]
            # The column looks through the curtain at a place that the bend moves: folds bunch the rays.
            place = u * 1.1 + 0.22 * bend + 0.4 * c
            ray = 0.0
            for k in range(3):
                turn = place * (1.0, 1.7, 2.9)[k] + side * t * (0.004, -0.0075, 0.012)[k]
                ray += fine[int((turn - math.floor(turn)) * size)] * (0.5, 0.32, 0.25)[k]
            turn = u * 0.5 - side * t * 0.021 + 0.41 * c
            swell = 0.5 + 0.5 * shape[int((turn - math.floor(turn)) * size)]
            breath = 0.72 + 0.28 * math.sin(0.23 * t + 2.1 * c)
            low[c, x] = (148.0, 186.0, 112.0)[c] + 44.0 * bend + 6.0 * ray
            rays = max(0.0, 0.5 + 0.75 * ray)
            light[c, x] = (1.0, 0.62, 0.5)[c] * breath * (0.05 + swell * swell * 1.25) * (0.12 + rays * rays)
            streak[c, x] = 20.0 + 54.0 * rays * (0.45 + swell)
            hue[c, x] = swell


@kernel
def _paint_sky(ground, top, low, light, hue, streak, picture):
    """The ground and the curtains in front of its sky, as light, into the rows above the shore of ``picture``."""
    count, width = low.shape
    for y in range(SHORE):
        for x in range(width):
            r, g, b = ground[y, x, 0], ground[y, x, 1], ground[y, x, 2]
            if y < top[x]:
                for c in range(count):
                    up = (low[c, x] - y) / streak[c, x]
                    if up < -0.2 or up > 4.0:
                        continue
                    # The lower hem is sharp; upwards the rays thin out.
                    edge = 1.0 + 5.0 * min(0.0, up)
                    up = max(0.0, up)
                    fall = 1.0 - 0.25 * up
                    glow = light[c, x] * edge * edge * edge * fall * fall * fall * fall / (1.0 + 0.9 * up)
                    violet = min(1.0, up * (0.36 + 0.3 * hue[c, x]))
                    hem = max(0.0, 1.0 - 8.0 * up) * hue[c, x]
                    r += glow * (0.04 + 0.40 * violet + 0.34 * hem)
                    g += glow * (0.74 - 0.66 * violet)
                    b += glow * (0.27 + 0.42 * violet)
            picture[y, x, 0], picture[y, x, 1], picture[y, x, 2] = r, g, b


@kernel
def _paint_lights(lights, top, picture):
    """Points of light: row, column, radius, red, green, blue, and 1 where land hides them."""
    width = picture.shape[1]
    for i in range(len(lights)):
        cy, cx, radius = lights[i, 0], lights[i, 1], lights[i, 2]
        reach = int(3.0 * radius) + 1
        for y in range(max(0, int(cy) - reach), min(SHORE, int(cy) + reach + 1)):
            for x in range(max(0, int(cx) - reach), min(width, int(cx) + reach + 1)):
                if lights[i, 6] > 0.0 and y >= top[x]:
                    continue
                away = ((y - cy) ** 2 + (x - cx) ** 2) / (radius * radius)
                if away < 9.0:
                    shine = (1.0 - away / 9.0) ** 4 / (1.0 + 1.5 * away)
                    for c in range(3):
                        picture[y, x, c] += shine * lights[i, 3 + c]


@kernel
def _paint_lake(t, ripple, picture):
    """The lake: what stands above it, mirrored, darker, and broken by ripples that grow towards us."""
    height, width, _ = picture.shape
    size = len(ripple)
    for y in range(SHORE, height):
        depth = (y - SHORE + 0.5) / (height - SHORE)
        far = 1.0 / (0.12 + depth)
        row_turn = far * 1.9 + 0.05 * t
        sway = ripple[int((row_turn - math.floor(row_turn)) * size)]
        dim = 0.62 - 0.34 * depth
        for x in range(width):
            turn = (x - 0.5 * width) / width * far * 0.55 + 0.013 * t + 3.1 * row_turn
            wave = ripple[int((turn - math.floor(turn)) * size)]
            from_y = int(SHORE - 1 - (y - SHORE) * 2.15 - (0.5 + 0.5 * (wave + sway)) * depth * 34.0)
            from_x = int(x + (1.0 + 15.0 * depth) * (0.6 * wave + 0.4 * sway))
            from_y, from_x = min(SHORE - 1, max(0, from_y)), min(width - 1, max(0, from_x))
            spark = dim * (1.0 + 0.5 * wave)
            picture[y, x, 0] = 0.0003 + 0.80 * spark * picture[from_y, from_x, 0]
            picture[y, x, 1] = 0.0005 + 0.92 * spark * picture[from_y, from_x, 1]
            picture[y, x, 2] = 0.0018 + spark * picture[from_y, from_x, 2]


@kernel
def _develop(picture, tones, grain, out):
    """Light to RGB uint8: a film-like curve from a table, and grain of one step so that dark slopes do not band."""
    height, width, _ = picture.shape
    top = len(tones) - 1
    for y in range(height):
        for x in range(width):
            noise = grain[y % 64, x % 64]
            for c in range(3):
                light = picture[y, x, c]
                # Spaced by x/(1+x), so that the table is finest in the dark.
                out[y, x, c] = np.uint8(tones[int(light / (light + 0.25) * top)] + noise)


class DemoPicture:
    """An aurora over a lake at dusk: curtains of light, stars, a falling star now and then, and lanterns that rise.

    A pure function of ``floor(now_s * 30)``: the same frame at the same moment, in whatever order frames are asked for.
    Dark with sparse bright forms at all heights, so that it also sounds when it is read as a score. Made from code.

    It has the face of ``camera.Camera``: size (640, 360), rate_hz 30, never live, nothing to notice.
    """

    live = False
    size = (WIDTH, HEIGHT)
    rate_hz = float(FPS)
    notice = ""

    def __init__(self) -> None:
        random = np.random.default_rng(30)
        self._ground, self._top = _ground()
        self._shape, self._fine = _waves(random, _TABLE, 1, 5, 0.8), _waves(random, _TABLE, 5, 90, 0.75)
        self._ripple = _waves(random, _TABLE, 20, 400, 0.5)
        count = 150
        self._stars = np.zeros((count, 7))
        self._stars[:, 0] = random.uniform(2.0, SHORE - 20.0, count)
        self._stars[:, 1] = random.uniform(0.0, WIDTH, count)
        bright = random.power(0.35, count)
        self._stars[:, 2] = 0.5 + 0.55 * bright
        warmth = random.uniform(-1.0, 1.0, count)
        tint = np.stack([1.0 + 0.25 * warmth, np.ones(count), 1.0 - 0.3 * warmth], axis=1)
        self._stars[:, 3:6] = tint * (0.05 + 0.75 * bright**2)[:, None]
        self._stars[:, 6] = 1.0
        self._twinkle = np.stack([random.uniform(0.6, 3.0, count), random.uniform(0.0, TAU, count)])
        self._lanterns = random.uniform(0.0, 1.0, (9, 5))
        light = np.linspace(0.0, 1.0, 8192)
        light = 0.25 * light / np.maximum(1.0 - light, 1e-4)
        tone = (1.0 - np.exp(-2.5 * light)) ** (1 / 2.2)
        # The toe: what is nearly black is let go, so that as a score the ground is silent.
        self._tones = (254.0 * 1.1 * tone * tone / (tone + 0.1)).astype(np.float32)
        self._grain = random.uniform(0.0, 1.0, (64, 64)).astype(np.float32)
        self._columns = np.zeros((4, _CURTAINS, WIDTH))
        self._picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        self._number = -1
        self._frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        self.frame_at(0.0)

    def frame_at(self, now_s: float) -> tuple[np.ndarray, float]:
        """RGB uint8 (360, 640, 3), not to be written to, and the moment from which it is shown. The same array while
        the frame is the same. Times before 0, NaN and Inf give frame 0."""
        number = max(0, math.floor(now_s * FPS + 1e-6)) if math.isfinite(now_s) else 0
        if number != self._number:
            self._number, self._frame = number, self._draw(number / FPS)
        return self._frame, number / FPS

    def alive(self, now_s: float) -> bool:
        """True: nothing can fail."""
        return True

    def close(self) -> None:
        """Nothing to let go."""

    def _draw(self, t: float) -> np.ndarray:
        low, light, hue, streak = self._columns
        _curtains(t, self._shape, self._fine, low, light, hue, streak)
        _paint_sky(self._ground, self._top, low, light, hue, streak, self._picture)
        _paint_lights(self._lights(t), self._top, self._picture)
        _paint_lake(t, self._ripple, self._picture)
        out = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        _develop(self._picture, self._tones, self._grain, out)
        out.flags.writeable = False
        return out

    def _lights(self, t: float) -> np.ndarray:
        """Stars, the falling star's trail, and lanterns at time ``t``; rows as in ``_paint_lights``."""
        stars = self._stars.copy()
        stars[:, 3:6] *= (0.7 + 0.3 * np.sin(self._twinkle[0] * t + self._twinkle[1]))[:, None]
        parts = [stars]
        # One falling star in every nine seconds, where the number of the nine seconds says.
        slot, since = divmod(t, 9.0)
        random = np.random.default_rng([9, int(slot)])
        begin, x, y, slope, way = random.uniform(size=5)
        flight = (since - 7.5 * begin) / 0.9
        if 0.0 < flight < 1.0:
            back = np.linspace(0.0, 1.0, 60)
            along = 190.0 * (flight - 0.28 * back)
            trail = np.zeros((60, 7))
            trail[:, 0] = 20.0 + 90.0 * y + along * (0.25 + 0.4 * slope)
            trail[:, 1] = 80.0 + 480.0 * x + along * (1.0 if way > 0.5 else -1.0)
            trail[:, 2] = 1.3 - 0.6 * back
            fade = 0.5 * math.sin(math.pi * flight) * (1.0 - back) ** 2
            trail[:, 3:6] = fade[:, None] * np.array([1.0, 0.97, 0.85])
            trail[:, 6] = 1.0
            parts.append(trail)
        rise, place, pace, sway, size = self._lanterns.T
        turn = (rise + t * (0.011 + 0.010 * pace)) % 1.0
        lanterns = np.zeros((len(turn), 7))
        lanterns[:, 0] = SHORE - 2.0 - turn * (150.0 + 110.0 * size)
        lanterns[:, 1] = WIDTH * (0.06 + 0.88 * place) + 26.0 * np.sin(0.21 * t * (0.5 + sway) + TAU * sway) * turn
        lanterns[:, 2] = (4.2 - 2.2 * turn) * (0.7 + 0.5 * size)
        flicker = 0.85 + 0.15 * np.sin(t * (3.0 + 4.0 * sway) + TAU * place)
        fade = np.minimum(1.0, turn * 12.0) * np.minimum(1.0, (1.0 - turn) * 4.0) * flicker
        lanterns[:, 3:6] = fade[:, None] * np.array([1.5, 0.62, 0.2])
        return np.concatenate([*parts, lanterns])
