"""`grader push ...`: scores into a learning platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader import formatting
from grader.errors import GraderError
from grader.frontends.commands.options import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, Command, Group

if TYPE_CHECKING:
    from grader.batch import ReportStore
    from grader.push.config import PushConfig
    from grader.push.plan import Plan
    from grader.push.pushing import Pushed
    from grader.push.score import Terms
    from grader.push.signing import Signer

app = typer.Typer(
    name="push", cls=Group, help="Send scores to a learning platform (docs/push.md).", no_args_is_help=True
)

_TOLD_SECONDS = 4.0

ConfigOption = Annotated[
    Path,
    typer.Option("--config", help="The settings of the push, a .toml file.", metavar="FILE"),
]


@app.command("lti-ags", cls=Command)
def push_scores(
    folder: Annotated[Path, typer.Argument(help="The --out folder of `grader batch`.", metavar="DIR")],
    config: ConfigOption,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Send nothing: show what would be sent, skipped or withheld, and why."
        ),
    ] = False,
    zeros: Annotated[
        bool, typer.Option("--zeros", help="Send 0 for students on the roster who did not submit.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Send again what the platform refused before.")
    ] = False,
) -> None:
    """Send the scores of a class to a column of the platform's gradebook, over LTI 1.3.

    DIR/pushed.jsonl records what was sent: an unchanged score is not sent again, and the next push continues one that was stopped. Where the grader failed, no score is sent.

    Exit code 0: every score is there; 1: a student is withheld, has no place,
    or was not taken; 2: nothing could be sent, or the journal cannot be
    written, and why; 3: the platform is out of reach.
    """
    from datetime import UTC, datetime

    from grader.batch import ReportStore
    from grader.batch.left_out import require_class
    from grader.frontends import push_result
    from grader.push.class_plan import class_plan, journal_path, ruled_at
    from grader.push.config import read_config
    from grader.push.journal import read_journal
    from grader.push.score import Terms
    from grader.push.signing import read_signer

    store = ReportStore(folder)
    require_class(store)
    settings = read_config(config)
    signer = read_signer(config.parent / settings.key_file, settings.key_id)
    now = datetime.now(UTC)
    terms = Terms(settings.platform, settings.line_item, now, ruled_at(store, now), is_again=again)

    def plan() -> Plan:
        made = class_plan(store, settings, config.parent, terms, has_zeros=zeros)
        if made.problems:
            push_result.show_problems(made.problems)
            raise typer.Exit(EXIT_USAGE)
        return made

    if dry_run:
        made = plan()
        is_whole = push_result.show_plan(made, read_journal(journal_path(store), settings.line_item), terms)
    else:
        with store.held("wait for it to finish, or stop it"):
            made = plan()
            pushed = _pushed(made, store, settings, signer, terms)
        is_whole = all(each.end in {"sent", "there"} for each in pushed)
    raise typer.Exit(0 if is_whole and not made.withheld and not made.left_out else EXIT_FAILED)


@app.command("key", cls=Command)
def show_key(
    key_file: Annotated[Path, typer.Argument(help="The private RSA key, in PEM.", metavar="FILE")],
    key_id: Annotated[
        str | None,
        typer.Option("--id", help="The `kid` of the JWK; `key_id` in the settings.", metavar="NAME"),
    ] = None,
) -> None:
    """Print the public key to register with the platform: as a JWK (Canvas) and as PEM (Moodle)."""
    from grader.push.signing import read_signer

    signer = read_signer(key_file, key_id)
    typer.echo(signer.public_jwk())
    typer.echo()
    typer.echo(signer.public_pem(), nl=False)


def _pushed(
    plan: Plan, store: ReportStore, settings: PushConfig, signer: Signer, terms: Terms
) -> list[Pushed]:
    """Send the scores, and show how it goes and how it ended, however it ends."""
    from datetime import UTC, datetime

    from grader.frontends import push_result
    from grader.frontends.progress import counting_progress
    from grader.push.class_plan import journal_path
    from grader.push.connection import LtiPlatform
    from grader.push.journal import open_journal
    from grader.push.pushing import Means, push
    from grader.sandbox import interruption

    done: list[Pushed] = []
    path = journal_path(store)
    with open_journal(path, settings.line_item) as journal:
        means = Means(
            platform=LtiPlatform(settings, signer),
            journal=journal,
            config=settings,
            terms=terms,
            now=lambda: datetime.now(UTC),
            pause=_pause,
            undivided=interruption.deferred,
        )
        try:
            with counting_progress("pushing", "pushed") as progress:
                for each in push(plan, means):
                    done.append(each)
                    if each.end not in {"sent", "there"}:
                        push_result.show_pushed(each)
                    progress(len(done), len(plan.wanted))
        except KeyboardInterrupt:
            push_result.show_summary(plan, done, path)
            typer.echo("Stopped; push again to go on.", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except GraderError:
            push_result.show_summary(plan, done, path)
            raise
    push_result.show_summary(plan, done, path)
    return done


def _pause(seconds: float, why: str) -> None:
    """Wait for the platform; a long wait is said."""
    import time

    if seconds >= _TOLD_SECONDS:
        typer.echo(f"waiting {formatting.seconds(seconds)} for the platform ({why})", err=True)
    time.sleep(seconds)
