"""zlib: the other name of uzlib, of images up to v1.19."""

from uzlib import *  # noqa: F403
