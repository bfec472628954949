"""Reports of a class that are on disk but cannot be read."""

from __future__ import annotations

from collections.abc import Collection

from grader import formatting
from grader.batch.store import ReportStore
from grader.errors import ReportError, UsageError
from grader.model.report import parse_report


def require_class(store: ReportStore) -> None:
    """UsageError if the folder is not one that `grader batch` wrote."""
    if store.reports_folder.is_dir():
        return
    folder, above = (
        formatting.printable(str(each)) for each in (store.folder, store.folder.resolve().parent)
    )
    if not store.folder.is_dir():
        raise UsageError(
            f"{folder}: there is no such folder; give the folder that grader batch wrote with --out"
        )
    if store.folder.resolve().name == "reports":
        raise UsageError(f"{folder}: give the folder above the reports, {above}")
    raise UsageError(
        f"{folder}: not the --out folder of a class: it has no folder reports; grade the class first, with"
        f" grader batch CLASS --spec NAME --out {folder}"
    )


def unread_reports(store: ReportStore, read: Collection[str]) -> dict[str, str]:
    """Why reports cannot be read, by submission. read: the submissions whose reports were read, which are passed over."""
    reasons: dict[str, str] = {}
    for path in sorted(store.reports_folder.glob("*.json")):
        if path.stem in read or path.name.startswith("."):
            continue
        try:
            parse_report(path.read_text(encoding="utf-8"))
        except ReportError as error:
            reasons[path.stem] = str(error)
        except UnicodeDecodeError:
            reasons[path.stem] = "not a report: not UTF-8 text"
        except OSError as error:
            reasons[path.stem] = f"cannot be read: {error.strerror or error}"
    return reasons
