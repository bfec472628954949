"""A wrong gradient as an image."""

import numpy as np
import pytest

from grader.checks.losses.error_picture import RIGHT, TOO_HIGH, TOO_LOW, error_images, error_picture


def pixels(picture):
    return np.frombuffer(picture.rgb, np.uint8).reshape(picture.height, picture.width, 3)


def test_entries_too_high_are_red_too_low_are_blue_and_right_ones_pale():
    right = np.zeros((2, 3))
    seen = np.array([[0.5, -0.5, 0.0], [0.0, 0.25, 0.0]])

    picture = error_picture(seen, right, "DC")

    assert picture is not None
    assert (picture.count, picture.height, picture.width) == (1, 2, 3)
    drawn = pixels(picture)
    assert [tuple(drawn[0, column]) for column in range(3)] == [TOO_HIGH, TOO_LOW, RIGHT]
    assert tuple(drawn[1, 1]) == tuple(np.rint((np.array(TOO_HIGH) + RIGHT) / 2))


def test_rows_are_features_in_the_other_layout_too():
    seen = np.array([[1.0, 0.0, 0.0]])

    assert (
        pixels(error_picture(seen, 0 * seen, "CD")) == pixels(error_picture(seen.T, 0 * seen.T, "DC"))
    ).all()


@pytest.mark.parametrize(
    "seen, right",
    [
        (np.zeros((2, 2)), np.ones((2, 2))),
        (np.ones((2, 2)), np.ones((2, 2))),
        (np.full((2, 2), np.nan), np.ones((2, 2))),
        (np.array([[1e308, 1.0]]), np.array([[-1e308, 1.0]])),
        (np.ones((65, 2)), np.zeros((65, 2))),
    ],
    ids=["zero throughout", "right", "not finite", "beyond floats", "too large"],
)
def test_there_is_none_where_there_is_nothing_to_see(seen, right):
    assert error_picture(seen, right, "DC") is None


def test_an_error_on_images_is_an_image_for_each_class_gray_where_dw_is_right():
    off = np.zeros((3073, 3))
    off[0, 0], off[1025, 2], off[-1, 1] = (
        2.0,
        -1.0,
        1.0,
    )  # red of the first pixel, green of the second; the bias

    picture = error_images(off)

    assert picture is not None
    images = np.frombuffer(picture.rgb, np.uint8).reshape(3, 32, 32, 3)
    assert (images[0, 0, 0].tolist(), images[2, 0, 1].tolist()) == ([255, 128, 128], [128, 64, 128])
    assert (images != 128).sum() == 2
    assert error_images(np.zeros((3073, 3))) is None
    off[-1, 1] = 1e3  # all else is rounding beside it
    assert error_images(off) is None
    assert error_images(np.full((3073, 3), np.nan)) is None
