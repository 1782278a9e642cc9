"""A mail server that does as it is told, and prints one JSON object for each mail that it is given.

usage: smtp_server.py [options] [HOW_MANY_TO_REFUSE]

It prints its port first. The first mails are refused for now. A recipient whose address begins with "never" is refused
for good, one whose address begins with "later" for now. Each object has the number of the connection, from 1.
"""

import argparse
import asyncio
import json
import ssl
from email import message_from_bytes, policy

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def say(what: object) -> None:
    print(json.dumps(what), flush=True)


def over_tls(server: SMTP) -> bool:
    return server.transport.get_extra_info("sslcontext") is not None


class Handler:
    def __init__(self, script: list[str], slow: float, most: int | None) -> None:
        self.script = script
        self.slow = slow
        self.most = most

    async def handle_MAIL(self, server, session, envelope, address, options):
        server.begun += 1
        if self.most is not None and server.begun > self.most:
            return "421 4.7.0 that is enough for one connection"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        for word, answer in (("never", "550 5.1.1 there is no such person"), ("later", "450 4.2.0 come back later")):
            if address.startswith(word):
                say({"outcome": "refused", "to": address, "connection": server.number})
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        text = mail.get_body(preferencelist=("plain",)).get_content()
        html = mail.get_body(preferencelist=("html",)).get_content()
        said = {"from": mail["From"], "to": envelope.rcpt_tos[0], "subject": mail["Subject"],
                "message_id": mail["Message-ID"], "text": text, "html": html, "connection": server.number,
                "tls": over_tls(server)}
        step = self.script.pop(0) if self.script else "take"
        match step:
            case "take":
                say({"outcome": "taken", **said})
                return "250 2.0.0 taken"
            case "later":
                say({"outcome": "later", **said})
                return "451 4.3.0 try again later"
            case "never":
                say({"outcome": "never", **said})
                return "550 5.7.1 this is not welcome"
            case "lose":
                # The connection goes before anything is decided.
                say({"outcome": "lost", **said})
                server.transport.abort()
                return "451 4.3.0 nobody hears this"
            case "take-and-lose":
                # The mail is taken, and the answer is lost.
                say({"outcome": "taken", "answer": "lost", **said})
                server.transport.abort()
                return "250 2.0.0 nobody hears this"
            case "slow":
                say({"outcome": "slow", **said})
                await asyncio.sleep(self.slow)
                return "250 2.0.0 taken, after all"
            case "full":
                say({"outcome": "full", **said})
                return "421 4.3.2 good-bye"
            case _:
                raise ValueError(step)


class Server(UnthreadedController):
    """It numbers its connections."""

    connections = 0

    def factory(self):
        Server.connections += 1
        server = SMTP(self.handler, **self.SMTP_kwargs)
        server.number = Server.connections
        server.begun = 0
        return server


async def unfriendly(greeting: str) -> asyncio.Server:
    """A server that says this and nothing else."""

    async def greet(reader, writer):
        say({"outcome": "greeted"})
        writer.write(greeting.encode() + b"\r\n")
        await writer.drain()
        writer.close()

    return await asyncio.start_server(greet, "127.0.0.1", 0)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("refusals", nargs="?", type=int, default=0)
    parser.add_argument("--script", default="", help="what happens to the first mails: later,never,lose,…")
    parser.add_argument("--slow", type=float, default=3600, help="after how many seconds a slow answer comes")
    parser.add_argument("--tls", choices=["implicit", "starttls"])
    parser.add_argument("--certificate", help="a file with the server's key and certificates")
    parser.add_argument("--log-in", help="NAME:PASSWORD, without which nothing is taken")
    parser.add_argument("--most", type=int, help="how many mails one connection may bring")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--greeting", help="say this and close")
    options = parser.parse_args()

    if options.greeting:
        server = await unfriendly(options.greeting)
    else:
        script = ["later"] * options.refusals + [step for step in options.script.split(",") if step]
        settings = {}
        context = None
        if options.tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(options.certificate)
        if options.tls == "starttls":
            settings |= {"tls_context": context, "require_starttls": True}
            context = None
        if options.log_in:
            name, password = options.log_in.split(":", 1)

            def right(server, session, envelope, mechanism, given):
                known = isinstance(given, LoginPassword) and (given.login, given.password) == (
                    name.encode(), password.encode())
                say({"outcome": "log-in", "right": known, "tls": over_tls(server)})
                if known:
                    return AuthResult(success=True)
                return AuthResult(success=False, handled=False, message="535 5.7.8 the password is wrong")

            settings |= {"auth_required": True, "authenticator": right,
                         "auth_require_tls": options.tls is not None and options.tls != "implicit"}
        controller = Server(Handler(script, options.slow, options.most), hostname="127.0.0.1", port=options.port,
                            loop=asyncio.get_running_loop(), ssl_context=context, **settings)
        server = await controller._create_server()
    say(server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
