"""The `callcard` command: its groups, and errors as one line without a traceback."""

from __future__ import annotations

import sys

import click

from callcard import __version__
from callcard.cli.contacts import contacts
from callcard.cli.crm import crm
from callcard.cli.crm_add import add
from callcard.cli.crm_connect import connect
from callcard.cli.demo import demo, sandbox
from callcard.cli.keys import keys
from callcard.cli.lists import lists
from callcard.cli.number import number
from callcard.cli.serve import serve
from callcard.errors import CallcardError, OperatorError
from callcard.terminal import echo


@click.group()
@click.version_option(__version__, prog_name="callcard")
def cli() -> None:
    """The caller's record in front of a Cisco Finesse agent before they say hello."""


cli.add_command(demo)
cli.add_command(sandbox)
cli.add_command(serve)
cli.add_command(contacts)
cli.add_command(number)
cli.add_command(lists)
cli.add_command(keys)
crm.add_command(add)
crm.add_command(connect)
cli.add_command(crm)


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
