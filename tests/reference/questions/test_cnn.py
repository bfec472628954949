"""The network in NumPy against torch, its epochs against torch's optimizer, and the made digits byte by byte."""

import hashlib

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from reference.losses.problem import cross_entropies, log_softmax
from reference.questions import question_of
from reference.questions.cnn import QUESTIONS, cases, learning_questions, make_digits
from reference.questions.cnn.epochs import Epoch, batch_losses, batches, evaluated
from reference.questions.cnn.learning_questions import ACCURACY_BAR
from reference.questions.cnn.network import COUNT, SHAPES, Network, split
from reference.questions.inputs import Inputs


def inputs_of(name, seed=0, case=0):
    return question_of(name).draw(np.random.default_rng(seed))[case].inputs


def of_torch(images, weights):
    w1, b1, w2, b2, w3, b3 = weights
    x = functional.max_pool2d(functional.relu(functional.conv2d(images, w1, b1)), 2)
    x = functional.relu(functional.max_pool2d(functional.conv2d(x, w2, b2), 2))
    return functional.linear(x.flatten(1), w3, b3)


def test_the_forward_pass_is_that_of_torch():
    inputs = inputs_of("cnn_forward")
    weights = [torch.tensor(inputs[name]) for name in SHAPES]

    expected = of_torch(torch.tensor(inputs["images"]), weights)
    seen = Network().logits(inputs["images"], {name: inputs[name] for name in SHAPES})

    np.testing.assert_allclose(seen, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(log_softmax(seen), functional.log_softmax(expected, 1), rtol=1e-10)


def test_the_parameters_are_those_of_the_assignment():
    network = nn.Sequential(nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5), nn.Linear(320, 10))

    assert sum(each.numel() for each in network.parameters()) == COUNT == 8490
    assert [tuple(each.shape) for each in network.parameters()] == list(SHAPES.values())
    assert {name: value.shape for name, value in split(np.zeros(COUNT)).items()} == SHAPES


@pytest.mark.parametrize("case", [0, 1])
@pytest.mark.parametrize(
    "is_kept,reduction,epoch", [(False, "mean", Epoch()), (True, "mean", Epoch(keeps_gradients=True))]
)
def test_an_epoch_is_that_of_torch(is_kept, reduction, epoch, case):
    inputs = inputs_of("cnn_train", case=case)
    own = [torch.tensor(inputs[name], requires_grad=True) for name in ("weight", "bias")]
    optimizer = torch.optim.SGD(own, lr=inputs["learning_rate"])
    losses = []
    for images, labels in batches(Inputs(inputs)):
        if not is_kept:
            optimizer.zero_grad()
        logits = functional.linear(torch.tensor(images), *own)
        loss = functional.cross_entropy(logits, torch.tensor(labels), reduction=reduction)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    for seen, expected in zip(epoch.run(Inputs(inputs)), own, strict=True):
        np.testing.assert_allclose(seen, expected.detach(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(batch_losses(Inputs(inputs), epoch), losses, rtol=1e-10)


def test_a_test_is_that_of_torch():
    inputs = inputs_of("cnn_test")
    logits = torch.tensor(inputs["images"]).flatten(1) @ torch.tensor(inputs["weight"]).T + torch.tensor(
        inputs["bias"]
    )
    labels = torch.tensor(inputs["labels"])

    losses, rights = evaluated(Inputs(inputs))

    assert np.concatenate(losses).mean() == pytest.approx(functional.cross_entropy(logits, labels).item())
    assert np.concatenate(rights).sum() == (logits.argmax(1) == labels).sum()
    assert 0 < np.concatenate(rights).mean() < 1
    assert cross_entropies(logits.numpy(), labels.numpy()).mean() == pytest.approx(
        np.concatenate(losses).mean()
    )


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_each_mistake_is_named_and_no_right_answer_is(question):
    drawn = [Inputs(case.inputs) for case in question.draw(np.random.default_rng(1))]
    for name in question.outputs:
        rights = [(inputs, question.answer(inputs)[name]) for inputs in drawn]
        assert question.mistake_of(name, rights) is None
    for mistake in question.mistakes:
        seen = [(inputs, np.asarray(mistake.outcome(inputs))) for inputs in drawn]
        named = question.mistake_of(mistake.output, seen)
        if named is None:  # the losses of a last batch that is not recorded
            assert (mistake.output, mistake.name) == ("losses", "last_gradient_not_used")
        else:
            assert named.name == mistake.name


def test_the_digits_are_the_same_bytes_everywhere():
    images, labels = make_digits(0, 200)

    assert hashlib.sha256(images.tobytes() + labels.astype("<i8").tobytes()).hexdigest() == DIGITS_SHA256
    assert images.shape == (200, 28, 28)
    assert np.bincount(labels).tolist() == [20] * 10


DIGITS_SHA256 = "b6b8881e0fcf0e0d88771cd86bdc3c2a784429484342ab4dfa1507900d98e146"


def test_what_is_held_back_is_other_images_with_the_same_names():
    inputs = inputs_of("cnn_epoch")

    images, labels = cases.held_back(inputs["images"])

    assert images.shape == (cases.TEST_IMAGES, 28, 28)
    assert not {image.tobytes() for image in images} & {image.tobytes() for image in inputs["images"]}
    nearest = [np.argmin(((inputs["images"] - 1.0 * image) ** 2).sum((1, 2))) for image in images]
    assert np.mean(inputs["labels"][nearest] == labels) > 0.3  # ten classes
    other = inputs_of("cnn_epoch", seed=1)["images"]
    assert not np.array_equal(cases.names_of_digits(inputs["images"]), cases.names_of_digits(other))


def test_a_linear_classifier_does_not_reach_the_bar():
    inputs = inputs_of("cnn_accuracy")
    images = torch.tensor(cases.scaled(inputs["images"])).flatten(1)
    labels = torch.tensor(inputs["labels"])
    held_back, expected = cases.held_back(inputs["images"])
    weight = torch.zeros(10, 784, requires_grad=True)
    for _ in range(300):
        (gradient,) = torch.autograd.grad(functional.cross_entropy(images @ weight.T, labels), weight)
        weight = (weight - 0.05 * gradient).detach().requires_grad_()

    seen = (torch.tensor(cases.scaled(held_back)).flatten(1) @ weight.T).argmax(1).numpy()

    assert 0.4 < np.mean(seen == expected) < ACCURACY_BAR - 0.05


def test_parameters_too_small_to_matter_count_as_zero():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, size=(3, 28, 28)).astype(np.float64)
    drawn = rng.normal(size=COUNT) * 0.1

    logits = learning_questions.logits_of(drawn * np.where(np.arange(COUNT) % 2, 1, 1e-25), images)

    assert np.array_equal(logits, learning_questions.logits_of(drawn * (np.arange(COUNT) % 2), images))
    assert not learning_questions.logits_of(drawn * 1e-13, images).any()
