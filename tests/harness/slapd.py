"""An OpenLDAP server of its own for tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.harness.server_process import ServerProcess

HOW_TO_GET = (
    "no slapd, or no bonsai: apt install slapd ldap-utils libldap-dev libsasl2-dev gcc python3-dev;"
    " pip install 'callcard[ldap]'"
)
BASE = "ou=people,dc=example,dc=org"
USER, PASSWORD = "cn=admin,dc=example,dc=org", "s3cret"

_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
sizelimit 500
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw s3cret
directory {folder}/data
index telephoneNumber,mobile eq,sub
access to dn.subtree="ou=secret,dc=example,dc=org" by * none
access to * by * read
"""
_TREE = """
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people
"""


def find_server() -> str | None:
    if find_spec("bonsai") is None:
        return None
    return shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/bin")


class LdapServer(ServerProcess):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"ldap://127.0.0.1:{self.port}"
        self._configuration = folder / "slapd.conf"
        self._configuration.write_text(_CONFIGURATION.format(folder=folder))
        (folder / "data").mkdir()

    def add(self, ldif: str) -> None:
        """Add entries; only before the start."""
        command = ["slapadd", "-q", "-f", str(self._configuration)]
        command[0] = shutil.which("slapadd", path="/usr/sbin:/usr/local/sbin") or command[0]
        subprocess.run(command, input=ldif.encode(), check=True, capture_output=True)

    def command(self) -> list[str]:
        server = find_server()
        assert server, HOW_TO_GET
        return [server, "-f", str(self._configuration), "-h", self.url, "-d", "0"]

    def is_ready(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def running_slapd(ldif: str) -> Iterator[LdapServer]:
    """Run a server with the entries of `ldif` below BASE."""
    with TemporaryDirectory(prefix="callcard-slapd-") as name:
        server = LdapServer(Path(name))
        server.add(_TREE + "\n" + ldif)
        try:
            server.start()
            yield server
        finally:
            server.kill()
