"""What the checks of spec.toml ask, and the right answers. Students' code can never read this file.

A question draws inputs, knows the right outputs, and names mistakes that students make.
"""

from grader.authoring import Inputs, Mistake, Question, QuestionCase


def draw(rng):
    """The calls to make. Take all random numbers from rng, so that a report's seed gives the same inputs again.

    Use several sizes with no two alike, so that a swapped or transposed axis shows; and one edge case.
    """
    cases = []
    for N, D in ((8, 3), (5, 4), (12, 2), (1, 3)):
        inputs = {"w": rng.normal(size=D), "X": rng.normal(size=(N, D)), "y": rng.normal(size=N)}
        cases.append(QuestionCase(f"N={N}, D={D}", inputs))
    return cases


def answer(inputs: Inputs):
    """The loss mean((X w - y)**2) and its gradient, from the formula of the handout."""
    w, X, y = inputs.arrays("w", "X", "y")
    residual = X @ w - y
    return {"loss": (residual**2).mean(), "dw": 2 * X.T @ residual / len(y)}


def summed(inputs: Inputs):
    """What students get who sum over the samples where the mean is asked for."""
    N = len(inputs.array("y"))
    return {name: N * value for name, value in answer(inputs).items()}


SQUARED_LOSS = Question(
    name="squared_loss",
    parameters=("w", "X", "y"),  # in the order of the call
    outputs={"loss": "number", "dw": "array"},  # in the order in which they are returned; also "labels" and "series"
    draw=draw,
    answer=answer,
    # Each mistake: its name, the output it is about, what the student reads, and the wrong answer.
    # Say what the result equals and where to look, and do not give the solution away.
    mistakes=(
        Mistake(
            "sum_instead_of_mean",
            "loss",
            "It equals the sum over the samples: the handout asks for their mean.",
            lambda inputs: summed(inputs)["loss"],
        ),
        Mistake(
            "sum_instead_of_mean",
            "dw",
            "It equals the gradient of a sum over the samples: the handout asks for their mean.",
            lambda inputs: summed(inputs)["dw"],
        ),
        Mistake(
            "factor_2_forgotten",
            "dw",
            "It equals half of the gradient: what is the derivative of a square?",
            lambda inputs: answer(inputs)["dw"] / 2,
        ),
    ),
)

QUESTIONS = (SQUARED_LOSS,)
