"""Which node a board is: by its MAC, by the name that was given, or by an answer."""

from host.console import Console
from host.failure import Exit, Failure
from host.settings.nodes import Node, Nodes
from host.settings.prepare import Preparation


def which(console: Console, nodes: Nodes, name: str | None, board: str) -> Node:
    """Return the node that the board with that MAC is to be; a new node is made from the user's answers.

    Raises Failure (usage) when the user says no or nobody can be asked; Invalid.
    """
    if console.dry_run:
        return nodes.get(name)
    known = nodes.of(board)
    if name:
        _agree(console, nodes, name, board, known)
        return nodes.get(name)
    if known or (nodes.alone() and not nodes.names_with_board()):
        return nodes.get(known)
    return _unknown(console, nodes, board)


def _agree(console: Console, nodes: Nodes, name: str, board: str, known: str | None) -> None:
    """Ask before a board or a node becomes another. Raises Failure (usage) on a no."""
    question = None
    if known and known != name:
        question = f"the board {board} is {known}: make it {name}?"
    elif (before := nodes.get(name).mac) and before != board:
        question = f"{name} is on the board {before} so far: is {board} its new board?"
    if question and not console.ask(question):
        raise Failure(Exit.USAGE, "nothing was touched, as you said")


def _unknown(console: Console, nodes: Nodes, board: str) -> Node:
    """Ask which node an unknown board is to be: one from here (default: the only one without a board), or a new one.

    With --yes: the only node without a board, or a new one if each has a board. Raises Failure (usage) for several.
    """
    waiting = sorted({*nodes.names()} - {*nodes.names_with_board()})
    name = waiting[0] if len(waiting) == 1 else f"feather-{board[6:]}"
    if console.assume_yes and len(waiting) > 1:
        raise Failure(
            Exit.USAGE,
            f"the board {board} is not known here, and may be {' or '.join(waiting)}: ./flash.sh NAME says which",
        )
    if console.assume_yes:
        console.note(f"  the board {board} is not known here: it is {name} from now on (--yes)")
    else:
        console.note(f"  the board {board} is not known here; the nodes are {', '.join(nodes.names())}")
        name = console.answer(f"which of them is it, or what is the new one called? [{name}] ") or name
    if name in nodes.names():
        _agree(console, nodes, name, board, None)
        return nodes.get(name)
    return Preparation(console, name, nodes.root).run()[0]
