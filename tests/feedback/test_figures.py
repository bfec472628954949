"""Which pictures a check has."""

import base64

from grader.feedback.figures import pictures
from tests.samples import check_part, report_of


def pictures_of(**changes):
    return pictures(report_of(checks=[check_part(**changes)]).checks)


def charts_of(**changes):
    return [figure.chart for each in pictures_of(**changes) for figure in each.figures]


def test_a_check_without_such_numbers_has_none():
    assert pictures_of() == ()


def test_accuracies_are_beside_what_is_needed():
    (chart,) = charts_of(
        measured={"val_accuracy": 0.5, "test_accuracy": 0.41}, allowed={"val_accuracy": 0.37}
    )
    assert 'aria-label="validation images: 0.5 (0.37 needed); test images: 0.41"' in chart


def test_an_accuracy_that_costs_nothing_is_not_drawn_as_too_low():
    assert charts_of(measured={"val_accuracy": 0.1}, allowed={"val_accuracy": 0.37}) == []


def test_a_speed_has_its_interval_and_its_bound():
    measured = {"slowdown_low": 0.9, "slowdown": 1.0, "slowdown_high": 1.25}
    (chart,) = charts_of(measured=measured, allowed={"slowdown": 3.0})
    label = "Time relative to the reference: 1 times, between 0.9 and 1.25; at most 3 times for full points"
    assert f'aria-label="{label}"' in chart


def test_a_curve_goes_over_the_iterations():
    (chart,) = charts_of(measured={"iterations": 600.0}, curves={"loss": [9.0, 5.0, 2.5]})
    assert 'aria-label="loss over 600 iterations: 9 at the start, 2.5 at the end"' in chart


def test_a_loss_has_a_mark_where_a_right_one_starts():
    first = check_part(id="start", kind="initial_loss", allowed={"loss": 2.5}, measured={"loss": 2.5})
    trained = check_part(curves={"loss": [3.0, 2.0]}, measured={"first_loss": 3.25})
    ((pictures_of_training),) = pictures(report_of(checks=[first, trained]).checks)
    (figure,) = pictures_of_training.figures
    assert (
        figure.words
        == "The loss while it trains, from 3.25 to 2; the mark shows where a correct one starts (2.5)."
    )
    assert 'class="bound"' in str(figure.chart)


def test_images_are_shown_if_their_bytes_are_whole():
    def part(rgb):
        return {"weights": {"count": 2, "height": 1, "width": 2, "rgb": base64.b64encode(rgb).decode()}}

    ((images,),) = [each.figures for each in pictures_of(pictures=part(bytes(12)))]
    assert [image.alt for image in images.images] == ["weights of class 0", "weights of class 1"]
    assert pictures_of(pictures=part(bytes(11))) == ()
    broken = {"weights": {"count": 1, "height": 1, "width": 1, "rgb": "no base64"}}
    assert pictures_of(pictures=broken) == ()


def test_the_error_in_dw_is_a_table_of_squares():
    rgb = base64.b64encode(bytes([255, 0, 0, 0, 0, 255])).decode()
    (chart,) = charts_of(pictures={"dW_error": {"count": 1, "height": 1, "width": 2, "rgb": rgb}})
    assert ('fill="#ff0000"' in chart, 'fill="#0000ff"' in chart) == (True, True)


def error_in(*rows):
    """The sentence on a picture of dW whose entries are off where a row has an x."""
    pixels = b"".join(
        bytes([178, 24, 43]) if each == "x" else bytes([247] * 3) for row in rows for each in row
    )
    part = {"count": 1, "height": len(rows), "width": len(rows[0]), "rgb": base64.b64encode(pixels).decode()}
    ((figure,),) = [each.figures for each in pictures_of(pictures={"dW_error": part})]
    return figure.words.split(". ")[1]


def test_the_error_in_dw_tells_which_entries_are_off():
    assert error_in("x..", "x..") == "Only class 0 is off"
    assert error_in("...", "xxx", "...") == "Only feature 1 is off"
    assert error_in("...", "x.x") == "Only feature 1, the last one, is off"
    assert error_in("xxx", "xxx") == "Nearly every entry is off"
    assert error_in("x..", ".x.") == "2 of 6 entries are off"


def test_the_error_in_dw_on_images_has_one_for_each_class():
    rgb = base64.b64encode(bytes(3 * 2 * 32 * 32)).decode()
    ((figure,),) = [
        each.figures
        for each in pictures_of(pictures={"dW_error": {"count": 2, "height": 32, "width": 32, "rgb": rgb}})
    ]
    assert [image.alt for image in figure.images] == ["error in dW of class 0", "error in dW of class 1"]
    assert figure.words.startswith("Where dW is off on images of the training")


def test_a_curve_is_beside_the_references():
    curves = {"loss": [9.0, 5.0, 2.5], "reference_loss": [8.5, 2.25]}
    ((figure,),) = [each.figures for each in pictures_of(measured={"iterations": 600.0}, curves=curves)]
    assert figure.words == (
        "The loss while it trains, from 9 to 2.5. The dashed line is the reference's, trained the same way on the same images; it"
        " ends at 2.25."
    )
    assert "2.5 at the end; the reference&#39;s ends at 2.25" in figure.chart
    assert 'class="beside"' in figure.chart


def test_the_grid_of_a_search_is_drawn_with_its_best_pair():
    curves = {
        "learning_rates": [0.1, 0.2],
        "regularization_strengths": [1.0, 1.0],
        "accuracies": [0.3, 0.4],
    }
    measured = {"learning_rate": 0.2, "regularization_strength": 1.0}
    (chart,) = charts_of(measured=measured, curves=curves)
    assert 'aria-label="2 pairs; the best one: learning rate 0.2, regularization 1"' in chart
