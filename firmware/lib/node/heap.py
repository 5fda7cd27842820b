"""How much heap sensors and outbox take: settings that do not fit are refused before they run.

Bytes, measured on the chip's own port with up to eight sensors, accurate to a tenth.
"""

_ROOM = {"romfs": 15500, "plain": 5000, "small": 3300}  # of each image, for all that follows
_ANNOUNCE = 1900  # the announcement to Home Assistant, where its code is in the heap
_SINGLE = 600  # more for the form "single"
_CHANNEL = 240
_SENSOR = 210
_STAYS = 400  # more for a sensor that stays in the heap between two readings
_DRIVER = 1000  # the code of its driver
_FILTER = 100  # of one quantity
_FILTERS = ("median", "scale", "offset", "delta")
_RARE_S = 10


def missing(config, drivers):
    """Return the bytes that these settings, each of them valid, need beyond what the image has; 0 or less: they fit."""
    image = drivers.image()
    need = 9 * config["outbox"]
    if config["homeassistant"] and image != "romfs":
        need += _ANNOUNCE + (_SINGLE if config["homeassistant"] == "single" else 0)
    stay = []
    for entry in config["sensors"]:
        driver = entry["driver"]
        need += _SENSOR + 2 * len(entry["name"] or "") + sum([2 * len(entry["topics"][q]) for q in entry["topics"]])
        need += _CHANNEL * len(drivers.quantities(driver))
        if any([name in entry for name in _FILTERS]):
            need += (_FILTER + 20 * entry.get("median", 0)) * len(drivers.quantities(driver))
        if image == "romfs" and entry["every_s"] < _RARE_S:
            need += _STAYS
            if driver not in stay:
                stay.append(driver)
    return need + _DRIVER * len(stay) - _ROOM[image]
