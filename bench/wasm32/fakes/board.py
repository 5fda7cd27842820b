"""Completes the stand-ins of tests/device/fakes to a board in Wi-Fi with a TSL2561."""

import machine
import network

_ID, _DATA0, _DATA1 = 0x8A, 0xAC, 0xAE


class I2C:
    def __init__(self, *_, **__):
        self._registers = {_ID: 0x50, _DATA0: 2457, _DATA1: 853}

    def readfrom_mem_into(self, address, register, buffer):
        for i in range(len(buffer)):
            buffer[i] = self._registers.get(register, 0) >> (8 * i) & 0xFF

    def writeto_mem(self, address, register, buffer):
        self._registers[register] = buffer[0]


machine.SoftI2C = I2C
station = network.interfaces[0]
station.on = True
station.essid = "air"
station.state = network.STAT_GOT_IP
