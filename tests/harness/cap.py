"""An SAP CAP server of its own for tests: OData v4 at an address shaped like Dataverse's."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.harness.server_process import ServerProcess

HOW_TO_GET = "no SAP CAP: npm install --global @sap/cds@9 @cap-js/sqlite@2 express@4"
USER, PASSWORD = "svc", "pw"

_MODEL = """
namespace crm;
entity Contacts {
  key contactid : UUID;
  fullname : String; company : String; email : String; code : String;
  telephone1 : String; mobilephone : String; statecode : Integer default 0;
}
entity Incidents {
  key ticketnumber : String;
  customer : UUID; title : String; description : String; createdon : Timestamp;
}
entity PhoneCalls {
  key id : String;
  customer : UUID; record : LargeString; actualstart : Timestamp; seconds : Integer;
}
"""
_SERVICE = """
using { crm } from '../db/schema';
@path: '/api/data/v9.2'
@requires: 'authenticated-user'
service Dataverse {
  @cds.query.limit: { max: 2 }
  entity contacts as projection on crm.Contacts;
  entity incidents as projection on crm.Incidents;
  entity phonecalls as projection on crm.PhoneCalls;
}
"""
_PACKAGE = {
    "name": "crm",
    "cds": {
        "requires": {
            "db": {"kind": "sqlite", "credentials": {"url": "crm.sqlite"}},
            "auth": {"kind": "mocked", "users": {USER: {"password": PASSWORD}}},
        }
    },
}


def find_modules() -> Path | None:
    """Return the folder of npm's global modules, if CAP is there."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    found = subprocess.run([npm, "root", "--global"], capture_output=True, text=True, check=False)
    folder = Path(found.stdout.strip())
    return folder if (folder / "@sap" / "cds").is_dir() else None


class CapServer(ServerProcess):
    def __init__(self, folder: Path, modules: Path) -> None:
        super().__init__(folder)
        self.url = f"http://127.0.0.1:{self.port}/api/data/v9.2"
        self._modules = modules

    def command(self) -> list[str]:
        serve = str(self._modules / "@sap/cds/bin/serve.js")
        return ["node", serve, "all", "--port", str(self.port)]

    def is_ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/contacts", auth=(USER, PASSWORD)).is_success
        return False


@contextmanager
def running_cap() -> Iterator[CapServer]:
    modules = find_modules()
    assert modules, HOW_TO_GET
    with TemporaryDirectory(prefix="callcard-cap-") as name:
        folder = Path(name)
        (folder / "node_modules").symlink_to(modules)
        (folder / "package.json").write_text(json.dumps(_PACKAGE))
        for part, content in (("db/schema", _MODEL), ("srv/crm", _SERVICE)):
            (folder / part).parent.mkdir()
            (folder / f"{part}.cds").write_text(content)
        deploy = ["node", str(modules / "@sap/cds/bin/deploy.js")]
        subprocess.run(deploy, cwd=folder, check=True, capture_output=True)
        server = CapServer(folder, modules)
        try:
            server.start()
            yield server
        finally:
            server.kill()
