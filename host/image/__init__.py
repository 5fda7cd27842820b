"""What goes onto a board: the firmware image, the file systems, the libraries."""
