"""A few images of the stand-in, for checks that train."""

from grader.data import DataSet, ImageSplits, LabelledImages, standin_data


def _few() -> tuple[ImageSplits, tuple[str, ...]]:
    whole = standin_data().splits

    def first(part: LabelledImages, count: int) -> LabelledImages:
        return LabelledImages(part.images[:count], part.labels[:count])

    return ImageSplits(first(whole.train, 1000), first(whole.val, 200), first(whole.test, 200)), ()


DATA = DataSet("a few images", _few)
"""A thousand images to train on, 400 to be judged."""
