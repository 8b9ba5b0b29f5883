"""The Python SDK in its three modes: lists and calls over standard input and output."""

import asyncio
import os
import sys

import mcp
from mcp.client.stdio import StdioServerParameters, stdio_client

PROGRAM = sys.argv[1]


async def check(mode: str) -> None:
    words = ["serve", "--update-every", "never"]
    server = stdio_client(StdioServerParameters(command=PROGRAM, args=words, env=dict(os.environ)))
    async with mcp.Client(server, mode=mode) as client:
        tools = (await client.list_tools()).tools
        assert any(tool.name == "test_simple_text" for tool in tools), tools
        text = await client.call_tool("test_simple_text", {})
        assert text.content[0].text == "This is a simple text response for testing.", text
        sound = await client.call_tool("test_audio_content", {})
        assert sound.content[0].type == "audio", sound
        failed = await client.call_tool("test_error_handling", {})
        assert failed.is_error, failed
    print(f"the Python SDK lists and calls in the mode {mode}")


for each in ("legacy", "auto", "2026-07-28"):
    asyncio.run(asyncio.wait_for(check(each), 60))
