"""What the pages show, made again by the commands themselves: a function for each screen, named as its mark."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.ci.job import ANN, BEN, HEAD, MERGE, Job
from tests.screens.stage import RUN, Stage, console, newest_run
from tests.support.cli import write_specs
from tests.support.github import Server, github

OWED = (f"{{user_id: {ANN}, amount: 1.00}}", f"{{user_id: {BEN}, amount: 0.50}}")


def readme_plan(folder: Path) -> str:
    """A plan after a part of the example was paid."""
    stage = Stage(folder)
    stage.quietly("bonusctl apply --auto-approve --limit 3")
    return console(stage.shown("bonusctl plan"))


def readme_validate(folder: Path) -> str:
    """An amount with a comma."""
    stage = Stage(folder)
    write_specs(stage.folder)
    (stage.folder / "specs" / "week.yaml").rename(stage.folder / "specs" / "week-47.yaml")
    text = "version: 1\ncampaign: week-47\nprovider: toloka\nbonuses:\n"
    text += f"  - user_id: {ANN}\n    amount: 1,50\n"
    (stage.folder / "specs" / "week-47.yaml").write_text(text)
    return console(stage.shown("bonusctl validate"))


def diff(folder: Path) -> str:
    """A plan compared with the one that was reviewed."""
    stage = Stage(folder)
    stage.quietly("bonusctl plan --out reviewed.bonusplan")
    stage.quietly("bonusctl apply --auto-approve --limit 1")
    rows = stage.folder / "specs" / "data" / "week-47.csv"
    text = rows.read_text()
    assert text.count(",1.25,") == 1, text
    rows.write_text(text.replace(",1.25,", ",1.50,"))
    return console(stage.shown("bonusctl plan --diff reviewed.bonusplan", after="Since the plan before"))


def looking_back(folder: Path) -> str:
    """Runs, one run, and sums."""
    stage = Stage(folder)
    stage.quietly("bonusctl apply --auto-approve --limit 3")
    run = newest_run(stage.quietly("bonusctl history"))
    show = stage.shown(f"bonusctl show {run}").replace(run, RUN)
    return console(
        stage.shown("bonusctl history"), show, stage.shown("bonusctl report --by campaign,month --format csv")
    )


def state_branch(folder: Path) -> str:
    """The lines of a job that pays, and a second clone that went apart."""
    stage = Stage(folder / "bonuses")
    stage.in_git(folder / "origin.git")
    return console(
        stage.shown("bonusctl state pull"),
        stage.shown("bonusctl state push --begin"),
        stage.shown("bonusctl apply --auto-approve", after="Done:"),
        stage.shown("bonusctl state push"),
    )


def import_csv(folder: Path) -> str:
    """Payments made by hand, matched with what the specs ask for."""
    stage = Stage(folder)
    stage.quietly("bonusctl refresh")
    (stage.folder / "paid-by-hand.csv").write_text(
        "user_id,amount,assignment_id,created\n"
        "4f8a1c02e7d94b5fb0a1c2d3e4f50617,0.50,,2026-11-20T09:00:00Z\n"
        "7b21d0c9a8e64f13920b5a6c7d8e9f01,0.70,,2026-11-20T09:00:00Z\n"
    )
    return console(stage.shown("bonusctl import paid-by-hand.csv --auto-approve"))


def comment(folder: Path) -> str:
    """The comment of a first pull request."""
    with github() as server:
        job = _job(folder, server)
        job.pull_request()
        job.run("ci", "plan")
        return f"```markdown\n{server.memory.comments[12][0]['body']}```\n"


def direct(folder: Path) -> str:
    """A push without a pull request."""
    with github() as server:
        job = _job(folder, server)
        job.push("4" * 40)
        return f"```text\n{job.run('ci', 'approved').ended.err}```\n"


def fork(folder: Path) -> str:
    """A fork's pull request that was merged."""
    with github() as server:
        job = _job(folder, server)
        server.memory.pull(12, head=HEAD, merge=MERGE, fork=True)
        job.push()
        return f"```text\n{job.run('ci', 'approved').ended.err}```\n"


def _job(folder: Path, server: Server) -> Job:
    folder.mkdir(exist_ok=True)
    made = Job(folder, server)
    write_specs(made.folder, *OWED, campaign="week-47", head="budget: 20.00\n")
    return made


SCENES: Final[dict[str, Callable[[Path], str]]] = {
    "readme-plan": readme_plan,
    "readme-validate": readme_validate,
    "diff": diff,
    "looking-back": looking_back,
    "state-branch": state_branch,
    "import-csv": import_csv,
    "comment": comment,
    "direct": direct,
    "fork": fork,
}
