#!/usr/bin/env python3
"""Writes Tests/VicinityCoreTests/Fixtures/geodesic/inverse.csv, the truth for VicinityCore's geodesics.

Needs geographiclib (pip install geographiclib). Deterministic: the same seed gives the same file. Positions are in units of 1e-7 degree
and are handed over as degrees, whose rounding (at most 1.5e-14 degree, 2 nm) is below the accuracy of either side.
"""
import pathlib
import random

from geographiclib.geodesic import Geodesic

SEED = 2013
QUARTER = 900_000_000
HALF = 1_800_000_000
TARGET = pathlib.Path(__file__).parent.parent / "Tests/VicinityCoreTests/Fixtures/geodesic/inverse.csv"

chance = random.Random(SEED)


def anywhere():
    return chance.randint(-QUARTER, QUARTER), chance.randint(-HALF, HALF - 1)


def wrapped(longitude):
    return (longitude + HALF) % (2 * HALF) - HALF


def bounded(latitude):
    return max(-QUARTER, min(QUARTER, latitude))


def scale(least, greatest):
    """A random size, evenly spread over the orders of magnitude, of random sign."""
    return round(least * (greatest / least) ** chance.random()) * chance.choice((-1, 1))


def near(latitude, longitude, least, greatest):
    return bounded(latitude + scale(least, greatest)), wrapped(longitude + scale(least, greatest))


def pairs():
    for _ in range(500):  # anywhere
        yield "global", anywhere(), anywhere()
    for _ in range(400):  # 1 cm to 10 km
        place = anywhere()
        yield "short", place, near(*place, 1, 1_000_000)
    for _ in range(300):  # both near one pole, from 1 cm on
        pole = chance.choice((-1, 1)) * QUARTER
        first, second = (bounded(pole - (1 if pole > 0 else -1) * abs(scale(1, 100_000_000))) for _ in range(2))
        yield "polar", (first, anywhere()[1]), (second, anywhere()[1])
    for pole in (-QUARTER, QUARTER):  # from a pole, and from pole to pole
        for _ in range(40):
            yield "pole", (pole, anywhere()[1]), anywhere()
        for _ in range(5):
            yield "poles", (pole, anywhere()[1]), (-pole, anywhere()[1])
            yield "poles", (pole, anywhere()[1]), (pole, anywhere()[1])
    for _ in range(200):  # across the antimeridian
        place = anywhere()[0], wrapped(HALF + scale(1, 10_000_000))
        yield "antimeridian", place, (bounded(place[0] + scale(1, 10_000_000)), wrapped(HALF + scale(1, 10_000_000)))
    for _ in range(150):  # along the equator, to the last 0.6 degree too
        start = anywhere()[1]
        yield "equatorial", (0, start), (0, anywhere()[1])
        yield "equatorial", (0, start), (0, wrapped(start + HALF - abs(scale(1, 10_000_000))))
    for _ in range(150):  # along a meridian, and over a pole
        start = anywhere()
        yield "meridional", start, (anywhere()[0], start[1])
        yield "meridional", start, (anywhere()[0], wrapped(start[1] + HALF))
    for _ in range(600):  # nearly opposite
        place = anywhere()
        yield "near-antipodal", place, near(-place[0], wrapped(place[1] + HALF), 1, 20_000_000)
    for _ in range(100):  # of opposite latitude, nearly opposite longitude
        place = anywhere()
        yield "near-antipodal", place, (-place[0], wrapped(place[1] + HALF + scale(1, 20_000_000)))
    for _ in range(60):
        place = anywhere()
        yield "antipodal", place, (-place[0], wrapped(place[1] + HALF))
        yield "identical", place, place
    yield "antipodal", (0, 0), (0, -HALF)
    yield "identical", (0, -HALF), (0, -HALF)


rows = ["kind,lat1,lon1,lat2,lon2,s12"]
for kind, (lat1, lon1), (lat2, lon2) in pairs():
    line = Geodesic.WGS84.Inverse(lat1 / 1e7, lon1 / 1e7, lat2 / 1e7, lon2 / 1e7, Geodesic.DISTANCE)
    rows.append(f"{kind},{lat1},{lon1},{lat2},{lon2},{line['s12']:.9f}")
TARGET.parent.mkdir(parents=True, exist_ok=True)
TARGET.write_text("\n".join(rows) + "\n")
print(f"{len(rows) - 1} rows in {TARGET}")
