"""A mail server that refuses the first mails for now, and prints one JSON object for each mail that it is given.

usage: smtp_server.py HOW_MANY_TO_REFUSE

It prints its port first. A recipient whose address begins with "never" is refused for good.
"""

import asyncio
import json
import sys
from email import message_from_bytes, policy

from aiosmtpd.controller import UnthreadedController


def say(what: object) -> None:
    print(json.dumps(what), flush=True)


class Handler:
    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("never"):
            say({"outcome": "refused", "to": address})
            return "550 5.1.1 there is no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        text = mail.get_body(preferencelist=("plain",)).get_content()
        html = mail.get_body(preferencelist=("html",)).get_content()
        said = {"from": mail["From"], "to": envelope.rcpt_tos[0], "subject": mail["Subject"],
                "message_id": mail["Message-ID"], "text": text, "html": html}
        if self.refusals > 0:
            self.refusals -= 1
            say({"outcome": "later", **said})
            return "451 4.3.0 try again later"
        say({"outcome": "taken", **said})
        return "250 2.0.0 taken"


async def main(refusals: int) -> None:
    controller = UnthreadedController(Handler(refusals), hostname="127.0.0.1", port=0,
                                      loop=asyncio.get_running_loop())
    server = await controller._create_server()
    say(server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
