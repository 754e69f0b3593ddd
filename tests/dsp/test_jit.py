from fractions import Fraction
from pathlib import Path

import numpy as np

import pix2live
from pix2live.dsp.jit import _sources, fma, kernel

PACKAGE = Path(pix2live.__file__).resolve().parent


@kernel
def _plain(a: np.ndarray, b: np.ndarray, c: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(a)):
        out[i] = a[i] * b[i] + c[i]


@kernel
def _fused(a: np.ndarray, b: np.ndarray, c: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(a)):
        out[i] = fma(a[i], b[i], c[i])


@kernel
def _summed(x: np.ndarray) -> float:
    total = np.float32(0.0)
    for i in range(len(x)):
        total += x[i]
    return total


def _numbers() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b, c = np.random.default_rng(1).standard_normal((3, 1000)).astype(np.float32)
    return a, b, c


def test_a_kernel_rounds_every_product_and_every_sum() -> None:
    a, b, c = _numbers()
    out = np.zeros_like(a)
    _plain(a, b, c, out)
    assert np.array_equal(out, a * b + c)


def test_fma_rounds_once() -> None:
    a, b, c = _numbers()
    out = np.zeros_like(a)
    _fused(a, b, c, out)
    assert not np.array_equal(out, a * b + c)
    for i in range(0, 1000, 50):
        exact = Fraction(float(a[i])) * Fraction(float(b[i])) + Fraction(float(c[i]))
        near = [np.nextafter(out[i], np.float32(to)) for to in (-np.inf, np.inf)]
        assert all(abs(Fraction(float(out[i])) - exact) <= abs(Fraction(float(other)) - exact) for other in near)


def test_a_kernel_sums_in_the_order_that_is_written() -> None:
    a, _, _ = _numbers()
    total = np.float32(0.0)
    for value in a:
        total += value
    assert _summed(a) == total


def test_a_kernels_cache_hangs_on_every_file_that_it_calls() -> None:
    names = {path.stem for path in _sources(PACKAGE / "analysis" / "analyzer.py", {})}
    assert {"analyzer", "onset", "peaks", "fft", "filterbank", "table", "jit"} <= names
    assert "oscillator" not in names
