"""port_diag: what a bug report should tell; printed at import."""

import esp
import lwip
import machine
import network

_SIZES = ("512KB", "256KB", "1MB", "2MB", "4MB")
_SPEEDS = {0: "40MHZ", 1: "26MHZ", 2: "20MHz", 15: "80MHz"}


def main():
    """Print it."""
    flash = esp.flash_id()
    print("Flash ID: %x (Vendor: %x Device: %x)" % (flash, flash & 0xFF, flash & 0xFF00 | flash >> 16))
    mode, size = machine.mem8[0x40200002], machine.mem8[0x40200003]
    print("Flash mode byte: %02x" % mode)
    print("Flash size byte: %02x (%s, %s)" % (size, (_SIZES + ("?",) * 11)[size >> 4], _SPEEDS.get(size & 15)))
    print("Firmware checksum:", esp.check_fw())
    print("STA ifconfig:", network.WLAN(network.STA_IF).ifconfig())
    print("AP ifconfig:", network.WLAN(network.AP_IF).ifconfig())
    print("Free Wi-Fi buffers by kind:", [esp.esf_free_bufs(kind) for kind in (1, 4, 5, 7, 8)])
    print("lwIP PCBs:")
    lwip.print_pcbs()


main()
