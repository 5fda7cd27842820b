"""The board on a serial port: find it, write to it, talk with it."""
