"""What tools of the same kind take to find that nothing has changed: octoDNS and Terraform, by record and resource."""

import json
import os
import shutil
from collections.abc import Iterator

from benchmarks import made
from benchmarks.bench import YARDSTICKS, Bench, Benchmark, Finding, lacking, ours, playable, process, rows
from benchmarks.measuring import Case, Figure, NotRun, cpu, measure, median, played, rate
from benchmarks.record import Claim

_OCTODNS = """\
providers:
  specs: {class: octodns.provider.yaml.YamlProvider, directory: ./zones, enforce_order: false}
  issued: {class: octo_target.FileTarget, filename: ./issued.jsonl}
zones:
  bench.test.: {sources: [specs], targets: [issued]}
"""


def run(bench: Bench) -> Iterator[Finding]:
    """Nothing to do, three times; figures an item."""
    sizes = {"octoDNS": bench.size(10_000), "Terraform": bench.size(1_000), "bonusctl": bench.size(100_000)}
    octodns = _octodns(bench, sizes["octoDNS"])
    terraform = _terraform(bench, sizes["Terraform"])
    folder = made.project(bench, sizes["bonusctl"], "yaml")
    mine = ours("bonusctl plan (YAML)", "--config", "yaml.yaml", "plan", folder=folder)
    cases = [_counted(case, size) for case, size in zip((octodns, terraform, mine), sizes.values(), strict=True)]
    figures = played(playable(cases), bench.rounds(BENCHMARK.rounds))
    yield from rows(cases, figures, of=rate, unit="items")
    for (tool, size), case, limit in zip(sizes.items(), cases, (1 / 10, 1 / 100), strict=False):
        theirs = figures.get(case.name)
        value = None
        if theirs is not None:
            value = _each_us(figures[cases[2].name]) / _each_us(theirs)
        yield Claim(
            what="no-op plan, CPU time an item",
            against=f"{tool}, {size:,} items",
            value=value,
            sense="≤",
            limit=limit,
            note=case.reason if isinstance(case, NotRun) else f"{_each_us(figures[case.name]):,.0f} µs an item",
        )


def _each_us(figures: list[Figure]) -> float:
    return median(figures, lambda figure: cpu(figure) / figure.items) * 1e6


def _counted(case: Case | NotRun, items: int) -> Case | NotRun:
    if isinstance(case, NotRun):
        return case
    return case._replace(play=lambda: case.play()._replace(items=items))


def _octodns(bench: Bench, records: int) -> Case | NotRun:
    command = bench.peers.with_name("octodns-sync")
    name = "octoDNS octodns-sync"
    lacks = lacking(bench.peers, "octodns")
    if lacks:
        return NotRun(name, lacks)
    folder = bench.scratch / "octodns"
    (folder / "zones").mkdir(parents=True)
    (folder / "config.yaml").write_text(_OCTODNS)
    with (folder / "zones" / "bench.test.yaml").open("w") as zone, (folder / "issued.jsonl").open("w") as issued:
        for number in range(records):
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            zone.write(f"r{number:07d}:\n  ttl: {300 + number % 60}\n  type: A\n  value: {address}\n")
            data = {"ttl": 300 + number % 60, "type": "A", "value": address}
            issued.write(json.dumps([f"r{number:07d}", data]) + "\n")
    command_line = ["env", f"PYTHONPATH={YARDSTICKS}", str(command), "--config-file", "config.yaml", "--quiet"]
    return process(name, command_line, folder=folder, shown="octodns-sync --config-file config.yaml")


def _terraform(bench: Bench, resources: int) -> Case | NotRun:
    name = "Terraform plan"
    command = shutil.which("terraform")
    if command is None:
        return NotRun(name, "there is no terraform on this machine")
    folder = bench.scratch / "terraform"
    folder.mkdir()
    entries = {
        f"b{number}": {"input": {"worker": made.recipient(number), "amount": made.amount(number)}}
        for number in range(resources)
    }
    (folder / "main.tf.json").write_text(json.dumps({"resource": {"terraform_data": entries}}))
    (folder / "empty.rc").touch()
    quiet = ["env", f"TF_CLI_CONFIG_FILE={folder / 'empty.rc'}", "CHECKPOINT_DISABLE=1", command]
    for step in (["init", "-input=false"], ["apply", "-input=false", "-auto-approve"]):
        measure([*quiet, *step], folder=folder)
    plan = [*quiet, "plan", "-input=false", "-lock=false"]
    return process(name, plan, folder=folder, shown="terraform plan")


def versions() -> dict[str, str]:
    """Of the tools that are not Python packages."""
    command = shutil.which("terraform")
    if command is None:
        return {}
    import subprocess

    environ = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    told = subprocess.run([command, "version", "-json"], capture_output=True, text=True, check=True, env=environ)
    return {"terraform": json.loads(told.stdout)["terraform_version"]}


BENCHMARK = Benchmark(
    "peers",
    "Nothing to do: octoDNS and Terraform",
    "octoDNS compares a zone of YAML with a target that holds the same records in memory; Terraform plans as many of "
    "its own `terraform_data` resources; bonusctl plans a YAML spec against its state. Figures an item, since the sizes differ.",
    run,
    3,
)
