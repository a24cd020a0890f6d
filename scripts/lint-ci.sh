#!/usr/bin/env bash
# Lints what runs in other people's CI: the composite action, the workflow and the GitLab template that `bonusctl init`
# writes, and the pre-commit hooks. A linter that this machine cannot have is said to be not run, and never counts as
# passed. Ends with 1 where one found something.
#
# usage: bash scripts/lint-ci.sh LINTERS PYTHON    the folder with the linters, and a Python that has bonusctl
set -uo pipefail
tools="$1" python="$2"
here="$(mktemp -d)"
trap 'rm -rf "$here"' EXIT
passed=0 failed=0 absent=0

check() { # check NAME COMMAND ARGUMENT…
  local name="$1" command="$2"
  shift 2
  if ! test -x "$tools/$command"; then
    echo "not run  $name: there is no $command here"
    absent=$((absent + 1))
  elif "$tools/$command" "$@"; then
    echo "passed   $name"
    passed=$((passed + 1))
  else
    echo "FAILED   $name"
    failed=$((failed + 1))
  fi
}

written() { # written CI: what `init` writes for it
  "$python" -c 'import sys; from reconcile.scaffold.writer import workflow_text; sys.stdout.write(workflow_text(sys.argv[1]))' "$1"
}

mkdir -p "$here/.github/workflows"
written github > "$here/.github/workflows/bonusctl.yml" || exit 1
written gitlab > "$here/.gitlab-ci.yml" || exit 1
cp action.yml "$here/action.yml"

check "zizmor: action and workflow" zizmor --offline --quiet --no-progress "$here"
# With shellcheck beside it actionlint looks into the shell lines too.
PATH="$tools:$PATH"
check "actionlint: workflow" actionlint "$here/.github/workflows/bonusctl.yml"
check "shellcheck: scripts" shellcheck --severity=style scripts/*.sh
check "schema: workflow" check-jsonschema --quiet --builtin-schema vendor.github-workflows "$here/.github/workflows/bonusctl.yml"
check "schema: action" check-jsonschema --quiet --builtin-schema vendor.github-actions action.yml
check "schema: GitLab template" check-jsonschema --quiet --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci "$here/.gitlab-ci.yml"
check "pre-commit: hooks" pre-commit validate-manifest .pre-commit-hooks.yaml

echo "$passed passed, $failed failed, $absent not run"
test "$failed" -eq 0
