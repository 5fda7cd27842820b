"""ssd1306: monochrome OLED displays with this controller (Solomon Systech SSD1306 datasheet, 9)."""

import framebuf
from micropython import const

SET_CONTRAST = const(0x81)
SET_ENTIRE_ON = const(0xA4)
SET_NORM_INV = const(0xA6)
SET_DISP = const(0xAE)
SET_MEM_ADDR = const(0x20)
SET_COL_ADDR = const(0x21)
SET_PAGE_ADDR = const(0x22)
SET_DISP_START_LINE = const(0x40)
SET_SEG_REMAP = const(0xA0)
SET_MUX_RATIO = const(0xA8)
SET_IREF_SELECT = const(0xAD)
SET_COM_OUT_DIR = const(0xC0)
SET_DISP_OFFSET = const(0xD3)
SET_COM_PIN_CFG = const(0xDA)
SET_DISP_CLK_DIV = const(0xD5)
SET_PRECHARGE = const(0xD9)
SET_VCOM_DESEL = const(0xDB)
SET_CHARGE_PUMP = const(0x8D)

_COLUMNS = const(128)  # of the controller; narrower displays sit in the middle


class SSD1306(framebuf.FrameBuffer):
    """A frame buffer that show() sends to the display; a subclass has write_cmd and write_data."""

    def __init__(self, width, height, external_vcc):
        self.width = width
        self.height = height
        self.external_vcc = external_vcc
        self.pages = height // 8
        self.buffer = bytearray(self.pages * width)
        super().__init__(self.buffer, width, height, framebuf.MONO_VLSB)
        self.init_display()

    def init_display(self):
        """Set the controller up, switch it on, show nothing."""
        commands = (
            SET_DISP, SET_MEM_ADDR, 0x00,  # off; addresses run along a page
            SET_DISP_START_LINE, SET_SEG_REMAP | 1, SET_MUX_RATIO, self.height - 1, SET_COM_OUT_DIR | 8,
            SET_DISP_OFFSET, 0x00, SET_COM_PIN_CFG, 0x02 if self.width > 2 * self.height else 0x12,
            SET_DISP_CLK_DIV, 0x80, SET_PRECHARGE, 0x22 if self.external_vcc else 0xF1, SET_VCOM_DESEL, 0x30,
            SET_CONTRAST, 0xFF, SET_ENTIRE_ON, SET_NORM_INV, SET_IREF_SELECT, 0x30,
            SET_CHARGE_PUMP, 0x10 if self.external_vcc else 0x14, SET_DISP | 1,
        )  # fmt: skip
        for command in commands:
            self.write_cmd(command)
        self.fill(0)
        self.show()

    def poweroff(self):
        """Switch the display off."""
        self.write_cmd(SET_DISP)

    def poweron(self):
        """Switch the display on."""
        self.write_cmd(SET_DISP | 1)

    def contrast(self, contrast):
        """0 to 255."""
        self.write_cmd(SET_CONTRAST)
        self.write_cmd(contrast)

    def invert(self, invert):
        """Black on white, or back."""
        self.write_cmd(SET_NORM_INV | (invert & 1))

    def rotate(self, rotate):
        """Upright, or by 180 degrees."""
        self.write_cmd(SET_COM_OUT_DIR | (rotate & 1) << 3)
        self.write_cmd(SET_SEG_REMAP | (rotate & 1))

    def show(self):
        """Send the frame."""
        first = (_COLUMNS - self.width) // 2
        for command in (SET_COL_ADDR, first, first + self.width - 1, SET_PAGE_ADDR, 0, self.pages - 1):
            self.write_cmd(command)
        self.write_data(self.buffer)


class SSD1306_I2C(SSD1306):
    """On an I2C bus. Methods raise OSError as the bus does."""

    def __init__(self, width, height, i2c, addr=0x3C, external_vcc=False):
        self.i2c = i2c
        self.addr = addr
        self.temp = bytearray(2)
        self.write_list = [b"\x40", None]  # data follow
        super().__init__(width, height, external_vcc)

    def write_cmd(self, cmd):
        """Send a command."""
        self.temp[0] = 0x80  # one command follows
        self.temp[1] = cmd
        self.i2c.writeto(self.addr, self.temp)

    def write_data(self, buf):
        """Send pixels."""
        self.write_list[1] = buf
        self.i2c.writevto(self.addr, self.write_list)


class SSD1306_SPI(SSD1306):
    """On an SPI bus, with its pins for data or command, reset and chip select."""

    def __init__(self, width, height, spi, dc, res, cs, external_vcc=False):
        import time

        self.rate = 10 * 1024 * 1024
        dc.init(dc.OUT, value=0)
        res.init(res.OUT, value=0)
        cs.init(cs.OUT, value=1)
        self.spi, self.dc, self.res, self.cs = spi, dc, res, cs
        res(1)
        time.sleep_ms(1)
        res(0)
        time.sleep_ms(10)
        res(1)
        super().__init__(width, height, external_vcc)

    def _write(self, data, level):
        self.spi.init(baudrate=self.rate, polarity=0, phase=0)
        self.cs(1)
        self.dc(level)
        self.cs(0)
        self.spi.write(data)
        self.cs(1)

    def write_cmd(self, cmd):
        """Send a command."""
        self._write(bytearray([cmd]), 0)

    def write_data(self, buf):
        """Send pixels."""
        self._write(buf, 1)
