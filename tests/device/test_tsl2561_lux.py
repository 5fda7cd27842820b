"""The TSL2561 driver's equation, against reference rows."""

from node.sensors import Unmeasurable
from node.sensors.tsl2561 import Saturated, lux

# ch0, ch1, gain, integration in ms, package, lux: the datasheet's equation in decimal arithmetic of 40 digits.
_REFERENCE = (
    (33701, 11348, 16, 402, b"T", 569.290088),
    (2457, 853, 1, 402, b"T", 640.869829),
    (1, 0, 16, 402, b"T", 0.030400),
    (53, 16, 16, 402, b"T", 0.996803),
    (49, 15, 16, 402, b"CS", 0.989507),
    (1, 1, 16, 402, b"T", 0.000340),
    (1, 1, 16, 402, b"CS", 0.000780),
    (3, 0, 1, 13, b"CS", 44.260364),
    (65000, 0, 16, 402, b"T", 1976.000000),
    (65000, 19500, 16, 402, b"CS", 1333.105986),
    (65000, 19500, 1, 402, b"T", 19665.260347),
    (37000, 11100, 1, 101, b"T", 44499.888275),
    (37000, 11100, 16, 101, b"CS", 3016.642872),
    (4900, 1470, 1, 13, b"T", 43395.591294),
    (4900, 1470, 1, 13, b"CS", 47068.523086),
    (4900, 0, 16, 13, b"T", 4360.465455),
    (12345, 6789, 1, 101, b"T", 4202.314667),
    (12345, 6789, 1, 101, b"CS", 5415.362607),
    (4321, 1234, 1, 13, b"T", 39817.369089),
    (4321, 1234, 16, 13, b"CS", 2686.800949),
    (50000, 37500, 16, 402, b"T", 66.250000),
    (50000, 37500, 1, 402, b"CS", 1760.000000),
    (10000, 5000, 16, 402, b"T", 69.063932),
    (10000, 5001, 16, 402, b"T", 68.969000),
    (10000, 6100, 16, 402, b"T", 34.900000),
    (10000, 6101, 16, 402, b"T", 34.654700),
    (10000, 8000, 16, 402, b"T", 5.600000),
    (10000, 8001, 16, 402, b"T", 5.638880),
    (10000, 13000, 16, 402, b"T", 0.040000),
    (10000, 13001, 16, 402, b"T", 0.000000),
    (100, 50, 1, 13, b"T", 323.470344),
    (3700, 2960, 1, 13, b"T", 970.449455),
    (28000, 36400, 1, 101, b"T", 7.123753),
    (300, 183, 16, 101, b"T", 4.162148),
    (49999, 64998, 1, 402, b"T", 3.212480),
    (10000, 5200, 16, 402, b"CS", 77.611665),
    (10000, 5201, 16, 402, b"CS", 77.650900),
    (10000, 6500, 16, 402, b"CS", 39.850000),
    (10000, 6501, 16, 402, b"CS", 39.982000),
    (10000, 8000, 16, 402, b"CS", 13.000000),
    (10000, 8001, 16, 402, b"CS", 12.997400),
    (10000, 13000, 16, 402, b"CS", 0.000000),
    (10000, 13001, 16, 402, b"CS", 0.000000),
    (100, 52, 1, 13, b"CS", 363.504816),
    (3700, 2960, 1, 13, b"CS", 2252.829091),
    (28000, 36400, 1, 101, b"CS", 0.000000),
    (300, 195, 16, 101, b"CS", 4.752481),
    (49999, 64998, 1, 402, b"CS", 0.029120),
    (0, 0, 16, 402, b"T", 0.000000),
    (0, 0, 1, 13, b"CS", 0.000000),
    (0, 500, 1, 101, b"T", 0.000000),
)
_CLIP = {13: 4900, 101: 37000, 402: 65000}


def test_lux_agrees_with_reference():
    for ch0, ch1, gain, ms, package, expected in _REFERENCE:
        value = lux(ch0, ch1, gain, ms, package)
        assert isinstance(value, float)
        assert abs(value - expected) <= max(expected * 0.001, 0.0005), (ch0, ch1, gain, ms, package, value)


def test_lux_of_darkness_is_zero():
    for ms in _CLIP:
        for gain in (1, 16):
            for package in (b"T", b"CS"):
                assert str(lux(0, 0, gain, ms, package)) == "0.0"


def test_lux_is_never_negative():
    for package in (b"T", b"CS"):
        for ch0 in (1, 7, 100, 4900):
            for ch1 in range(0, min(2 * ch0, 4900), 1 + ch0 // 100):
                assert lux(ch0, ch1, 16, 13, package) >= 0


def saturated(*args):
    """Return whether these counts are refused."""
    try:
        lux(*args)
    except Saturated:
        return True
    return False


def test_lux_is_refused_above_the_clip_limit():
    for ms, clip in _CLIP.items():
        for gain in (1, 16):
            for package in (b"T", b"CS"):
                assert lux(clip, 0, gain, ms, package) > 0
                assert lux(clip, clip, gain, ms, package) > 0
                assert saturated(clip + 1, 0, gain, ms, package)
                assert saturated(clip + 1, clip + 1, gain, ms, package)
                assert saturated(0, clip + 1, gain, ms, package)


def test_saturated_is_unmeasurable():
    assert issubclass(Saturated, Unmeasurable)
