"""A real FFT for the audio callback: radix-4 Stockham, windowing fused into its first pass, no allocation.

2 m real samples are packed into m complex ones; passes ping-pong between two buffers and leave natural order
(Stockham autosort, as in Van Loan 1992), then the packed result is split into the real transform. Real and
imaginary parts lie in arrays of their own so that the inner loops vectorise. Error about 1.5e-7 of the peak.
"""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.jit import kernel


class RealFFT(NamedTuple):
    """Tables and work space for one transform size; make one with ``real_fft``. Not for two threads at once."""

    twiddles: np.ndarray  # float32, for each pass: w real, w imaginary, w² ..., w³ ...
    split: np.ndarray  # float32 (2, m): cos and sin of -pi k / m
    work: np.ndarray  # float32 (4, m)


def real_fft(size: int) -> RealFFT:
    """Tables for transforms of ``size`` real samples. ``size`` is a power of two, at least 8 (else ValueError)."""
    if size < 8 or size & (size - 1):
        raise ValueError(f"FFT size {size} is not a power of two of 8 or more")
    m = size // 2
    rows, n = [np.zeros(0)], m
    while n > 4 or n == m:
        for power in (1, 2, 3):
            angle = -2.0 * np.pi * power * np.arange(n // 4) / n
            rows += [np.cos(angle), np.sin(angle)]
        n //= 4
    angle = -np.pi * np.arange(m) / m
    return RealFFT(
        np.concatenate(rows).astype(np.float32),
        np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32),
        np.zeros((4, m), dtype=np.float32),
    )


@kernel
def _first_pass(x: np.ndarray, window: np.ndarray, yr: np.ndarray, yi: np.ndarray, tw: np.ndarray) -> None:
    h = yr.shape[0] // 4
    w1r, w1i, w2r = tw[:h], tw[h : 2 * h], tw[2 * h : 3 * h]
    w2i, w3r, w3i = tw[3 * h : 4 * h], tw[4 * h : 5 * h], tw[5 * h : 6 * h]
    xa, xb, xc, xd = x[: 2 * h], x[2 * h : 4 * h], x[4 * h : 6 * h], x[6 * h : 8 * h]
    wa, wb, wc, wd = window[: 2 * h], window[2 * h : 4 * h], window[4 * h : 6 * h], window[6 * h : 8 * h]
    for p in range(h):
        ar, ai = xa[2 * p] * wa[2 * p], xa[2 * p + 1] * wa[2 * p + 1]
        br, bi = xb[2 * p] * wb[2 * p], xb[2 * p + 1] * wb[2 * p + 1]
        cr, ci = xc[2 * p] * wc[2 * p], xc[2 * p + 1] * wc[2 * p + 1]
        dr, di = xd[2 * p] * wd[2 * p], xd[2 * p + 1] * wd[2 * p + 1]
        sr, si, tr, ti = ar + cr, ai + ci, ar - cr, ai - ci
        ur, ui, vr, vi = br + dr, bi + di, br - dr, bi - di
        yr[4 * p] = sr + ur
        yi[4 * p] = si + ui
        er, ei = tr + vi, ti - vr
        yr[4 * p + 1] = er * w1r[p] - ei * w1i[p]
        yi[4 * p + 1] = er * w1i[p] + ei * w1r[p]
        fr, fi = sr - ur, si - ui
        yr[4 * p + 2] = fr * w2r[p] - fi * w2i[p]
        yi[4 * p + 2] = fr * w2i[p] + fi * w2r[p]
        gr, gi = tr - vi, ti + vr
        yr[4 * p + 3] = gr * w3r[p] - gi * w3i[p]
        yi[4 * p + 3] = gr * w3i[p] + gi * w3r[p]


@kernel
def _pass_of_4(xr: np.ndarray, xi: np.ndarray, yr: np.ndarray, yi: np.ndarray, tw: np.ndarray, n: int) -> None:
    # The general pass at stride 4: its inner loop is one vector long, and slicing would cost more than the sums.
    quarter, h = n // 4, xr.shape[0] // 4
    for p in range(quarter):
        w1r, w1i, w2r = tw[p], tw[quarter + p], tw[2 * quarter + p]
        w2i, w3r, w3i = tw[3 * quarter + p], tw[4 * quarter + p], tw[5 * quarter + p]
        i, o = 4 * p, 16 * p
        for q in range(4):
            ar, ai, br, bi = xr[i + q], xi[i + q], xr[i + h + q], xi[i + h + q]
            cr, ci, dr, di = xr[i + 2 * h + q], xi[i + 2 * h + q], xr[i + 3 * h + q], xi[i + 3 * h + q]
            sr, si, tr, ti = ar + cr, ai + ci, ar - cr, ai - ci
            ur, ui, vr, vi = br + dr, bi + di, br - dr, bi - di
            yr[o + q] = sr + ur
            yi[o + q] = si + ui
            er, ei = tr + vi, ti - vr
            yr[o + 4 + q] = er * w1r - ei * w1i
            yi[o + 4 + q] = er * w1i + ei * w1r
            fr, fi = sr - ur, si - ui
            yr[o + 8 + q] = fr * w2r - fi * w2i
            yi[o + 8 + q] = fr * w2i + fi * w2r
            gr, gi = tr - vi, ti + vr
            yr[o + 12 + q] = gr * w3r - gi * w3i
            yi[o + 12 + q] = gr * w3i + gi * w3r


@kernel
def _pass(xr: np.ndarray, xi: np.ndarray, yr: np.ndarray, yi: np.ndarray, tw: np.ndarray, n: int, s: int) -> None:
    quarter, h = n // 4, xr.shape[0] // 4
    for p in range(quarter):
        w1r, w1i, w2r = tw[p], tw[quarter + p], tw[2 * quarter + p]
        w2i, w3r, w3i = tw[3 * quarter + p], tw[4 * quarter + p], tw[5 * quarter + p]
        i, o = s * p, 4 * s * p
        xar, xbr, xcr, xdr = xr[i : i + s], xr[i + h : i + h + s], xr[i + 2 * h : i + 2 * h + s], xr[i + 3 * h :]
        xai, xbi, xci, xdi = xi[i : i + s], xi[i + h : i + h + s], xi[i + 2 * h : i + 2 * h + s], xi[i + 3 * h :]
        y0r, y1r, y2r, y3r = yr[o : o + s], yr[o + s : o + 2 * s], yr[o + 2 * s : o + 3 * s], yr[o + 3 * s :]
        y0i, y1i, y2i, y3i = yi[o : o + s], yi[o + s : o + 2 * s], yi[o + 2 * s : o + 3 * s], yi[o + 3 * s :]
        for q in range(s):
            ar, ai, br, bi = xar[q], xai[q], xbr[q], xbi[q]
            cr, ci, dr, di = xcr[q], xci[q], xdr[q], xdi[q]
            sr, si, tr, ti = ar + cr, ai + ci, ar - cr, ai - ci
            ur, ui, vr, vi = br + dr, bi + di, br - dr, bi - di
            y0r[q] = sr + ur
            y0i[q] = si + ui
            er, ei = tr + vi, ti - vr
            y1r[q] = er * w1r - ei * w1i
            y1i[q] = er * w1i + ei * w1r
            fr, fi = sr - ur, si - ui
            y2r[q] = fr * w2r - fi * w2i
            y2i[q] = fr * w2i + fi * w2r
            gr, gi = tr - vi, ti + vr
            y3r[q] = gr * w3r - gi * w3i
            y3i[q] = gr * w3i + gi * w3r


@kernel
def _last_pass(xr: np.ndarray, xi: np.ndarray, yr: np.ndarray, yi: np.ndarray, n: int) -> None:
    # n is 4, 2 or 1: what is left of the size once all twiddled passes are done.
    m = xr.shape[0]
    if n == 4:
        h = m // 4
        for q in range(h):
            ar, ai, br, bi = xr[q], xi[q], xr[q + h], xi[q + h]
            cr, ci, dr, di = xr[q + 2 * h], xi[q + 2 * h], xr[q + 3 * h], xi[q + 3 * h]
            sr, si, tr, ti = ar + cr, ai + ci, ar - cr, ai - ci
            ur, ui, vr, vi = br + dr, bi + di, br - dr, bi - di
            yr[q] = sr + ur
            yi[q] = si + ui
            yr[q + h] = tr + vi
            yi[q + h] = ti - vr
            yr[q + 2 * h] = sr - ur
            yi[q + 2 * h] = si - ui
            yr[q + 3 * h] = tr - vi
            yi[q + 3 * h] = ti + vr
    elif n == 2:
        h = m // 2
        for q in range(h):
            ar, ai, br, bi = xr[q], xi[q], xr[q + h], xi[q + h]
            yr[q] = ar + br
            yi[q] = ai + bi
            yr[q + h] = ar - br
            yi[q + h] = ai - bi
    else:
        for q in range(m):
            yr[q] = xr[q]
            yi[q] = xi[q]


@kernel
def _split(zr: np.ndarray, zi: np.ndarray, split: np.ndarray, re: np.ndarray, im: np.ndarray) -> None:
    m = zr.shape[0]
    half = np.float32(0.5)
    cos, sin = split[0], split[1]
    re[0], im[0] = zr[0] + zi[0], np.float32(0.0)
    re[m], im[m] = zr[0] - zi[0], np.float32(0.0)
    for k in range(1, m):
        er, ei = half * (zr[k] + zr[m - k]), half * (zi[k] - zi[m - k])
        dr, di = half * (zi[k] + zi[m - k]), half * (zr[m - k] - zr[k])
        re[k] = er + dr * cos[k] - di * sin[k]
        im[k] = ei + dr * sin[k] + di * cos[k]


@kernel
def rfft(plan: RealFFT, x: np.ndarray, window: np.ndarray, re: np.ndarray, im: np.ndarray) -> None:
    """The transform of ``x * window``, as ``numpy.fft.rfft`` defines it. Real-time safe.

    Args:
        plan: from ``real_fft(len(x))``. x, window: float32 ``(size,)``, contiguous.
        re, im: float32 ``(size // 2 + 1,)``, written.
    """
    m = plan.work.shape[1]
    ar, ai, br, bi = plan.work[0], plan.work[1], plan.work[2], plan.work[3]
    tw = plan.twiddles
    _first_pass(x, window, ar, ai, tw)
    at, n, s = 6 * (m // 4), m // 4, 4
    while n > 4:
        if s == 4:
            _pass_of_4(ar, ai, br, bi, tw[at:], n)
        else:
            _pass(ar, ai, br, bi, tw[at:], n, s)
        ar, br = br, ar
        ai, bi = bi, ai
        at += 6 * (n // 4)
        n //= 4
        s *= 4
    _last_pass(ar, ai, br, bi, n)
    _split(br, bi, plan.split, re, im)


@kernel
def add_power_spectrum(
    plan: RealFFT, x: np.ndarray, window: np.ndarray, scale: float, re: np.ndarray, im: np.ndarray, power: np.ndarray
) -> None:
    """Add ``scale * |rfft(x * window)|²`` to float32 ``power`` ``(size // 2 + 1,)``. Real-time safe."""
    rfft(plan, x, window, re, im)
    gain = np.float32(scale)
    for k in range(power.shape[0]):
        power[k] += gain * (re[k] * re[k] + im[k] * im[k])
