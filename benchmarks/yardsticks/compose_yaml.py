"""The obvious way to a YAML file with line numbers: composed to a tree of nodes. Argument: FILE."""

import sys

import yaml

with open(sys.argv[1], "rb") as file:
    yaml.compose(file, Loader=yaml.CSafeLoader)
