"""The faults of a node in words, from the firmware's own table of them."""

import json
import re

from host.console import ROOT

_TABLE = ROOT / "firmware" / "lib" / "node" / "faults.py"


def meanings() -> dict[int, str]:
    """Return what each code means: the comment behind its constant in the table."""
    rows = re.findall(r"^[A-Z_]+ = (?:const\()?(\d+)\)?  # (.+)$", _TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(code): meaning for code, meaning in rows}


def in_words(payload: str) -> str:
    """Return the payload of fault/<id> as people read it; what is none of ours as it is."""
    try:
        fault = json.loads(payload)
        code = fault["code"]
        if code == 0:
            return "all is well"
        said = f"fault {code}: {meanings()[code]}"
        return f"{said} ({fault['detail']})" if fault.get("detail") else said
    except (ValueError, TypeError, KeyError, AttributeError):
        return payload
