"""The faults of a node in words, from the firmware's own table."""

import json
import re

from host.console import ROOT

_TABLE = ROOT / "firmware" / "lib" / "node" / "faults.py"
_ROW = r"^(?:[A-Z]+ = (\d)  # |# (\d) [a-z]+ +)(.+)$"
WELL = "all is well"


def meanings() -> dict[int, str]:
    """Return what each code means, as the comment in the table says: "NAME = 4  # meaning" or "# 4 name  meaning"."""
    rows = re.findall(_ROW, _TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(code or other): meaning for code, other, meaning in rows}


def in_words(payload: str) -> str:
    """Return the payload of fault/<id> in words for people; any other payload unchanged."""
    try:
        fault = json.loads(payload)
        code = fault["code"]
        if code == 0:
            return WELL
        said = f"fault {code}: {meanings()[code]}"
        return f"{said} ({fault['detail']})" if fault.get("detail") else said
    except (ValueError, TypeError, KeyError, AttributeError):
        return payload
