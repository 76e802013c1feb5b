"""Data sets of walks: reading and writing the layouts of the field, and our own."""

from gaitway.adapters.datasets.opening import open_dataset
from gaitway.adapters.datasets.partition import Partition, read_partition
from gaitway.adapters.datasets.store import WalkStore, WalkStoreWriter

__all__ = ["Partition", "WalkStore", "WalkStoreWriter", "open_dataset", "read_partition"]
