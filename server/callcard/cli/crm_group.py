"""The commands below `callcard crm`, joined."""

from __future__ import annotations

from callcard.cli.crm import crm
from callcard.cli.crm_add import add
from callcard.cli.crm_connect import connect

crm.add_command(add)
crm.add_command(connect)

__all__ = ["crm"]
