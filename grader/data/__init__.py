"""The images that checks train on: CIFAR-10 if the user has it, else a deterministic stand-in."""

from grader.data.dataset import STANDIN_TITLE, DataSet, open_data, standin_data, standin_name
from grader.data.images import ImageSplits, LabelledImages, SplitName
from grader.data.preprocessing import FEATURES

__all__ = [
    "FEATURES",
    "STANDIN_TITLE",
    "DataSet",
    "ImageSplits",
    "LabelledImages",
    "SplitName",
    "open_data",
    "standin_data",
    "standin_name",
]
