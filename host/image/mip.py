"""Make a package for mip of the compiled modules: python -m host.image.mip [plain|small]

`mpremote mip install ./build/mip/package.json` then copies to /lib of a board what flash.sh would put there, for an
image without ROMFS. The package.json of this repository does the same with the sources, of which the whole node does
not fit into an ESP8266's heap. Standard output: the path of the package.json.
"""

import argparse
import json
import shutil

from host.failure import run
from host.image.firmware import BUILD, make
from host.image.images import LAYOUTS
from host.settings.prepare import EXAMPLE

FOLDER = BUILD / "mip"


def main() -> None:
    layouts = [layout.name for layout in LAYOUTS.values() if not layout.romfs]
    parser = argparse.ArgumentParser(
        prog="python -m host.image.mip", description="Make a package for mip in build/mip."
    )
    parser.add_argument("layout", choices=layouts, nargs="?", default="plain", help="default: plain")
    files = make(LAYOUTS[parser.parse_args().layout], EXAMPLE).flash
    modules = {path: content for path, content in files.items() if path.startswith("lib/")}
    shutil.rmtree(FOLDER, ignore_errors=True)
    for path, content in modules.items():
        (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / path).write_bytes(content)
    package = FOLDER / "package.json"
    package.write_text(json.dumps({"urls": [[path.removeprefix("lib/"), path] for path in modules]}, indent=1))
    print(package)


if __name__ == "__main__":
    run(main)
