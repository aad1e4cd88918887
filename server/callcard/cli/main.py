"""The `callcard` command: its groups, and errors as one line without a traceback."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from callcard import __version__
from callcard.errors import CallcardError, OperatorError
from callcard.terminal import echo

_MODULES = {
    "contacts": "contacts",
    "crm": "crm_group",
    "demo": "demo",
    "keys": "keys",
    "lists": "lists",
    "number": "number",
    "sandbox": "demo",
    "serve": "serve",
}
"""The module of each command below `callcard.cli`, where it has its own name."""


class _Commands(click.Group):
    """Import the module of a command when it is used: each needs other parts of Callcard."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"callcard.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_Commands)
@click.version_option(__version__, prog_name="callcard")
def cli() -> None:
    """The caller's record in front of a Cisco Finesse agent before they say hello."""


def main() -> None:
    """Run the command."""
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.Abort:
        sys.exit(1)
    except click.ClickException as error:  # click itself would print arguments as they are
        if isinstance(error, click.UsageError) and error.ctx is not None:
            echo(error.ctx.get_usage(), err=True)
        echo(f"Error: {error.format_message()}", err=True)
        sys.exit(error.exit_code)
    except OperatorError as error:
        echo(f"callcard: {error}", err=True)
        sys.exit(1)
    except CallcardError as error:
        echo(f"callcard: {error.detail or error.title}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
