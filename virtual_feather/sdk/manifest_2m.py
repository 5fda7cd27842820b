# What the images for 2 MiB and more freeze.
include("manifest.py")
include("$(MPY_DIR)/extmod/asyncio")
for name in ("ssd1306", "upysh"):
    module(name + ".py", base_path="frozen", opt=3)
package("umqtt", base_path="frozen", opt=3)
