"""The board on a serial port: find it, write it, talk with it."""
