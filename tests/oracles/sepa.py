"""Judges files for the bank: `sepa.py FILE...` validates each against the schema of pain.008.001.08.

The schema comes with the package `sepaxml`; `lxml` reads it. Ends with 1 and the complaints when a file is wrong.
"""

import importlib.resources
import pathlib
import sys

from lxml import etree

SCHEMA = pathlib.Path(str(importlib.resources.files("sepaxml"))) / "schemas" / "pain.008.001.08.xsd"


def main(files):
    schema = etree.XMLSchema(etree.parse(str(SCHEMA)))
    wrong = 0
    for name in files:
        tree = etree.parse(name)
        if schema.validate(tree):
            print(f"{name}: sound")
            continue
        wrong = 1
        for one in schema.error_log:
            print(f"{name}, line {one.line}: {one.message}")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
