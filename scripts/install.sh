#!/usr/bin/env bash
# Installs the bonusctl of this checkout, with the packages that requirements/action.txt locks by hash, into an
# environment of its own, and puts the command on the PATH of the job's later steps. Does nothing the second time.
set -euo pipefail
source="$GITHUB_ACTION_PATH"
home="$RUNNER_TEMP/bonusctl/environment"
if ! test -e "$home/installed"; then
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "bonusctl needs Python 3.11 or newer")'
  python3 -m venv "$home"
  "$home/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$source/requirements/action.txt"
  "$home/bin/python" -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps "$source"
  mkdir "$home/command"
  ln -s "$home/bin/bonusctl" "$home/command/bonusctl"
  touch "$home/installed"
fi
echo "$home/command" >> "$GITHUB_PATH"
"$home/command/bonusctl" --version
