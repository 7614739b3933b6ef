"""A server of the Model Context Protocol for the tests: python server.py stdio | http PORT. It counts its calls in a file."""
import os
import sys

from mcp.server import MCPServer

server = MCPServer("tests")


@server.tool()
def add(a: int, b: int) -> str:
    """Adds two numbers."""
    with open(os.environ["CALLS"], "a") as calls:
        calls.write(f"{a}+{b}\n")
    return str(a + b)


@server.tool()
def fail() -> str:
    """Always fails."""
    raise ValueError("it is broken")


if sys.argv[1] == "stdio":
    server.run("stdio")
else:
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
