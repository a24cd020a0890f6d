"""What tools of the same kind take to find that nothing has changed: octoDNS and Terraform, by record and resource."""

import json
import os
import shutil
from collections.abc import Iterator

from benchmarks import made
from benchmarks.bench import YARDSTICKS, Bench, Benchmark, Finding, lacking, playable, process, rows, uncached
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
    """Nothing to do, each by itself; figures an item."""
    sizes = [bench.size(10_000), bench.size(1_000), bench.size(100_000), bench.size(100_000)]
    folder = made.project(bench, sizes[2], "yaml", "csv")
    theirs = [_octodns(bench, sizes[0]), _terraform(bench, sizes[1])]
    mine = [
        uncached(bench, f"bonusctl plan, {form}", "--config", f"{form.lower()}.yaml", "plan", folder=folder)
        for form in ("YAML", "CSV")
    ]
    cases = [_counted(case, size) for case, size in zip([*theirs, *mine], sizes, strict=True)]
    figures = played(playable(cases), bench.rounds(BENCHMARK.rounds))
    yield from rows(cases, figures, of=rate, unit="items")
    for case, size, limit in zip(cases, sizes, (1 / 10, 1 / 100), strict=False):
        for ours in mine:
            told = figures.get(case.name)
            yield Claim(
                what=f"no-op {ours.name.removeprefix('bonusctl ')}: CPU an item",
                against=f"{case.name}, {size:,} items",
                value=_each_us(figures[ours.name]) / _each_us(told) if told else None,
                sense="≤",
                limit=limit,
                note=f"{_each_us(told):,.0f} µs an item" if told else "",
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
    "its built-in `terraform_data` resources, which need no provider's process; bonusctl plans against its state. Figures "
    "an item, since the sizes differ. The limit for Terraform was set by version 1.0.3 with a provider that does nothing, "
    "12.8 ms a resource: that was measured elsewhere and is not run here.",
    run,
    3,
)
