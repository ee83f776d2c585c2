"""``poetry accel optimize|explain|lock|sync|doctor``: the same commands inside Poetry, for the project Poetry is in.

Poetry loads :class:`AccelPlugin` by the entry point ``poetry.application.plugin``.  Every option is that of the
command itself, read off its argparse parser; ``--project`` and ``--quiet`` are Poetry's own.  Nothing else of this
package imports this module, and it alone imports Poetry.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cleo.io.inputs.argument import Argument
from cleo.io.inputs.option import Option
from poetry.console.commands.command import Command
from poetry.plugins.application_plugin import ApplicationPlugin

from accelinstall.cli import commands, run
from accelinstall.cli.parser import add_common
from accelinstall.cli.usage import Parser

if TYPE_CHECKING:
    from cleo.io.inputs.definition import Definition
    from cleo.io.inputs.input import Input

VERBS = ("optimize", "explain", "lock", "sync", "doctor")
# Poetry has these itself, and sets them for every command; `help` prints what Poetry knows of the command.
_POETRYS = ("help", "quiet", "project")
_POETRYS_SHORT = ("-h", "-q", "-v", "-V", "-n", "-P", "-C")


class AccelPlugin(ApplicationPlugin):
    """Adds the commands to Poetry."""

    @property
    def commands(self) -> list[type[Command]]:
        """One command class per verb."""
        return [_command(verb) for verb in VERBS if verb in commands.SUMMARIES]


class AccelCommand(Command):
    """Passes what was typed to the command of the same name, with Poetry's project."""

    verb = ""

    def configure(self) -> None:
        """Takes the options over from the command's own parser."""
        module = commands.load(self.verb)
        examples = "\n".join(line.replace("accelinstall", "poetry accel", 1) for line in module.EXAMPLES)
        self.help = f"{commands.SUMMARIES[self.verb]}\n\nExamples:\n{examples}"
        for action in actions_of(self.verb):
            _define(self.definition, action)
        super().configure()

    def handle(self) -> int:
        """Runs it; the exit code is Poetry's."""
        argv = [self.verb, "--project", str(self.poetry.file.path.parent)]
        argv += ["--quiet"] if self.io.output.is_quiet() else []
        return run([*argv, *_arguments(actions_of(self.verb), self.io.input)])


def _command(verb: str) -> type[Command]:
    members = {"verb": verb, "name": f"accel {verb}", "description": commands.SUMMARIES[verb]}
    return type(f"Accel{verb.capitalize()}Command", (AccelCommand,), members)


def actions_of(verb: str) -> list[argparse.Action]:
    """Every option and argument of a command that Poetry does not have itself."""
    parser = Parser(add_help=False)
    add_common(parser)
    commands.load(verb).fill(parser)
    return [action for action in parser._actions if not set(_names(action)) & set(_POETRYS)]


def _define(definition: Definition, action: argparse.Action) -> None:
    many = action.nargs in ("*", "+") or isinstance(action, argparse._AppendAction)
    if not action.option_strings:
        required = action.nargs not in ("*", "?")
        definition.add_argument(Argument(action.dest, required=required, is_list=many, description=action.help))
        return
    short = [text for text in action.option_strings if len(text) == 2 and text not in _POETRYS_SHORT]
    for name in _names(action):
        definition.add_option(
            Option(
                name,
                shortcut=short[0][1:] if short else None,
                flag=action.nargs == 0,
                requires_value=action.nargs != "*",
                is_list=many,
                description=action.help,
            )
        )


def _names(action: argparse.Action) -> list[str]:
    return [text.removeprefix("--") for text in action.option_strings if text.startswith("--")]


def _arguments(actions: Iterable[argparse.Action], given: Input) -> Iterator[str]:
    """argv again from what Poetry has read: options first, what has no name behind ``--``."""
    for action in actions:
        for name in _names(action):
            value = given.option(name)
            if action.nargs == 0:
                yield from [f"--{name}"] if value else []
            elif action.nargs == "*":
                if given.has_parameter_option(f"--{name}"):
                    yield from [f"--{name}", *filter(None, value or ())]
            else:
                for text in value if isinstance(value, list) else [value]:
                    yield from [] if text is None else [f"--{name}={text}"]
    positional = [action for action in actions if not action.option_strings]
    values = [given.argument(action.dest) for action in positional]
    words = [word for value in values if value for word in (value if isinstance(value, list) else [value])]
    yield from ["--", *words] if words else []
