"""lwip: another name for socket."""

from socket import *  # noqa: F403
