"""nbgrader's own writer of grades (FORMATS, section 12): the lines that it would make of the same database."""

KEYS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score",
)  # fmt: skip


def written(rows):
    """The file for these rows. The score is computed; who handed in nothing has 0 points and no timestamp."""
    lines = [",".join(KEYS)]
    for row in rows:
        each = dict.fromkeys(KEYS) | row
        if each["raw_score"] is not None:
            each["score"] = max(0.0, each["raw_score"] - each["late_submission_penalty"])
        lines.append(",".join("" if each[key] is None else str(each[key]) for key in KEYS))
    return "\n".join(lines) + "\n"
