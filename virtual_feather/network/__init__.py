"""The network behind the board's radio: Ethernet frames on one side, this computer's sockets on the other."""
