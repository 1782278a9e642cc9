"""Posts a body, given as hexadecimal digits, with aiocoap, and prints the answer: its code, then its payload.

usage: coap_post.py URL HEX
"""

import asyncio
import sys

import aiocoap


async def main(url: str, body: bytes) -> None:
    context = await aiocoap.Context.create_client_context()
    request = aiocoap.Message(code=aiocoap.POST, uri=url, payload=body)
    response = await asyncio.wait_for(context.request(request).response, 20)
    print(response.code.dotted, response.payload.hex())
    await context.shutdown()


asyncio.run(main(sys.argv[1], bytes.fromhex(sys.argv[2])))
