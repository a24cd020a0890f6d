"""Which pull request a run belongs to, as CI's variables say."""

from collections.abc import Mapping

import pytest

from reconcile.project.system import pull_request


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, ""),
        ({"GITHUB_REF": "refs/pull/45/merge"}, "45"),
        ({"GITHUB_REF": "refs/heads/main"}, ""),
        ({"GITHUB_REF": "refs/heads/main", "BONUSCTL_PULL_REQUEST": "#45"}, "#45"),
        ({"CI_MERGE_REQUEST_IID": "7"}, "7"),
        ({"BUILDKITE_PULL_REQUEST": "false"}, ""),
        ({"BUILDKITE_PULL_REQUEST": "12"}, "12"),
        ({"CIRCLE_PULL_REQUEST": "https://github.com/o/r/pull/3"}, "https://github.com/o/r/pull/3"),
        ({"BONUSCTL_PULL_REQUEST": "45\n::error::x"}, ""),
        ({"BONUSCTL_PULL_REQUEST": "x" * 301}, ""),
    ],
)
def test_what_ci_says(environ: Mapping[str, str], found: str) -> None:
    assert pull_request(environ) == found
