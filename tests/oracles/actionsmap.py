"""Whether YunoHost's own table of commands understands command lines.

Arguments: the table (actionsmap.yml). Standard input: one JSON list (program and arguments) per line. Every line that the
table refuses is printed with the reason; status 1 when there is one. The parsers are made from the table as YunoHost
makes them: argparse, one level per category, sub-category and action.
"""

import argparse
import json
import re
import sys

import yaml

PASSED_ON = ("action", "nargs", "choices", "default", "const", "metavar")
MASK = "***"


class Refusal(Exception):
    pass


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refusal(f"{self.prog}: {message}")


def main():
    with open(sys.argv[1], encoding="utf-8") as table:
        table = yaml.safe_load(table)
    general, actions = general_parser(), action_parser(table)
    count = refused = 0
    for line in sys.stdin:
        argv = json.loads(line)
        count += 1
        try:
            check(general, actions, argv)
        except Refusal as refusal:
            refused += 1
            print(f"{' '.join(argv)}\n  {refusal}")
    print(f"{count} command lines, {refused} refused")
    sys.exit(1 if refused else 0)


def check(general, actions, argv):
    _, rest = general.parse_known_args(argv[1:])
    found = vars(actions.parse_args(rest))
    for name, extra in found.pop("extras").items():
        value = found[name]
        if value is None and extra.get("required"):
            raise Refusal(f"{name} is missing, and nobody is there to be asked")
        if "pattern" in extra:
            expression, _ = extra["pattern"]
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str) and one != MASK and not re.match(expression, one):
                    raise Refusal(f"{name}: {one!r} does not match {expression}")


def general_parser():
    """What may stand anywhere: the options of the program itself, which are in no table."""
    parser = Parser(prog="yunohost", add_help=False)
    parser.add_argument("--output-as", choices=["json", "plain", "none"])
    parser.add_argument("--timeout", type=int)
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    return parser


def action_parser(table):
    parser = Parser(prog="yunohost")
    categories = parser.add_subparsers(required=True, dest="category")
    for name, category in table.items():
        if name.startswith("_"):
            continue
        actions = categories.add_parser(name).add_subparsers(required=True, dest="action_name")
        add_actions(actions, category.get("actions", {}))
        for sub_name, sub_category in category.get("subcategories", {}).items():
            below = actions.add_parser(sub_name).add_subparsers(required=True, dest="sub_action_name")
            add_actions(below, sub_category.get("actions", {}))
    return parser


def add_actions(parsers, actions):
    for name, action in actions.items():
        parser = parsers.add_parser(name, aliases=action.get("deprecated_alias", []))
        extras = {}
        for argument, settings in (action.get("arguments") or {}).items():
            settings = settings or {}
            # `-4` is a number to YAML.
            names = [str(argument)] + ([settings["full"]] if "full" in settings else [])
            options = {key: settings[key] for key in PASSED_ON if key in settings}
            if settings.get("type") == "int":
                options["type"] = int
            added = parser.add_argument(*names, **options)
            if "extra" in settings:
                extras[added.dest] = settings["extra"]
        parser.set_defaults(extras=extras)


if __name__ == "__main__":
    main()
