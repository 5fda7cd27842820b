"""What is put on a board: the firmware image, the file systems, the libraries."""
