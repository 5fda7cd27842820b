"""Judges settings as the board does, for tests/host/test_agreement.py: micropython verdicts.py FOLDER.

config.json is in FOLDER. Each line of standard input is a word and bytes in hex: `file` and a config.json, or `set` and
a payload. Each line of standard output is the sentence about it as JSON, null when it is right; after `set`,
config.json is as the board leaves it.
"""

import json
import os
import sys
from binascii import unhexlify

from node import config_file
from node.jobs import change_settings

os.chdir(sys.argv[1])
for line in sys.stdin:
    word, digits = line.split(" ")
    data = unhexlify(digits.strip())
    said = None
    if word == "file":
        with open("config.json", "wb") as f:
            f.write(data)
        try:
            config_file.load()
        except config_file.Invalid as e:
            said = str(e)
    else:
        said = change_settings.refusal(data.decode())
    print(json.dumps(said))
