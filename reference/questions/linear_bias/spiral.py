"""The spiral of three arms: points in the plane that no linear classifier can separate."""

from __future__ import annotations

import numpy as np

from reference.losses.problem import Array

NOISE = 0.2
"""Standard deviation of the angle, in radians."""


def spiral(rng: np.random.Generator, points: int = 100, arms: int = 3) -> tuple[Array, Array]:
    """X (points*arms, 2) in the unit disk, y (points*arms,) int64, arm by arm.

    Arm j has radii from 0 to 1 and angles from 4*j to 4*(j + 1) with noise, as in the slides of seed 003.
    """
    radius = np.tile(np.linspace(0.0, 1.0, points), arms)
    y = np.repeat(np.arange(arms), points)
    angle = np.concatenate([np.linspace(4.0 * arm, 4.0 * (arm + 1), points) for arm in range(arms)])
    angle += NOISE * rng.normal(size=angle.size)
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1), y
