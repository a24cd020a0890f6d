#!/usr/bin/env bash
# Sourced: gives git the step's GITHUB_TOKEN for this server, by environment alone. Nothing is written to a file, and no
# argument holds it.
export GIT_CONFIG_COUNT=1
export GIT_CONFIG_KEY_0="credential.${GITHUB_SERVER_URL:-https://github.com}.helper"
# The text is for git's own shell, which has the token in its environment.
# shellcheck disable=SC2016
export GIT_CONFIG_VALUE_0='!f() { echo username=x-access-token; echo "password=$GITHUB_TOKEN"; }; f'
