"""Sign an agent in, make them ready, and answer every call that rings until ctrl-C.

Usage: python answer_calls.py URL AGENT PASSWORD EXTENSION [CA-FILE]
"""

import asyncio
import sys

from callcard.errors import CallcardError
from callcard.finesse.agent_connection import connect
from callcard.finesse.objects import DialogAction
from callcard.finesse.state_diff import DialogChanged

url, agent_id, password, extension, *ca_file = sys.argv[1:]


async def main() -> None:
    async with connect(url, agent_id, password, ca_file="".join(ca_file)) as agent:
        await agent.sign_in(extension)
        await agent.set_state("READY")
        print("ready", flush=True)
        async for change in agent.changes():
            match change:
                case DialogChanged("started", call) if call.to_address == extension:
                    try:
                        await agent.act(call.id, DialogAction.ANSWER)
                        print("answered", call.from_address, flush=True)
                    except CallcardError as error:  # as when the caller has given up
                        print(error.detail, flush=True)
                case DialogChanged("ended", call):
                    print("ended", call.from_address, flush=True)


asyncio.run(main())
