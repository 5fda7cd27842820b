# What every image freezes: the port's own modules, and ours instead of micropython-lib, which Debian does not have.
freeze("$(PORT_DIR)/modules")
for name in ("dht", "ds18x20", "neopixel", "ntptime", "onewire", "webrepl", "webrepl_setup"):
    module(name + ".py", base_path="frozen", opt=3)
